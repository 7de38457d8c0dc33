"""How a page asks, seen from all its lines."""

from collections import Counter

from . import rules
from .documents import ITEM
from .lines import asked_in, mark_of


class Habits:
    def __init__(self, lines):
        asked = [(line, *asked_in(line)) for line in lines]
        asked = [(line, question, rest) for line, question, rest in asked if rules.STARTS.match(question)]
        answered = [line for line, _, rest in asked if rest]
        self.has_gaps = any(line.gap for line in lines[1:])
        self.asks_in_sentences = sum(len(question.split()) > 4 for _, question, _ in asked) > 2
        self.answers_on_the_line = len(answered) >= max(3, 0.8 * len(asked))
        self.usual_depth = min((line.depth for line, *_ in asked if line.hint == ITEM), default=0)
        self.usual_mark = usual_mark([line for line, *_ in asked])


def usual_mark(asked):
    """Return what stands before most of the questions, "" for nothing; None where they differ."""
    [(mark, count)] = Counter(map(mark_of, asked)).most_common(1) or [(None, 0)]
    return mark if count >= 3 and count >= 0.8 * len(asked) else None
