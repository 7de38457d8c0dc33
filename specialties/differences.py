"""What changed between two texts, word by word."""

import re
from difflib import SequenceMatcher

from django.utils.html import escape, format_html
from django.utils.safestring import mark_safe

WORD = re.compile(r"\S+\s*|\s+")
LINE = re.compile(r".+\n?|\n")
ALIKE = 0.4  # of 1: texts that have less in common are easier to read one after the other
LONGEST = 20_000  # characters of both: beyond it lines are compared, as the time grows with the square of the parts


def differences(old, new):
    """Return plain text `new` as HTML, what it adds to `old` in <ins> and what it leaves out in <del>."""
    parts = WORD if len(old) + len(new) < LONGEST else LINE
    before, after = parts.findall(old), parts.findall(new)
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    if old and new and matcher.ratio() < ALIKE:
        return marked(f"{old}\n", "del") + marked(new, "ins")
    html = []
    for kind, start, end, new_start, new_end in matcher.get_opcodes():
        gone, come = "".join(before[start:end]), "".join(after[new_start:new_end])
        html += [escape(come)] if kind == "equal" else [marked(gone, "del"), marked(come, "ins")]
    return mark_safe("".join(html))  # noqa: S308 - escaped piece by piece


def marked(text, tag):
    return format_html("<{0}>{1}</{0}>", tag, text) if text else mark_safe("")
