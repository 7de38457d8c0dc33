"""The one table: what was measured, beside its yardstick or its limit."""

from math import floor, log10
from statistics import median
from typing import NamedTuple

HEAD = f"{'':12}{'measured':44}{'yardstick':28}{'portal':>10}{'yardstick':>11}{'ratio':>8}  bar"


class Row(NamedTuple):
    database: str
    what: str
    yardstick: str
    ours: float
    theirs: float
    ratio: float
    bar: str  # as ">= 0.5"

    @property
    def is_met(self):
        sign, number = self.bar.split()
        return self.ratio >= float(number) if sign == ">=" else self.ratio <= float(number)

    def __str__(self):
        ours, theirs = (f"{number:,.{digits(number)}f}" for number in (self.ours, self.theirs))
        missed = "" if self.is_met else "  MISSED"
        numbers = f"{ours:>10} {theirs:>10}{self.ratio:8.2f}"
        return f"{self.database:12}{self.what:44}{self.yardstick:28}{numbers}  {self.bar}{missed}"


def digits(number):
    """Return how many digits after the point leave three that count."""
    return 0 if number >= 100 or not number else 2 - floor(log10(number))


def in_turn(database, what, yardstick, bar, rounds, ours, theirs):
    """Measure both in every round; return the medians, and the median of the rounds' ratios."""
    found = [(ours(), theirs()) for _ in range(rounds)]
    ratio = median(mine / other for mine, other in found)
    medians = [median(column) for column in zip(*found, strict=True)]
    return Row(database, what, yardstick, *medians, ratio, bar)


def beside(database, what, yardstick, ours, theirs, bar):
    """Return the row of two numbers that were measured already."""
    return Row(database, what, yardstick, ours, theirs, ours / theirs, bar)


def within(database, what, ours, limit):
    """Return the row of what has to keep within a limit in the same unit."""
    return beside(database, what, "its limit", ours, limit, "<= 1")
