"""What a line is, looked at by itself."""

import re

from ..words import stem, words_of
from . import rules
from .documents import ITEM
from .matching import meaning_of

LONGEST_QUESTION = 400  # characters


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


def mark_of(line):
    """Return what stands before a line that may be a question: "q", "number", or the line's hint."""
    mark = rules.MARK.match(line.text)
    return mark.lastgroup if mark else line.hint


def asked_in(line):
    """Return the question of a line without its mark, and what follows it."""
    return split_question(rules.MARK.sub("", line.text, count=1))


def years_headed(line):
    """Return the years of a heading such as "Advice for MS1 and MS2 Students"; none where it is none."""
    if len(line.text) > 80 or line.hint == ITEM or line.text.endswith((".", "?", "!")):
        return frozenset()
    first = re.split(r" [–—-] ", line.text, maxsplit=1)[0]
    meaning = meaning_of(line.text)
    if len(meaning_of(first).years) > 1:
        meaning = meaning_of(first)  # "MS3/MS4 Advice - Urology"
    return frozenset() if meaning.words - rules.STAGE_WORDS else meaning.years


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
