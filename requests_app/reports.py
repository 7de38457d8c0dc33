"""What the report says of some requests: tables that the page, its charts and its downloads are all made from.

Working days count from the day a request was received, in the school's time zone.
"""

from collections import defaultdict
from datetime import timedelta
from itertools import chain, pairwise
from math import ceil
from statistics import median

from django.conf import settings
from django.db.models import Count, Max, Min, Q
from django.utils import timezone
from django.utils.formats import date_format

from specialties.charts import Table
from specialties.models import Advisor

from .choices import OPEN_STATUSES, ClassYear, CloseReason, Satisfaction, Status
from .dates import midnight, working_days_before
from .events import RequestEvent

NO_FIGURE = "–"  # where nobody was counted; 0 would be a figure
Kind = RequestEvent.Kind


def tables(requests):
    return [
        by_specialty(requests),
        by_class_year(requests),
        by_month(requests),
        time_to_first_answer(requests),
        answered_in_time(requests),
        time_to_meeting(requests),
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
    first, last = requests.aggregate(first=Min("created_at"), last=Max("created_at")).values()
    months = [timezone.localdate(first).replace(day=1)] if first else []
    while months and months[-1] <= timezone.localdate(last):
        months.append((months[-1] + timedelta(days=31)).replace(day=1))
    return by_period("Requests by month", "Month", requests, months, "F Y")


def by_period(title, heading, requests, days, words):
    """Return a table of the requests received from each of the days, but the last, to the next.

    Compared with moments, not truncated to days: SQLite would call Python for each row to do so.
    """
    moments = [midnight(day) for day in days]
    periods = {
        f"from_{day:%Y_%m_%d}": Count("pk", filter=Q(created_at__gte=start, created_at__lt=end))
        for day, (start, end) in zip(days, pairwise(moments), strict=False)
    }
    requests = requests.filter(created_at__range=(moments[0], moments[-1])) if moments else requests.none()
    in_words = dict(
        zip((date_format(day, words) for day in days), requests.aggregate(**periods).values(), strict=False)
    )
    return counted(title, heading, in_words, is_over_time=True)


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
    headings = ["Class year", "Answers", "Satisfied or very satisfied, %"]
    by_year = {year.label: found.get(year, (0, 0)) for year in ClassYear}
    return shares("Satisfaction by class year", headings, by_year)


def load_of_advisors(requests):
    """Each advisor who accepted a request, also one that was handed back later."""
    accepted = RequestEvent.objects.filter(request__in=requests.order_by(), kind=Kind.ACCEPTED).order_by()
    accepted = dict(accepted.values_list("advisor").annotate(Count("request", distinct=True)))
    met, still_open = Count("pk", filter=~Q(met_on=None)), Count("pk", filter=Q(status=Status.ACCEPTED))
    rows = requests.order_by().values_list("advisor").annotate(met=met, still_open=still_open)
    kept = {advisor: counts for advisor, *counts in rows}
    lines = [
        [str(advisor), accepted[advisor.pk], *kept.get(advisor.pk, (0, 0))]
        for advisor in Advisor.objects.filter(pk__in=accepted).order_by("name", "pk")
    ]
    total = ["All", *(sum(line[column] for line in lines) for column in (1, 2, 3))]
    return Table("Load of advisors", ["Advisor", "Accepted", "Met", "Still open"], lines, total, counts=3)


def time_to_first_answer(requests):
    return waits("Working days to first answer", "Taken or answered", requests, "days_to_answer")


def time_to_meeting(requests):
    return waits("Working days to meeting", "Met", requests, "days_to_meeting")


def waits(title, counted, requests, field):
    days = defaultdict(list)
    for (specialty, value), number in numbers(requests, "specialty__name", field).items():
        days[specialty] += [value] * number if value is not None else []

    def line(label, values):
        figures = [middle(values), ninetieth_percentile(values)] if values else [NO_FIGURE] * 2
        return [label, len(values), *figures]

    rows = [line(specialty, values) for specialty, values in days.items()]
    headings = ["Specialty", counted, "Median", "90th percentile"]
    return Table(title, headings, rows, line("All", list(chain(*days.values()))), charted=2)


def answered_in_time(requests):
    """Return the share answered within the target, of the answered and of those who waited longer in vain or still do.

    What an answer is, `AdvisorRequest.wait_ended_by` says.
    """
    first_in_time = midnight(working_days_before(timezone.localdate(), settings.OFFICE_DAYS))
    late = Q(days_to_answer=None, status__in=OPEN_STATUSES, created_at__lt=first_in_time)
    late |= Q(days_unanswered__gt=settings.OFFICE_DAYS)
    known = Count("pk", filter=Q(days_to_answer__isnull=False) | late)
    in_time = Count("pk", filter=Q(days_to_answer__lte=settings.OFFICE_DAYS))
    rows = requests.order_by("specialty__name").values_list("specialty__name").annotate(known=known, in_time=in_time)
    found = {name: counts for name, *counts in rows}
    headings = ["Specialty", "Taken, answered or late", f"Within {settings.OFFICE_DAYS} working days, %"]
    return shares("Answered in time", headings, found)


def shares(title, headings, found):
    """Return a table of how many there are of each label and what share of them: found is {label: (all, part)}."""
    total = [sum(column) for column in zip(*found.values(), strict=True)] or [0, 0]
    *rows, total = [[label, whole, percent(part, whole)] for label, (whole, part) in [*found.items(), ("All", total)]]
    return Table(title, headings, rows, total, charted=2)


def counted(title, heading, found, **options):
    """Return a table of how many requests there are of each label."""
    rows = [[label, number] for label, number in found.items()]
    return Table(title, [heading, "Requests"], rows, ["All", sum(found.values())], **options)


def numbers(requests, *fields):
    """Return how many requests there are of each value of a field: {"m3": 4}; of several fields, of each tuple."""
    rows = requests.order_by(*fields).values_list(*fields).annotate(Count("pk"))
    return {key[0] if len(fields) == 1 else tuple(key): number for *key, number in rows}


def middle(values):
    """The median: a whole number of days, or one between two."""
    found = median(values)
    return int(found) if found == int(found) else found


def ninetieth_percentile(values):
    """The smallest of the values that nine in ten do not exceed."""
    return sorted(values)[ceil(len(values) * 9 / 10) - 1]


def percent(part, whole):
    return round(100 * part / whole) if whole else NO_FIGURE
