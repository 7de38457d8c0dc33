"""The lines of a page, as the guide they give: what a careful person would copy into which field, and nothing more."""

import re
from dataclasses import replace

from . import rules
from .documents import HEADING, ITEM, Refused
from .drafts import Draft, entries_of
from .lines import LONGEST_QUESTION, Rank, is_prose, mark_of, rank_of, resources_in, short, years_headed
from .page import Page, plain
from .people import advisors_in, has_credentials, person_in
from .recognition import Recognition
from .title import is_same_name, quote_in, specialty_of, unquoted

MOST_ENTRIES = 200


class Reader(Recognition):
    """Reads the lines of one page in order; `take` puts each where it belongs."""

    def __init__(self, document, bank, specialty):
        named = specialty_of(document)
        super().__init__(document, bank, specialty or named)
        self.warnings = [] if self.specialty else ["The specialty is not named."]
        if named and specialty and not is_same_name(named, specialty):
            self.warnings.append(f"The page calls itself “{named}”, and is imported as {specialty}.")
        self.left = []
        self.sections = {name: [] for name, _ in rules.SECTIONS if name}

    def read(self):
        for at, line in enumerate(self.lines):
            self.take(at, line)

    # Where a line goes, in the order in which it is tried. Each returns whether it took the line.

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
        if self.in_block and is_prose(line.text):
            self.into = self.left  # an advisor block is of short lines
        self.into.append(line)

    def take_stage(self, at, line):
        if not self.is_stage(at, line):
            return False
        self.stage = self.bank.stage_of(years_headed(line))
        if not self.stage:
            self.warnings.append(f"The portal has no stage for “{line.text}”; what stands below it has none.")
        self.into, self.in_table = self.left, False
        if "advice" in line.text.lower() and not self.habits.asks_in_sentences and is_prose(self.line(at + 1).text):
            self.begin(Draft(self.stage, line.text.rstrip(":"), [], rank=rank_of(line)))
        return True

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
        if asks := rules.QUESTIONS.match(line.text[:LONGEST_QUESTION]):
            value = line.text[asks.end() :]  # "Questions? Write to advising@example.edu"
        elif not colon or not rules.CONTACT.fullmatch(label) or self.awaits_answer:
            return False
        self.sections["contact"].append(replace(line, text=value))
        self.into = self.left
        return True

    def take_advisors(self, at, line):
        heading = rules.ADVISORS.fullmatch(line.text) if len(line.text) < 200 else None
        if heading and line.hint != ITEM and (not heading["name"] or person_in(heading["name"])):
            role = re.sub(r"\(s\)$|(?<=[a-z])s$", "", heading["role"])
            named = [replace(line, text=heading["name"])] if heading["name"] else []
            self.blocks.append((role, named))
        elif self.in_block and has_credentials(line):
            self.into.append(line)  # also where it is a heading
            return True
        elif self.names_person(at, line) and not (self.awaits_answer and rules.WHO.search(self.drafts[-1].question)):
            self.blocks.append(("", [line]))
        else:
            return False
        self.into = self.blocks[-1][1]
        return True

    def take_question(self, at, line):
        question, rest = self.question_in(at, line)
        if not question:
            return False
        if self.continues(line, question):
            self.drafts[-1].question += f" {question}"
            self.into = self.drafts[-1].lines
        else:
            below_heading = self.is_below_label and len(question.split()) <= 8
            rank = Rank.ASKED_BELOW if below_heading and rest else Rank.ASKED
            level = rank_of(line) if line.hint == HEADING else None
            self.begin(Draft(self.stage, question, [], rank, level, has_q=mark_of(line) == "q"))
        self.in_table = "the following" in question.lower()
        if rest:
            self.into.append(replace(line, text=rest, hint=""))
        return True

    def take_heading(self, at, line):
        """A heading that works as a question, as "Research", or as label of a value, as "Research: helpful"."""
        line = replace(line, text=rules.MARK.sub("", line.text, count=1))
        label, value = self.labelled(line)
        if label:
            self.begin(Draft(self.stage, label, [replace(line, text=value, hint="")], rank=Rank.LABEL))
        elif self.is_heading(at, line):
            self.begin(Draft(self.stage, line.text.rstrip(":"), [], rank=rank_of(line)))
        elif (line.hint == HEADING and self.drafts) or self.is_title(at, line):
            self.into = self.left
            self.left.append(line)
        else:
            return False
        return True

    def begin(self, draft):
        if len(self.drafts) == MOST_ENTRIES:
            raise Refused(f"This has more than {MOST_ENTRIES} questions, which are not those of one page.")
        self.drafts.append(draft)
        self.into = draft.lines

    # The whole

    def page(self):
        quote, source = quote_in(self.before)
        entries, warnings = entries_of(self.drafts, self.bank, self.specialty, self.lines[-1].text)
        left = [line for line in self.left if len(line.text.split()) > 3]
        left += unquoted(self.before, quote, source, self.specialty)
        warnings += [f"Left out, as it belongs to no question: “{short(line.text)}”" for line in left]
        return Page(
            self.specialty, quote, source, tuple(self.sections["recommendations"]), tuple(entries),
            tuple(advisor for role, lines in self.blocks for advisor in advisors_in(role, lines, self.specialty)),
            tuple(resource for line in self.sections["resources"] for resource in resources_in(line)),
            plain(self.sections["contact"]), (*self.warnings, *warnings),
        )  # fmt: skip


def read(document, bank, specialty=""):
    """Return what a Document holds as a Page. Raises Refused where no answer stands under a question."""
    reader = Reader(document, bank, specialty)
    if len(reader.lines) == 0:
        raise Refused("There is no text in this.")
    reader.read()
    page = reader.page()
    page.refuse_unusable(any(is_prose(line.text) for line in reader.before) and not page.quote)
    return page
