"""What needs work in a guide: each rule with a sentence that says what it means and what to do.

A rule looks at one guide and finds places in it. That a place is found does not make it wrong: a person decides.
"""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

from django.db.models import Prefetch
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import cached_property

from .fields import plain_text
from .link_checks import addresses_in
from .models import Answer, LinkCheck, Question

A_YEAR = timedelta(days=365)
CYCLE_BEGINS = 7  # July: from then on applicants are those of the next year's Match
OLDEST_CYCLE = 2  # cycles before the current one
FEWEST_WORDS = 7  # "Strongly recommended but not required" may well be right twice
SHORT = 100  # characters of an answer that says nothing but whom to ask
FEWEST_VOTES = 3
AROUND = 40  # characters shown on each side of what was found

YEAR = re.compile(r"(?<![\d$.,])(?<!\d-)((?:19|20)\d\d)(?:\s?[-–/]\s?((?:19|20)?\d\d))?(?![\d%]|[.,]\d)")
NOT_APPLICABLE = re.compile(
    r"(n\.?/?a\.?|not applicable|none|tbd|tba|to be (determined|announced|added)|see above|[?–—.-]+)\W*", re.I
)
ASK = re.compile(
    r"\b(ask|see|contact|e-?mail|(?:talk|speak|check|meet|consult|discuss)(?: \w+){0,2}? (?:to|with))\b.*"
    r"\b(advis[eo]rs?|mentors?|department|dean)\b",
    re.I | re.S,
)
ELSEWHERE = re.compile(r"(please )?(see|visit|refer to|check|contact)\b|.*\b(web ?(site|page)|details)\b")
OPINION = (
    r"(?:necessary|needed|required?|helpful|useful|important|(?:recommend|encourage|advise|suggest|expect)(?:e?d)?)"
)
NO = re.compile(
    r"(?:not|n[’']t|\b(?:never|rarely|seldom|none|no(?! more| fewer| less)(?: \w+){0,3}))"
    rf"(?: are| is| be)?(?: \w+ly)? {OPINION}\b"
    r"|^(?:no|none|never|rarely|seldom|unnecessary|not (?:at all|(?!only)\w+ly))\b"
    r"|\b(?:recommend|advise)[sd]? (?:against|no)\b|(?<!be )(?<!not )discouraged?\b",
    re.I,
)
AFTER_ALL = re.compile(
    rf"\b(?:yes|{OPINION}|optional|but|if|unless|except|(?:more|fewer|less) than|beyond|limit|preference|minimum"
    r"|maximum|second|third|fourth|another|additional|extra)\b",
    re.I,
)
NUMBER = re.compile(r"\b([1-9]\d?|one|two|three|four|five|six)\b", re.I)
STEP_1 = re.compile(r"\bstep\s*(?:1|one|(?-i:I))\b", re.I)
SCORE = re.compile(r"\bscor(e|es|ed|ing)\b|\b[12]\d\d\b", re.I)
PASS_FAIL = re.compile(r"\bpass\b|\bp/f\b", re.I)
STEP_2_CS = re.compile(r"\bstep\s*(?:2|two|(?-i:II))\s*-?\s*(?:CS\b|clinical skills)", re.I)
COVID = re.compile(r"\bcovid|\bcoronavirus|\bpandemic\b", re.I)
SENTENCE = re.compile(r"[^.!?\n]+[.!?]?")

# A question that is answered with a count, after one that asks whether at all.
COUNT_AFTER = {"away-rotations": "away-count"}


class Passage(NamedTuple):
    """A text of a guide that is not blank, and where staff edit it."""

    where: str
    url: str
    text: str


class Finding(NamedTuple):
    where: str
    url: str
    words: str = ""


class Rule(NamedTuple):
    title: str
    meaning: str
    look: Callable  # of a Guide, gives its findings


class Guide:
    """What the rules look at: one specialty, prefetched, and what is known of the links that lead nowhere."""

    def __init__(self, specialty, questions, broken):
        self.specialty, self.broken = specialty, broken
        self.entries = [entry for question in questions if (entry := specialty.answer_to(question))]
        self.given = [entry for entry in self.entries if not entry.is_blank]
        self.bodies = {entry.question.key: plain_text(entry.body) for entry in self.given}
        self.page = reverse("admin:specialties_specialty_change", args=[specialty.pk])

    def text_of(self, entry):
        return "\n".join(filter(None, [entry.short_answer, self.bodies.get(entry.question.key)]))

    @cached_property
    def passages(self):
        answers = [Passage(entry.question.label, entry.get_admin_url(), self.text_of(entry)) for entry in self.given]
        recommendations = plain_text(self.specialty.recommendations)
        return [*answers, Passage("Overall recommendations", self.page, recommendations)]

    @property
    def links(self):
        """Yield (where, where staff edit it, the address it leads to)."""
        for entry in self.given:
            yield from ((entry.question.label, entry.get_admin_url(), link) for link in addresses_in(entry.body))
        for link in addresses_in(self.specialty.recommendations):
            yield "Overall recommendations", self.page, link
        for resource in self.specialty.resources.all():
            yield resource.label, f"{self.page}#resources", resource.url
        for advisor in self.specialty.advisors.all():
            yield str(advisor), advisor_page(advisor), advisor.profile_url

    @property
    def confirmed(self):
        """The answers the department stood by within the year."""
        since = timezone.localdate() - A_YEAR
        return [entry for entry in self.given if entry.confirmed_on and entry.confirmed_on >= since]

    def findings(self):
        """Return the rules that find something, each with what it finds."""
        found = ((rule, list(rule.look(self))) for rule in RULES)
        return {rule: findings for rule, findings in found if findings}


def guides_of(specialties):
    """Return the Guide of each of these, in a number of queries that does not grow with theirs."""
    specialties = list(
        specialties.prefetch_related(Prefetch("answers", Answer.objects.with_votes()), "resources", "advisors")
    )
    questions = list(Question.objects.asked_of(*specialties))
    broken = {link.url: link for link in LinkCheck.objects.broken()}
    return [Guide(specialty, questions, broken) for specialty in specialties]


def advisor_page(advisor):
    return reverse("admin:specialties_advisor_change", args=[advisor.pk])


def finding(entry, words=""):
    return Finding(entry.question.label, entry.get_admin_url(), words)


def excerpt(text, match):
    """Return what was found with the words around it on its line."""
    before = text[: match.start()].rpartition("\n")[2]
    after = text[match.end() :].partition("\n")[0]
    if len(before) > AROUND:
        before = f"…{before[-AROUND:].partition(' ')[2]}"
    if len(after) > AROUND:
        after = f"{after[:AROUND].rpartition(' ')[0]}…"
    return f"{before}{match[0]}{after}".strip()


def blank(guide):
    return (finding(entry) for entry in guide.entries if entry.is_blank)


def says_nothing(guide):
    for entry in guide.given:
        parts = [part for part in (entry.short_answer, guide.bodies[entry.question.key]) if part]
        if all(map(is_no_answer, parts)):
            yield finding(entry, parts[-1])


def is_no_answer(text):
    text = text.strip()
    return bool(NOT_APPLICABLE.fullmatch(text) or (len(text) <= SHORT and ASK.search(text)))


def said_twice(guide):
    """The same words under several questions, short answer or full text, punctuation and capitals aside."""
    texts = {entry: texts_for_one_question(guide, entry) for entry in guide.given}
    for entry in guide.given:
        others = [other.question.label for other in guide.given if other != entry and texts[other] & texts[entry]]
        if others:
            yield finding(entry, f"the same as {', '.join(others)}")


def texts_for_one_question(guide, entry):
    """Return what an answer says that is hardly right under two questions.

    "Yes", "3" and "Strongly recommended but not required" can be right under many. From FEWEST_WORDS on a text rather
    was pasted twice; and what only leads elsewhere, as "See the website", answers neither, however short it is.
    """
    texts = (
        " ".join(re.findall(r"\w+", text.casefold())) for text in (entry.short_answer, guide.bodies[entry.question.key])
    )
    return {text for text in texts if len(text.split()) >= FEWEST_WORDS or ELSEWHERE.match(text)}


def contradiction(guide):
    entries = {entry.question.key: entry for entry in guide.entries}
    for first, second in COUNT_AFTER.items():
        if not {first, second} <= entries.keys():
            continue
        whether, count = (first_line(guide.text_of(entries[key])) for key in (first, second))
        if NUMBER.search(count) and (not whether or is_no(whether)):
            yield finding(entries[first], f"{whether or 'Blank'}; {entries[second].question}: {count}")


def is_no(text):
    """Whether the first sentence says no and does not take it back, as "Helpful, not required" does."""
    sentence = SENTENCE.match(text)
    rest, noes = NO.subn("", sentence[0] if sentence else "")
    return noes > 0 and not AFTER_ALL.search(rest)


def first_line(text):
    return text.partition("\n")[0]


def old_years(guide):
    oldest = cycle() - OLDEST_CYCLE
    return in_texts(guide, YEAR, lambda match: last_year(*match.groups()) < oldest)


def cycle():
    """Return the year of the Match that applicants of today take part in."""
    today = timezone.localdate()
    return today.year + (today.month >= CYCLE_BEGINS)


def last_year(begin, end):
    """Return the last year of "2019", "2019–2020" or "2019–20"."""
    return int(begin[: 4 - len(end)] + end) if end else int(begin)


def in_texts(guide, pattern, is_meant=lambda match: True):
    """Yield a finding for each passage with the pattern, at its first match that is meant."""
    for passage in guide.passages:
        match = next(filter(is_meant, pattern.finditer(passage.text)), None)
        if match:
            yield Finding(passage.where, passage.url, excerpt(passage.text, match))


def is_about_scores_of_step_1(match):
    sentence = match.group()
    return bool(STEP_1.search(sentence) and SCORE.search(sentence) and not PASS_FAIL.search(sentence))


def dead_links(guide):
    if guide.broken:
        for where, url, link in guide.links:
            if check := guide.broken.get(link):
                yield Finding(where, url, f"{link}: {check.problem} on {date_format(check.checked_at, 'j F Y')}")


def advisors_not_taking_requests(guide):
    for advisor in guide.specialty.advisors.all():
        if not advisor.takes_requests:
            yield Finding(str(advisor), advisor_page(advisor), advisor.availability)


def never_confirmed(guide):
    return (finding(entry) for entry in guide.given if not entry.confirmed_on)


def confirmed_long_ago(guide):
    since = timezone.localdate() - A_YEAR
    for entry in guide.given:
        if entry.confirmed_on and entry.confirmed_on < since:
            yield finding(entry, date_format(entry.confirmed_on, "j F Y"))


def not_helpful(guide):
    """The least helpful first."""
    voted = [entry for entry in guide.given if entry.votes >= FEWEST_VOTES and entry.noes * 2 >= entry.votes]
    for entry in sorted(voted, key=lambda entry: (-entry.noes / entry.votes, -entry.votes)):
        yield finding(entry, f"{entry.noes} of {entry.votes} say no ({100 * entry.noes / entry.votes:.0f}%)")


RULES = [
    Rule(
        "Blank answers",
        "Readers see “No answer from the department yet”. Ask the department; where its answer is no, write No.",
        blank,
    ),
    Rule(
        "Answers that say nothing",
        "“N/A” or “ask your advisor” leaves readers where they were. Ask the department, or empty the field.",
        says_nothing,
    ),
    Rule(
        "The same text under two questions",
        "Often pasted twice by mistake. Keep it where it answers the question, and ask for the other answer.",
        said_twice,
    ),
    Rule(
        "Answers that contradict each other",
        "Away rotations are blank or “no”, and yet a number of them is given. Ask the department which holds.",
        contradiction,
    ),
    Rule(
        "Years long gone",
        "More than two application cycles old. Bring figures up to date, or take out a year that no longer matters.",
        old_years,
    ),
    Rule(
        "Scores of Step 1",
        "Step 1 has been pass or fail since January 2022. Ask the department what it looks at instead.",
        lambda guide: in_texts(guide, SENTENCE, is_about_scores_of_step_1),
    ),
    Rule(
        "Step 2 CS",
        "This examination was given up in January 2021. Take it out.",
        lambda guide: in_texts(guide, STEP_2_CS),
    ),
    Rule(
        "COVID-19",
        "Rules made for the pandemic have mostly ended. Ask the department whether this still holds.",
        lambda guide: in_texts(guide, COVID),
    ),
    Rule(
        "Links that lead nowhere",
        "Found by the worker on the day given. Open the link yourself; correct it where it moved, else take it out.",
        dead_links,
    ),
    Rule(
        "Advisors who no longer take requests",
        "Students find the name and cannot ask. Ask whether it is a pause; else name somebody else and hand over.",
        advisors_not_taking_requests,
    ),
    Rule(
        "Readers say it did not help",
        "At least three votes on the text as it is now, half of them no or more. Read the feedback, and rewrite.",
        not_helpful,
    ),
    Rule(
        "Confirmed over a year ago",
        "Ask the department whether it still holds, and enter the day it says so.",
        confirmed_long_ago,
    ),
    Rule(
        "Never confirmed",
        "Nobody has said that it holds. Ask the department, and enter the day it says so.",
        never_confirmed,
    ),
]
