"""How a page asks, seen from all its lines."""

from collections import Counter

from . import rules
from .documents import ITEM, Line
from .lines import asked_in, asks_when, is_label, is_topic, mark_of, rank_of, years_headed


class Habits:
    def __init__(self, lines):
        asked = [(line, *asked_in(line)) for line in lines]
        asked = [(line, question, rest) for line, question, rest in asked if rules.STARTS.match(question)]
        answered = [line for line, _, rest in asked if rest]
        self.has_gaps = any(line.gap for line in lines[1:])
        self.asks_in_sentences = sum(len(question.split()) > 4 for _, question, _ in asked) > 2
        self.answers_on_the_line = len(answered) >= max(3, len(asked) / 2)
        self.usual_depth = min((line.depth for line, *_ in asked if line.hint == ITEM), default=0)
        self.usual_mark = usual_mark([line for line, *_ in asked])
        self.heading_ranks = set() if self.asks_in_sentences else heading_ranks(lines, self.has_gaps)
        self.has_lone_years = has_lone_years(lines)
        self.has_titles = sum(stands_between(*three) for three in threes(lines)) > 1


def heading_ranks(lines, has_gaps):
    """Return the ranks of the headings that the page has for topics, three at least."""
    topics = [line for line in lines if line.hint != ITEM and is_topic(line.text) and line.gap >= has_gaps]
    return {rank for rank, count in Counter(map(rank_of, topics)).items() if count > 2}


def threes(lines):
    """Yield each line with those above and below it, empty ones at the ends."""
    nothing = Line("")
    return zip([nothing, *lines], lines, [*lines[1:], nothing], strict=False)


def stands_between(above, line, below):
    """Whether a topic stands after an answer and above a question, as a title over the questions on it."""
    if not is_topic(line.text) or line.hint or is_topic(above.text):
        return False
    asked, answer = asked_in(above)
    return bool((answer or not asked) and asked_in(below)[0]) and not is_label(below)


def is_lone_year(line):
    """Whether a word of a year is the line: "MS1", "Clinical" head questions on some pages, answer them on others."""
    years = () if line.hint or " " in line.text else years_headed(line)
    return len(years) == 1 or (bool(years) and line.text.lower() == "clinical")


def has_lone_years(lines):
    """Whether such lines head questions: all that answer nothing stand above one, several or the first of the page."""
    headed = [below for above, line, below in threes(lines) if is_lone_year(line) and not asks_when(above)]
    first = next(filter(heads_an_entry, lines), None)
    return all(map(heads_an_entry, headed)) and (len(headed) > 1 or first in headed)


def heads_an_entry(line):
    return bool(asked_in(line)[0]) or is_topic(line.text.partition(": ")[0])


def usual_mark(asked):
    """Return what stands before most of the questions, "" for nothing; None where they differ."""
    [(mark, count)] = Counter(map(mark_of, asked)).most_common(1) or [(None, 0)]
    return mark if count >= 3 and count >= 0.8 * len(asked) else None
