import re
from html import unescape
from itertools import groupby

from django.db import models
from django.utils.html import format_html, format_html_join, strip_tags
from django.utils.safestring import mark_safe
from django_prose_editor.fields import ProseEditorField

EXTENSIONS = {
    "Bold": True,
    "Italic": True,
    "BulletList": True,
    "OrderedList": True,
    "ListItem": True,
    "HardBreak": True,
    "Link": {"enableTarget": False, "autolink": False, "protocols": ["http", "https", "mailto"]},
}


class RichTextField(ProseEditorField):
    """Text with the few formats its editor offers, holding nothing else by whatever road it came.

    The editor's own field sanitises in forms only; imports, fixtures and update() pass by here.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, extensions=EXTENSIONS, sanitize=True, **kwargs)

    def get_db_prep_save(self, value, connection):
        if isinstance(value, str):
            value = self.cleaned(value)
        return super().get_db_prep_save(value, connection)

    def cleaned(self, value):
        """Return `value` as it is stored: sanitised, and "" where it holds no word."""
        value = self.sanitize(value)
        return value if plain_text(value) else ""  # an empty paragraph is no answer


def plain_text(html):
    """Return what a reader sees of rich text, each paragraph, list item and line on a line of its own."""
    broken = re.sub(r"</(?:p|li)>|<br\s*/?>", "\n", html)
    lines = (" ".join(line.split()) for line in unescape(strip_tags(broken)).splitlines())
    return "\n".join(line for line in lines if line)


LINK = re.compile(r'<a [^>]*?href="([^"]*)"[^>]*>(.*?)</a>', re.DOTALL)


def links_in(html):
    """Return where each link of rich text leads, and its words."""
    return [(unescape(address), plain_text(label)) for address, label in LINK.findall(html)]


def text_with_addresses(html):
    """Return plain_text() with the address of each link after its words, for those who compare two texts."""
    return plain_text(LINK.sub(r"\2 (\1)", html))


ITEM = re.compile(r"[-*•–]\s+")


def rich_text(text):
    """Return plain text as HTML: blank lines part its paragraphs, and lines that begin with "- " are a list."""
    parts = re.split(r"\n\s*\n", text.strip())
    return format_html_join("", "{}", ([block(part)] for part in parts if part))


def block(text):
    lines = (line.strip() for line in text.splitlines())
    runs = groupby(lines, key=lambda line: bool(ITEM.match(line)))
    return format_html_join("", "{}", ([items(run) if is_list else paragraph(run)] for is_list, run in runs))


def items(lines):
    return format_html(
        "<ul>{}</ul>", format_html_join("", "<li><p>{}</p></li>", ([ITEM.sub("", line, 1)] for line in lines))
    )


def paragraph(lines):
    return format_html("<p>{}</p>", format_html_join(mark_safe("<br>"), "{}", ([line] for line in lines)))


def as_typed(html):
    """Return rich text as somebody would type it for rich_text(): its formats go, its paragraphs and lists stay."""
    text = re.sub(r"<li>\s*(?:<p>)?", "\n- ", html)
    text = re.sub(r"(?:</p>)?\s*</li>", "", text)
    text = re.sub(r"<br\s*/?>", "\n", text)
    text = re.sub(r"</(?:p|ul|ol)>", "\n\n", text)
    lines = (" ".join(line.split()) for line in unescape(strip_tags(text)).splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


class WebAddressField(models.URLField):
    """An address on the web; typed without its scheme it is taken to be https."""

    def formfield(self, **kwargs):
        return super().formfield(assume_scheme="https", **kwargs)
