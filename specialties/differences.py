"""What changed between two texts, word by word."""

import re
from difflib import SequenceMatcher

from django.utils.html import escape
from django.utils.safestring import mark_safe

WORD = re.compile(r"\S+\s*|\s+")
LINE = re.compile(r".+\n?|\n")
LONGEST = 20_000  # characters of both: beyond it lines are compared, as the time grows with the square of the parts


def differences(old, new):
    """Return plain text `new` as HTML, what it adds to `old` in <ins> and what it leaves out in <del>."""
    parts = WORD if len(old) + len(new) < LONGEST else LINE
    before, after = parts.findall(old), parts.findall(new)
    html = []
    for kind, start, end, new_start, new_end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        gone, come = escape("".join(before[start:end])), escape("".join(after[new_start:new_end]))
        if kind == "equal":
            html.append(come)
        else:
            html += [f"<del>{gone}</del>"] if gone else []
            html += [f"<ins>{come}</ins>"] if come else []
    return mark_safe("".join(html))  # noqa: S308 - escaped piece by piece
