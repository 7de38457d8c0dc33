from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError
from hypothesis import given
from hypothesis import strategies as st

from requests_app import emails
from requests_app.dates import add_working_days, is_working_day
from requests_app.models import (
    NEXT_STATUS,
    OPEN_STATUSES,
    AdvisorRequest,
    AlreadyOpen,
    IllegalMove,
    RequestEvent,
    Status,
)
from requests_app.outbox import OutgoingEmail
from specialties.models import Advisor
from tests.factories import make_advisor, make_request, make_specialty, make_superuser, request_fields

pytestmark = pytest.mark.django_db


def events(advisor_request):
    return list(
        advisor_request.events.values_list("kind", "old_status", "new_status", "actor", "user__username", "note")
    )


def emails_of(advisor_request):
    """The kinds and addressees of the e-mails after those of the submission, in order."""
    written = advisor_request.emails.exclude(kind__startswith="received").order_by("pk")
    return list(written.values_list("kind", "to"))


def in_status(status, user):
    """A request in the given status, and an advisor it is not with."""
    specialty = make_specialty()
    advisor_request = make_request(specialty)
    if status == Status.ACCEPTED:
        advisor_request.assign(make_advisor(specialty), by=user)
    if status == Status.CLOSED:
        advisor_request.close("Done.", by=user)
    return advisor_request, make_advisor(specialty)


VERBS = {
    Status.ACCEPTED: lambda advisor_request, advisor, user: advisor_request.assign(advisor, by=user),
    Status.CLOSED: lambda advisor_request, advisor, user: advisor_request.close("Because.", by=user),
}


@pytest.mark.parametrize("new", VERBS)
@pytest.mark.parametrize("old", Status)
def test_status_graph(superuser, old, new):
    advisor_request, advisor = in_status(old, superuser)
    events_before, emails_before = events(advisor_request), emails_of(advisor_request)

    if new in NEXT_STATUS[old]:
        VERBS[new](advisor_request, advisor, superuser)
        advisor_request.refresh_from_db()
        assert advisor_request.status == new
        assert len(events(advisor_request)) == len(events_before) + 1
    else:
        with pytest.raises(IllegalMove):
            VERBS[new](advisor_request, advisor, superuser)
        advisor_request.refresh_from_db()
        assert advisor_request.status == old
        assert events(advisor_request) == events_before
        assert emails_of(advisor_request) == emails_before


def test_open_statuses_are_those_of_the_constraint():
    [constraint] = [c for c in AdvisorRequest._meta.constraints if c.name.startswith("one_open_request")]
    assert dict(constraint.condition.children)["status__in"] == OPEN_STATUSES


@time_machine.travel("2026-11-23T12:00-06:00", tick=False)
def test_assign_gives_advisor_date_event_and_emails(superuser):
    specialty = make_specialty()
    advisor_request, advisor = make_request(specialty), make_advisor(specialty)

    advisor_request.assign(advisor, by=superuser)

    advisor_request.refresh_from_db()
    assert (advisor_request.status, advisor_request.advisor) == ("accepted", advisor)
    assert advisor_request.respond_by == date(2026, 11, 30)
    assert events(advisor_request)[1:] == [("assigned", "waiting", "accepted", "staff", superuser.username, "")]
    assert emails_of(advisor_request) == [("assigned", advisor_request.email), ("assigned_to_you", advisor.email)]
    assert advisor_request.events.last().advisor == advisor
    to_advisor = advisor_request.emails.get(kind="assigned_to_you")
    assert to_advisor.reply_to == advisor_request.email
    assert "Could we talk?" in to_advisor.text
    assert advisor_request.token not in to_advisor.text


def test_assign_to_an_advisor_without_address_tells_the_student_only(superuser):
    specialty = make_specialty()
    advisor_request = make_request(specialty)
    advisor_request.assign(make_advisor(specialty, email=""), by=superuser)
    assert emails_of(advisor_request) == [("assigned", advisor_request.email)]
    text = advisor_request.emails.get(kind="assigned").text
    assert "The advising office passes your message" in text
    assert "They have your message" not in text


def test_assign_to_another_tells_the_first(superuser):
    specialty = make_specialty()
    advisor_request, first, second = make_request(specialty), make_advisor(specialty), make_advisor(specialty)
    advisor_request.assign(first, by=superuser)
    advisor_request.assign(second, by=superuser)
    assert emails_of(advisor_request)[2:] == [
        ("assigned", advisor_request.email),
        ("assigned_to_you", second.email),
        ("no_longer_yours", first.email),
    ]


def test_assign_to_the_same_advisor_again_is_refused(superuser):
    specialty = make_specialty()
    advisor_request, advisor = make_request(specialty), make_advisor(specialty)
    advisor_request.assign(advisor, by=superuser)
    before = events(advisor_request), emails_of(advisor_request)
    with pytest.raises(IllegalMove, match="already"):
        advisor_request.assign(advisor, by=superuser)
    assert (events(advisor_request), emails_of(advisor_request)) == before


def test_close_tells_the_student_the_reason_and_the_advisor_that_it_is_over(superuser):
    specialty = make_specialty()
    advisor_request, advisor = make_request(specialty), make_advisor(specialty)
    advisor_request.assign(advisor, by=superuser)
    advisor_request.close("Answered by a group session.", by=superuser)
    assert events(advisor_request)[2:] == [
        ("closed", "accepted", "closed", "staff", superuser.username, "Answered by a group session.")
    ]
    assert emails_of(advisor_request)[2:] == [("closed", advisor_request.email), ("no_longer_yours", advisor.email)]
    assert "Answered by a group session." in advisor_request.emails.get(kind="closed").text


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


def test_overdue_is_what_the_office_has_not_answered(superuser):
    specialty = make_specialty()
    waiting, assigned = make_request(specialty), make_request(specialty)
    assigned.assign(make_advisor(specialty), by=superuser)
    AdvisorRequest.objects.update(respond_by="2026-01-02")
    assert [AdvisorRequest.objects.get(pk=row.pk).is_overdue for row in (waiting, assigned)] == [True, False]


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
    [{"status": "lost"}, {"status": "accepted"}, {"status": "waiting", "respond_by": None}],
    ids=["unknown status", "accepted without advisor", "open without date"],
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


def test_advisors_open_requests_are_counted_with_every_step(superuser):
    specialty = make_specialty()
    first, second = make_advisor(specialty), make_advisor(specialty)

    def counts():
        return [Advisor.objects.get(pk=advisor.pk).open_requests for advisor in (first, second)]

    one, two = make_request(specialty), make_request(specialty)
    one.assign(first, by=superuser)
    two.assign(first, by=superuser)
    assert counts() == [2, 0]
    one.assign(second, by=superuser)
    assert counts() == [1, 1]
    two.close("Done.", by=superuser)
    assert counts() == [0, 1]
    Advisor.objects.update(open_requests=7)  # whatever went wrong before
    one.close("Done.", by=superuser)
    assert counts() == [7, 0]
