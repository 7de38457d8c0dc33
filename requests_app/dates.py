from datetime import date, timedelta

from django.conf import settings

WEEKEND = (5, 6)


def add_working_days(start, count):
    """Return the date `count` working days after `start`: weekends and the school's holidays do not count."""
    day = start
    while count:
        day += timedelta(days=1)
        count -= is_working_day(day)
    return day


def is_working_day(day: date):
    return day.weekday() not in WEEKEND and day not in settings.HOLIDAYS
