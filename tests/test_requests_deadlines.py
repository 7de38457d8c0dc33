"""What the worker does when dates come: half-way, past the date, and when two have not met."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import partial

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection

from requests_app import emails
from requests_app.deadlines import take_due_steps
from requests_app.models import AdvisorRequest, IllegalMove, Offer, OutgoingEmail
from specialties.models import Advisor
from tests.factories import make_advisor, make_request, make_specialty, make_superuser
from tests.test_requests_models import emails_of, events

pytestmark = pytest.mark.django_db

MADE = "2026-11-23T12:00-06:00"  # a Monday; the reminder is due on Wednesday 25th, the answer by Monday 30th


@pytest.fixture
def offered(settings):
    """A request offered to the only advisor of its specialty."""
    settings.HOLIDAYS = []
    with time_machine.travel(MADE, tick=False):
        specialty = make_specialty()
        advisor = make_advisor(specialty, name="Advisor A")
        advisor_request = make_request(specialty)
        assert advisor_request.advisor == advisor
        return advisor_request


def work_at(moment):
    """What changed at a moment: the kinds of the events the worker left."""
    before = set(AdvisorRequest.objects.get().events.values_list("pk", flat=True))
    with time_machine.travel(moment, tick=False):
        take_due_steps()
    return [event.kind for event in AdvisorRequest.objects.get().events.exclude(pk__in=before)]


def test_nothing_happens_before_its_day(offered):
    assert work_at("2026-11-24T23:59-06:00") == []


def test_advisor_is_reminded_half_way_once(offered):
    assert work_at("2026-11-25T00:01-06:00") == ["reminded"]
    assert emails_of(offered)[1:] == [("reminder", offered.advisor.email)]
    assert offered.offers.get().get_absolute_url() in offered.emails.get(kind="reminder").text
    assert work_at("2026-11-26T12:00-06:00") == []


def test_advisor_reminded_by_the_office_is_not_reminded_by_the_portal(offered):
    with time_machine.travel("2026-11-24T12:00-06:00", tick=False):
        offered.remind(by=make_superuser())
    assert work_at("2026-11-25T12:00-06:00") == []


def test_advisor_who_lost_their_address_is_not_reminded(offered):
    Advisor.objects.update(email="")
    assert work_at("2026-11-25T12:00-06:00") == []
    with time_machine.travel("2026-11-25T12:00-06:00", tick=False):
        assert not Offer.objects.to_remind().exists()  # nor tried every second


def test_nobody_is_reminded_of_a_date_that_is_past(offered):
    before = events(offered), emails_of(offered)
    with time_machine.travel("2026-12-01T00:01-06:00", tick=False):  # the worker has yet to come
        for step in (offered.remind_in_time, partial(offered.remind, by=make_superuser())):
            with pytest.raises(IllegalMove):
                step()
    assert (events(offered), emails_of(offered)) == before


def test_step_that_fails_stops_neither_the_others_nor_the_mail(offered, settings, caplog, monkeypatch):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    with time_machine.travel(MADE, tick=False):
        other = make_request(offered.specialty)
    assert other.advisor == offered.advisor
    AdvisorRequest.objects.filter(pk=offered.pk).update(topics=["gone"])  # unknown to a later version
    following = make_advisor(offered.specialty)
    with time_machine.travel("2026-12-01T08:00-06:00", tick=False):
        call_command("work", "--once")
    assert AdvisorRequest.objects.get(pk=other.pk).advisor == following
    assert AdvisorRequest.objects.get(pk=offered.pk).events.last().kind == "offered"
    assert not OutgoingEmail.objects.filter(sent_at=None).exists()
    errors = [record.message for record in caplog.records if record.levelname == "ERROR"]
    assert errors == [f"Step expire of {offered.reference} failed"]


def test_step_that_fails_is_left_alone_for_a_while_by_the_same_worker(offered, caplog):
    AdvisorRequest.objects.update(topics=["gone"])
    make_advisor(offered.specialty)
    resting = {}
    for minutes, failures in ((0, 1), (9, 1), (11, 2), (12, 2)):
        with time_machine.travel(f"2026-12-01T08:{minutes:02}-06:00", tick=False):
            assert take_due_steps(resting) == 0
        assert len(caplog.records) == failures
    AdvisorRequest.objects.update(topics=[])
    with time_machine.travel("2026-12-01T08:30-06:00", tick=False):
        assert take_due_steps(resting) == 1


def test_offer_lasts_to_the_end_of_its_day_in_the_time_zone_of_the_school(offered):
    work_at("2026-11-25T12:00-06:00")
    assert work_at("2026-11-30T23:59-06:00") == []  # already December in Greenwich
    assert work_at("2026-12-01T00:01-06:00") == ["expired"]


def test_an_offer_that_runs_while_the_clocks_change_keeps_its_day():
    with time_machine.travel("2026-10-30T23:30-05:00", tick=False):  # the clocks change on 1 November
        specialty = make_specialty()
        make_advisor(specialty)
        make_request(specialty)
    assert AdvisorRequest.objects.get().respond_by == date(2026, 11, 6)
    work_at("2026-11-04T12:00-06:00")
    assert work_at("2026-11-06T23:59-06:00") == []
    assert work_at("2026-11-07T00:01-06:00") == ["expired"]


def test_expired_offer_goes_to_the_office_and_everybody_is_told(offered):
    assert work_at("2026-12-01T08:00-06:00") == ["expired"]
    now = AdvisorRequest.objects.get()
    assert (now.status, now.advisor, now.respond_by) == ("waiting", None, date(2026, 12, 8))
    assert emails_of(offered)[1:] == [
        ("no_longer_yours", offered.advisor.email),
        ("back_with_office", "office@example.edu"),
        ("moved_on", offered.email),
    ]
    assert offered.offers.get().state == "expired"


def test_expired_offer_goes_to_the_next_who_can(offered):
    following = make_advisor(offered.specialty)
    assert work_at("2026-12-01T08:00-06:00") == ["expired", "offered"]
    assert AdvisorRequest.objects.get().advisor == following


def test_both_are_asked_once_whether_they_met(offered):
    with time_machine.travel(MADE, tick=False):
        offered.accept(by=offered.advisor)
    assert AdvisorRequest.objects.get().respond_by == date(2026, 12, 7)
    assert work_at("2026-12-07T12:00-06:00") == []
    assert work_at("2026-12-08T00:01-06:00") == ["asked_meeting"]
    assert emails_of(offered)[3:] == [
        ("did_you_meet", offered.email),
        ("did_you_meet_your_student", offered.advisor.email),
    ]
    assert work_at("2026-12-20T12:00-06:00") == []


def test_both_are_asked_anew_after_another_advisor_took_it(offered):
    with time_machine.travel(MADE, tick=False):
        offered.accept(by=offered.advisor)
    work_at("2026-12-08T12:00-06:00")
    with time_machine.travel("2026-12-08T13:00-06:00", tick=False):
        offered.hand_back(by=offered.advisor)
        offered.assign(make_advisor(offered.specialty), by=make_superuser())
    assert work_at("2027-01-08T13:00-06:00") == ["asked_meeting"]


def test_command_takes_the_steps_of_one_pass(offered, caplog, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    with time_machine.travel("2026-12-01T08:00-06:00", tick=False):
        call_command("work", "--once")
    assert "Took 1 due steps." in caplog.messages
    assert AdvisorRequest.objects.get().status == "waiting"


@pytest.mark.django_db(transaction=True)
def test_several_workers_take_each_step_once(settings):
    settings.HOLIDAYS = []
    with time_machine.travel(MADE, tick=False):
        for _ in range(3):
            specialty = make_specialty()
            make_advisor(specialty)
            make_request(specialty)
        reminded, expired, asked = AdvisorRequest.objects.all()
        asked.accept(by=asked.advisor)
    expired.offers.update(due="2026-11-24")
    AdvisorRequest.objects.filter(pk=asked.pk).update(respond_by="2026-11-24")

    def work(_):
        try:
            return take_due_steps()
        finally:
            connection.close()

    with time_machine.travel("2026-11-25T12:00-06:00", tick=False), ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(work, range(4))) == 3
    last = {row.pk: list(row.events.values_list("kind", flat=True))[-1] for row in (reminded, expired, asked)}
    assert last == {reminded.pk: "reminded", expired.pk: "expired", asked.pk: "asked_meeting"}
    assert AdvisorRequest.objects.get(pk=reminded.pk).events.count() == 3


@pytest.mark.parametrize("failing", ["no_longer_yours", "offered", "moved_on"])
def test_step_that_is_cut_off_anywhere_leaves_nothing_behind_and_is_taken_later(offered, monkeypatch, failing):
    make_advisor(offered.specialty)
    before = emails_of(offered), list(offered.events.values()), list(offered.offers.values())

    def die(*args):
        raise SystemExit

    with monkeypatch.context() as patched, time_machine.travel("2026-12-01T08:00-06:00", tick=False):
        patched.setattr(emails, failing, die)
        with pytest.raises(SystemExit):
            take_due_steps()
    assert (emails_of(offered), list(offered.events.values()), list(offered.offers.values())) == before
    assert work_at("2026-12-01T08:01-06:00") == ["expired", "offered"]
