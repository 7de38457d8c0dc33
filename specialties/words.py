"""Words as a search sees them: without accents and capitals, and by their stems, so that "applying" finds "apply"."""

import re
import unicodedata
from functools import lru_cache

import snowballstemmer
from django.utils.html import escape
from django.utils.safestring import mark_safe

WORD = re.compile(r"[^\W_]+")
EXCERPT_LENGTH = 240  # characters
LEAD = 60  # characters before the first match of an excerpt
LONGEST_WORD = 60  # letters: some signs fold into a whole sentence, and PostgreSQL takes no word of over 2,046 bytes


def words_of(text):
    """Return the words of a text in order, folded: "Élan vital" gives ["elan", "vital"]."""
    return [folded for word in WORD.findall(unicodedata.normalize("NFC", text)) if (folded := fold(word))]


def indexed(*texts):
    """Return the words of texts and their stems as one line: what the database compares a query with."""
    words = [word for text in texts for word in words_of(text)]
    return " ".join([*words, *(stem(word) for word in words if stem(word) != word)])


@lru_cache(maxsize=20_000)
def fold(word):
    letters = unicodedata.normalize("NFKD", word).casefold()
    return "".join(letter for letter in letters if letter.isalnum())[:LONGEST_WORD]


@lru_cache(maxsize=20_000)
def stem(word):
    """Return a folded word without its ending; "m3s", which the language does not know, as "m3"."""
    if re.fullmatch(r"[a-z]\d+s", word):
        return word[:-1]
    return snowballstemmer.stemmer("english").stemWord(word)


def marked(text, find):
    """Return the text as HTML, with a <mark> around each word whose position `find(folded words)` gives."""
    text, words, found = _found(text, find)
    parts, end = [], 0
    for position in sorted(found):
        word = words[position]
        parts += [escape(text[end : word.start()]), f"<mark>{escape(word[0])}</mark>"]
        end = word.end()
    return mark_safe("".join([*parts, escape(text[end:])]))  # noqa: S308 - escaped piece by piece


def excerpt(text, find):
    """Return the part of a text around its first match, cut between words, with "…" where something is left out."""
    text, words, found = _found(text, find)
    first = words[min(found)].start() if found else 0
    start = text.rfind(" ", 0, first - LEAD) + 1 if first > LEAD else 0
    end = start + EXCERPT_LENGTH
    if end < len(text):
        end = max(text.rfind(" ", start, end), start + EXCERPT_LENGTH // 2)
    return f"{'… ' if start else ''}{text[start:end].strip()}{' …' if end < len(text) else ''}"


def _found(text, find):
    text = unicodedata.normalize("NFC", text)
    words = list(WORD.finditer(text))
    return text, words, find([fold(word[0]) for word in words])
