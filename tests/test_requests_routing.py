from datetime import date

import pytest

from requests_app import routing
from specialties.models import Advisor
from tests.factories import make_advisor, make_request, make_specialty

pytestmark = pytest.mark.django_db

AWAY = {"away_from": date(2026, 1, 1)}


@pytest.fixture
def specialty():
    return make_specialty()


def asked(specialty, **fields):
    """Whom a new request is offered to by itself; None where it waits for the office."""
    advisor_request = make_request(specialty, **fields)
    assert advisor_request.status == ("offered" if advisor_request.advisor else "waiting")
    return advisor_request.advisor


def test_the_only_one_who_can_is_asked(specialty):
    advisor = make_advisor(specialty)
    make_advisor(specialty, request_limit=0)
    make_advisor(specialty, email="")
    make_advisor(specialty, **AWAY)
    make_advisor(make_specialty())
    assert asked(specialty) == advisor


def test_of_several_the_office_chooses(specialty):
    make_advisor(specialty), make_advisor(specialty)
    assert asked(specialty) is None


def test_preferred_advisor_is_asked_where_they_can(specialty):
    preferred, _ = make_advisor(specialty), make_advisor(specialty)
    assert asked(specialty, preferred_advisor=preferred) == preferred


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"accepts_requests": False}, "takes no requests"),
        ({"request_limit": 0}, "takes no requests"),
        ({"email": ""}, "has no e-mail address"),
        (AWAY, "away at the moment"),
        ({"request_limit": 2, "open_requests": 2}, "full"),
        ({"on_selection_committee": True}, "on the selection committee"),
        ({}, ""),
    ],
)
def test_reason_against(specialty, fields, reason):
    advisor = make_advisor(specialty, **fields)
    advisor.refresh_from_db()
    advisor_request = make_request(make_specialty(), avoid_selection_committee=True)
    assert routing.reason_against(advisor, advisor_request) == reason


@pytest.mark.parametrize(
    "fields", [{"request_limit": 0}, {"email": ""}, AWAY, {"request_limit": 1, "open_requests": 1}]
)
def test_preferred_advisor_who_cannot_leaves_it_to_the_office(specialty, fields):
    preferred, _ = make_advisor(specialty, **fields), make_advisor(specialty)
    assert asked(specialty, preferred_advisor=preferred) is None


def test_wish_to_avoid_the_committee_is_kept(specialty):
    make_advisor(specialty, on_selection_committee=True)
    other = make_advisor(specialty)
    assert asked(specialty, avoid_selection_committee=True) == other


def test_stand_ins_are_followed_while_each_is_away(specialty):
    last = make_advisor()
    middle = make_advisor(stand_in=last, **AWAY)
    first = make_advisor(specialty, stand_in=middle, **AWAY)
    make_advisor(specialty)
    assert asked(specialty, preferred_advisor=first) == last


def test_stand_in_of_somebody_present_is_not_asked(specialty):
    full = make_advisor(specialty, request_limit=1, open_requests=1, stand_in=make_advisor())
    make_advisor(specialty)
    assert asked(specialty, preferred_advisor=full) is None


def test_stand_ins_in_a_circle_end(specialty):
    one = make_advisor(specialty, **AWAY)
    two = make_advisor(specialty, stand_in=one, **AWAY)
    Advisor.objects.filter(pk=one.pk).update(stand_in=two)
    one.refresh_from_db()
    assert asked(specialty, preferred_advisor=one) is None


def test_two_who_are_away_with_the_same_stand_in_are_one(specialty):
    stand_in = make_advisor()
    make_advisor(specialty, stand_in=stand_in, **AWAY), make_advisor(specialty, stand_in=stand_in, **AWAY)
    assert asked(specialty) == stand_in


def test_next_is_whoever_has_most_room_and_was_not_asked(specialty):
    first = make_advisor(specialty)
    advisor_request = make_request(specialty)
    busy, idle = make_advisor(specialty, open_requests=3), make_advisor(specialty)
    advisor_request.decline(by=first)
    assert advisor_request.advisor == idle
    advisor_request.decline(by=idle)
    assert advisor_request.advisor == busy
    advisor_request.decline(by=busy)
    assert (advisor_request.status, advisor_request.advisor) == ("waiting", None)


@pytest.mark.parametrize("verb", ["decline", "hand_back", "take_back"])
def test_advisor_who_had_it_is_not_asked_again_by_itself(superuser, specialty, verb):
    first, second = make_advisor(specialty), make_advisor(specialty, away_from=date(2026, 1, 1))
    advisor_request = make_request(specialty)
    if verb == "hand_back":
        advisor_request.accept(by=first)
    getattr(advisor_request, verb)(by=superuser)
    assert routing.next_advisor(advisor_request) is None
    Advisor.objects.filter(pk=second.pk).update(away_from=None)
    assert routing.next_advisor(advisor_request) == second


def test_whom_routing_found_is_asked_only_if_they_still_can(specialty):
    advisor, _ = make_advisor(specialty), make_advisor(specialty)
    advisor_request = make_request(specialty)
    Advisor.objects.update(accepts_requests=False)  # after routing read them, before they are asked
    assert advisor_request.ask(advisor) is False
    assert (advisor_request.status, advisor_request.events.count()) == ("waiting", 1)
