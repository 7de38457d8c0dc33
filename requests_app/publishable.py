"""What of a report everybody may see: nothing that tells of fewer than five students, to a reader who knows this rule.

Groups under five become one row with their sum, unnamed. A sum under five, or one that says all of them are four, would
tell what they are: then the table has no groups, only its total. Figures are then of all together, and none is an
extreme, which would be true of each hidden group too.

A table that counts only some of the requests, as those answered, could be subtracted from one that counts all: it says
how many there are at least, in steps of five.
"""

from datetime import date

from .reports import NO_FIGURE

SMALLEST_GROUP = 5
SMALL = f"under {SMALLEST_GROUP}"
TOGETHER = "Groups under five, together"
NOT_BY_GROUP = ["By group", "not shown"]
EXTREMES = (0, 100)


def last_academic_year(today):
    """Return first and last day of the last academic year that is over. No two of them overlap."""
    year = today.year - (today < date(today.year, 7, 1))
    return date(year - 1, 7, 1), date(year, 6, 30)


def is_academic_year(since, until, today):
    """Whether these are first and last day of an academic year that is over."""
    return until < today and (since, until) == last_academic_year(until.replace(month=7, day=1))


def publishable(table):
    """Return the table as it may be published, with the first of its counts."""
    counts_all = len(table.headings) == 2  # it says nothing but how many
    table = without_small_groups(with_one_count(table))
    return table if counts_all else in_steps(table)


def without_small_groups(table):
    hidden = [number for _, number, *_ in table.rows if number < SMALLEST_GROUP]
    if not any(hidden):
        return table
    blank = [NO_FIGURE] * (len(table.headings) - 2)
    if SMALLEST_GROUP <= sum(hidden) < (SMALLEST_GROUP - 1) * len(hidden):
        shown = [(label, number) for label, number, *_ in table.rows if number >= SMALLEST_GROUP]
        rows = [[*group, *blank] for group in (*shown, (TOGETHER, sum(hidden)))]
    else:
        rows = [[*NOT_BY_GROUP, *blank]]
    return table._replace(rows=rows, total=without_extremes(table.total))


def with_one_count(table):
    """Two counts of the same students could be subtracted from each other."""
    headings, *lines = ([line[0], line[1], *line[1 + table.counts :]] for line in (table.headings, *table.lines))
    return table._replace(headings=headings, rows=lines[:-1], total=lines[-1], counts=1)


def without_extremes(total):
    label, number, *figures = total
    if number < SMALLEST_GROUP:
        return [label, SMALL, *(NO_FIGURE for _ in figures)]
    return [label, number, *(NO_FIGURE if figure in EXTREMES else figure for figure in figures)]


def in_steps(table):
    (group, counted, *figures), *lines = table.headings, *table.lines
    *rows, total = [[label, lower_step(number), *rest] for label, number, *rest in lines]
    return table._replace(headings=[group, f"{counted}, at least", *figures], rows=rows, total=total)


def lower_step(number):
    return number - number % SMALLEST_GROUP if isinstance(number, int) else number
