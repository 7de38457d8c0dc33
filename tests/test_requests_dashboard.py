"""The first page of staff: what needs them, with links to exactly that, and how the requests go."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from requests_app.models import AdvisorRequest, OutgoingEmail
from specialties.models import Liaison
from tests.factories import make_advisor, make_email, make_request, make_specialty, make_staff, make_superuser

pytestmark = pytest.mark.django_db

INDEX = "/admin/"
MONDAY = "2026-11-23T12:00-06:00"


@pytest.fixture
def coordinator(client):
    user = make_staff("see_every_request", "view_advisorrequest", "view_outgoingemail")
    client.force_login(user)
    return user


def sign_in_liaison(client, specialty):
    user = make_staff("view_advisorrequest")
    Liaison.objects.create(user=user, specialty=specialty)
    client.force_login(user)


def make_late(advisor_request, days=1):
    day = timezone.localdate() - timedelta(days=days)
    AdvisorRequest.objects.filter(pk=advisor_request.pk).update(respond_by=day)


def make_some_of_each_need(specialty, user):
    """Two that wait, one of them overdue; one accepted and late, one in time; two offered; three failed e-mails."""
    make_request(specialty)
    make_late(make_request(specialty))
    advisors = [make_advisor(specialty), make_advisor(specialty)]
    late, in_time = make_request(specialty), make_request(specialty)
    for row in (late, in_time):
        row.assign(advisors[0], by=user)
    make_late(late, days=3)
    for _ in range(2):
        make_request(specialty).offer(advisors[1], by=user)
    OutgoingEmail.objects.filter(request=in_time, kind="received").update(next_try=None)
    OutgoingEmail.objects.filter(request=late, kind__in=["received", "accepted"]).update(next_try=None)


def needs(response):
    return {need.title: need.number for need in response.context["needs"]}


def test_numbers_say_what_needs_the_office_today(client, coordinator):
    make_some_of_each_need(make_specialty(), coordinator)
    make_email(next_try=None)
    assert needs(client.get(INDEX)) == {
        "Overdue with the office": 1,
        "Waiting for the office": 2,
        "Accepted, not met in time": 1,
        "E-mail that failed": 4,
    }


def test_each_number_leads_to_a_list_of_as_many(client, coordinator):
    make_some_of_each_need(make_specialty(), coordinator)
    response = client.get(INDEX)
    for need in response.context["needs"]:
        assert f'href="{need.url.replace("&", "&amp;")}"' in response.content.decode()
        found = client.get(need.url)
        assert found.status_code == 200
        assert found.context["cl"].result_count == need.number


def test_most_urgent_come_by_name_the_longest_late_first(client, coordinator):
    specialty = make_specialty()
    for days in (2, 9, 4, 1, 3, 7):
        make_late(make_request(specialty, name=f"Late by {days}"), days=days)
    response = client.get(INDEX)
    assert [row.name for row in response.context["urgent"]] == [f"Late by {days}" for days in (9, 7, 4, 3, 2)]
    first = response.context["urgent"][0]
    html = response.content.decode()
    assert f'href="/admin/requests_app/advisorrequest/{first.pk}/change/">Late by 9</a>' in html
    assert f"was due {first.respond_by.day} {first.respond_by:%B}" in html


def test_weeks_are_counted_to_this_one_without_a_gap(client, coordinator):
    for moment in (
        "2026-09-06T23:59-05:00",
        "2026-09-07T00:01-05:00",
        "2026-11-22T23:59-06:00",
        "2026-11-23T00:01-06:00",
    ):
        with time_machine.travel(moment):
            make_request()
    with time_machine.travel(MONDAY):
        weeks = client.get(INDEX).context["weeks"]
    assert len(weeks.rows) == 12
    assert [row for row in weeks.lines if row[1]] == [["7 Sep", 1], ["16 Nov", 1], ["23 Nov", 1], ["All", 3]]


def test_time_to_first_answer_is_that_of_the_last_ninety_days(client, coordinator):
    def close(received, answered):
        with time_machine.travel(received):
            stored = make_request()
        with time_machine.travel(answered):
            stored.close("Done.", by=coordinator)

    close("2026-07-01T12:00-05:00", "2026-08-31T12:00-05:00")
    close("2026-11-02T12:00-06:00", "2026-11-03T12:00-06:00")
    close("2026-11-02T12:00-06:00", "2026-11-16T12:00-06:00")
    with time_machine.travel(MONDAY):
        response = client.get(INDEX)
    assert response.context["answers"] == {"number": 2, "median": 5.5, "in_time": 50, "target": 5}
    assert "working days, the median of 2 requests" in response.content.decode()


def test_load_is_what_is_open_of_the_limit_the_fullest_first(client, coordinator):
    specialty = make_specialty()
    ada, ben = make_advisor(specialty, name="Ada", request_limit=3), make_advisor(specialty, name="Ben")
    make_advisor(make_specialty(), name="Cem of no request")
    make_request(specialty).assign(ben, by=coordinator)
    make_request(specialty).offer(ben, by=coordinator)
    make_request(specialty).assign(ada, by=coordinator)
    response = client.get(INDEX)
    assert [(row.name, row.open_now) for row in response.context["advisors"]] == [("Ben", 2), ("Ada", 1)]
    assert '<th scope="row">Ada</th><td>1</td><td>3</td>' in response.content.decode()


def test_liaison_is_told_of_their_specialties_alone(client, superuser):
    mine, other = make_specialty("Urology"), make_specialty("Surgery")
    both = make_advisor(mine, other, name="Ada", accepts_requests=False)
    make_some_of_each_need(other, superuser)
    for specialty in (mine, other):
        make_request(specialty, name=f"Student of {specialty}").assign(both, by=superuser)
    sign_in_liaison(client, mine)
    response = client.get(INDEX)
    assert needs(response) == {
        "Overdue with the office": 0,
        "Waiting for the office": 0,
        "Accepted, not met in time": 0,
    }
    assert list(response.context["urgent"]) == []
    assert response.context["weeks"].total == ["All", 1]
    assert response.context["answers"]["number"] == 1
    assert [(row.name, row.open_now) for row in response.context["advisors"]] == [("Ada", 1)]
    assert "Surgery" not in response.content.decode()


def test_those_who_may_not_see_requests_see_the_menu_and_no_numbers(client):
    make_late(make_request(name="Ada Student"))
    for permissions in ([], ["view_specialty"], ["see_every_request"]):
        client.force_login(make_staff(*permissions))
        response = client.get(INDEX)
        html = response.content.decode()
        assert response.status_code == 200
        assert "needs" not in response.context
        assert ("Specialties" in html) == (permissions == ["view_specialty"])
        assert "Needs you today" not in html
        assert "Ada Student" not in html


def test_empty_portal_has_no_figures(client, coordinator):
    response = client.get(INDEX)
    assert set(needs(response).values()) == {0}
    assert response.context["answers"] == {"number": 0, "median": "–", "in_time": "–", "target": 5}
    assert response.context["weeks_chart"] is None
    html = response.content.decode()
    for words in ("Nothing needs the office.", "No request received in the last 90 days is answered."):
        assert words in html


@pytest.mark.parametrize(("is_liaison", "queries"), [(True, 13), (False, 14)])
def test_dashboard_is_flat(client, django_assert_num_queries, is_liaison, queries):
    specialty, staff = make_specialty(), make_superuser()
    user = make_staff("view_advisorrequest", *([] if is_liaison else ["see_every_request", "view_outgoingemail"]))
    Liaison.objects.create(user=user, specialty=specialty)
    client.force_login(user)
    for more in (1, 2):
        for _ in range(more):
            stored = make_request(specialty, preferred_advisor=make_advisor(specialty))
            stored.assign(make_advisor(specialty), by=staff)
            make_late(stored)
        with django_assert_num_queries(queries):
            assert len(client.get(INDEX).context["urgent"]) in (1, 3)
