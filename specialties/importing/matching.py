"""Which question of the bank a page asks, in whatever words; in doubt none."""

import re
from functools import lru_cache
from typing import NamedTuple

from ..models import Question, Stage
from ..words import stem, words_of

# What is asked for: a question for a number never means one for a date. The first in the wording decides.
ASKED_FOR = re.compile(
    r"\b(?:(?P<number>how many|number of)"
    r"|(?P<time>when|what time|(?:what is the |the )?best time|(?:which|what|best) months?(?: s)?"
    r"|how (?:early|soon|late))"
    r"|(?P<whether>how (?:important|necessary|valuable|essential|crucial|critical|helpful|useful|beneficial))"
    r"|(?P<how>how)|(?P<why>why)|(?P<where>where)|(?P<what>what|which)|(?P<who>who(?! (?:is|are|want|wish|plan)))"
    r")\b"
)
IN_IT = r"(?:your|this|the|our|that|same|a|an?other)(?: same)? (?:specialty|field|discipline)"
YEARS = [
    ("1", "i|one", "first", "1st", "freshm[ae]n"),
    ("2", "ii|two", "second", "2nd", "sophomores?"),
    ("3", "iii|three", "third", "3rd", "juniors?"),
    ("4", "iv|four", "fourth", "4th", "seniors?"),
]


def two_years(first, second):
    """Return what matches two years of the curriculum: "ms1 ms2", "first and second year", "years 1 2"."""
    joined = "(?:and |or |to )?"
    return (
        rf"(?:{first[2]}|{first[3]}) {joined}(?:{second[2]}|{second[3]}) years?"
        rf"|(?:m|o?ms|years?) ?(?:{first[0]}s?|{first[1]}) {joined}(?:(?:m|o?ms) ?)?(?:{second[0]}s?|{second[1]})"
        rf"|{first[4]} {joined}{second[4]}(?:(?<=s)| (?:medical )?(?:students?|years?))"
    )


# What different pages call the same. Tried in this order.
SAME = [
    (
        r"(?:students?|someone|those|anyone|applicants?)?(?: who)?(?: is| are)? ?(?:interested in|considering|pursuing"
        rf"|applying (?:to|in|for)|going into|entering)(?: pursuing)? {IN_IT}",
        "",
    ),
    (r"advice (?:would|do|can|should) you (?:offer|give|have)(?: to| for)?", "advice"),
    (rf"(?:members?|faculty|physicians?|someone|people) (?:of|in|from|within) {IN_IT}", "member"),
    (r"(?:be |is |are )?(?:written by|come from)", "from"),
    (rf"from (?:within )?{IN_IT}", "member"),
    (rf"specialty specific|(?:be|is) in {IN_IT}(?: itself)?|in {IN_IT} itself", "itself"),
    (r"(?:audition|visiting|away)(?: student| audition| away)? (?:rotations?|electives?)|auditions|aways?", "aways"),
    (r"(?:letters?|lors?)(?: s)?(?: of (?:recommendation|reference|support)s?)?|recommendation letters?", "letter"),
    (r"(?:department(?:al)? )?chair(?:man|woman|person|s)?(?: s)?", "chair"),
    (r"letter author|person writing the letter|one writing the letter", "letter writer"),
    (rf"{two_years(*YEARS[:2])}|pre ?(?:clinical|clerkship)(?: years?| phase)?", "year1 year2"),
    (rf"{two_years(*YEARS[2:])}|(?:clinical|clerkship) (?:years?|phase|students)|\Aclinical\Z", "year3 year4"),
    *(
        (
            rf"(?:m|o?ms|years?) ?(?:{digit}s?|{roman})|(?:{word}|{short}|{known_as}) years?"
            rf"|{known_as} (?:medical )?students?",
            f"year{digit}",
        )
        for digit, roman, word, short, known_as in YEARS
    ),
]
SAME = [(re.compile(rf"\b(?:{pattern})\b"), meaning) for pattern, meaning in SAME]
FOR_WHOM_CUT = re.compile(  # "… for someone going into this spec"
    r" (?:to|for) (?:an? )?(?:students?|someone|those|anyone)"
    r"(?: (?:who|is|are|interested|in|pursuing|considering|applying|to|going|into|entering|your|this))*(?: \w+)?$"
)
# Words that change nothing in what is asked: whether aways are recommended, needed or important is one question.
FILLER = """
    a about academic advise also an and any anyone applicants are as at be been being by complete completed consider did
    do does during
    doing done encourage encouraged essential expect expected experience experiences for from good have helpful highly
    i if important importance in into is it its matter matters me must my necessary need needed obtain of on one or our
    particular recommend recommendation recommended recommends require required requires s should so some someone
    specialty specialties program programs residency residencies most typically typical generally student students
    suggest suggested take taken taking that the their then these they this those
    to best useful usually want we which who will with would you your
"""
FILLER = frozenset(map(stem, FILLER.split()))


class Meaning(NamedTuple):
    asked_for: str
    words: frozenset
    years: frozenset  # of the curriculum: {"year3", "year4"}


@lru_cache(maxsize=2_000)
def meaning_of(text, specialty=""):
    """Return what a wording asks, by the words that count. The name of the `specialty` stands for "your specialty"."""
    words = " ".join(words_of(text))
    if specialty:
        names = [words_of(specialty), ["".join(word[0] for word in words_of(specialty))]]
        names = "|".join(" ".join(name) for name in names if len("".join(name)) > 1)
        words = re.sub(rf"\b(?:{names})\b", "this specialty", words)
    for pattern, same in SAME:
        words = pattern.sub(same, words)
    asked = ASKED_FOR.search(words)
    kind = asked.lastgroup if asked else "whether" if "?" in text else ""
    rest = {stem(word) for word in ASKED_FOR.sub(" ", words, count=1).split()} - FILLER
    years = frozenset(word for word in rest if re.fullmatch(r"year[1-4]", word))
    return Meaning(kind, frozenset(rest) - years, years)


def years_of(text):
    return meaning_of(text).years


class Known(NamedTuple):
    """One wording of a question of the bank."""

    question: object
    text: str  # its words, folded
    meaning: Meaning
    parts: int  # how many questions it puts in one


class Bank:
    """The questions a page can ask, by what they mean, and the stages of the curriculum."""

    def __init__(self, questions, stages):
        self.years = {stage.slug: years_of(stage.name) for stage in stages}
        self.known = [known for question in questions for known in self.wordings(question)]
        self.of_years = {known.question.key for known in self.known if known.meaning.years}
        self.by_text = {known.text: known.question for known in self.known}
        self.by_meaning = {}
        for known in self.known:
            self.by_meaning.setdefault(known.meaning[:2], []).append(known)

    @classmethod
    def of_portal(cls, specialty=None):
        """The questions asked of every specialty and, where there is a guide of it, those of this one alone."""
        return cls(Question.objects.asked_of(specialty), Stage.objects.all())

    def wordings(self, question):
        """Yield each wording of a question and, where it puts two in one, the first of them alone."""
        for text in question.all_wordings.splitlines():
            parts = [f"{part}?" for part in text.split("?") if part.strip()] if "?" in text else [text]
            for wording in {text, parts[0]}:
                count = len(parts) if wording == text else 1
                yield Known(question, " ".join(words_of(wording)), meaning_of(wording), count)

    def stage_of(self, years):
        """Return the slug of the stage that holds all these years; None where none does."""
        return next((slug for slug, held in self.years.items() if years and years <= held), None)

    def question_for(self, text, stage=None, specialty="", others=()):
        """Return the question of the bank that `text` asks, found under `stage`; None in doubt.

        Half of a question that puts two in one is the same only where none of the `others` of its page touches on it.
        """
        if exact := self.by_text.get(" ".join(words_of(text))):
            return exact
        meaning = meaning_of(text, specialty)
        if not meaning.words:
            return None
        found = {
            known.question.key: known
            for known in self.by_meaning.get(meaning[:2], ())
            if self.fits(known, meaning, stage)
        }
        if len(found) != 1:
            return None
        [known] = found.values()
        if text.count("?") > known.parts:
            return None
        if known.parts > max(1, text.count("?")):
            shared = [other for other in others if other != text and meaning.words & meaning_of(other).words]
            return None if shared else known.question
        return known.question

    def fits(self, known, meaning, stage):
        """Whether the years that a wording names, or the stage it stands under, are those of the question."""
        held = self.years.get(known.question.stage.slug, frozenset())
        if not meaning.years:
            is_elsewhere = stage and known.question.key in self.of_years
            return stage == known.question.stage.slug or not (known.meaning.years or is_elsewhere)
        return known.meaning.years <= meaning.years <= held

    def begins_with(self, text):
        """Whether `text` is the beginning of a question, be it of a word: "Doe"."""
        words = " ".join(words_of(text))
        begun = (known for known in self.known if known.meaning.asked_for and known.text != words)
        return bool(words) and text[0].isupper() and any(known.text.startswith(words) for known in begun)

    def cut_off(self, text, stage=None):
        """Return the one question of which `text` is the beginning, cut off; None where it could be several."""
        words = " ".join(words_of(text))
        found = {known.question.key: known.question for known in self.known if known.text.startswith(words)}
        if len(found) == 1 and len(words.split()) >= 5:
            return next(iter(found.values()))
        asked = FOR_WHOM_CUT.sub("", text)
        asked = asked if asked != text else text.rpartition(" ")[0]  # without the word it is cut off in
        return self.question_for(f"{asked}?", stage) if len(asked.split()) >= 5 else None
