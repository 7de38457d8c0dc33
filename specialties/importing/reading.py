"""The lines of a page, as the guide they give: what a careful person would copy into which field, and nothing more."""

import re
from collections import Counter
from dataclasses import dataclass, replace
from itertools import takewhile

from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import mark_safe

from ..models import Answer
from ..words import stem, words_of
from . import rules
from .documents import BOLD, HEADING, ITEM, TERM, Refused
from .matching import meaning_of
from .people import advisors_in, email_in, person_in

LONGEST_QUESTION = 400  # characters
MOST_ENTRIES = 200


@dataclass(frozen=True)
class Entry:
    """A question as the page asks it, and what it says to it."""

    stage: str | None
    question: str
    key: str | None
    lines: tuple

    @property
    def blank(self):
        return not self.lines

    @property
    def answer(self):
        return plain(self.lines)

    @property
    def body(self):
        """The answer as an Answer stores it."""
        return Answer._meta.get_field("body").cleaned(html(self.lines))


@dataclass(frozen=True)
class Page:
    specialty: str
    quote: str
    quote_source: str
    recommendation_lines: tuple
    entries: tuple
    advisors: tuple
    resources: tuple  # (label, address) each
    contact: str
    warnings: tuple

    @property
    def recommendations(self):
        return plain(self.recommendation_lines)


@dataclass
class Draft:
    """An entry while its page is read."""

    stage: str | None
    question: str
    lines: list
    is_heading: bool = False  # a heading that works as a question
    has_q: bool = False  # "Q:" stands before it
    is_label: bool = False  # a heading or a "label? value" below one


def plain(lines):
    return "\n".join(line.text for line in lines)


def html(lines):
    """Return lines as paragraphs and lists, with the links they came with."""
    blocks = []
    for line in lines:
        is_item = line.hint == ITEM
        if not (is_item and blocks and blocks[-1][0]):
            blocks.append((is_item, []))
        blocks[-1][1].append(linked(line))
    return "".join(
        format_html("<ul>{}</ul>", format_html_join("", "<li><p>{}</p></li>", ([item] for item in items)))
        if is_list
        else format_html("<p>{}</p>", items[0])
        for is_list, items in blocks
    )


def linked(line):
    done, rest = [], line.text
    for label, address in line.links:
        before, found, after = rest.partition(label)
        if found:
            done += [escape(before), format_html('<a href="{}">{}</a>', address, label)]
            rest = after
    return mark_safe("".join([*done, escape(rest)]))  # noqa: S308 - escaped piece by piece


def split_question(text):
    """Return the question a line begins with and what follows it: ("Is it? If so, why?", "Yes."); ("", text) if none.

    Two questions in one wording stay together. A question mark within an address is none, nor one after a statement.
    """
    end = 0
    for mark in re.finditer(r"\?+[”\"’')\]]*(?=\s|$|[^\W_a-z]|[“\"(•–—-])", text[:LONGEST_QUESTION]):
        part = text[end : mark.end()].strip()
        word = part.rsplit(" ", 1)[-1]
        if "://" in word or word.startswith("www.") or re.search(r"(?<=[a-z)\]]{3})[.!;] ", part):
            break
        if end and not rules.FOLLOWS.match(part):
            break
        end = mark.end()
    return text[:end].strip(), text[end:].strip()


class Reader:
    """Reads the lines of one page in order; `take` puts each where it belongs."""

    def __init__(self, document, bank, specialty):
        self.bank, self.document = bank, document
        self.lines = [line for line in document.lines if not rules.DEBRIS.fullmatch(line.text[:LONGEST_QUESTION])]
        self.before = []  # lines before the first stage, question or section
        named = specialty_of(document)
        self.specialty = specialty or named
        self.warnings = [] if self.specialty else ["The specialty is not named."]
        if named and specialty and not is_same_name(named, specialty):
            self.warnings.append(f"The page calls itself “{named}”, and is imported as {specialty}.")
        self.drafts, self.blocks, self.left = [], [], []
        self.sections = {name: [] for name, _ in rules.SECTIONS if name}
        self.stage, self.into = None, self.before
        self.has_gaps = any(line.gap for line in self.lines[1:])
        self.in_table = False  # "How important are each of the following": rows below are no headings
        self.stages_at = [at for at, line in enumerate(self.lines) if self.is_stage(line)]
        self.asked = [line for line in self.lines if rules.STARTS.match(self.split(line)[0])]
        self.asks_in_sentences = sum(len(self.split(line)[0].split()) > 4 for line in self.asked) > 2
        self.style = self.usual_mark()
        answered = [line for line in self.asked if self.split(line)[1]]
        self.is_glued = len(answered) >= max(3, 0.8 * len(self.asked))  # answers follow on the line of the question
        self.usual_depth = min((line.depth for line in self.asked if line.hint == ITEM), default=0)

    def read(self):
        for at, line in enumerate(self.lines):
            self.take(at, line)

    # What a line is, in the order in which it is tried. Each returns whether it took the line.

    def take(self, at, line):
        steps = (
            self.take_stage,
            self.take_section,
            self.take_contact,
            self.take_advisors,
            self.take_question,
            self.take_heading,
        )
        if rules.BANNER.match(line.text):
            self.left.append(line)
            return
        if self.is_cut_heading(at, line) or any(step(at, line) for step in steps):
            return
        if self.blocks and self.into is self.blocks[-1][1] and is_prose(line.text):
            self.into = self.left  # an advisor block is of short lines
        self.into.append(line)

    def is_cut_heading(self, at, line):
        """Whether the page ends within a heading: "Overall Recomm"."""
        text = line.text.lower()
        return (
            at == len(self.lines) - 1
            and len(text) > 4
            and any(heading.startswith(text) and heading != text for heading in rules.USUAL_HEADINGS)
        )

    def take_stage(self, at, line):
        if not self.is_stage(line):
            return False
        self.stage = self.bank.stage_of(meaning_of(line.text).years)
        if not self.stage:
            self.warnings.append(f"The portal has no stage for “{line.text}”; what stands below it has none.")
        self.into, self.in_table = self.left, False
        return True

    def is_stage(self, line):
        """Whether a line is a heading such as "Advice for MS1 and MS2 Students"; "M3:" alone is of an answer."""
        if len(line.text) > 80 or line.hint == ITEM or line.text.endswith((".", "?", "!")):
            return False
        first = re.split(r" [–—-] ", line.text, maxsplit=1)[0]
        meaning = meaning_of(line.text)
        if len(meaning_of(first).years) > 1:
            meaning = meaning_of(first)  # "MS3/MS4 Advice - Urology"
        if not meaning.years or meaning.words - rules.STAGE_WORDS:
            return False
        return line.hint in (HEADING, BOLD) or len(words_of(line.text)) > 1 or len(meaning.years) > 1

    def take_section(self, at, line):
        if len(line.text) > 100:
            return False
        name = next((name for name, pattern in rules.SECTIONS if pattern.fullmatch(line.text)), None)
        if name is None or (line.hint == ITEM and name != "recommendations"):
            return False
        if name == "resources" and self.in_answer and not (line.gap or line.hint or line.text.endswith(":")):
            return False
        self.into = self.sections[name] if name else self.left
        return True

    def take_contact(self, at, line):
        label, colon, value = line.text.partition(": ")
        if not colon or not rules.CONTACT.fullmatch(label) or self.awaits_answer:
            return False
        self.sections["contact"].append(replace(line, text=value))
        self.into = self.left
        return True

    @property
    def awaits_answer(self):
        return self.in_answer and not self.into

    @property
    def in_answer(self):
        return bool(self.drafts) and self.into is self.drafts[-1].lines

    def take_advisors(self, at, line):
        heading = rules.ADVISORS.fullmatch(line.text) if len(line.text) < 200 else None
        if heading and line.hint != ITEM and (not heading["name"] or person_in(heading["name"])):
            role = re.sub(r"\(s\)$|(?<=[a-z])s$", "", heading["role"])
            named = [replace(line, text=heading["name"])] if heading["name"] else []
            self.blocks.append((role, named))
        elif self.names_person(at, line):
            self.blocks.append(("", [line]))
        else:
            return False
        self.into = self.blocks[-1][1]
        return True

    def names_person(self, at, line):
        """Whether an advisor block without a heading begins here: a name with credentials, and an address below it."""
        if self.blocks and self.into is self.blocks[-1][1]:
            return False
        person = person_in(line.text)
        if not (person and person["credentials"]):
            return False
        return any(email_in(below) for below in self.lines[at : at + 4] if not is_prose(below.text))

    def take_question(self, at, line):
        question, rest = self.question_in(at, line)
        if not question:
            return False
        if self.continues(line, question):
            self.drafts[-1].question += f" {question}"
        else:
            below_heading = bool(self.drafts) and self.drafts[-1].is_label and len(question.split()) <= 8
            self.drafts.append(Draft(self.stage, question, [], is_label=below_heading and bool(rest)))
            self.drafts[-1].has_q = self.mark_of(line) == "q"
        self.into = self.drafts[-1].lines
        self.in_table = "the following" in question.lower()
        if rest:
            self.into.append(replace(line, text=rest, hint=""))
        return True

    def continues(self, line, question):
        """Whether a question is the second half of the one on the line before it."""
        return (
            self.awaits_answer
            and not (line.gap or line.hint or rules.MARK.match(line.text))
            and rules.SECOND_HALF.match(question)
        )

    def take_heading(self, at, line):
        """A heading that works as a question, as "Research", or as label of a value, as "Research: helpful"."""
        label, colon, value = line.text.partition(": ")
        if colon and is_topic(label) and (not self.drafts or self.drafts[-1].is_label) and line.hint != ITEM:
            self.drafts.append(
                Draft(self.stage, label, [replace(line, text=value, hint="")], is_heading=True, is_label=True)
            )
        elif (
            line.gap
            and (found := rules.NUMBER.fullmatch(line.text))
            and is_topic(found["label"])
            and " " in found["label"]
        ):
            self.drafts.append(Draft(self.stage, found["label"], [replace(line, text=found["number"])], is_label=True))
        elif self.is_heading(at, line):
            self.drafts.append(Draft(self.stage, line.text.rstrip(":"), [], is_heading=True, is_label=True))
        elif (line.hint == HEADING and self.drafts) or self.is_title(at, line):
            self.into = self.left
            self.left.append(line)
            return True
        else:
            return False
        self.into = self.drafts[-1].lines
        return True

    def is_title(self, at, line):
        """Whether a topic stands above the questions on it, after an answer that ended with its sentence."""
        if not (line.gap and self.in_answer and 0 < at < len(self.lines) - 1 and is_topic(line.text)):
            return False
        return self.lines[at - 1].text.endswith((".", "!")) and bool(self.split(self.lines[at + 1])[0])

    def is_heading(self, at, line):
        if line.hint == TERM and len(line.text) < LONGEST_QUESTION:
            return True
        if self.in_table or line.hint == ITEM or not is_topic(line.text):
            return False
        if line.hint in (HEADING, BOLD, TERM):
            return True
        around = [self.lines[i] for i in (at - 1, at + 1) if 0 <= i < len(self.lines)]
        below = around[-1] if at + 1 < len(self.lines) else None
        if below is None or any(is_topic(other.text) for other in around) or self.is_stage(below):
            return False
        below_label = bool(self.drafts) and self.drafts[-1].is_label
        if not line.gap and not below_label and (self.has_gaps or self.asks_in_sentences):
            return False
        question, value = self.split(below)
        if question:
            return bool(value) and len(question.split()) <= 8
        return not self.asks_in_sentences or len(below.text.split()) > 3 or below.text.endswith(".")

    # Questions

    def question_in(self, at, line):
        """Return the question a line asks and the beginning of its answer; ("", "") where it asks none."""
        mark, text = self.mark_of(line), rules.MARK.sub("", line.text, count=1)
        question, rest = split_question(text)
        asks_on = mark == "q" and rules.ASKS_ON.fullmatch(rest)
        if asks_on or (not question and self.is_unmarked_question(at, line, mark, text)):
            question, rest = text, ""
        return (question, rest) if question and self.asks(at, line, mark, question, rest) else ("", "")

    def mark_of(self, line):
        mark = rules.MARK.match(line.text)
        if mark:
            return mark.lastgroup
        return line.hint

    def is_unmarked_question(self, at, line, mark, text):
        """Whether a line without a question mark asks something: by its mark, by the bank, or cut off at the end."""
        if mark == "q" or rules.REQUEST.fullmatch(text[:LONGEST_QUESTION]):
            return True
        if len(text) > LONGEST_QUESTION or not rules.STARTS.match(text) or text.endswith((".", "!", ";", ",")):
            return False
        if mark in ("number", HEADING, BOLD, TERM) and len(text.split()) > 2:
            return True
        return self.is_cut_off(at, text) or bool(self.known(text.rstrip(":") + "?"))

    def is_cut_off(self, at, text):
        return at == len(self.lines) - 1 and len(text.split()) > 2

    def known(self, question):
        return self.bank.question_for(question, self.stage, self.specialty)

    def usual_mark(self):
        """Return what stands before most of the page's questions, "" for nothing; None where they differ."""
        [(mark, count)] = Counter(map(self.mark_of, self.asked)).most_common(1) or [(None, 0)]
        return mark if count >= 3 and count >= 0.8 * len(self.asked) else None

    def split(self, line):
        return split_question(rules.MARK.sub("", line.text, count=1))

    def asks(self, at, line, mark, question, rest):
        """Whether a line that reads like a question is one of the page's, and not one asked in passing in an answer."""
        if mark == "q" or rules.REQUEST.match(question):
            return True
        if mark == ITEM and self.style != ITEM and (self.style is not None or self.in_list(at)):
            return False
        if self.known(question) and not (rest and rules.RHETORICAL.match(question)):
            return True
        if mark == ITEM and line.depth > self.usual_depth:
            return False  # of a list within an answer
        if mark and mark == self.style:
            return True
        if self.stages_at and at < self.stages_at[0]:
            return False  # navigation
        if self.style and mark not in (HEADING, BOLD, TERM, self.style):
            return False
        if mark in (HEADING, TERM):
            return True
        return not rules.RHETORICAL.match(question) and self.reads_as_asked(line, question, rest)

    def in_list(self, at):
        return at > 0 and self.lines[at - 1].hint == ITEM

    def reads_as_asked(self, line, question, rest):
        topic, long = stems_of(question) & rules.TOPICS, len(question.split()) > 3
        if not rest:
            if self.drafts and rules.ASIDE.fullmatch(question):
                return True
            return bool((rules.STARTS.match(question) and (topic or long)) or (topic and len(question.split()) <= 8))
        if self.drafts and self.drafts[-1].is_label and len(question.split()) <= 8:
            return True  # "Required? No" below the heading "Research"
        if self.is_glued and long and rules.STARTS.match(question):
            return True
        return bool(topic) and (long or not self.drafts) and bool(rules.STARTS.match(question) or len(question) < 60)

    # The whole

    def page(self):
        quote, source = quote_in(self.before)
        entries = self.entries()
        left = [line for line in self.left if len(line.text.split()) > 3]
        self.warnings += [f"Left out, as it belongs to no question: “{short(line.text)}”" for line in left]
        return Page(
            self.specialty, quote, source, tuple(self.sections["recommendations"]), tuple(entries),
            tuple(advisor for role, lines in self.blocks for advisor in advisors_in(role, lines, self.specialty)),
            tuple(resource for line in self.sections["resources"] for resource in resources_in(line)),
            plain(self.sections["contact"]), tuple(self.warnings),
        )  # fmt: skip

    def entries(self):
        drafts = [draft for draft in self.drafts if draft.lines or not draft.is_heading]
        for draft in drafts:
            draft.lines = without_repeats(answer_of(draft))
        drafts = self.without_contents(drafts)
        self.warn_of_end(drafts)
        keys = self.keys_of(drafts)
        return [
            Entry(draft.stage, draft.question, key, tuple(draft.lines)) for draft, key in zip(drafts, keys, strict=True)
        ]

    def without_contents(self, drafts):
        """Return the entries without a table of contents: questions that are asked again and answered there."""
        asked = {}
        for draft in drafts:
            asked.setdefault(tuple(words_of(draft.question)), []).append(draft)
        kept = []
        for same in asked.values():
            answered = [draft for draft in same if draft.lines] or same[:1]
            kept += answered[:1] if len({plain(draft.lines) for draft in answered}) == 1 else answered
        kept = {id(draft) for draft in kept}
        return [draft for draft in drafts if id(draft) in kept]

    def keys_of(self, drafts):
        """Return the bank's key for each; where two would have the same, the first that asks it in words has it."""
        questions = [draft.question for draft in drafts]
        keys = {}
        for draft in sorted(drafts, key=lambda draft: draft.is_heading):
            known = self.bank.cut_off(draft.question) if draft is self.cut else None
            known = known or self.bank.question_for(draft.question, draft.stage, self.specialty, questions)
            key = known and known.key
            if key and key in keys.values():
                self.warnings.append(f"“{short(draft.question)}” asks the same as another question of the page.")
                key = None
            keys[id(draft)] = key
        return [keys[id(draft)] for draft in drafts]

    def warn_of_end(self, drafts):
        """Say that the page ends in mid-sentence."""
        self.cut = None
        last = self.lines[-1].text if self.lines else ""
        if not drafts or last.endswith((".", "?", "!", ")", "”", '"')):
            return
        if not drafts[-1].lines and not drafts[-1].is_heading and last.endswith(drafts[-1].question):
            self.cut = drafts[-1]
            self.warnings.append(
                f"The page ends within a question, which is left blank: “{short(drafts[-1].question)}”"
            )
        elif drafts[-1].lines and drafts[-1].lines[-1].text == last and len(last) > 60:
            self.warnings.append("The page may end before its last answer does.")


def is_prose(text):
    return len(text.split()) > 14 or (len(text.split()) > 6 and text.endswith("."))


def short(text):
    return f"{text[:80]} …" if len(text) > 80 else text


def stems_of(text):
    return set(map(stem, words_of(text[:LONGEST_QUESTION])))


def is_topic(text):
    """Whether a line is a heading that says what a question would: "Letters of Recommendation"."""
    words = text.rstrip(":").split()
    if not 0 < len(words) <= 7 or not text[:1].isupper() or text.endswith((".", "?", "!", ",", ";")):
        return False
    stems = stems_of(text)
    return bool(stems & rules.HEADING_WORDS) and stems <= rules.HEADING_WORDS | rules.JOINS


def answer_of(draft):
    """Return the lines that say something, the first without its "A:"; "A." is such a mark only below a "Q."."""
    mark = rules.ANSWER_TO_Q if draft.has_q else rules.ANSWER_MARK
    lines = [replace(line, text=mark.sub("", line.text, count=1)) for line in draft.lines[:1]] + draft.lines[1:]
    return [line for line in lines if words_of(line.text)]


def without_repeats(lines):
    """Return the lines of an answer without the copy of it that some pages glue to the question."""
    first, rest = words_of(plain(lines[:1])), words_of(plain(lines[1:]))
    if not (first and rest):
        return lines
    if rest[: len(first)] == first:
        return lines[1:]
    return lines[:1] if first[: len(rest)] == rest else lines


def resources_in(line):
    """Return what a line links to, as (label, address) each; an address in plain text is labelled by its line."""
    if line.links:
        return [link for link in line.links if not link[1].lower().startswith("mailto:")]
    found = re.search(r"(?:https?://|www\.)[^\s<>\"]+", line.text)
    if not found:
        return []
    label = f"{line.text[: found.start()]} {line.text[found.end() :]}".strip(" :–—-()[]<>")
    address = found[0].rstrip(".,;)]>")
    return [(label or address, address if address.startswith("http") else f"https://{address}")]


def quote_in(lines):
    """Return the quotation a page begins with and its source, ("", "") where there is none."""
    for at, line in enumerate(lines):
        found = re.fullmatch(r"(.{40,}?) ?\(Source: (.+)\)", line.text)  # Wright
        if found:
            return found[1], found[2]
        if line.text[0] in '“"':
            return quotation(lines[at : at + 10])
        if at and is_prose(lines[at - 1].text) and line.text[0] in "—–":
            return lines[at - 1].text.strip('“”"'), line.text.lstrip("—– ")
    return "", ""


def quotation(lines):
    """Return a quotation that begins with the first of `lines`, with the source after it."""
    text = ""
    for at, line in enumerate(lines):
        text = f"{text}\n{line.text}".strip()
        glued = re.fullmatch(r"[“\"](.+)[”\"] ?[—–-] ?(.+)", text, re.DOTALL)
        if glued:
            return glued[1], glued[2]
        if text.endswith(("”", '"')) and len(text) > 40:
            below = lines[at + 1] if at + 1 < len(lines) else None
            named = below and (below.text[0] in "—–-" or below.hint == ITEM or below.text.startswith("Source:"))
            return text[1:-1], re.sub(r"^(?:[—–-]|Source:) ?", "", below.text) if named else ""
    return "", ""


def specialty_of(document):
    """Return the name of the specialty, from the page's title, the lines at its top or its address; "" if in doubt."""
    lines = list(takewhile(lambda text: "?" not in text or "://" in text, (line.text for line in document.lines[:30])))
    for text in lines:
        if found := re.fullmatch(r"special(?:ty|ties)(?: choice| name)? ?[:–—-] ?(.{3,60})", text, re.IGNORECASE):
            return found[1]
    address = re.match(r"https?://[^/?#]+/(?:[^?#]*/)?([^/?#]+)/?$", lines[0]) if lines else None
    slug = words_of(address[1].rsplit(".", 1)[0].replace("_", "-")) if address else []
    titles = [*re.split(r" [|–—-] ", document.title), *lines]
    names = [text.strip() for text in titles if is_name(text)]
    names = [name.title().replace(" And ", " and ") if name.isupper() and len(name) > 5 else name for name in names]
    if set(slug) - rules.NO_SPECIALTY == set(slug) and slug:
        spelled = (
            name for name in names if set(words_of(name)) & set(slug) or is_short_for("".join(slug), name.lower())
        )
        return next(spelled, " ".join(word if word == "and" else word.capitalize() for word in slug))
    return names[0] if names else ""


def is_short_for(short, name):
    """Whether all letters of `short` are in `name` in this order: "obgyn" in "obstetrics and gynecology"."""
    letters = iter(name)
    return name.startswith(short[0]) and all(letter in letters for letter in short)


def is_same_name(name, other):
    """Whether one of two names of a specialty is the other, a part of it or short for it."""
    short, long = sorted([" ".join(words_of(name)), " ".join(words_of(other))], key=len)
    return set(short.split()) <= set(long.split()) or (len(short) < 6 and is_short_for(short, long))


def is_name(text):
    words = text.split()
    return (
        0 < len(words) <= 6
        and words[0][0].isupper()
        and all(word[0].isupper() or word in ("and", "&", "of", "–", "-") for word in words)
        and not re.search(r"[.?!:;“”\"\d@]", text)
        and not set(words_of(text)) & rules.NO_SPECIALTY
        and not rules.DEBRIS.fullmatch(text)
    )


def read(document, bank, specialty=""):
    """Return what a Document holds as a Page. Raises Refused where no answer stands under a question."""
    reader = Reader(document, bank, specialty)
    if len(reader.lines) == 0:
        raise Refused("There is no text in this.")
    reader.read()
    if len(reader.drafts) > MOST_ENTRIES:
        raise Refused(f"This has {len(reader.drafts)} questions, more than one page can have ({MOST_ENTRIES}).")
    page = reader.page()
    refuse_unusable(page, any(is_prose(line.text) for line in reader.before) and not page.quote)
    return page


def refuse_unusable(page, begins_with_prose):
    answered = [entry for entry in page.entries if not entry.blank]
    if not page.entries:
        raise Refused("No question was found on this page, so nobody can say what its text answers.")
    if not answered:
        raise Refused("Only questions were found on this page, no answer to any of them.")
    asked = [entry for entry in answered if "?" in entry.question or rules.STARTS.match(entry.question)]
    if not asked and all(line.hint == ITEM for entry in answered for line in entry.lines):
        raise Refused("This page is lists under headings, without questions that its text would answer.")
    if len(answered) == 1 and (begins_with_prose or not answered[0].key):
        raise Refused("Hardly a question with an answer was found on this page; it reads as plain text.")
