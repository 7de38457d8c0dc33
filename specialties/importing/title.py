"""What stands at the top of a page: which specialty it is of, and a quotation."""

import re
from itertools import takewhile

from ..words import words_of
from . import rules
from .documents import ITEM
from .lines import is_prose, years_named


def quote_in(lines):
    """Return the quotation a page begins with and its source, ("", "") where there is none."""
    for at, line in enumerate(lines):
        quote, mark, source = line.text.partition("(Source: ")  # Wright
        if mark and len(quote) > 40 and source.endswith(")"):
            return quote.strip(), source[:-1]
        if found := re.fullmatch(r"[“\"]([^“”\"]{40,})[”\"] ?\((.+)\)", line.text):
            return found[1], found[2]
        if line.text[0] in '“"':
            return quotation(lines[at : at + 10])
        if at and is_prose(lines[at - 1].text) and line.text[0] in "—–":
            return lines[at - 1].text.strip('“”"'), line.text.lstrip("—– ")
    return "", ""


def unquoted(lines, quote, source, specialty):
    """Return the lines above a page's questions that say more than what it is of and what it quotes."""
    known = {*words_of(f"{quote} {source} {specialty}"), "source", *rules.NO_SPECIALTY}
    says = [line for line in lines if is_prose(line.text) or rules.LABELLED.fullmatch(line.text)]
    return [line for line in says if not known.issuperset(words_of(line.text))]


def quotation(lines):
    """Return a quotation that begins with the first of `lines`, with the source after it."""
    text = ""
    for at, line in enumerate(lines):
        text = f"{text}\n{line.text}".strip()
        glued = re.fullmatch(r"[“\"](.+)[”\"] ?[—–-] ?(.+)", text, re.DOTALL)
        if glued:
            return glued[1], glued[2]
        if text.endswith(("”", '"')) and len(text) > 40:
            below = lines[at + 1] if at + 1 < len(lines) else None
            named = below and (below.text[0] in "—–-" or below.hint == ITEM or below.text.startswith("Source:"))
            return text[1:-1], re.sub(r"^(?:[—–-] ?)*(?:Source: ?)?", "", below.text) if named else ""
    return "", ""


def specialty_of(document):
    """Return the name of the specialty, from the page's title, the lines at its top or its address; "" if in doubt."""
    lines = list(takewhile(lambda text: "?" not in text or "://" in text, (line.text for line in document.lines[:30])))
    for text in lines:
        if found := re.fullmatch(r"special(?:ty|ties)(?: choice| name)? ?[:–—-] ?(.{3,60})", text, re.IGNORECASE):
            return found[1]
    address = re.match(r"https?://[^/?#]+/(?:[^?#]*/)?([^/?#]+)/?$", lines[0]) if lines else None
    slug = words_of(address[1].rsplit(".", 1)[0].replace("_", "-")) if address else []
    titles = [named_part(text) for text in [*re.split(r" [|–—-] ", document.title), *lines]]
    names = [text for text in [*titles, *map(without_kind, titles)] if is_name(text)]
    names = [
        name.title().replace(" And ", " and ") if re.fullmatch(r"[^a-z]*[A-Z]{6}[^a-z]*", name) else name
        for name in names
    ]
    if set(slug) - rules.NO_SPECIALTY == set(slug) and slug:
        spelled = (
            name for name in names if set(words_of(name)) & set(slug) or is_short_for("".join(slug), name.lower())
        )
        return next(spelled, " ".join(word if word == "and" else word.capitalize() for word in slug))
    return names[0] if names else ""


def named_part(text):
    """Return "Urology" of "Career Advising: Urology", "Urology: Program Guide" and "Urology (URO)"."""
    text = re.sub(r" \([^()]{1,60}\)$", "", text[:200]).strip()
    before, _, after = text.partition(": ")
    if after and set(words_of(before)) <= rules.NO_SPECIALTY:
        return after
    return before if after and set(words_of(after)) <= rules.NO_SPECIALTY else text


def without_kind(title):
    """Return "Urology" of "Urology Career Advising"."""
    return re.sub(
        r"(?: (?:specialty|career|residency|advising|advice|guide|overview|page|faqs?))+$", "", title, flags=re.I
    )


def is_short_for(short, name):
    """Whether all letters of `short` are in `name` in this order: "obgyn" in "obstetrics and gynecology"."""
    letters = iter(name)
    return name.startswith(short[0]) and all(letter in letters for letter in short)


def is_same_name(name, other):
    """Whether one of two names of a specialty is the other, a part of it or short for it."""
    short, long = sorted([" ".join(words_of(name)), " ".join(words_of(other))], key=len)
    return set(short.split()) <= set(long.split()) or (len(short) < 6 and is_short_for(short, long))


def is_name(text):
    words = text.split()
    return (
        0 < len(words) <= 6
        and words[0][0].isupper()
        and all(word[0].isupper() or word in ("and", "&", "of", "–", "-") for word in words)
        and not re.search(r"[.?!:;“”\"\d@]|,$", text)
        and not set(words_of(text)) & rules.NO_SPECIALTY
        and not rules.DEBRIS.fullmatch(text)
        and not years_named(text)
    )
