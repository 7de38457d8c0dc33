"""What of a report everybody may see: nothing that tells of fewer than five students."""

from datetime import date

from .reports import NO_FIGURE

SMALLEST_GROUP = 5
SMALL = f"under {SMALLEST_GROUP}"
WITHHELD = "not shown"


def last_academic_year(today):
    """Return first and last day of the last academic year that is over. No two of them overlap."""
    year = today.year - (today < date(today.year, 7, 1))
    return date(year - 1, 7, 1), date(year, 6, 30)


def is_academic_year(since, until, today):
    """Whether these are first and last day of an academic year that is over."""
    return until < today and (since, until) == last_academic_year(until.replace(month=7, day=1))


def publishable(table):
    """Return the table with numbers masked that are too small, and without figures about those they counted."""
    columns = [masked([line[column] for line in table.lines]) for column in range(1, table.counts + 1)]
    *rows, total = [with_counts(line, counts) for line, *counts in zip(table.lines, *columns, strict=True)]
    return table._replace(rows=rows, total=total)


def masked(column):
    """Return numbers, of which the last is the sum of the others, as they may be published.

    Where the sum would tell what the small ones are, the next larger are withheld too, in the end the sum itself.
    """
    *numbers, total = column
    places = sorted(range(len(numbers)), key=numbers.__getitem__)
    small = sum(number < SMALLEST_GROUP for number in numbers)
    hidden = small
    while hidden <= len(numbers) and is_told([numbers[place] for place in places[:hidden]], small):
        hidden += 1
    shown = [SMALL if number < SMALLEST_GROUP else number for number in column]
    for place in places[small:hidden]:
        shown[place] = WITHHELD
    if hidden > len(numbers) and total >= SMALLEST_GROUP:
        shown[-1] = WITHHELD
    return shown


def is_told(hidden, small):
    """Whether the sum of hidden numbers tells what the `small` ones among them are: each 0, each 1 or each 4."""
    room = sum(hidden) - SMALLEST_GROUP * (len(hidden) - small)
    is_full = len(hidden) == small and room >= (SMALLEST_GROUP - 1) * small
    return small > 0 and (len(hidden) == 1 or room in (0, small) or is_full)


def with_counts(line, counts):
    """Return a line of a table with these counts, and with its figures only where the first of them is shown."""
    label, figures = line[0], line[1 + len(counts) :]
    is_shown = counts[0] not in (SMALL, WITHHELD)
    return [label, *counts, *(figures if is_shown else [NO_FIGURE] * len(figures))]
