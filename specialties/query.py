"""What somebody typed into a search, understood: its terms, and where a text has them."""

from difflib import get_close_matches
from itertools import islice
from typing import NamedTuple

from .words import stem, words_of

LONGEST_QUERY = 200  # characters
MOST_TERMS = 12
PHRASE_GAP = 2  # words that may stand within a phrase, as in "letters from the chairman"
CLOSE = 0.8  # of 1: how alike a word must be to be suggested for another
SHORTEST_PREFIX = 3  # letters, so that "IR" does not find "irrelevant"
# Words that a question has and its answer need not: left out of a query that has others.
STOP_WORDS = frozenset(
    """
    a about after all am an and any are as at be by can could did do does dr for from had has have how i if in into is
    it its many me much my need of on or our s shall should so t than that the their them there they this to was we
    were what when where which who why will with would you your
    """.split()  # noqa: SIM905 - words, to be read as such
)


class Term(NamedTuple):
    """One thing a query asks for: any of several phrases, each a set of stems, or any word with a prefix."""

    phrases: tuple
    prefix: str = ""

    def is_in(self, words):
        return any(words.issuperset(phrase) for phrase in self.phrases) or (
            bool(self.prefix) and any(word.startswith(self.prefix) for word in words)
        )


class Query:
    """What somebody typed, understood: synonyms known, words that say nothing left out."""

    def __init__(self, text, synonyms=()):
        self.text = " ".join(text[:LONGEST_QUERY].replace("\0", " ").split())
        self.words = words_of(self.text)
        self.terms = list(islice(self._read(synonyms), MOST_TERMS))
        phrases = [frozenset(phrase) for term in self.terms for phrase in term.phrases]
        self._stems = frozenset().union(*(phrase for phrase in phrases if len(phrase) == 1))
        self._phrases = [phrase for phrase in phrases if len(phrase) > 1]
        self._prefix = self.terms[-1].prefix if self.terms else ""

    def find(self, words):
        """Return the positions of the folded words that the query asks for; a phrase's only where it is together."""
        stemmed = [stem(word) for word in words]
        found = {place for place, pair in enumerate(zip(words, stemmed, strict=True)) if self._is_asked_for(*pair)}
        for phrase in self._phrases:
            for place in range(len(words)):
                near = range(place, min(place + len(phrase) + PHRASE_GAP, len(words)))
                if stemmed[place] in phrase and phrase.issubset(stemmed[other] for other in near):
                    found.update(next(other for other in near if stemmed[other] == part) for part in phrase)
        return found

    def _is_asked_for(self, word, stemmed):
        return not self._stems.isdisjoint((word, stemmed)) or bool(self._prefix and word.startswith(self._prefix))

    def is_in(self, text):
        """Whether every term of the query is in the text."""
        words = set(words_of(text))
        words |= {stem(word) for word in words}
        return bool(self.terms) and all(term.is_in(words) for term in self.terms)

    def count_in(self, words):
        """Return how many terms of the query are among words and their stems."""
        return sum(term.is_in(words) for term in self.terms)

    def suggestion(self, vocabulary):
        """Return the query with its unknown words changed for near ones of the site's own, "" where there are none."""
        known = {word for text in vocabulary for word in words_of(text) if len(word) > SHORTEST_PREFIX}
        better = [next(iter(get_close_matches(word, known, 1, CLOSE)), word) for word in self.words]
        return " ".join(better) if better != self.words else ""

    def _read(self, synonyms):
        meanings = {}
        for synonym in synonyms:
            for wording, phrases in synonym.meanings().items():
                meanings[wording] = [*meanings.get(wording, []), *phrases]
        longest = max(map(len, meanings), default=1)
        words, counting = self.words, set(significant(self.words))
        while words:
            sizes = range(min(longest, len(words)), 0, -1)
            wording = next((span for size in sizes if (span := stems(words[:size])) in meanings), stems(words[:1]))
            if wording in meanings or words[0] in counting:
                is_last_word = len(words) == 1 and len(words[0]) >= SHORTEST_PREFIX
                yield Term(tuple(meanings.get(wording, [wording])), prefix=words[0] if is_last_word else "")
            words = words[len(wording) :]


def significant(words):
    """Return the words that count in a search: all of them where all say little."""
    return [word for word in words if word not in STOP_WORDS] or words


def stems(words):
    return tuple(map(stem, words))
