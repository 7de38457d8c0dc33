from calendar import monthrange
from datetime import date, datetime, time, timedelta

from django.conf import settings
from django.utils import timezone

WEEKEND = (5, 6)


def add_working_days(start, count):
    """Return the date `count` working days after `start`: weekends and the school's holidays do not count."""
    day = start
    while count:
        day += timedelta(days=1)
        count -= is_working_day(day)
    return day


def working_days_between(start, end):
    """Return how many working days come after `start`, up to and with `end`: 0 on the same day."""
    return sum(is_working_day(start + timedelta(days=n)) for n in range(1, (end - start).days + 1))


def working_days_before(end, count):
    """Return the first date from which no more than `count` working days have passed by `end`."""
    day = end
    while (count := count - is_working_day(day)) >= 0:
        day -= timedelta(days=1)
    return day


def is_working_day(day: date):
    return day.weekday() not in WEEKEND and day not in settings.HOLIDAYS


def midnight(day):
    """Return the moment a day begins in the school's time zone."""
    return timezone.make_aware(datetime.combine(day, time.min))


def retention_limit():
    """Return the moment before which something must have been over to be erased now."""
    return months_before(timezone.now(), settings.RETENTION_MONTHS)


def months_before(moment, count):
    """Return the same day of an earlier month, or that month's last where it has no such day."""
    year, month = divmod(moment.year * 12 + moment.month - 1 - count, 12)
    day = min(moment.day, monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)
