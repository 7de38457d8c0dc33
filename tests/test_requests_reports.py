"""The report: what it counts, for whom, what it hides when published, and its downloads."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from requests_app.dates import add_working_days, midnight, working_days_between

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (date(2026, 11, 23), date(2026, 11, 23), 0),
        (date(2026, 11, 23), date(2026, 11, 30), 5),
        (date(2026, 11, 27), date(2026, 11, 29), 0),
        (date(2026, 11, 28), date(2026, 11, 30), 1),
        (date(2026, 12, 23), date(2026, 12, 28), 2),
        (date(2026, 11, 24), date(2026, 11, 23), 0),
    ],
)
def test_working_days_between(settings, start, end, expected):
    settings.HOLIDAYS = [date(2026, 12, 25)]
    assert working_days_between(start, end) == expected


@given(st.dates(date(2020, 1, 1), date(2040, 1, 1)), st.integers(0, 60))
def test_as_many_working_days_lie_between_as_are_added(start, count):
    assert working_days_between(start, add_working_days(start, count)) == count


def test_days_begin_in_the_time_zone_of_the_school():
    assert midnight(date(2026, 7, 1)).isoformat() == "2026-07-01T00:00:00-05:00"
    assert midnight(date(2026, 12, 1)).isoformat() == "2026-12-01T00:00:00-06:00"
