"""A page as it comes, a file or a paste: its lines in order, with what the format says about each."""

import codecs
import io
import re
import zipfile
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from itertools import islice

import mammoth

HEADING, TERM, BOLD, ITEM = "heading", "term", "bold", "item"
LARGEST_TEXT = 2_000_000  # bytes of text or HTML: some hundred pages
LARGEST_FILE = 20_000_000  # bytes of a Word file, pictures and all; these are never unpacked
LARGEST_PART = 3_000_000  # bytes of one part of a Word file, unpacked
MOST_TAGS = 100_000
MOST_WORD_TAGS = 60_000  # each takes a kilobyte and 25 microseconds to read
MOST_PARTS = 5_000  # of a Word file; each takes a kilobyte before one of them is read
MOST_LINES = 20_000
WRAPPED = 30  # characters: a line this long that goes on in small letters was broken by an e-mail program


class Refused(Exception):
    """The page cannot be imported; the message tells a coordinator why."""


@dataclass(frozen=True)
class Line:
    text: str
    hint: str = ""  # HEADING, TERM (what unfolds or defines), BOLD (all of it), ITEM (of a list) or nothing
    gap: bool = False  # a blank line, or the beginning of a block, before it
    links: tuple = ()  # (label, address) each
    depth: int = 0  # how far it is indented


@dataclass(frozen=True)
class Document:
    lines: tuple
    title: str = ""


# What a file begins with, whatever its name says.
WRONG_TYPES = {
    b"%PDF": "a PDF; open it, copy its text and paste that",
    b"\xd0\xcf\x11\xe0": "an old Word file; save it as .docx first",
    b"{\\rtf": "a rich text file; save it as .docx first",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"RIFF": "a picture or sound",
    b"\x1f\x8b": "a compressed file",
}
BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",  # before UTF-16, whose mark it begins with
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# Control and zero-width characters, soft hyphens, marks of direction.
INVISIBLE = re.compile("[\0-\x08\x0e-\x1f\x7f-\x9f\xad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")
BULLET = re.compile(r"(?:[•·●○◦▪▫■□‣⁃∙➢➤►✓✔\uf000-\uf0ff]\s*|[*+–-]\s+|-(?=[A-Z])|[o§]\s+(?=[A-Z])){1,4}")
# Markdown: a heading, what is bold, and a bold question with its answer on the same line.
HASHES = re.compile(r"(#{1,6})\s+(.+?)[\s#]*")
STARS = re.compile(r"(?<!\w)(\*\*|__)(?=\S)([^*_]{1,500})(?<=\S)\1(?!\w)")
BOLD_QUESTION = re.compile(r"([^\w*]{0,6}(?:\d{1,3}[.)]\s+)?(\*\*|__)(?!\s)[^*]{3,400}\?\2)\s*([^\s*].*)")
ADDRESS = re.compile(r"\S{1,64}@|https?:|www\.")
REPLY = re.compile(r"\A\s*>[>\s]*(?![>\s\d])")
DECLARATION = re.compile(r"<[!?][^<>]{0,2000}>")
STRAY = re.compile(r"<(?!/?[a-zA-Z][^<>]{0,2000}>)")
IS_HTML = re.compile(
    r"<!doctype html|<(?:html|body|div|p|h[1-6]|ul|ol|dl|table|details|section|strong|o:p)\b[^<>]{0,500}>",
    re.IGNORECASE,
)


def document_of(content):
    """Return the Document of an uploaded file's bytes or of pasted text. Raises Refused."""
    if isinstance(content, str):
        return document_of_text(content)
    for beginning, kind in WRONG_TYPES.items():
        if content.startswith(beginning):
            raise Refused(f"This file is {kind}. Text, HTML and Word (.docx) can be imported.")
    if content.startswith(b"PK"):
        return document_of_html(html_of_word(content))
    if len(content) > LARGEST_TEXT:
        raise too_large(LARGEST_TEXT)
    return document_of_text(decoded(content))


def document_of_text(text):
    if len(text) > LARGEST_TEXT:
        raise too_large(LARGEST_TEXT)
    if IS_HTML.search(text):
        return document_of_html(text)
    return checked(list(islice(lines_of(text), MOST_LINES + 1)))


def too_large(limit):
    return Refused(f"This is too large. A page of up to {limit // 1_000_000} MB can be imported.")


def decoded(content):
    encoding = next((name for mark, name in BYTE_ORDER_MARKS.items() if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        text = content.decode("windows-1252", errors="replace")
    if len(INVISIBLE.findall(text)) + text.count("\ufffd") > len(text) / 10 + 10:
        raise Refused("This is not a text. Text, HTML and Word (.docx) can be imported.")
    return text


def html_of_word(content):
    """Return a .docx file as HTML without its pictures. Raises Refused for bombs, macros and damaged files."""
    if len(content) > LARGEST_FILE:
        raise too_large(LARGEST_FILE)
    try:
        parts = io.BytesIO(readable_parts(content))
        return mammoth.convert_to_html(parts, convert_image=lambda image: []).value
    except Refused:
        raise
    except Exception as error:  # whatever a damaged file makes zipfile, expat and mammoth raise
        raise Refused("This Word file is damaged. Open it in Word, save it anew and try again.") from error


def readable_parts(content):
    """Return a Word file with nothing but its XML, unpacked. Refuses what unpacks to more than a page needs."""
    if content.count(b"PK\1\2") > MOST_PARTS:
        raise too_large(LARGEST_PART)
    kept, tags = io.BytesIO(), 0
    with zipfile.ZipFile(io.BytesIO(content)) as archive, zipfile.ZipFile(kept, "w") as copy:
        names = {name.lower() for name in archive.namelist()}
        if "word/document.xml" not in names:
            raise Refused("This is not a Word file. Text, HTML and Word (.docx) can be imported.")
        if any(name.endswith(("vbaproject.bin", "vbadata.xml")) for name in names):
            raise Refused("This Word file has macros. Save it as .docx without them.")
        for part in archive.infolist():
            if not part.filename.endswith((".xml", ".rels")):
                continue  # pictures and the like; mammoth never sees them
            with archive.open(part) as opened:
                xml = opened.read(LARGEST_PART + 1)
            tags += xml.count(b"<")
            if len(xml) > LARGEST_PART or tags > MOST_WORD_TAGS or copy.start_dir > LARGEST_PART:
                raise too_large(LARGEST_PART)
            if any(mark in xml for mark in (b"<!DOCTYPE", b"<!ENTITY", b"macroEnabled", b"\0")):
                raise Refused("This Word file has parts that no page needs, such as macros. Save it anew as .docx.")
            copy.writestr(part.filename, xml)
    return kept.getvalue()


def clean(text):
    return " ".join(INVISIBLE.sub("", text).split())


def lines_of(text):
    """Yield the lines of plain text; two cells with a tab between are two lines, as label and value of a table.

    A row of more is one line with its empty cells, without which nobody knows what an X in it stands for.
    """
    gap, last, columns = True, None, 0
    for raw in map(without_reply_mark, text.splitlines()):
        cells = [clean(part) for part in raw.strip().split("\t")]
        columns = max(columns, len(cells)) if "\t" in raw else 0
        cells = cells if len(cells) == columns == 2 else apart(clean(" | ".join(cells)))
        gap = gap or (len(cells) < 3 and "\t" in raw.lstrip())  # a row of a table
        for cell in cells:
            if not cell:
                gap = True
                continue
            line = marked_down(cell, gap)
            line = line if line.hint == HEADING else replace(line, depth=len(raw) - len(raw.lstrip()))
            gap = False
            if last and goes_on(last, line):
                last = replace(last, text=f"{last.text} {line.text}")
                continue
            if last:
                yield last
            last = line
    if last:
        yield last


def without_reply_mark(line):
    """Return a line without the ">" of an e-mail; that of "> 240" says something."""
    return REPLY.sub("", line)


def goes_on(line, following):
    return (
        len(line.text) >= WRAPPED
        and not (following.gap or following.hint or line.text.endswith((".", "?", "!", ":", ";")))
        and following.text[0].islower()
        and not ADDRESS.match(following.text)
    )


def apart(text):
    """Return "**Is it?** Yes." as its two halves, any other text as it is."""
    found = BOLD_QUESTION.fullmatch(text)
    return [found[1], found[3]] if found else [text]


def marked_down(text, gap):
    """Return the Line of plain text, without the marks that make it a heading, bold or a list item."""
    if found := HASHES.fullmatch(text):
        return Line(STARS.sub(r"\2", found[2]), HEADING, gap, depth=len(found[1]))
    is_bold = STARS.fullmatch(text)
    return marked(STARS.sub(r"\2", text), gap, BOLD if is_bold else "")


def marked(text, gap=False, hint="", links=()):
    """Return the Line of a text, without the mark that makes it a list item."""
    bullet = BULLET.match(text)
    if bullet and (rest := text[bullet.end() :]):
        return Line(rest, hint or ITEM, gap, links)
    return Line(text, hint, gap, links)


def document_of_html(html):
    if html.count("<") > MOST_TAGS:
        raise Refused("This page has too many tags to be one page of guidance. Paste its text instead.")
    reader = PageReader()
    reader.feed(well_formed(html))
    reader.close()
    reader.end_line()
    return checked(reader.lines, reader.title)


def well_formed(html):
    """Return HTML without comments, Word's conditions and stray "<", over which Python's parser can take for ever."""
    first, *rest = html.split("<!--")
    html = "".join([first, *(part.partition("-->")[2] for part in rest)])
    return STRAY.sub("&lt;", DECLARATION.sub("", html))


def checked(lines, title=""):
    if len(lines) > MOST_LINES:
        raise Refused(f"This has more lines than a page of guidance ({MOST_LINES:,}). Paste only the guide itself.")
    return Document(tuple(lines), title)


class PageReader(HTMLParser):
    """Reads HTML as it streams by, so that the memory it takes does not grow with the number of tags."""

    SKIPPED = {"script", "style", "noscript", "template", "nav", "footer", "form", "svg", "iframe", "object", "select"}
    HEADINGS = {"h1": HEADING, "h2": HEADING, "h3": HEADING, "h4": HEADING, "h5": HEADING, "h6": HEADING}
    HEADINGS |= {"legend": HEADING, "caption": HEADING, "dt": TERM, "summary": TERM, "button": TERM}
    BLOCKS = {
        *HEADINGS,
        "th",
        "p",
        "div",
        "ul",
        "ol",
        "li",
        "dl",
        "dd",
        "table",
        "tr",
        "td",
        "section",
        "article",
        "main",
    }
    BLOCKS |= {
        "header",
        "aside",
        "details",
        "blockquote",
        "pre",
        "address",
        "figure",
        "figcaption",
        "hr",
        "title",
        "body",
    }
    BOLD = {"strong", "b", "th"}
    LISTS = {"ul", "ol"}

    def __init__(self):
        super().__init__()
        self.lines, self.title, self.row = [], "", []
        self.skipping = self.bold = self.lists = self.quotes = 0
        self.heading = ""  # the hint of the one that is open
        self.level = 0  # of its tag: 2 in <h2>
        self.item = self.in_title = False
        self.begin_line(gap=True)

    def begin_line(self, *, gap):
        self.parts, self.links, self.all_bold, self.gap, self.link = [], [], True, gap, None

    def end_line(self, *, gap=False):
        text = clean("".join(self.parts))
        if self.in_title:
            self.title = self.title or text
        elif text:
            hint = self.heading or (ITEM if self.item else BOLD if self.all_bold else "")
            self.lines.append(replace(marked(text, self.gap, hint, tuple(self.links)), depth=self.level or self.lists))
            self.item = False
        self.begin_line(gap=gap or (self.gap and not text))

    def handle_starttag(self, tag, attrs):
        self.quotes += tag == "blockquote"
        if tag in self.SKIPPED and not (tag == "footer" and self.quotes):
            self.skipping += 1
        if tag in ("cite", "footer") and self.quotes:
            self.end_line()  # the source below a quotation
            self.parts.append("— ")
        if tag in self.BLOCKS or tag == "br":
            self.end_line(gap=tag != "br")
        if tag == "a":
            self.link = len(self.parts), clean(dict(attrs).get("href") or "")
        if tag == "main":
            self.lines.clear()  # navigation and banners
        if tag == "tr":
            self.row = []
        if tag in ("td", "th"):
            self.row.append(len(self.lines))
        if tag in self.HEADINGS:
            self.heading = TERM if self.heading == TERM else self.HEADINGS[tag]
            self.level = int(tag[1]) if tag[1:].isdigit() else 0
        if tag == "dd":
            self.heading = ""
        self.bold += tag in self.BOLD
        self.lists += tag in self.LISTS
        self.item = tag == "li" or (self.item and tag not in ("ul", "ol"))
        self.in_title = tag == "title"

    def handle_endtag(self, tag):
        self.quotes = max(0, self.quotes - (tag == "blockquote"))
        if tag in self.SKIPPED and not (tag == "footer" and self.quotes):
            self.skipping = max(0, self.skipping - 1)
        if tag in self.BLOCKS:
            self.end_line(gap=True)
        if tag == "a" and self.link:
            self.end_link(*self.link)
        if tag == "tr":
            self.end_row()
        if tag in self.HEADINGS:
            self.heading, self.level = "", 0
        self.bold = max(0, self.bold - (tag in self.BOLD))
        self.lists = max(0, self.lists - (tag in self.LISTS))
        self.item = self.item and tag != "li"
        self.in_title = False

    def handle_data(self, data):
        if self.skipping:
            return
        if data.strip() and not self.bold:
            if self.parts and self.all_bold and clean("".join(self.parts)).endswith("?"):
                self.end_line()  # <strong>Question?</strong> Answer
            self.all_bold = False
        self.parts.append(data.replace("\n", " "))

    def end_link(self, start, address):
        label = clean("".join(self.parts[start:]))
        if label and re.match(r"(?:https?://|mailto:)\S+$", address, re.IGNORECASE):
            self.links.append((label, address))
        self.link = None

    def end_row(self):
        """Keep a row of two cells as label and value; one of more is a line of its own, its cells side by side."""
        if len(self.row) > 2:
            ends = [*self.row[1:], len(self.lines)]
            cells = [" ".join(line.text for line in self.lines[a:b]) for a, b in zip(self.row, ends, strict=True)]
            links = tuple(link for line in self.lines[self.row[0] :] for link in line.links)
            self.lines[self.row[0] :] = [Line(clean(" | ".join(cells)), links=links)]
        elif len(self.row) == 2 and self.row[1] == len(self.lines) > self.row[0] and "?" in self.lines[-1].text:
            self.lines[-1] = replace(self.lines[-1], hint=TERM)  # asked, and answered with nothing
        self.row = []
