"""Random steps by random people, against what must always be true of requests."""

from contextlib import suppress
from datetime import timedelta
from itertools import pairwise

import time_machine
from django.db import transaction
from django.db.models import Count
from django.db.models.functions import Lower
from django.utils import timezone
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from requests_app.choices import OPEN_STATUSES, Status
from requests_app.dates import working_days_between
from requests_app.deadlines import take_due_steps
from requests_app.handover import hand_over
from requests_app.models import AdvisorRequest, AlreadyOpen, IllegalMove, Offer, RequestEvent
from specialties.models import Advisor
from tests.factories import make_advisor, make_request, make_specialty, make_superuser

ADDRESSES = ["ada@example.edu", "ADA@example.edu", "ben@example.edu", "cem@example.edu"]
VERBS = {
    "accept": lambda row, by, advisor: row.accept(by=by),
    "decline": lambda row, by, advisor: row.decline(by=by, note="No"),
    "hand back": lambda row, by, advisor: row.hand_back(by=by),
    "meet": lambda row, by, advisor: row.meet(by=by),
    "offer": lambda row, by, advisor: row.offer(advisor, by=by),
    "assign": lambda row, by, advisor: row.assign(advisor, by=by, despite_limit=False),
    "close": lambda row, by, advisor: row.close("Because.", by=by),
    "withdraw": lambda row, by, advisor: row.withdraw(),
    "survey": lambda row, by, advisor: row.answer_survey(3),
    "note": lambda row, by, advisor: row.add_note("A note", by=by),
    "remind": lambda row, by, advisor: row.remind(by=by),
    "take back": lambda row, by, advisor: row.take_back(by=by),
    "take back for": lambda row, by, advisor: row.take_back(by=by, successor=advisor),
}
BY_STAFF = {"offer", "assign", "close", "note", "remind", "take back", "take back for"}


class Office(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        self.clock = time_machine.travel("2026-03-02T12:00-06:00", tick=False)
        self.traveller = self.clock.start()
        self.user, self.held = make_superuser(), {}
        self.specialties = [make_specialty(), make_specialty()]
        self.advisors = [
            make_advisor(*self.specialties, request_limit=1),
            make_advisor(self.specialties[0], request_limit=2),
            make_advisor(self.specialties[1], on_selection_committee=True),
        ]

    def teardown(self):
        self.clock.stop()
        transaction.set_rollback(True)
        self.transaction.__exit__(None, None, None)

    @rule(address=st.sampled_from(ADDRESSES), place=st.integers(0, 1), wish=st.integers(-1, 2), avoid=st.booleans())
    def student_asks(self, address, place, wish, avoid):
        preferred = self.advisors[wish] if wish >= 0 else None
        with suppress(AlreadyOpen):
            make_request(
                self.specialties[place],
                email=address,
                preferred_advisor=preferred,
                avoid_selection_committee=avoid,
            )

    @rule(
        verb=st.sampled_from(sorted(VERBS)),
        row=st.integers(0, 9),
        advisor=st.integers(0, 2),
        by_staff=st.booleans(),
        is_stale=st.booleans(),
    )
    def somebody_takes_a_step(self, verb, row, advisor, by_staff, is_stale):
        """On the row as it is, or on one that was read some steps ago and tells of a status long past."""
        rows = list(AdvisorRequest.objects.order_by("pk"))
        if not rows:
            return
        chosen, advisor = rows[row % len(rows)], self.advisors[advisor]
        held = self.held.setdefault(chosen.pk, chosen)
        before = self.state_of(chosen)
        by = self.user if by_staff or verb in BY_STAFF else advisor
        try:
            VERBS[verb](held if is_stale else chosen, by, advisor)
        except IllegalMove:
            assert self.state_of(chosen) == before
        self.portal_asked_only_who_can(chosen, before)

    def portal_asked_only_who_can(self, row, before):
        known = {event["id"] for event in before[1]}
        for event in row.events.filter(kind="offered", actor="portal").exclude(pk__in=known):
            assert event.advisor.takes_requests
            assert not event.advisor.is_away
            assert not (row.avoid_selection_committee and event.advisor.on_selection_committee)

    def state_of(self, row):
        stored = AdvisorRequest.objects.filter(pk=row.pk).values().get()
        stored.pop("updated_at")
        return stored, list(row.events.values()), list(row.emails.values()), list(row.offers.values())

    @rule(days=st.integers(0, 9))
    def days_pass_and_the_worker_runs(self, days):
        self.traveller.shift(timedelta(days=days))
        take_due_steps()
        assert take_due_steps() == 0

    @rule(leaving=st.integers(0, 2), successor=st.integers(-1, 2))
    def advisor_leaves(self, leaving, successor):
        if leaving == successor:
            return
        hand_over(self.advisors[leaving], self.advisors[successor] if successor >= 0 else None, by=self.user)
        assert not self.advisors[leaving].requests.open().exists()
        assert not self.advisors[leaving].offers.running().exists()

    @rule(advisor=st.integers(0, 2), stand_in=st.integers(0, 2), is_away=st.booleans())
    def advisor_goes_away_or_comes_back(self, advisor, stand_in, is_away):
        chosen = self.advisors[advisor]
        chosen.specialties.set(self.specialties)
        Advisor.objects.filter(pk=chosen.pk).update(
            accepts_requests=True,
            away_from="2026-01-01" if is_away else None,
            stand_in=self.advisors[stand_in] if stand_in != advisor else None,
        )

    @rule(advisor=st.integers(0, 2), limit=st.integers(0, 2))
    def advisor_changes_their_limit(self, advisor, limit):
        accepted = self.advisors[advisor].requests.filter(status=Status.ACCEPTED).count()
        Advisor.objects.filter(pk=self.advisors[advisor].pk).update(request_limit=max(limit, accepted))

    @invariant()
    def every_open_request_has_an_owner_and_a_date(self):
        for row in AdvisorRequest.objects.open():
            assert row.respond_by is not None
            assert (row.advisor is None) == (row.status == Status.WAITING)  # the office owns what waits

    @invariant()
    def one_open_request_for_each_address_and_specialty(self):
        groups = AdvisorRequest.objects.open().order_by().values(address=Lower("email"), place=Lower("specialty__slug"))
        assert not groups.annotate(n=Count("pk")).filter(n__gt=1).exists()

    @invariant()
    def limits_are_kept_and_counts_are_right(self):
        for advisor in Advisor.objects.all():
            assert advisor.requests.filter(status=Status.ACCEPTED).count() <= advisor.request_limit
            assert advisor.open_requests == advisor.requests.filter(status__in=OPEN_STATUSES).count()

    @invariant()
    def history_tells_each_change_once(self):
        for row in AdvisorRequest.objects.all():
            events = list(row.events.all())
            assert events[0].kind == RequestEvent.Kind.SUBMITTED
            assert all(later.old_status == earlier.new_status for earlier, later in pairwise(events))
            assert events[-1].new_status == row.status
            ends = [event for event in events if event.kind in RequestEvent.ENDS_A_WAIT][:1]
            dates = [timezone.localdate(moment.created_at) for moment in (row, *ends)]
            waited = working_days_between(*dates) if ends else None
            is_answered = bool(ends) and ends[0].kind != RequestEvent.Kind.WITHDRAWN  # here each is closed with one
            assert (row.days_to_answer, row.days_unanswered) == ((waited, None) if is_answered else (None, waited))

    @invariant()
    def an_offer_runs_where_an_advisor_has_the_request(self):
        running = {offer.request_id: offer for offer in Offer.objects.running()}
        for row in AdvisorRequest.objects.all():
            offer = running.pop(row.pk, None)
            expected = {Status.OFFERED: "open", Status.ACCEPTED: "accepted"}.get(row.status)
            assert (offer and offer.state) == expected
            assert not offer or offer.advisor_id == row.advisor_id
        assert running == {}


def test_what_is_always_true(db):
    run_state_machine_as_test(Office, settings=settings(max_examples=20, stateful_step_count=25))
