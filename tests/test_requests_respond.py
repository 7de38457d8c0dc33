"""The advisor's page, reached by the link of one offer."""

import re

import pytest
import time_machine
from django.test import Client

from requests_app.handover import hand_over
from requests_app.models import AdvisorRequest, Offer
from specialties.models import Advisor
from tests.factories import make_advisor, make_request, make_specialty
from tests.test_requests_models import emails_of, events

pytestmark = pytest.mark.django_db

DAY_ONE = "2026-05-01T12:00-05:00"  # a Friday; the offer ends with Friday 8th


@pytest.fixture
def clock():
    with time_machine.travel(DAY_ONE, tick=False) as traveller:
        yield traveller


@pytest.fixture
def offer(clock):
    specialty = make_specialty("Urology")
    advisor = make_advisor(specialty, name="Kim Able", credentials="MD")
    make_request(specialty, preferred_advisor=advisor, message="My secret plan")
    return Offer.objects.get()


def page(client, offer):
    response = client.get(offer.get_absolute_url())
    return response.status_code, response.content.decode()


def heading(client, offer):
    return re.search(r"<h1>(.*?)</h1>", page(client, offer)[1])[1]


def buttons(html):
    return re.findall(r'name="action" value="(\w+)"', html)


def answer(client, offer, action, **fields):
    return client.post(offer.get_absolute_url(), {"action": action, **fields})


@pytest.mark.parametrize("answers", [["accept", "met"], ["accept", "hand_back"], ["decline"]])
def test_word_to_the_office_is_written_before_the_answer_and_kept_with_it(client, offer, answers):
    for number, action in enumerate(answers):
        html = page(client, offer)[1]
        assert html.index('name="note"') < html.index('name="action"')
        answer(client, offer, action, note=f"Word {number}")
    assert [note for *_, note in events(offer.request)][-len(answers) :] == [
        f"Word {number}" for number in range(len(answers))
    ]


def test_page_shows_what_the_student_wrote_and_until_when(client, offer):
    code, html = page(client, offer)
    assert code == 200
    for words in (
        "Can you advise this student on Urology?",
        "Friday, 8 May",
        "My secret plan",
        "/specialties/urology/",
    ):
        assert words in html
    assert buttons(html) == ["accept", "decline"]
    assert offer.request.token not in html


def test_opening_changes_nothing(client, offer):
    before = events(offer.request), emails_of(offer.request), Offer.objects.values().get()
    for method in (client.get, client.head, client.get):
        assert method(offer.get_absolute_url()).status_code == 200
    assert (events(offer.request), emails_of(offer.request), Offer.objects.values().get()) == before


def test_page_is_private(client, offer):
    response = client.get(offer.get_absolute_url())
    assert "no-store" in response["Cache-Control"]
    assert response["X-Robots-Tag"] == "noindex, nofollow"
    assert response["Referrer-Policy"] == "same-origin"  # it has a form


def test_answer_needs_the_token_of_the_page(offer):
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(offer.get_absolute_url(), {"action": "accept"}).status_code == 403
    assert AdvisorRequest.objects.get().status == "offered"


def test_accept_meet_and_what_the_link_says_afterwards(client, offer, clock):
    clock.move_to("2026-05-03T12:00-05:00")
    assert answer(client, offer, "accept").status_code == 302
    html = page(client, offer)[1]
    for words in ("You advise this student on Urology", "3 May", offer.request.email, "My secret plan", "15 May"):
        assert words in html
    assert buttons(html) == ["met", "hand_back"]
    clock.move_to("2026-06-20T12:00-05:00")  # long after the offer's own date
    assert answer(client, offer, "met").status_code == 302
    assert AdvisorRequest.objects.get().status == "met"
    html = page(client, offer)[1]
    assert "You met this student" in html
    assert "20 June" in html
    assert "My secret plan" not in html


def test_advisor_is_not_told_to_meet_by_a_day_that_is_past(client, offer, clock):
    answer(client, offer, "accept")
    clock.move_to("2026-06-20T12:00-05:00")
    html = page(client, offer)[1]
    assert "15 May" not in html
    assert "please meet soon" in html


def test_decline_keeps_the_word_for_the_office(client, offer):
    answer(client, offer, "decline", note="On call all month")
    assert AdvisorRequest.objects.get().status == "waiting"
    assert events(offer.request)[-1][-1] == "On call all month"
    assert heading(client, offer) == "You declined this on 1 May"
    assert "My secret plan" not in page(client, offer)[1]


def test_a_word_given_with_any_answer_is_kept(client, offer):
    for action, note in (("accept", "Write after the 9th"), ("met", "A pleasure")):
        answer(client, offer, action, note=note)
        assert events(offer.request)[-1][-1] == note
    assert "A pleasure" not in client.get(offer.request.get_absolute_url()).content.decode()


def test_hand_back(client, offer):
    answer(client, offer, "accept")
    answer(client, offer, "hand_back", note="No time")
    assert AdvisorRequest.objects.get().status == "waiting"
    assert heading(client, offer) == "You handed this back on 1 May"


def test_link_ends_with_its_offer_whether_or_not_the_worker_was_there(client, offer, clock):
    clock.move_to("2026-05-09T00:01-05:00")
    assert heading(client, offer) == "This offer ended on 8 May"
    assert "My secret plan" not in page(client, offer)[1]
    assert answer(client, offer, "accept").status_code == 409
    assert AdvisorRequest.objects.get().status == "offered"
    offer.request.expire()
    assert heading(client, offer) == "This offer ended on 8 May"
    assert answer(client, offer, "accept").status_code == 409
    assert AdvisorRequest.objects.get().status == "waiting"


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (lambda row, user: row.withdraw(), "The student withdrew this request"),
        (lambda row, user: row.close("Done.", by=user), "The office closed this request"),
        (lambda row, user: row.offer(make_advisor(row.specialty), by=user), "The office took this back"),
        (lambda row, user: row.take_back(by=user), "The office took this back"),
        (lambda row, user: hand_over(row.advisor, None, by=user), "The office took this back"),
    ],
)
def test_request_that_moved_on_says_what_happened(client, superuser, offer, step, words):
    step(offer.request, superuser)
    assert heading(client, offer) == f"{words} on 1 May"
    assert "My secret plan" not in page(client, offer)[1]
    before = events(offer.request)
    response = answer(client, offer, "accept")
    assert response.status_code == 409
    assert words in response.content.decode()
    assert events(offer.request) == before


def test_link_tells_how_its_own_offer_ended_whatever_came_later(client, superuser, offer, clock):
    row, second = offer.request, make_advisor(offer.request.specialty)
    clock.move_to("2026-05-05T12:00-05:00")
    row.offer(second, by=superuser)
    clock.move_to("2026-05-06T12:00-05:00")
    row.decline(by=second)
    clock.move_to("2026-06-20T12:00-05:00")
    row.withdraw()
    assert heading(client, offer) == "The office took this back on 5 May"
    declined = row.offers.last()
    assert heading(client, declined) == "You declined this on 6 May"
    for each in (offer, declined):
        for untrue in ("20 June", "withdrew", "somebody else"):
            assert untrue not in page(client, each)[1]


def test_request_the_office_takes_back_is_told_to_all_as_what_it_is(client, superuser, offer):
    answer(client, offer, "accept")
    offer.request.take_back(by=superuser, note="They are ill")
    assert AdvisorRequest.objects.get().status == "waiting"
    assert events(offer.request)[-1] == (
        *("taken_back", "accepted", "waiting", "staff", superuser.username),
        "They are ill",
    )
    assert emails_of(offer.request)[-2:] == [
        ("no_longer_yours", offer.advisor.email),
        ("moved_on", offer.request.email),
    ]
    timeline = client.get(offer.request.get_absolute_url()).content.decode()
    assert "The office looks for somebody in place of Kim Able, MD" in timeline
    assert "handed it back" not in timeline


def test_answer_given_twice_is_one(client, offer):
    answer(client, offer, "accept")
    assert answer(client, offer, "accept").status_code == 409
    assert answer(client, offer, "decline").status_code == 409
    assert [kind for kind, *_ in events(offer.request)] == ["submitted", "offered", "accepted"]


def test_full_advisor_is_told_so(client, offer):
    Advisor.objects.update(request_limit=0)
    response = answer(client, offer, "accept")
    assert response.status_code == 409
    html = response.content.decode()
    assert "You have 0 of at most 0 students already." in html
    assert 'href="mailto:office@example.edu' in html
    assert AdvisorRequest.objects.get().status == "offered"


def test_link_is_for_its_one_offer(client, offer):
    number, signature = offer.get_absolute_url().split("/")[2].split(".")
    for forged in (f"{int(number) + 1}.{signature}", f"{number}.{signature[::-1]}", number, f"{number}.", "x.y", "%00"):
        response = client.get(f"/respond/{forged}/")
        assert response.status_code == 404
        assert "This link does not work" in response.content.decode()


@pytest.mark.parametrize(
    "fields",
    [
        {"action": "met"},
        {"action": "close"},
        {},
        {"action": "decline", "note": "x" * 1001},
        {"action": "decline", "note": "\x1b[2J"},
    ],
)
def test_bad_answer_changes_nothing(client, offer, fields):
    assert client.post(offer.get_absolute_url(), fields).status_code == 409
    assert AdvisorRequest.objects.get().status == "offered"


def test_queries_are_flat(client, offer, django_assert_num_queries):
    for _ in range(2):
        with django_assert_num_queries(1):
            client.get(offer.get_absolute_url())
        make_request(offer.request.specialty, preferred_advisor=offer.advisor)
