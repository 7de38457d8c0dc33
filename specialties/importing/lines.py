"""What a line is, looked at by itself."""

import re
from dataclasses import replace
from enum import IntEnum
from functools import lru_cache

from ..words import stem, words_of
from . import rules
from .documents import BOLD, HEADING, ITEM, TERM
from .matching import meaning_of

LONGEST_QUESTION = 400  # characters
LONGEST_HEADING = 80


class Rank(IntEnum):
    """How high what reads as a question stands; one with nothing below it is a title over a lower one."""

    HEADING = 0  # and up to 6 by its level
    TERM = 7
    BOLD = 8
    PLAIN = 9
    LABEL = 10  # "Research: helpful"
    ASKED_BELOW = 11  # "Required? No" below a heading
    ASKED = 12


def rank_of(line):
    """Return the rank of a heading."""
    if line.text.endswith(":"):
        return Rank.LABEL
    return {HEADING: Rank.HEADING + line.depth, TERM: Rank.TERM, BOLD: Rank.BOLD}.get(line.hint, Rank.PLAIN)


def split_question(text):
    """Return the question a line begins with and what follows it: ("Is it? If so, why?", "Yes."); ("", text) if none.

    Two questions in one wording stay together. A question mark within an address is none, nor one after a statement.
    """
    end = 0
    for mark in re.finditer(r"\?+[”\"’')\]]*(?=\s|$|[^\W_](?!\w*=)|[“\"(•–—$~<>≥≤:+-])", text[:LONGEST_QUESTION]):
        part = text[end : mark.end()].strip()
        word = part.rsplit(" ", 1)[-1]
        if "://" in word or word.startswith("www.") or re.search(r"(?<=[a-z)\]]{3})[.!;] ", part):
            break
        follows = rules.FOLLOWS if text[end : end + 1].isspace() else rules.SECOND_HALF
        if follows is rules.FOLLOWS and text.endswith("?"):
            follows = rules.STARTS  # nothing on the line answers
        if end and not follows.match(part):
            break
        end = mark.end()
    return text[:end].strip(), text[end:].strip()


def is_prose(text):
    return len(text.split()) > 14 or (len(text.split()) > 6 and text.endswith("."))


def is_sentence(text):
    return len(text.split()) > 6 or text.endswith(".")


def short(text):
    return f"{text[:80]} …" if len(text) > 80 else text


def stems_of(text):
    return set(map(stem, words_of(text[:LONGEST_QUESTION])))


def is_brief(text):
    """Whether a line is a few words that could be a heading."""
    if len(text) > LONGEST_HEADING or not text[:1].isupper() or text.endswith((".", "?", "!", ",", ";")):
        return False
    return 0 < len(text.split()) <= 7


def is_topic(text):
    """Whether a line is a heading that says what a question would: "Letters of Recommendation"."""
    return is_brief(text) and names_topic(text)


@lru_cache(maxsize=20_000)
def names_topic(text):
    words = words_of(text)
    return all(stem(word) in rules.OF_HEADINGS for word in words) and any(
        stem(word) in rules.HEADING_WORDS for word in words
    )


def unglued(line):
    """Yield the lines of one in which an answer runs into the next question: "Yes.How many?"."""
    first, *questions = rules.GLUED.split(line.text)
    yield replace(line, text=first)
    for text in questions:
        yield replace(line, text=text, hint="", gap=False)


def mark_of(line):
    """Return what stands before a line that may be a question: "q", "number", or the line's hint."""
    mark = rules.MARK.match(line.text)
    return mark.lastgroup if mark else line.hint


def asked_in(line):
    """Return the question of a line without its mark, and what follows it."""
    return split_question(rules.MARK.sub("", line.text, count=1))


def is_label(line):
    """Whether a line is a question in a few words with its answer: "Required? No"."""
    question, value = asked_in(line)
    return bool(value) and 0 < len(question.split()) <= 8


def asks_when(line):
    """Whether a line asks for a year or a time, or is a heading, so that a year below it may be its answer."""
    meaning = meaning_of(line.text[:LONGEST_QUESTION])
    is_question = "?" in line.text and (meaning.asked_for == "time" or meaning.years or "year" in line.text.lower())
    return bool(is_question) or is_topic(line.text)


def is_headline(text):
    """Whether a line is a few words with capitals, as "Early Preparation"."""
    if not is_brief(text) or re.search(r"[.?!,;:“”\"\d@]", text):
        return False
    return all(word[0].isupper() or word in rules.SMALL_WORDS for word in text.split())


def years_headed(line):
    """Return the years of a heading such as "Advice for MS1 and MS2 Students"; none where it is none."""
    is_long = len(line.text) > LONGEST_HEADING
    return frozenset() if is_long or line.hint == ITEM else years_named(line.text)


@lru_cache(maxsize=20_000)
def years_named(text):
    if not rules.YEAR.search(text) or rules.NO_STAGE.search(text):
        return frozenset()
    first = re.split(r" [–—-] ", text, maxsplit=1)[0]
    meaning = meaning_of(text)
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
