"""Entries while their page is read, and what is made of them at its end."""

from dataclasses import dataclass, replace

from ..words import words_of
from . import rules
from .lines import Rank, is_topic, short
from .page import Entry, plain

TAKEN = ""  # the key of a question that another of the page has


@dataclass
class Draft:
    """An entry while its page is read."""

    stage: str | None
    question: str
    lines: list
    rank: int
    level: int | None = None  # the rank of its line, where that is a heading which asks
    has_q: bool = False  # "Q:" stands before it
    is_cut: bool = False  # the page ends within the question

    @property
    def is_heading(self):
        """Whether a heading works as the question."""
        return self.rank <= Rank.LABEL

    @property
    def is_label(self):
        return self.rank <= Rank.ASKED_BELOW


def answer_of(draft):
    """Return the lines that say something, the first without its "A:"; "A." is such a mark only below a "Q."."""
    mark = rules.ANSWER_TO_Q if draft.has_q else rules.ANSWER_MARK
    lines = [replace(line, text=mark.sub("", line.text, count=1)) for line in draft.lines[:1]] + draft.lines[1:]
    return [line for line in lines if words_of(line.text) and not rules.NO_ANSWER.fullmatch(line.text)]


def without_repeats(lines):
    """Return the lines of an answer without the copy of it that some pages glue to the question."""
    first, rest = words_of(plain(lines[:1])), words_of(plain(lines[1:]))
    if not (first and rest):
        return lines
    if rest[: len(first)] == first:
        return lines[1:]
    return lines[:1] if first[: len(rest)] == rest else lines


def entries_of(drafts, bank, specialty, end):
    """Return the entries that drafts become, and the warnings of them. The page ends with the text `end`."""
    for draft in drafts:
        draft.lines = without_repeats(answer_of(draft))
    drafts = without_contents(without_titles(drafts))
    warnings = warnings_of_end(drafts, end)
    keys = keys_of(drafts, bank, specialty)
    warnings += [
        f"“{short(draft.question)}” asks the same as another question of the page."
        for draft, key in zip(drafts, keys, strict=True)
        if key is TAKEN
    ]
    return [
        Entry(draft.stage, draft.question, None if key is TAKEN else key, tuple(draft.lines))
        for draft, key in zip(drafts, keys, strict=True)
    ], warnings


def without_titles(drafts):
    """Return the drafts without the headings that only stand over others, and without the buttons of a menu."""
    below = [*(draft.rank if draft.level is None else draft.level for draft in drafts[1:]), Rank.HEADING]
    return [
        draft
        for draft, rank in zip(drafts, below, strict=False)
        if draft.lines or (draft.rank >= rank and (draft.rank != Rank.TERM or is_topic(draft.question)))
    ]


def without_contents(drafts):
    """Return the entries without a table of contents: questions that are asked again and answered there."""
    asked = {}
    for draft in drafts:
        heading = id(draft) if draft.rank == Rank.ASKED_BELOW else None  # "Required? No" is asked below each
        asked.setdefault((heading, *words_of(draft.question)), []).append(draft)
    kept = []
    for same in asked.values():
        answered = [draft for draft in same if draft.lines] or same[:1]
        kept += answered[:1] if len({plain(draft.lines) for draft in answered}) == 1 else answered
    kept = {id(draft) for draft in kept}
    return [draft for draft in drafts if id(draft) in kept]


def keys_of(drafts, bank, specialty):
    """Return the bank's key for each; where two would have the same, the first that asks it in words has it."""
    questions = [draft.question for draft in drafts]
    keys = {}
    for draft in sorted(drafts, key=lambda draft: draft.is_heading):
        known = bank.cut_off(draft.question, draft.stage) if draft.is_cut else None
        known = known or bank.question_for(draft.question, draft.stage, specialty, questions)
        key = known and known.key
        keys[id(draft)] = TAKEN if key and key in keys.values() else key
    return [keys[id(draft)] for draft in drafts]


def warnings_of_end(drafts, end):
    """Say that the page ends in mid-sentence."""
    if not drafts or end.endswith((".", "?", "!", ")", "”", '"')):
        return []
    last = drafts[-1]
    if not last.lines and not last.is_heading and end.endswith(last.question):
        last.is_cut = True
        return [f"The page ends within a question, which is left blank: “{short(last.question)}”"]
    if last.lines and last.lines[-1].text == end and len(end) > 60:
        return ["The page may end before its last answer does."]
    return []
