from datetime import timedelta
from typing import NamedTuple
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import F, OuterRef
from django.urls import reverse
from django.utils import timezone

from specialties.charts import bar_chart
from specialties.models import Advisor
from specialties.models.guides import count_of
from specialties.models.reviews import unanswered, without_address

from .choices import Status
from .models import AdvisorRequest
from .outbox import OutgoingEmail
from .reports import answered_in_time, by_period, time_to_first_answer

WEEKS = 12
DAYS = 90
MOST_URGENT = 5
FULLEST = 10


class Need(NamedTuple):
    """A number of things somebody has to do something about, and the list of exactly these."""

    title: str
    number: int
    url: str


def dashboard(request, context):
    """Add what the first page of staff shows, for those who may see requests."""
    if request.user.has_perm("requests_app.view_advisorrequest"):
        visible = AdvisorRequest.objects.visible_to(request.user)
        weeks = requests_per_week(visible)
        context |= {
            "title": "Today",
            "needs": needs(request, visible),
            "urgent": most_urgent(visible.needing_the_office(request.user)),
            "weeks": weeks,
            "weeks_chart": bar_chart(weeks),
            "answers": first_answers(visible),
            "advisors": advisors_by_load(visible),
        }
    return context


def needs(request, visible):
    found = [
        of_requests("Overdue with the office", visible.overdue(), queue="overdue"),
        of_requests("Waiting for the office", visible.waiting(), queue="all", status__exact=Status.WAITING),
        of_requests("Accepted, not met in time", visible.unmet(), queue="unmet"),
    ]
    if request.user.has_perm("requests_app.view_outgoingemail"):
        url = f"{reverse('admin:requests_app_outgoingemail_changelist')}?failed=yes"
        found.append(Need("E-mail that failed", OutgoingEmail.objects.visible_to(request.user).failed().count(), url))
    if request.user.has_perm("specialties.view_review"):
        url = f"{reverse('admin:specialties_specialty_changelist')}?review="
        found.append(Need("Departments that do not answer", unanswered().count(), f"{url}unanswered"))
        found.append(Need("Guides with no address to ask", without_address().count(), f"{url}no_address"))
    return found


def of_requests(title, requests, **query):
    url = f"{reverse('admin:requests_app_advisorrequest_changelist')}?{urlencode(query)}"
    return Need(title, requests.count(), url)


def most_urgent(needing):
    """Return those whose date is nearest or longest past."""
    return needing.with_people().order_by(F("respond_by").asc(nulls_last=True), "pk")[:MOST_URGENT]


def requests_per_week(visible):
    """Return a table of the last weeks, each under its Monday, the current one last."""
    monday = timezone.localdate() - timedelta(days=timezone.localdate().weekday())
    weeks = [monday + timedelta(weeks=n) for n in range(1 - WEEKS, 2)]
    return by_period("Requests per week", "Week of", visible, weeks, "j M")


def first_answers(visible):
    """Return how many requests of the last DAYS are answered, the median of working days, and the share in time."""
    recent = visible.filter(created_at__gte=timezone.now() - timedelta(days=DAYS))
    _, answered, median, _ = time_to_first_answer(recent).total
    in_time = answered_in_time(recent).total[2]
    return {"number": answered, "median": median, "in_time": in_time, "target": settings.OFFICE_DAYS}


def advisors_by_load(visible):
    """Return the fullest advisors of the specialties these requests are of, with `open_now` of these requests."""
    with_them = visible.open().filter(advisor=OuterRef("pk"))
    advisors = Advisor.objects.filter(specialties__in=visible.order_by().values("specialty")).distinct()
    return advisors.annotate(open_now=count_of(with_them)).order_by("-open_now", "name", "pk")[:FULLEST]
