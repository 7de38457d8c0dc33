"""What is erased when a request is long over, and what stays for the report."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from requests_app import deadlines, retention
from requests_app.dates import months_before
from requests_app.deadlines import take_due_steps
from requests_app.models import AdvisorRequest, IllegalMove, OutgoingEmail
from requests_app.reports import tables
from specialties.limits import Allowance, is_allowed
from specialties.models import Feedback
from tests.factories import (
    make_advisor,
    make_answer,
    make_email,
    make_feedback,
    make_request,
    make_specialty,
    make_superuser,
)

pytestmark = pytest.mark.django_db

MADE, ENDED = "2026-11-02T12:00-06:00", "2026-11-23T12:00-06:00"
KEPT, OVER = "2028-11-23T11:59-06:00", "2028-11-23T12:01-06:00"
PERSONAL = {
    "name": "Wilhelmina Quist",
    "email": "w.quist@example.edu",
    "message": "My tutor said so.",
    "availability": "After my shift on Mondays",
    "topics": ["aways"],
    "avoid_selection_committee": True,
}
WORDS = ["Quist", "quist", "tutor", "shift", "aways", "divorce", "grateful", "Rounds"]


@pytest.fixture
def kept(settings):
    settings.RETENTION_MONTHS = 24


def make_story():
    """A request that went all the way, with a person's words in every place that takes them."""
    office, advisor = make_superuser(), make_advisor(make_specialty(name="Interventional Radiology"))
    with time_machine.travel(MADE, tick=False):
        story = make_request(advisor.specialties.get(), preferred_advisor=advisor, **PERSONAL)
        story.add_note("Wilhelmina Quist rang about a divorce.", by=office)
        story.correct_email("wilhelmina.quist@example.edu", by=office)
        story.accept(by=advisor, note="Knows her from Rounds.")
    with time_machine.travel(ENDED, tick=False):
        story.meet(by=advisor)
        story.answer_survey(5, "So grateful to Quist.")
    return AdvisorRequest.objects.get()


def dump():
    """Every value of every row about requests, as the database has them."""
    with connection.cursor() as cursor:
        for model in (AdvisorRequest, AdvisorRequest.events.rel.related_model, OutgoingEmail):
            cursor.execute(f'SELECT * FROM "{model._meta.db_table}"')  # noqa: S608 - a name of ours
            yield from (str(value) for row in cursor for value in row)


def words_kept():
    text = "\n".join(dump())
    return [word for word in WORDS if word in text]


def work_at(moment):
    with time_machine.travel(moment, tick=False):
        return take_due_steps()


def test_all_that_tells_whose_it_was_goes_when_its_months_are_over(kept):
    story = make_story()
    token, submission = story.token, str(story.submission_id)
    assert words_kept() == WORDS
    work_at(KEPT)
    assert words_kept() == WORDS
    work_at(OVER)
    assert words_kept() == []
    assert not any(value in (token, submission) for value in dump())
    assert OutgoingEmail.objects.count() == 0


def test_what_the_report_counts_stays(kept):
    story = make_story()
    with time_machine.travel(OVER, tick=False):
        before = tables(AdvisorRequest.objects.all())
        history = [(event.kind, event.created_at) for event in story.events.all()]
        take_due_steps()
        assert tables(AdvisorRequest.objects.all()) == before
    erased = AdvisorRequest.objects.get()
    same = ["reference", "specialty", "class_year", "status", "advisor", "created_at", "met_on", "satisfaction"]
    assert [getattr(erased, name) for name in same] == [getattr(story, name) for name in same]
    assert [(event.kind, event.created_at) for event in erased.events.all()] == history


@pytest.mark.parametrize(
    ("end", "months", "erased"),
    [
        (lambda story: story.withdraw(), 24, 1),
        (lambda story: story.close("Answered.", by=make_superuser()), 24, 1),
        (lambda story: story.withdraw(), 25, 0),
        (lambda story: None, 24, 0),
    ],
)
def test_months_count_from_the_end_and_nothing_open_is_erased(settings, end, months, erased):
    settings.RETENTION_MONTHS = months
    with time_machine.travel(MADE, tick=False):
        story = make_request()
    with time_machine.travel(ENDED, tick=False):
        end(story)
    with time_machine.travel(KEPT, tick=False):
        assert AdvisorRequest.objects.to_erase().count() == 0
    with time_machine.travel(OVER, tick=False):
        assert AdvisorRequest.objects.to_erase().count() == erased


def test_closing_a_request_they_met_on_begins_the_months_anew(kept):
    story = make_story()
    with time_machine.travel("2027-01-01T12:00-06:00", tick=False):
        story.close("Done.", by=make_superuser())
    with time_machine.travel(OVER, tick=False):
        assert not AdvisorRequest.objects.to_erase().exists()


def test_an_open_request_is_never_erased():
    with pytest.raises(IllegalMove):
        make_request(**PERSONAL).erase()
    assert AdvisorRequest.objects.get().name == "Wilhelmina Quist"


def test_nothing_can_be_written_to_an_erased_request(kept, superuser_client):
    story = make_story()
    work_at(OVER)
    for step in (
        lambda: story.close("Why.", by=make_superuser()),
        lambda: story.add_note("Her name was Quist.", by=make_superuser()),
        lambda: story.answer_survey(1, "Quist"),
        lambda: story.erase(),
    ):
        with pytest.raises(IllegalMove):
            step()
    for verb in ("note", "close", "correct_email"):
        response = superuser_client.get(reverse(f"admin:requests_app_advisorrequest_{verb}", args=[story.pk]))
        assert response.status_code == 302
    page = superuser_client.get(reverse("admin:requests_app_advisorrequest_change", args=[story.pk]))
    assert "Personal data erased" in page.content.decode()
    assert words_kept() == []


def test_links_lead_nowhere_personal_once_it_is_erased(kept, client):
    story = make_story()
    offer = story.offers.get()
    work_at(OVER)
    assert client.get(story.get_absolute_url()).status_code == 404
    page = client.get(offer.get_absolute_url())
    assert page.status_code == 200
    assert "Quist" not in page.content.decode()


def test_many_are_erased_pass_by_pass(kept, monkeypatch):
    monkeypatch.setattr(deadlines, "AT_ONCE", 2)
    with time_machine.travel(MADE, tick=False):
        for _ in range(3):
            make_request().withdraw()
    assert [work_at(OVER) for _ in range(3)] == [2, 1, 0]


@pytest.mark.django_db(transaction=True)
def test_two_workers_erase_each_request_once(kept):
    with time_machine.travel(MADE, tick=False):
        for _ in range(3):
            make_request().withdraw()

    def work():
        try:
            return take_due_steps()
        finally:
            connection.close()

    with time_machine.travel(OVER, tick=False), ThreadPoolExecutor(2) as pool:
        taken = [future.result() for future in [pool.submit(work) for _ in range(2)]]
    assert sum(taken) == 3
    assert AdvisorRequest.objects.exclude(name="").count() == 0


def test_what_lies_beside_requests_goes_too(kept):
    with time_machine.travel(ENDED, tick=False):
        answer = make_answer(make_specialty())
        passed_on = make_feedback(answer, words="Call me, Quist.", state="passed_on", moderated_by=make_superuser())
        make_email(sent_at=timezone.now(), next_try=None)  # of a department's review
        make_email()  # has yet to be sent
        is_allowed("vote", "192.0.2.1", most=5, seconds=3600)
        Session.objects.create(session_key="over", session_data="", expire_date=timezone.now())
    with time_machine.travel(KEPT, tick=False):
        retention.forget()
        assert (OutgoingEmail.objects.count(), Feedback.objects.get().words) == (2, "Call me, Quist.")
        assert (Allowance.objects.count(), Session.objects.count()) == (0, 0)
    with time_machine.travel(OVER, tick=False):
        retention.forget()
        assert OutgoingEmail.objects.count() == 1
        call_command("work", "--once")  # sends it, then forgets it
        assert OutgoingEmail.objects.count() == 0
        passed_on.refresh_from_db()
        assert (passed_on.words, passed_on.state, passed_on.is_helpful) == ("", "new", False)


@pytest.mark.parametrize(
    ("moment", "count", "found"),
    [
        (datetime(2028, 2, 29, 8, tzinfo=UTC), 12, date(2027, 2, 28)),
        (datetime(2026, 3, 31, tzinfo=UTC), 1, date(2026, 2, 28)),
        (datetime(2026, 1, 15, tzinfo=UTC), 1, date(2025, 12, 15)),
        (datetime(2026, 12, 15, tzinfo=UTC), 24, date(2024, 12, 15)),
    ],
)
def test_months_end_on_the_same_day_or_the_last(moment, count, found):
    assert months_before(moment, count).date() == found
