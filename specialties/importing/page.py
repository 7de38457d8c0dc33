"""What is read from a page: plain data, and how its lines become rich text."""

from dataclasses import dataclass

from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import mark_safe

from ..models import Answer
from . import rules
from .documents import ITEM, Refused


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

    def refuse_unusable(self, begins_with_prose):
        """Raise Refused where no answer stands under a question, with the reason."""
        answered = [entry for entry in self.entries if not entry.blank]
        if not self.entries:
            raise Refused("No question was found on this page, so nobody can say what its text answers.")
        if not answered:
            raise Refused("Only questions were found on this page, no answer to any of them.")
        asked = [entry for entry in answered if "?" in entry.question or rules.STARTS.match(entry.question)]
        others = [entry for entry in answered if entry not in asked]
        if len(others) > len(asked) and all(line.hint == ITEM for entry in others for line in entry.lines):
            raise Refused("This page is lists under headings, without questions that its text would answer.")
        if len(answered) == 1 and (begins_with_prose or not (answered[0].key or len(self.entries) > 2)):
            raise Refused("Hardly a question with an answer was found on this page; it reads as plain text.")


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
