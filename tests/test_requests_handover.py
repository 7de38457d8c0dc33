from functools import partial

import pytest
from django.contrib.auth.models import Group
from django.contrib.messages import get_messages
from django.urls import reverse

from requests_app.handover import hand_over
from requests_app.models import AdvisorRequest
from specialties.models import Advisor
from tests.factories import make_advisor, make_request, make_specialty, make_staff, make_superuser
from tests.test_requests_models import emails_of, events
from tests.test_requests_workflow import at_the_same_moment, fresh

pytestmark = pytest.mark.django_db


@pytest.fixture
def leaving():
    """An advisor with one request offered and one accepted, who stands in for another."""
    specialty = make_specialty("Urology")
    advisor = make_advisor(specialty, name="Kim Leaving")
    make_request(specialty)
    make_request(specialty).accept(by=advisor)
    make_advisor(make_specialty("Surgery"), name="Robin Away", stand_in=advisor)
    advisor.refresh_from_db()
    return advisor


def statuses():
    return {row.pk: (row.status, row.advisor) for row in AdvisorRequest.objects.all()}


def test_everything_goes_to_the_successor(leaving, superuser):
    successor = make_advisor(name="Sam Next")
    assert len(hand_over(leaving, successor, by=superuser)) == 2
    assert set(statuses().values()) == {("offered", successor)}
    assert list(successor.specialties.values_list("name", flat=True)) == ["Urology"]
    assert Advisor.objects.get(name="Robin Away").stand_in == successor
    leaving.refresh_from_db()
    successor.refresh_from_db()
    assert (leaving.takes_requests, leaving.open_requests, successor.open_requests) == (False, 0, 2)
    assert not Advisor.objects.on_site().filter(pk=leaving.pk).exists()


def test_without_a_successor_the_office_has_the_requests(leaving, superuser):
    assert len(hand_over(leaving, None, by=superuser)) == 2
    assert set(statuses().values()) == {("waiting", None)}
    assert Advisor.objects.get(name="Robin Away").stand_in is None


def test_office_itself_has_them_though_another_advisor_could_take_them(leaving, superuser):
    make_advisor(leaving.specialties.get())
    hand_over(leaving, None, by=superuser)
    assert set(statuses().values()) == {("waiting", None)}
    for row in AdvisorRequest.objects.all():
        assert events(row)[-1] == (
            *("taken_back", events(row)[-1][1], "waiting", "staff", superuser.username),
            "Kim Leaving leaves.",
        )
        assert row.offers.get().state == "taken_back"


@pytest.mark.parametrize("goes_to", ["successor", "office"])
def test_each_student_is_told_once_who_has_it_now(leaving, superuser, goes_to):
    successor = make_advisor(name="Sam Next") if goes_to == "successor" else None
    rows = list(leaving.requests.order_by("status"))
    before = {row: len(emails_of(row)) for row in rows}
    hand_over(leaving, successor, by=superuser)
    for row in rows:
        asked = [("offered", successor.email)] if successor else []
        assert emails_of(row)[before[row] :] == [
            ("no_longer_yours", leaving.email),
            *asked,
            ("moved_on", row.email),
        ]
        text = row.emails.get(kind="moved_on").text
        assert ("We have asked Sam Next, who has until" in text) == bool(successor)
        assert ("The advising office now looks for an advisor" in text) == (not successor)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"on_selection_committee": True}, "on the selection committee"),
        ({"accepts_requests": False}, "takes no requests"),
        ({"request_limit": 1, "open_requests": 1}, "full"),
    ],
)
def test_what_the_successor_cannot_take_goes_to_the_office(leaving, superuser, fields, reason):
    AdvisorRequest.objects.update(avoid_selection_committee=True)
    successor = make_advisor(name="Sam Next", **fields)
    hand_over(leaving, successor, by=superuser)
    assert set(statuses().values()) == {("waiting", None)}
    notes = {row.events.last().note for row in AdvisorRequest.objects.all()}
    assert notes == {f"Kim Leaving leaves. Sam Next: {reason}."}


def test_successor_whom_the_leaving_stood_in_for_stands_in_for_nobody(leaving, superuser):
    successor = Advisor.objects.get(name="Robin Away")
    hand_over(leaving, successor, by=superuser)
    successor.refresh_from_db()
    assert successor.stand_in is None


def test_closed_requests_stay_with_who_had_them(leaving, superuser):
    done = make_request(leaving.specialties.get())
    done.assign(leaving, by=superuser)
    done.meet(by=superuser)
    hand_over(leaving, make_advisor(), by=superuser)
    assert statuses()[done.pk] == ("met", leaving)


@pytest.mark.parametrize("missing", ["change_advisor", "change_advisorrequest", "see_every_request"])
def test_handover_needs_each_of_three_permissions(client, leaving, missing):
    """What it moves is of every specialty the advisor has."""
    needed = {"change_advisor", "change_advisorrequest", "see_every_request"}
    client.force_login(make_staff("view_advisor", "view_advisorrequest", *(needed - {missing})))
    before = statuses()
    assert client.post(reverse("admin:specialties_advisor_hand_over", args=[leaving.pk])).status_code == 403
    assert statuses() == before


def test_handover_is_one_page_for_the_office(client, leaving):
    url = reverse("admin:specialties_advisor_hand_over", args=[leaving.pk])
    coordinator = make_staff()
    coordinator.groups.add(Group.objects.get(name="Coordinators"))
    client.force_login(coordinator)
    assert client.get(url).status_code == 200
    assert set(statuses().values()) != {("waiting", None)}
    response = client.post(url)
    assert [str(message) for message in get_messages(response.wsgi_request)] == [
        "Kim Leaving takes no more requests. 2 open requests go to the office."
    ]


def test_handover_says_how_many_went_where(client, leaving, superuser):
    client.force_login(superuser)
    successor = make_advisor(name="Sam Next", request_limit=1)
    url = reverse("admin:specialties_advisor_hand_over", args=[leaving.pk])
    response = client.post(url, {"successor": successor.pk})
    assert [str(message) for message in get_messages(response.wsgi_request)] == [
        "Kim Leaving takes no more requests. 1 open request goes to Sam Next. 1 open request goes to the office."
    ]


def test_successor_is_somebody_else_with_an_address(client, leaving, superuser):
    client.force_login(superuser)
    for wrong in (leaving, make_advisor(email="")):
        url = reverse("admin:specialties_advisor_hand_over", args=[leaving.pk])
        response = client.post(url, {"successor": wrong.pk})
        assert set(response.context["form"].errors) == {"successor"}
    assert {status for status, _ in statuses().values()} == {"offered", "accepted"}


def test_switching_an_advisor_off_tells_that_requests_are_still_open(client, superuser, leaving):
    from tests.test_specialties_admin import change_url, posted

    client.force_login(superuser)
    page = client.get(change_url(leaving))
    response = client.post(change_url(leaving), posted(page, request_limit=0))
    assert any("still has open requests" in str(message) for message in get_messages(response.wsgi_request))


def test_groups_come_with_what_they_may_do(db):
    coordinators, liaisons = (Group.objects.get(name=name) for name in ("Coordinators", "Liaisons"))
    names = set(coordinators.permissions.values_list("codename", flat=True))
    assert {"see_every_request", "change_advisorrequest", "add_specialty", "change_liaison"} <= names
    assert not {name for name in names if name.startswith("delete_") and name.endswith(("user", "request"))}
    assert liaisons.permissions.filter(content_type__app_label="requests_app").get().codename == "view_advisorrequest"


@pytest.mark.django_db(transaction=True)
def test_nobody_new_is_sent_to_an_advisor_who_leaves():
    user = make_superuser()
    for _ in range(6):
        specialty = make_specialty()
        leaving = make_advisor(specialty, request_limit=99)
        make_request(specialty)
        ask = partial(make_request, specialty, preferred_advisor=leaving)
        assert at_the_same_moment(partial(hand_over, leaving, None, by=user), *[ask] * 4) == [""] * 5
        assert not leaving.requests.open().exists()
        assert not leaving.offers.running().exists()
        leaving.refresh_from_db()
        assert leaving.open_requests == 0


@pytest.mark.django_db(transaction=True)
def test_advisor_who_leaves_while_others_answer_blocks_nobody():
    user = make_superuser()
    for _ in range(6):
        specialty = make_specialty()
        leaving, successor = make_advisor(specialty, request_limit=99), make_advisor(request_limit=99)
        rows = [make_request(specialty) for _ in range(6)]
        answers = at_the_same_moment(
            partial(hand_over, leaving, successor, by=user),
            *(partial(fresh(row).accept, by=leaving) for row in rows[:3]),
            *(fresh(row).withdraw for row in reversed(rows[3:])),
        )
        assert answers[0] == ""
        assert {(row.status, row.advisor) for row in map(fresh, rows[:3])} == {("offered", successor)}
        assert {row.status for row in map(fresh, rows[3:])} == {"withdrawn"}


@pytest.mark.django_db(transaction=True)
def test_what_the_leaving_advisor_declines_meanwhile_stays_with_whoever_was_asked_next():
    user = make_superuser()
    for _ in range(3):
        specialty = make_specialty()
        leaving = make_advisor(specialty, request_limit=99)
        rows = [make_request(specialty) for _ in range(6)]
        make_advisor(specialty, request_limit=99)
        declines = [partial(fresh(row).decline, by=leaving) for row in rows]
        assert at_the_same_moment(partial(hand_over, leaving, None, by=user), *declines)[0] == ""
        for row in rows:
            assert {event.advisor for event in row.events.filter(kind="taken_back")} <= {leaving}
