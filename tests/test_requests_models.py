from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError
from hypothesis import given
from hypothesis import strategies as st

from requests_app import emails
from requests_app.choices import OPEN_STATUSES
from requests_app.dates import add_working_days, is_working_day
from requests_app.models import AdvisorRequest, AlreadyOpen, IllegalMove, RequestEvent
from requests_app.outbox import OutgoingEmail
from tests.factories import make_request, make_specialty, make_superuser, request_fields

pytestmark = pytest.mark.django_db


def events(advisor_request):
    return list(
        advisor_request.events.values_list("kind", "old_status", "new_status", "actor", "user__username", "note")
    )


def emails_of(advisor_request):
    """The kinds and addressees of the e-mails after those of the submission, in order."""
    written = advisor_request.emails.exclude(kind__startswith="received").order_by("pk")
    return list(written.values_list("kind", "to"))


def test_open_statuses_are_those_of_the_constraint():
    [constraint] = [c for c in AdvisorRequest._meta.constraints if c.name.startswith("one_open_request")]
    assert dict(constraint.condition.children)["status__in"] == OPEN_STATUSES


def test_a_stale_copy_cannot_move_a_request_that_moved_on(superuser):
    advisor_request = make_request()
    stale = AdvisorRequest.objects.get(pk=advisor_request.pk)
    advisor_request.close("First.", by=superuser)
    with pytest.raises(IllegalMove, match="is already closed"):
        stale.close("Second.", by=superuser)
    assert [note for *_, note in events(advisor_request)] == ["", "First."]


@pytest.mark.django_db(transaction=True)
def test_of_two_who_close_at_the_same_moment_one_is_refused():
    advisor_request, users = make_request(), [make_superuser() for _ in range(4)]

    def close(user):
        try:
            AdvisorRequest.objects.get(pk=advisor_request.pk).close("Done.", by=user)
            return "closed"
        except IllegalMove:
            return "refused"
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        answers = sorted(threads.map(close, users))

    assert answers == ["closed", "refused", "refused", "refused"]
    assert advisor_request.events.count() == 2
    assert emails_of(advisor_request) == [("closed", advisor_request.email)]


@pytest.mark.django_db(transaction=True)
def test_link_asked_for_by_several_at_once_is_sent_once():
    advisor_request = make_request()

    def ask(_):
        try:
            AdvisorRequest.objects.get(pk=advisor_request.pk).send_link_again()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(ask, range(4)))
    assert emails_of(advisor_request) == [("already_open", advisor_request.email)]


@pytest.mark.parametrize("failing", ["received", "received_for_office"])
def test_submission_is_all_or_nothing(monkeypatch, failing):
    def fail(advisor_request):
        raise RuntimeError

    monkeypatch.setattr(emails, failing, fail)
    with pytest.raises(RuntimeError):
        make_request()
    assert not AdvisorRequest.objects.exists()
    assert not RequestEvent.objects.exists()
    assert not OutgoingEmail.objects.exists()


def test_one_open_request_per_address_and_specialty_is_kept_by_the_database():
    first = make_request(email="ada@example.edu")
    with pytest.raises(AlreadyOpen) as refusal:
        make_request(first.specialty, email="ADA@EXAMPLE.EDU")
    assert refusal.value.advisor_request == first
    fields = request_fields(first.specialty, email="Ada@example.edu", reference="X-1", respond_by="2026-12-01")
    with pytest.raises(IntegrityError), transaction.atomic():
        AdvisorRequest.objects.create(**fields)


def test_an_address_the_constraint_takes_for_the_same_is_found():
    first = make_request(email="kim@example.edu")
    with suppress(AlreadyOpen):  # to some databases a Kelvin sign in lower case is a k
        make_request(first.specialty, email="\u212aim@example.edu")
    assert first in AdvisorRequest.objects.from_address("KIM@EXAMPLE.EDU")


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "lost"},
        {"status": "offered"},
        {"status": "accepted"},
        {"status": "met"},
        {"status": "waiting", "respond_by": None},
    ],
)
def test_database_refuses_what_cannot_be_true(fields):
    advisor_request = make_request()
    with pytest.raises(IntegrityError), transaction.atomic():
        AdvisorRequest.objects.filter(pk=advisor_request.pk).update(**fields)


def test_history_is_neither_changed_nor_deleted():
    advisor_request = make_request()
    event = advisor_request.events.get()
    event.note = "Something else"
    with pytest.raises(TypeError):
        event.save()
    with pytest.raises(TypeError):
        event.delete()
    with pytest.raises(TypeError):
        advisor_request.events.update(note="Something else")
    with pytest.raises(TypeError):
        advisor_request.events.all().delete()
    with pytest.raises(ProtectedError):
        advisor_request.delete()


def test_event_of_staff_names_its_user():
    with pytest.raises(IntegrityError), transaction.atomic():
        make_request().events.create(kind="closed", new_status="closed", actor="staff")


def test_references_are_readable_and_begin_with_the_specialty():
    for abbreviation, prefix in (("IR", "IR-"), ("OB/GYN", "OBGYN-"), ("", "URGENT-")):
        reference = make_request(make_specialty("Urgent Care " + abbreviation, abbreviation=abbreviation)).reference
        assert reference.startswith(prefix)
        assert not set(reference.removeprefix(prefix)) & set("01IOL")


@pytest.mark.parametrize(
    ("start", "count", "expected"),
    [
        (date(2026, 11, 23), 5, date(2026, 11, 30)),
        (date(2026, 11, 27), 1, date(2026, 11, 30)),
        (date(2026, 11, 28), 1, date(2026, 11, 30)),
        (date(2026, 12, 23), 2, date(2026, 12, 28)),
        (date(2026, 12, 23), 0, date(2026, 12, 23)),
    ],
)
def test_working_days(settings, start, count, expected):
    settings.HOLIDAYS = [date(2026, 12, 25)]
    assert add_working_days(start, count) == expected


@given(st.dates(date(2020, 1, 1), date(2040, 1, 1)), st.integers(1, 60))
def test_as_many_working_days_lie_between_as_were_added(start, count):
    end = add_working_days(start, count)
    days = [date.fromordinal(n) for n in range(start.toordinal() + 1, end.toordinal() + 1)]
    assert sum(map(is_working_day, days)) == count
    assert is_working_day(end)
