"""What the report says of some requests: tables that the page, its charts and its downloads are all made from.

Working days count from the day a request was received, in the school's time zone.
"""

from collections import defaultdict
from datetime import date, timedelta
from math import ceil
from statistics import median
from typing import NamedTuple

from django.conf import settings
from django.db.models import Count, DateField, F, Q
from django.db.models.functions import TruncMonth
from django.utils import timezone
from django.utils.formats import date_format

from specialties.charts import Table

from .choices import OPEN_STATUSES, ClassYear, CloseReason, Satisfaction, Status
from .dates import working_days_between
from .events import RequestEvent

NO_FIGURE = "–"  # where nobody was counted; 0 would be a figure
Kind = RequestEvent.Kind


class Course(NamedTuple):
    """How one request went: days, or None for what did not happen."""

    specialty: str
    received_on: date
    answered_on: date | None
    met_on: date | None
    is_open: bool

    @property
    def days_to_answer(self):
        return working_days_between(self.received_on, self.answered_on) if self.answered_on else None

    @property
    def days_to_meeting(self):
        return working_days_between(self.received_on, self.met_on) if self.met_on else None

    @property
    def was_in_time(self):
        """Whether the first answer came within the target; None where it still can, or nobody waits for it any more."""
        if self.answered_on:
            return self.days_to_answer <= settings.OFFICE_DAYS
        if self.is_open and working_days_between(self.received_on, timezone.localdate()) > settings.OFFICE_DAYS:
            return False
        return None


def courses_of(requests):
    columns = ("specialty__name", "created_at", "answered_at", "met_on", "status")
    for specialty, created_at, answered_at, met_on, status in requests.with_first_answer().values_list(*columns):
        answered_on = timezone.localdate(answered_at) if answered_at else None
        yield Course(specialty, timezone.localdate(created_at), answered_on, met_on, status in OPEN_STATUSES)


def tables(requests):
    courses = list(courses_of(requests))
    return [
        by_specialty(requests),
        by_class_year(requests),
        by_month(requests),
        time_to_first_answer(courses),
        answered_in_time(courses),
        time_to_meeting(courses),
        outcomes(requests),
        satisfaction(requests),
        load_of_advisors(requests),
    ]


def by_specialty(requests):
    return counted("Requests by specialty", "Specialty", numbers(requests, "specialty__name"))


def by_class_year(requests):
    found = numbers(requests, "class_year")
    return counted("Requests by class year", "Class year", {year.label: found.get(year, 0) for year in ClassYear})


def by_month(requests):
    month = TruncMonth("created_at", output_field=DateField())
    found = numbers(requests.annotate(month=month), "month")
    in_words = {date_format(day, "F Y"): found.get(day, 0) for day in months_of(found)}
    return counted("Requests by month", "Month", in_words, is_over_time=True)


def outcomes(requests):
    found = numbers(requests.filter(met_on=None), "status", "close_reason")
    return counted(
        "Outcomes",
        "Outcome",
        {
            **{f"Open: {status.label}": found.get((status, ""), 0) for status in OPEN_STATUSES},
            "Met": requests.exclude(met_on=None).count(),
            "Withdrawn by the student": found.get((Status.WITHDRAWN, ""), 0),
            **{f"Closed: {reason.label}": found.get((Status.CLOSED, reason), 0) for reason in CloseReason},
        },
    )


def satisfaction(requests):
    satisfied = Count("pk", filter=Q(satisfaction__gte=Satisfaction.SATISFIED))
    rows = requests.exclude(satisfaction=None).order_by().values_list("class_year")
    found = {year: counts for year, *counts in rows.annotate(answers=Count("pk"), satisfied=satisfied)}

    def line(label, answers=0, satisfied=0):
        return [label, answers, percent(satisfied, answers)]

    return Table(
        "Satisfaction by class year",
        ["Class year", "Answers", "Satisfied or very satisfied, %"],
        [line(year.label, *found.get(year, ())) for year in ClassYear],
        line("All", *map(sum, zip(*found.values(), strict=True))),
        charted=2,
    )


def load_of_advisors(requests):
    """Each advisor who accepted a request, also one that was handed back later."""
    theirs = Q(request__advisor=F("advisor"))
    rows = (
        RequestEvent.objects.filter(request__in=requests.order_by(), kind=Kind.ACCEPTED)
        .values_list("advisor", "advisor__name", "advisor__credentials")
        .order_by("advisor__name", "advisor")
        .annotate(
            accepted=Count("request", distinct=True),
            met=Count("request", distinct=True, filter=theirs & ~Q(request__met_on=None)),
            still_open=Count("request", distinct=True, filter=theirs & Q(request__status=Status.ACCEPTED)),
        )
    )
    lines = [[f"{name}, {letters}" if letters else name, *counts] for _, name, letters, *counts in rows]
    total = ["All", *(sum(line[column] for line in lines) for column in (1, 2, 3))]
    return Table("Load of advisors", ["Advisor", "Accepted", "Met", "Still open"], lines, total, counts=3)


def time_to_first_answer(courses):
    return waits("Working days to first answer", "Answered", courses, lambda course: course.days_to_answer)


def time_to_meeting(courses):
    return waits("Working days to meeting", "Met", courses, lambda course: course.days_to_meeting)


def waits(title, counted, courses, days):
    headings = ["Specialty", counted, "Median", "90th percentile"]
    return by_group(title, headings, courses, days, middle, ninetieth_percentile)


def answered_in_time(courses):
    headings = ["Specialty", "Answered or late", f"Within {settings.OFFICE_DAYS} working days, %"]
    return by_group("Answered in time", headings, courses, lambda course: course.was_in_time, share)


def by_group(title, headings, courses, value, *figures):
    """Return a table with the figures, by specialty and of all, of what `value` gives for each course but None."""
    groups = defaultdict(list)
    for course in courses:
        groups[course.specialty].append(value(course))

    def line(label, values):
        values = [value for value in values if value is not None]
        return [label, len(values), *(figure(values) if values else NO_FIGURE for figure in figures)]

    rows = [line(name, groups[name]) for name in sorted(groups)]
    return Table(title, headings, rows, line("All", map(value, courses)), charted=2)


def counted(title, heading, found, **options):
    """Return a table of how many requests there are of each label."""
    rows = [[label, number] for label, number in found.items()]
    return Table(title, [heading, "Requests"], rows, ["All", sum(found.values())], **options)


def numbers(requests, *fields):
    """Return how many requests there are of each value of a field: {"m3": 4}; of several fields, of each tuple."""
    rows = requests.order_by(*fields).values_list(*fields).annotate(Count("pk"))
    return {key[0] if len(fields) == 1 else tuple(key): number for *key, number in rows}


def months_of(days):
    """Return the first day of each month from the earliest of these days to the last, without a gap."""
    months = sorted(days)[:1]
    while months and months[-1] < max(days):
        months.append((months[-1] + timedelta(days=31)).replace(day=1))
    return months


def middle(values):
    """The median: a whole number of days, or one between two."""
    found = median(values)
    return int(found) if found == int(found) else found


def ninetieth_percentile(values):
    """The smallest of the values that nine in ten do not exceed."""
    return sorted(values)[ceil(len(values) * 9 / 10) - 1]


def share(values):
    return percent(sum(values), len(values))


def percent(part, whole):
    return round(100 * part / whole) if whole else NO_FIGURE
