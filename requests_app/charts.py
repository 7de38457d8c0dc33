"""Tables as bars, for the Chart.js that comes with unfold. A chart shows nothing that is not in the table beside it."""

import json
from textwrap import wrap

INK = "#78808f"  # readable on the light page and on the dark one
BARS = "var(--color-primary-500)"
LETTERS = 20  # of a label on one line
ROOM = {"line": 15, "bar": 12, "axis": 40}  # pixels


def bar_chart(table):
    """Return what unfold's component takes: data and options as JSON, and a height; None where there is no number."""
    values = [row[table.charted] if isinstance(row[table.charted], int | float) else None for row in table.rows]
    if not any(values):
        return None
    labels = [wrap(row[0], LETTERS) for row in table.rows]
    room = ROOM["bar"] + ROOM["line"] * max(map(len, labels))
    bars = {"label": table.headings[table.charted], "data": values, "backgroundColor": BARS, "maxBarThickness": 18}
    return {
        "data": json.dumps({"labels": labels, "datasets": [bars]}),
        "options": json.dumps(options(table.is_over_time)),
        "height": 240 if table.is_over_time else ROOM["axis"] + room * len(values),
    }


def options(is_over_time):
    """Bars stand beside each other where time goes by, and lie under each other where names are to be read."""
    ticks = {"color": INK, "font": {"size": 11}}
    names, numbers = ("x", "y") if is_over_time else ("y", "x")
    return {
        "indexAxis": names,
        "animation": False,
        "maintainAspectRatio": False,
        "plugins": {"legend": {"display": False}},
        "scales": {
            names: {
                "grid": {"display": False},
                "ticks": {"color": INK, "autoSkip": is_over_time, "font": {"size": 11}},
            },
            numbers: {"beginAtZero": True, "ticks": {**ticks, "precision": 0}},
        },
    }
