"""Tables as bars, for the Chart.js that comes with unfold. A chart shows nothing that is not in the table beside it."""

import json
from textwrap import wrap
from typing import NamedTuple

INK = "#78808f"  # readable on the light page and on the dark one
BARS = ["var(--color-primary-500)", "var(--color-primary-300)"]
LETTERS = 20  # of a label on one line
ROOM = {"line": 15, "bar": 12, "axis": 40, "legend": 50}  # pixels


class Table(NamedTuple):
    """Rows of a label, `counts` numbers of things, and figures about those the first number counts."""

    title: str
    headings: list
    rows: list
    total: list | None = None
    counts: int = 1
    charted: int = 1  # the column that bars show
    is_over_time: bool = False
    left_out: int = 0  # rows, since a page has no room for them

    @property
    def lines(self):
        return [*self.rows, self.total] if self.total else self.rows

    def first(self, most):
        """Return this table with no more rows than these."""
        return self._replace(rows=self.rows[:most], left_out=max(len(self.rows) - most, 0))


def bar_chart(table, *columns):
    """Return what unfold's component takes: data and options as JSON, and a height; None where there is no number.

    It shows the table's charted column, or those named here with a legend.
    """
    datasets = [bars(table, column, color) for column, color in zip(columns or [table.charted], BARS, strict=False)]
    if not any(value for dataset in datasets for value in dataset["data"]):
        return None
    labels = [wrap(row[0], LETTERS) for row in table.rows]
    has_legend = len(datasets) > 1
    room = ROOM["bar"] * len(datasets) + ROOM["line"] * max(map(len, labels))
    return {
        "data": json.dumps({"labels": labels, "datasets": datasets}),
        "options": json.dumps(options(table.is_over_time, has_legend)),
        "height": 240 if table.is_over_time else ROOM["axis"] + ROOM["legend"] * has_legend + room * len(labels),
    }


def bars(table, column, color):
    values = [row[column] if isinstance(row[column], int | float) else None for row in table.rows]
    return {"label": table.headings[column], "data": values, "backgroundColor": color, "maxBarThickness": 18}


def options(is_over_time, has_legend):
    """Bars stand beside each other where time goes by, and lie under each other where names are to be read."""
    ticks = {"color": INK, "font": {"size": 11}}
    names, numbers = ("x", "y") if is_over_time else ("y", "x")
    return {
        "indexAxis": names,
        "animation": False,
        "maintainAspectRatio": False,
        "plugins": {"legend": {"display": has_legend, "labels": {"color": INK}}},
        "scales": {
            names: {
                "grid": {"display": False},
                "ticks": {"color": INK, "autoSkip": is_over_time, "font": {"size": 11}},
            },
            numbers: {"beginAtZero": True, "ticks": {**ticks, "precision": 0}},
        },
    }
