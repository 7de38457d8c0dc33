"""What a line of a page is, by itself, by its neighbours and by what was read before it."""

from . import rules
from .documents import BOLD, HEADING, ITEM, TERM, Line
from .habits import Habits, heads_an_entry, is_lone_year
from .lines import (
    LONGEST_QUESTION,
    Rank,
    asked_in,
    asks_when,
    is_brief,
    is_headline,
    is_label,
    is_prose,
    is_sentence,
    is_topic,
    mark_of,
    rank_of,
    split_question,
    stems_of,
    unglued,
    years_headed,
)
from .people import email_in, has_credentials
from .title import is_same_name


class Recognition:
    """Knows the lines of one page, and how far it is read: the entries so far, and where the last line went."""

    def __init__(self, document, bank, specialty):
        self.bank, self.specialty = bank, specialty
        lines = (line for line in document.lines if not rules.DEBRIS.fullmatch(line.text[:LONGEST_QUESTION]))
        self.lines = [part for line in lines for part in unglued(line)]
        self.before = []  # lines before the first stage, question or section
        self.drafts, self.blocks = [], []
        self.stage, self.into = None, self.before
        self.in_table = False  # "How important are each of the following": rows below are no headings
        self.habits = Habits(self.lines)
        self.first_stage = next((at for at, line in enumerate(self.lines) if self.is_stage(at, line)), 0)

    def line(self, at):
        """Return a line by its number, an empty one beyond the ends of the page."""
        return self.lines[at] if 0 <= at < len(self.lines) else Line("")

    @property
    def awaits_answer(self):
        return self.in_answer and not self.into

    @property
    def in_answer(self):
        return bool(self.drafts) and self.into is self.drafts[-1].lines

    @property
    def in_block(self):
        return bool(self.blocks) and self.into is self.blocks[-1][1]

    @property
    def is_below_label(self):
        return bool(self.drafts) and self.drafts[-1].is_label

    # Headings of stages, of people and of questions

    def is_stage(self, at, line):
        """Whether a line heads what is for some years; "M3" alone is of an answer, unless the page has it otherwise."""
        years = years_headed(line)
        if not is_lone_year(line):
            return bool(years) and not self.is_for_some(at, line, years)
        if self.habits.has_lone_years:
            return not (self.awaits_answer and asks_when(self.line(at - 1)))
        is_other = bool(self.stage) and self.bank.stage_of(years) != self.stage
        return is_other and not self.awaits_answer and heads_an_entry(self.line(at + 1))

    def is_for_some(self, at, line, years):
        """Whether what follows in an answer is for some of those it is for: "M1 students:" and advice to them."""
        if not self.in_answer or line.hint == HEADING or heads_an_entry(self.line(at + 1)):
            return False
        return line.text.endswith(":") or self.bank.stage_of(years) == self.stage

    def names_person(self, at, line):
        """Whether an advisor block without a heading begins here: a name with credentials, and an address below it."""
        return has_credentials(line) and any(
            email_in(below) for below in self.lines[at : at + 4] if not is_prose(below.text)
        )

    def is_cut_heading(self, at, line):
        """Whether the page ends within a heading: "Overall Recomm"."""
        text = line.text.lower()
        return (
            self.is_last(at)
            and (len(text) > 4 or not self.awaits_answer)
            and line.text[:1].isupper()
            and any(heading.startswith(text) and heading != text for heading in rules.USUAL_HEADINGS)
        )

    def labelled(self, line):
        """Return label and value of "Research: helpful" or "Number of letters 3-4"; ("", "") for another line."""
        found = rules.LABELLED.fullmatch(line.text)
        if found and line.hint != ITEM and self.may_be_label(found["label"]):
            return found["label"], found["value"]
        found = rules.NUMBER.fullmatch(line.text)
        is_apart = line.gap or (self.is_below_label and self.drafts[-1].lines)
        if found and is_apart and " " in found["label"] and is_topic(found["label"]):
            return found["label"], found["number"]
        return "", ""

    def may_be_label(self, text):
        """Whether a topic before a colon is no part of an answer; below other labels a word of one is enough."""
        if is_topic(text):
            return self.is_below_label or not self.drafts
        is_below_alike = bool(self.drafts) and self.drafts[-1].rank == Rank.LABEL
        return is_below_alike and is_brief(text) and not stems_of(text).isdisjoint(rules.TOPICS)

    def is_title(self, at, line):
        """Whether a topic stands above the questions on it, after an answer that ended with its sentence."""
        above, below = self.line(at - 1), self.line(at + 1)
        if not (self.drafts and is_topic(line.text) and asked_in(below)[0]) or line.hint == ITEM:
            return False
        if self.habits.has_titles:
            return not is_topic(above.text) and not is_label(below)
        return line.gap and self.in_answer and above.text.endswith((".", "!"))

    def is_heading(self, at, line):
        if line.hint == TERM and len(line.text) < LONGEST_QUESTION:
            return True
        if self.in_table or line.hint == ITEM:
            return False
        if not is_topic(line.text):
            return self.is_peer(at, line)
        return bool(line.hint) or self.is_usual_heading(line) or self.is_heading_among_questions(at, line)

    def is_usual_heading(self, line):
        """Whether a topic is a heading because the page has such, and does not ask in sentences."""
        if self.habits.asks_in_sentences:
            return False
        if not self.drafts:
            return True
        is_usual = self.is_below_label or Rank.PLAIN in self.habits.heading_ranks
        return is_usual and (line.gap or not self.habits.has_gaps)

    def is_peer(self, at, line):
        """Whether a few words are a heading as others of the page are, which are topics."""
        if rank_of(line) not in self.habits.heading_ranks or is_same_name(line.text, self.specialty):
            return False
        if line.hint:
            return is_brief(line.text)
        is_apart = line.gap or (not self.habits.has_gaps and is_sentence(self.line(at - 1).text))
        below = self.line(at + 1)
        heads = is_sentence(below.text) or is_label(below)
        return is_apart and heads and not self.awaits_answer and is_headline(line.text)

    def is_heading_among_questions(self, at, line):
        """Whether a topic is a heading where it could as well be a line of the answer above it."""
        above, below = self.line(at - 1), self.line(at + 1)
        if (
            self.habits.usual_mark
            or not below.text
            or is_topic(above.text)
            or is_topic(below.text)
            or self.is_stage(at + 1, below)
        ):
            return False
        if self.awaits_answer and line.text.endswith(":"):
            return False  # "Required:" above a list
        if not line.gap and not self.is_below_label and (self.habits.has_gaps or self.habits.asks_in_sentences):
            return False
        if asked_in(below)[0]:
            return is_label(below)
        return not self.habits.asks_in_sentences or is_sentence(below.text)

    # Questions

    def question_in(self, at, line):
        """Return the question a line asks and the beginning of its answer; ("", "") where it asks none."""
        mark, text = mark_of(line), rules.MARK.sub("", line.text, count=1)
        question, rest = split_question(text)
        rest = "" if rules.TOGGLE.fullmatch(rest) else rules.LEAD.sub("", rest)
        asks_on = mark == "q" and rules.ASKS_ON.fullmatch(rest)
        if asks_on or (not question and self.is_unmarked_question(at, line, mark, text)):
            question, rest = text, ""
        return (question, rest) if question and self.asks(at, line, mark, question, rest) else ("", "")

    def continues(self, line, question):
        """Whether a question is the second half of the one on the line before it."""
        return (
            self.awaits_answer
            and not (line.gap or line.hint or rules.MARK.match(line.text))
            and rules.SECOND_HALF.match(question)
        )

    def is_unmarked_question(self, at, line, mark, text):
        """Whether a line without a question mark asks something: by its mark, by the bank, or cut off at the end."""
        if mark == "q" or rules.REQUEST.fullmatch(text[:LONGEST_QUESTION]):
            return True
        if self.is_last(at) and self.bank.begins_with(text):
            return True
        if len(text) > LONGEST_QUESTION or not rules.STARTS.match(text) or text.endswith((".", "!", ";", ",")):
            return False
        if mark in (HEADING, BOLD, TERM) and len(text.split()) > 2:
            return True
        if self.is_cut_off(at, text):
            return True
        is_numbered = mark == "number" and len(text.split()) > 2
        return bool(rules.ASKS.match(text)) and (is_numbered or bool(self.known(text.rstrip(":") + "?")))

    def is_last(self, at):
        return at == len(self.lines) - 1

    def is_cut_off(self, at, text):
        is_begun = len(text.split()) > 2 and not rules.TELLS.match(text)
        return self.is_last(at) and (is_begun or bool(rules.ASKS.match(text)))

    def known(self, question):
        return self.bank.question_for(question, self.stage, self.specialty)

    def asks(self, at, line, mark, question, rest):
        """Whether a line that reads like a question is one of the page's, and not one asked in passing in an answer."""
        if mark == "q" or rules.REQUEST.match(question):
            return True
        if mark == ITEM and self.habits.usual_mark != ITEM and (self.habits.usual_mark is not None or self.in_list(at)):
            return False
        if self.known(question) and not (rest and rules.RHETORICAL.match(question)):
            return True
        if mark == ITEM and line.depth > self.habits.usual_depth:
            return False  # of a list within an answer
        if mark and mark == self.habits.usual_mark:
            return True
        if at < self.first_stage and not self.drafts and not is_prose(self.line(at + 1).text):
            return False  # navigation
        if self.habits.usual_mark and mark not in (HEADING, BOLD, TERM, self.habits.usual_mark):
            return False
        if mark in (HEADING, TERM):
            return True
        if "?" not in question:
            return True  # the page ends within it
        return not rules.RHETORICAL.match(question) and self.reads_as_asked(line, question, rest)

    def in_list(self, at):
        return self.line(at - 1).hint == ITEM

    def reads_as_asked(self, line, question, rest):
        topic, long = stems_of(question) & rules.TOPICS, len(question.split()) > 3
        if not rest:
            if self.drafts and rules.ASIDE.fullmatch(question):
                return True
            return bool((rules.STARTS.match(question) and (topic or long)) or (topic and len(question.split()) <= 8))
        if self.is_below_label and len(question.split()) <= 8:
            return True  # "Required? No" below the heading "Research"
        if (self.habits.answers_on_the_line and long) or f"{question}{rest}" in line.text:
            return bool(topic or rules.STARTS.match(question))
        asks = rules.STARTS.match(question) or (len(question) < 60 and ":" not in question)
        return bool(topic) and (long or not self.drafts) and bool(asks)
