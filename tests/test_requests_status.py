import pytest
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar

from tests.factories import make_advisor, make_request, make_specialty
from tests.test_requests_models import emails_of

pytestmark = pytest.mark.django_db


def page(client, advisor_request):
    response = client.get(advisor_request.get_absolute_url())
    assert response.status_code == 200
    return response.content.decode()


def test_page_shows_reference_next_step_date_and_what_was_sent(client, guide):
    stored = make_request(
        guide,
        name="Ada",
        message="Line one\n<b>two</b>",
        availability="Tuesdays",
        preferred_advisor=guide.advisors.get(),
    )
    html = page(client, stored)
    date = stored.respond_by
    for words in (
        stored.reference,
        "The advising office has your request",
        f"{date:%A}, {date.day} {date:%B}",
        "Interventional Radiology",
        stored.email,
        "M3",
        "Kent Sato, MD",
        "Research",
        "Line one\n&lt;b&gt;two&lt;/b&gt;",
        "Tuesdays",
        f"[{stored.reference}] We have your request for an advisor in IR",
        "On its way",
    ):
        assert words in html


def test_page_follows_the_request(client, superuser):
    specialty = make_specialty()
    stored, advisor = make_request(specialty), make_advisor(specialty, name="Kim Able", credentials="MD")
    stored.assign(advisor, by=superuser)
    html = page(client, stored)
    assert "Kim Able, MD is your advisor" in html
    assert "Kim Able, MD became your advisor" in html
    stored.close("Answered at the <fair>.", by=superuser)
    html = page(client, stored)
    assert "This request is closed" in html
    assert "Answered at the &lt;fair&gt;." in html
    assert f"/specialties/{specialty.slug}/request/" in html


def test_reason_for_closing_keeps_its_lines(client, superuser):
    stored = make_request()
    stored.close("Two things:\r\n- the fair\n\nSee you <there>.", by=superuser)
    assert "Two things:<br>- the fair<br><br>See you &lt;there&gt;." in page(client, stored)


def test_late_office_apologises_and_says_where_to_write(client):
    stored = make_request()
    type(stored).objects.update(respond_by="2026-01-02")
    html = page(client, stored)
    assert "are late; we are sorry" in html
    assert "office@example.edu" in html


def test_late_advisor_is_not_promised_for_a_day_that_is_past(client, superuser):
    stored = make_request()
    stored.assign(make_advisor(stored.specialty), by=superuser)
    type(stored).objects.update(respond_by="2026-01-02")
    html = page(client, stored)
    assert "2 January" not in html
    assert "If you have not met, write to" in html


def test_page_links_no_guide_that_is_hidden(client, superuser):
    stored = make_request()
    stored.close("Done.", by=superuser)
    type(stored.specialty).objects.update(is_published=False)
    assert "/specialties/" not in page(client, stored)


def test_mail_that_cannot_be_delivered_is_named(client):
    stored = make_request()
    stored.emails.update(next_try=None)
    assert "Could not be delivered to" in page(client, stored)


def test_mail_to_others_is_not_shown(client):
    stored = make_request()
    stored.emails.update(sent_at=timezone.now(), next_try=None)
    html = page(client, stored)
    assert html.count("We have your request for an advisor") == 1
    assert "New request for an advisor" not in html


def test_page_is_kept_out_of_caches_search_engines_and_referrers(client):
    response = client.get(make_request().get_absolute_url())
    assert "no-store" in response["Cache-Control"]
    assert response["X-Robots-Tag"] == "noindex, nofollow"
    assert response["Referrer-Policy"] == "no-referrer"
    assert '<meta name="robots" content="noindex, nofollow">' in response.content.decode()


@pytest.mark.parametrize("token", ["wrong", "wr\x00ng", "é", "x" * 5000, "MQ:1xVdK:forged", "../../etc/passwd"])
def test_link_that_is_wrong_says_what_to_do(client, token):
    response = client.get(reverse("requests:status", args=["x"]).replace("x/", "") + token.replace("/", "%2F") + "/")
    assert response.status_code == 404
    if "/" not in token:
        assert "This link does not work" in response.content.decode()
        assert response["Referrer-Policy"] == "no-referrer"


def test_tampered_token_is_unknown(client):
    stored = make_request()
    url = stored.get_absolute_url()
    for wrong in (url[:-2] + "/", url[:-1].swapcase() + "/", url[:-1] + "x/"):
        assert client.get(wrong).status_code == 404


def test_status_changes_by_no_method(client):
    stored = make_request()
    for method in (client.put, client.delete):
        assert method(stored.get_absolute_url()).status_code == 405
    client.post(stored.get_absolute_url(), {"satisfaction": 5, "status": "closed"})
    stored.refresh_from_db()
    assert (stored.status, stored.satisfaction) == ("waiting", None)


@pytest.mark.parametrize("events", [1, 3])
def test_page_queries_are_flat(client, superuser, django_assert_num_queries, events):
    specialty = make_specialty()
    stored = make_request(specialty, preferred_advisor=make_advisor(specialty))
    for _ in range(events):
        stored.offer(make_advisor(specialty), by=superuser)
    with django_assert_num_queries(3):
        client.get(stored.get_absolute_url())


def test_offered_request_says_who_has_it_until_when_and_what_happens_then(client):
    specialty = make_specialty()
    make_advisor(specialty, name="Kim Able", credentials="MD")
    html = page(client, make_request(specialty))
    assert "Kim Able, MD has been asked" in html
    assert "we ask the next advisor who can, or the office takes over" in html
    assert "@example.edu" not in html.split("What you sent")[0]  # their address is the student's after they accepted


def test_accepted_request_says_how_to_reach_the_advisor(client, superuser):
    stored = make_request()
    stored.assign(make_advisor(stored.specialty, email="kim@example.edu"), by=superuser)
    assert 'href="mailto:kim@example.edu?subject=' in page(client, stored)


def test_student_withdraws_with_one_click_and_one_confirm(client):
    stored = make_request()
    url = f"{stored.get_absolute_url()}withdraw/"
    assert f'href="{url}"' in page(client, stored)
    html = client.get(url).content.decode()
    assert "Withdraw your request?" in html
    stored.refresh_from_db()
    assert stored.status == "waiting"
    assert client.post(url)["Location"] == stored.get_absolute_url()
    assert "You withdrew this request" in page(client, stored)
    assert "withdraw/" not in page(client, stored)
    for method in (client.get, client.post):  # too late, or twice
        assert method(url)["Location"] == stored.get_absolute_url()
    assert stored.events.count() == 2


@pytest.mark.parametrize("path", ["withdraw/", "calendar.ics"])
def test_pages_of_a_wrong_link_say_what_to_do(client, path):
    response = client.get(f"/requests/wrong/{path}")
    assert response.status_code == 404
    assert "This link does not work" in response.content.decode()


def test_date_can_be_put_into_a_calendar(client, superuser, settings):
    settings.SITE_URL = "http://portal.example.edu"
    stored = make_request(make_specialty(abbreviation="IR"))
    advisor = make_advisor(stored.specialty, name="Kim, Able")
    url = f"{stored.get_absolute_url()}calendar.ics"
    for summary in ("The advising office answers by today", "Kim, Able answers by today", "Meet Kim, Able by today"):
        response = client.get(url)
        assert response["Content-Type"] == "text/calendar; charset=utf-8"
        assert response["Content-Disposition"] == f'attachment; filename="{stored.reference}.ics"'
        [event] = Calendar.from_ical(response.content).walk("VEVENT")
        assert event["summary"] == f"{summary} ({stored.reference})"
        assert event["dtstart"].dt == stored.respond_by
        link = f"http://portal.example.edu{stored.get_absolute_url()}"
        assert event["url"] == link
        assert event["description"] == f"Where your request stands, and what you can do: {link}"
        if stored.status == "waiting":
            stored.offer(advisor, by=superuser)
        elif stored.status == "offered":
            stored.accept(by=advisor)
    stored.close("Done.", by=superuser)
    assert client.get(url)["Location"] == stored.get_absolute_url()  # the link is good, the date is gone


@pytest.fixture
def met(superuser):
    stored = make_request()
    advisor = make_advisor(stored.specialty)
    stored.assign(advisor, by=superuser)
    stored.meet(by=advisor)
    return stored


def test_two_questions_are_asked_after_the_meeting_once(client, met):
    html = page(client, met)
    for words in ("Very dissatisfied", "Neither satisfied nor dissatisfied", "Very satisfied", "half a minute"):
        assert (words in html) == (words != "half a minute")
    response = client.post(met.get_absolute_url(), {"satisfaction": 4, "comment": "Kind & clear"})
    assert response["Location"] == met.get_absolute_url()
    met.refresh_from_db()
    assert (met.satisfaction, met.survey_comment) == (4, "Kind & clear")
    assert "Thank you for telling us how it went." in page(client, met)


def test_second_answer_is_told_that_the_first_stays(client, met):
    client.post(met.get_absolute_url(), {"satisfaction": 4, "comment": "Kind & clear"})
    response = client.post(met.get_absolute_url(), {"satisfaction": 1, "comment": "Something <important>"})
    assert response.status_code == 409
    html = response.content.decode()
    assert "You told us already how it went" in html
    assert "Something &lt;important&gt;" in html  # so that it can be copied
    met.refresh_from_db()
    assert (met.satisfaction, met.survey_comment) == (4, "Kind & clear")


def test_survey_that_was_promised_is_there_after_the_request_is_closed(client, superuser, met):
    met.close("That was that.", by=superuser)
    assert [kind for kind, _ in emails_of(met)][-1] == "closed"  # and the advisor, long done with it, is told nothing
    assert "Very satisfied" in page(client, met)
    client.post(met.get_absolute_url(), {"satisfaction": 5})
    met.refresh_from_db()
    assert (met.status, met.satisfaction) == ("closed", 5)
    assert "Thank you for telling us how it went." in page(client, met)


def test_request_closed_without_a_meeting_asks_nothing(client, superuser):
    stored = make_request()
    stored.close("Done.", by=superuser)
    assert "Very satisfied" not in page(client, stored)
    assert "Thank you for telling us" not in page(client, stored)


def test_student_can_still_write_to_the_advisor_they_met(client, met):
    assert f'href="mailto:{met.advisor.email}?subject={met.reference}"' in page(client, met)


def test_date_that_is_past_is_promised_to_nobody(client, superuser):
    stored = make_request()
    stored.offer(make_advisor(stored.specialty), by=superuser)
    type(stored).objects.update(respond_by="2026-01-02")
    html = page(client, stored)
    assert "2 January" not in html
    assert "we ask the next advisor" in html


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"satisfaction": 6},
        {"satisfaction": "x"},
        {"satisfaction": 3, "comment": "x" * 1001},
        {"satisfaction": 3, "comment": "\x01=HYPERLINK(1)"},
        {"satisfaction": 3, "comment": "Good \u202e"},
    ],
)
def test_answers_that_cannot_be_are_told(client, met, fields):
    response = client.post(met.get_absolute_url(), fields)
    assert response.status_code == 422
    assert "Nothing has been sent yet" in response.content.decode()
    met.refresh_from_db()
    assert met.satisfaction is None
