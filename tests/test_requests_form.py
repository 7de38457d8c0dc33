import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.urls import reverse

from requests_app.models import AdvisorRequest, RequestEvent
from requests_app.outbox import OutgoingEmail
from tests.factories import make_advisor, make_request, make_specialty

pytestmark = pytest.mark.django_db


@pytest.fixture
def url(guide):
    return reverse("requests:create", args=[guide.slug])


def form_data(**fields):
    return {
        "name": "Ada Student",
        "email": "ada@example.edu",
        "class_year": "m3",
        "topics": ["research", "aways"],
        "advisor": "kent-sato",
        "message": "I am choosing between IR and vascular surgery.\nHow are aways seen?",
        "availability": "Tuesdays after 5",
        "submission_id": str(uuid.uuid4()),
        "subject": "",
    } | fields


def trapped(**fields):
    """What a bot sends that fills the field no person sees."""
    return form_data(subject="http://spam.example", **fields)


def nothing_stored():
    return not (AdvisorRequest.objects.exists() or RequestEvent.objects.exists() or OutgoingEmail.objects.exists())


def test_request_is_stored_with_event_and_emails_and_leads_to_its_page(client, url, guide):
    response = client.post(url, form_data())

    stored = AdvisorRequest.objects.get()
    assert response.status_code == 302
    assert response["Location"] == f"/requests/{stored.token}/"
    assert (stored.specialty, stored.status, stored.advisor) == (guide, "waiting", None)
    assert (stored.name, stored.email, stored.class_year) == ("Ada Student", "ada@example.edu", "m3")
    assert stored.topics == ["research", "aways"]
    assert stored.preferred_advisor.slug == "kent-sato"
    assert re.fullmatch(r"IR-[2-9A-HJKMNP-Z]{5}", stored.reference)
    assert [(event.kind, event.actor, event.new_status) for event in stored.events.all()] == [
        ("submitted", "student", "waiting")
    ]
    assert sorted((email.kind, email.to, email.reply_to) for email in stored.emails.all()) == [
        ("received", "ada@example.edu", "office@example.edu"),
        ("received_for_office", "office@example.edu", "ada@example.edu"),
    ]


def test_emails_carry_the_reference_and_the_private_link_goes_to_the_student_only(client, url):
    client.post(url, form_data())
    stored = AdvisorRequest.objects.get()
    to_student, to_office = stored.emails.get(kind="received"), stored.emails.get(kind="received_for_office")
    assert to_student.subject == f"[{stored.reference}] We have your request for an advisor in IR"
    assert to_office.subject == f"[{stored.reference}] New request for an advisor in IR"
    assert f"http://testserver/requests/{stored.token}/" in to_student.text
    assert stored.token not in to_office.text + to_office.html
    assert f"/admin/requests_app/advisorrequest/{stored.pk}/change/" in to_office.text
    assert "How are aways seen?" in to_office.text


def test_words_of_a_student_are_escaped_in_html_mail_and_nowhere_in_a_subject(client, url):
    client.post(url, form_data(name="<b>Ada</b>", message="<script>alert(1)</script> & more"))
    to_office = OutgoingEmail.objects.get(kind="received_for_office")
    assert "<script>" not in to_office.html
    assert "<script>alert(1)</script> & more" in to_office.text
    assert not any("Ada" in email.subject for email in OutgoingEmail.objects.all())


def test_only_addresses_of_our_own_become_links_in_html_mail(client, url):
    elsewhere = "www.evil.example\nhttps://evil.example/x\nmail@evil.example\nhttp://testserver.evil.example/\nevil.com"
    client.post(url, form_data(message=elsewhere))
    stored = AdvisorRequest.objects.get()
    to_student, to_office = stored.emails.get(kind="received"), stored.emails.get(kind="received_for_office")
    assert re.findall(r'href="([^"]+)"', to_student.html) == [f"http://testserver{stored.get_absolute_url()}"]
    assert re.findall(r'href="([^"]+)"', to_office.html) == [
        f"http://testserver/admin/requests_app/advisorrequest/{stored.pk}/change/"
    ]
    assert "https://evil.example/x" in to_office.html


def test_form_sent_twice_is_one_request(client, url):
    data = form_data()
    first, second = client.post(url, data), client.post(url, data)
    assert first["Location"] == second["Location"]
    assert AdvisorRequest.objects.count() == 1
    assert OutgoingEmail.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_form_sent_twice_at_the_same_moment_is_one_request(guide):
    url, data = reverse("requests:create", args=[guide.slug]), form_data()

    def send(_):
        try:
            return Client().post(url, data)["Location"]
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as threads:
        locations = set(threads.map(send, range(12)))

    assert len(locations) == 1
    assert AdvisorRequest.objects.count() == 1
    assert OutgoingEmail.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_different_forms_of_one_address_at_the_same_moment_are_one_request(guide):
    url = reverse("requests:create", args=[guide.slug])

    def send(n):
        try:
            return Client().post(url, form_data(email=["ada@example.edu", "ADA@example.edu"][n % 2])).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as threads:
        answers = sorted(threads.map(send, range(12)))

    assert answers == [302] + [422] * 11
    assert AdvisorRequest.objects.count() == 1


@pytest.mark.parametrize("email", ["ada@example.edu", "ADA@Example.edu"])
def test_second_open_request_is_refused_and_shows_nothing_of_the_first(client, url, guide, email):
    first = make_request(guide, email="ada@example.edu", name="First Name", message="A secret")

    response = client.post(url, form_data(email=email, name="Somebody Else", message="Another"))

    html = response.content.decode()
    assert response.status_code == 422
    assert "There is an open request for Interventional Radiology from this address already" in html
    for secret in (first.token, first.reference, "First Name", "A secret"):
        assert secret not in html
    assert AdvisorRequest.objects.count() == 1


@pytest.mark.parametrize("email", ["\u212aim@example.edu", "k\u0130m@example.edu"])
def test_look_alike_of_an_address_with_an_open_request_is_refused(client, url, guide, email):
    make_request(guide, email="kim@example.edu")
    response = client.post(url, form_data(email=email))
    assert response.status_code == 422
    assert "letters in it that e-mail addresses do not have" in response.content.decode()
    assert AdvisorRequest.objects.count() == 1


def test_link_of_the_first_request_goes_to_its_own_address_once_an_hour(client, url, guide):
    first = make_request(guide, email="ada@example.edu")
    for _ in range(3):
        client.post(url, form_data(email="Ada@example.edu"))
    [again] = first.emails.filter(kind="already_open")
    assert again.to == "ada@example.edu"
    assert first.token in again.text


def test_closed_request_and_other_specialties_do_not_stand_in_the_way(client, url, guide, superuser):
    make_request(guide, email="ada@example.edu").close("Met at the fair.", by=superuser)
    make_request(make_specialty(), email="ada@example.edu")
    assert client.post(url, form_data()).status_code == 302


def test_form_taken_up_again_for_another_address_is_a_new_request(client, url):
    data = form_data()
    first = client.post(url, data)
    second = client.post(url, data | {"email": "ben@example.edu", "name": "Ben Student"})
    assert second.status_code == 302
    assert second["Location"] != first["Location"]
    assert AdvisorRequest.objects.count() == 2


@time_machine.travel("2026-11-23T12:00:00-06:00", tick=False)
def test_bot_is_answered_like_a_student_and_nothing_is_stored(client, url):
    real, bot = client.post(url, form_data()), client.post(url, trapped(email="ben@example.edu"))

    assert AdvisorRequest.objects.count() == 1
    assert OutgoingEmail.objects.count() == 2
    assert (bot.status_code, bot.headers.keys()) == (real.status_code, real.headers.keys())
    real_token, bot_token = real["Location"].split("/")[2], bot["Location"].split("/")[2]
    assert re.fullmatch(r"[\w-]{32}", real_token)
    assert re.fullmatch(r"[\w-]{32}", bot_token)
    real_page, bot_page = client.get(real["Location"]), client.get(bot["Location"])
    assert (bot_page.status_code, bot_page.headers.keys()) == (200, real_page.headers.keys())
    of_its_own = r"[\w-]{32}/|IR-[2-9A-HJKMNP-Z]{5}|(ada|ben)@|\d\d:\d\d"
    assert re.sub(of_its_own, "", bot_page.content.decode()) == re.sub(of_its_own, "", real_page.content.decode())
    for page in (real_page, bot_page):
        assert "The advising office has your request" in page.content.decode()
        assert re.search(r"IR-[2-9A-HJKMNP-Z]{5}", page.content.decode())
    assert client.get(bot["Location"]).content == bot_page.content


def test_page_of_a_bot_shows_what_it_sent_to_it_alone(client, url):
    page = client.post(url, trapped(message="Buy <now>", advisor="kent-sato"))["Location"]
    html = client.get(page).content.decode()
    for words in ("What you sent", "Ada Student", "Buy &lt;now&gt;", "Kent Sato, MD", "Away rotations", "On its way"):
        assert words in html
    [cookie] = [cookie for name, cookie in client.cookies.items() if name == "sent"]
    assert (cookie["path"], cookie["httponly"]) == (page, True)
    for stranger in (Client(), Client(headers={"cookie": "sent=forged"})):
        html = stranger.get(page).content.decode()
        assert "We have your request for an advisor in IR" in html
        assert "Buy" not in html


def test_what_a_bot_sent_is_not_kept_where_it_is_too_much_for_a_cookie(client, url):
    noise = "".join(chr(0x4E00 + n * 7919 % 20_000) for n in range(4_000))
    page = client.post(url, trapped(message=noise))
    assert "sent" not in page.cookies
    assert client.get(page["Location"]).status_code == 200


@time_machine.travel("2026-11-23T12:00:00-06:00", tick=False)
def test_bots_get_addresses_that_have_nothing_in_common(client, url):
    tokens = [client.post(url, trapped())["Location"].split("/")[2] for _ in range(20)]
    assert len({token[:4] for token in tokens}) == 20
    assert len({token[-4:] for token in tokens}) == 20


def test_form_a_bot_sends_twice_leads_to_one_address(client, url):
    data = trapped(submission_id="5f0c1b9e-9d3a-4b60-8f6e-0d8f2f1c7a11")
    with time_machine.travel("2026-11-23T12:00:00-06:00", tick=False) as clock:
        first = client.post(url, data)["Location"]
        clock.shift(7)
        assert client.post(url, data | {"email": "ADA@example.edu"})["Location"] == first
        assert client.post(url, data | {"email": "ben@example.edu"})["Location"] != first


def test_promise_to_a_bot_stays_as_it_was_given(client, url):
    with time_machine.travel("2026-11-23T12:00:00-06:00", tick=False) as clock:
        page = client.post(url, trapped())["Location"]
        for _ in range(2):
            assert "by <strong>Monday, 30 November</strong>" in client.get(page).content.decode()
            clock.shift(timedelta(days=2))
        clock.shift(timedelta(days=9))
        assert "are late; we are sorry" in client.get(page).content.decode()


def test_page_of_a_bot_is_at_its_own_address_only(client, url, guide):
    page = client.post(url, trapped())["Location"]
    token = page.split("/")[2]
    for place in range(32):
        other = "A" if token[place] != "A" else "B"
        assert client.get(page.replace(token, token[:place] + other + token[place + 1 :])).status_code == 404
    for wrong in (f"{token}!", f"!{token}", f"{token[:9]}.{token[9:]}", token[:-4], f"{token}AAAA", f"{token}%0A"):
        assert client.get(f"/requests/{wrong}/").status_code == 404
    assert client.get(page).status_code == 200
    guide.delete()
    assert client.get(page).status_code == 404


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", "", "Please tell us your name."),
        ("name", "x" * 101, "1 character too long: there is room for 100."),
        ("name", "Ada\nBcc: all@example.edu", "on one line"),
        ("name", "Ada\x07", "cannot be read"),
        ("name", "Ada\x00", "cannot be read"),
        ("name", "\u200b\u2060\ufeff", "Please tell us your name."),
        ("name", "\u3164\u2800", "Please tell us your name."),
        ("name", "Ada \u202etneduts", "marks in it that change the order"),
        ("name", "You won http://example.org/x", "without a web address"),
        ("name", "See evil.example now", "without a web address"),
        ("name", "EVIL.COM", "without a web address"),
        ("name", "WWW.EVIL", "without a web address"),
        ("name", "Evil.Com", "without a web address"),
        ("name", "my-x.com", "without a web address"),
        ("name", "evil\u3002com", "without a web address"),
        ("name", "evil\uff0ecom", "without a web address"),
        ("name", "evil\uff61com", "without a web address"),
        ("name", "evil\u200b.\u200bcom", "without a web address"),
        ("email", "", "Please give your e-mail address"),
        ("email", "ada", "does not look like an e-mail address"),
        ("email", "ada@example.edu\nBcc: all@example.edu", "does not look like an e-mail address"),
        ("email", '"a\x0bb"@example.edu', "cannot be read"),
        ("email", "a" * 250 + "@example.edu", "No e-mail address is this long"),
        ("email", "ada@example.edu, ben@example.edu", "does not look like an e-mail address"),
        ("email", "a" * 320 + "@example.edu", "does not look like an e-mail address"),
        ("email", "\u212aim@example.edu", "letters in it that e-mail addresses do not have"),
        ("email", "k\u0130m@example.edu", "letters in it that e-mail addresses do not have"),
        ("email", "kim@ex\u00e4mple.edu", "letters in it that e-mail addresses do not have"),
        ("class_year", "", "Please choose your year."),
        ("class_year", "m9", "Please choose your year."),
        ("topics", ["research", "poker"], "Please choose from these topics only."),
        ("message", "", "Please write a few words to the advisor."),
        ("message", "   \n ", "Please write a few words to the advisor."),
        ("message", "\u200b\n\u2060", "Please write a few words to the advisor."),
        ("message", "x" * 5500, "1,500 characters too long: there is room for 4,000."),
        ("message", "Hello\x1b[2J", "cannot be read"),
        ("message", "Hello\x00", "cannot be read"),
        ("message", "Hello \u202e", "marks in it that change the order"),
        ("availability", "x" * 501, "1 character too long: there is room for 500."),
        ("submission_id", "", "Please send the form again"),
        ("submission_id", "1 or 1=1", "Please send the form again"),
        ("advisor", "nobody", "does not take requests for this specialty"),
        ("advisor", "1", "does not take requests for this specialty"),
        ("advisor", "\x00", "does not take requests for this specialty"),
    ],
)
def test_bad_input_is_answered_at_its_field_and_stores_nothing(client, url, field, value, message):
    response = client.post(url, form_data(**{field: value}))
    form = response.context["form"]
    assert response.status_code == 422
    assert list(form.errors) == [field]
    assert message in form.errors[field][0]
    assert message in response.content.decode()
    assert nothing_stored()


def test_error_summary_leads_to_the_fields(client, url):
    html = client.post(url, form_data(name="", class_year="", message="")).content.decode()
    summary = html.split('class="error-summary"')[1].split("</ul>")[0]
    assert re.findall(r'href="#(\w+)"', summary) == ["id_name", "id_class_year_0", "id_message"]
    for target in ("id_name", "id_class_year_0", "id_message"):
        assert f'id="{target}"' in html
    assert 'aria-describedby="id_name_error"' in html
    assert 'id="id_name_error"' in html


def test_what_was_typed_stays_in_the_form_with_its_submission_id(client, url):
    data = form_data(name="")
    html = client.post(url, data).content.decode()
    assert "How are aways seen?" in html
    assert data["submission_id"] in html


@pytest.mark.parametrize("name", ["A.J. Brown", "Ana-María O'Neil Jr.", "J. R. St.John", "Mrs.Brown", "李小龍", "محمد"])
def test_names_as_people_have_them(client, url, name):
    assert client.post(url, form_data(name=name)).status_code == 302


def test_line_breaks_count_as_a_browser_counts_them(client, url):
    message = "x" * 3_990 + "\r\n" * 10
    assert client.post(url, form_data(message=message + "y" * 10)).status_code == 422
    assert client.post(url, form_data(message="x" + message)).status_code == 302
    assert "\r" not in AdvisorRequest.objects.get().message


def test_form_whose_submission_id_is_unreadable_comes_back_with_a_good_one(client, url):
    html = client.post(url, form_data(submission_id="broken")).content.decode()
    [fresh] = re.findall(r'name="submission_id" value="([^"]+)"', html)
    assert client.post(url, form_data(submission_id=fresh)).status_code == 302


def test_a_megabyte_is_refused_before_it_is_read(client, url):
    response = client.post(url, form_data(message="x" * 1_000_000))
    assert response.status_code == 413
    assert "more than we can take" in response.content.decode()
    assert nothing_stored()


class TestLimits:
    """Of requests from one network address within an hour, and for one e-mail address within a day."""

    def send(self, client, url, place="192.0.2.1", **fields):
        return client.post(url, form_data(**fields), REMOTE_ADDR=place)

    @pytest.fixture(autouse=True)
    def one_hour(self):
        with time_machine.travel("2026-11-24T15:30:00Z", tick=False):
            yield

    def test_place_may_send_so_many_and_reads_when_to_try_again(self, client, url, settings):
        settings.REQUESTS_PER_HOUR = 2
        for number in range(2):
            assert self.send(client, url, email=f"{number}@example.edu").status_code == 302
        refused = self.send(client, url, email="ada@example.edu", message="How are aways seen?")
        assert (refused.status_code, refused["Retry-After"]) == (429, "1800")
        page = refused.content.decode()
        assert "Please try again after 10:00 a.m." in page
        assert "How are aways seen?" in page
        assert AdvisorRequest.objects.count() == 2
        assert self.send(client, url, place="192.0.2.2").status_code == 302

    def test_address_may_send_so_many_wherever_from_and_however_it_is_written(self, client, url, settings):
        settings.REQUESTS_PER_DAY = 1
        assert self.send(client, url, place="192.0.2.1").status_code == 302
        AdvisorRequest.objects.get().withdraw()
        assert self.send(client, url, place="192.0.2.2", email="ADA@example.edu").status_code == 429
        assert AdvisorRequest.objects.count() == 1

    def test_address_with_an_open_request_cannot_be_asked_about_for_ever(self, client, url, settings):
        settings.REQUESTS_PER_DAY = 2
        codes = [self.send(client, url, place=f"192.0.2.{number}").status_code for number in range(3)]
        assert codes == [302, 422, 429]

    def test_bot_is_counted_like_anybody(self, client, url, settings):
        settings.REQUESTS_PER_HOUR = 1
        assert [client.post(url, trapped()).status_code for _ in range(2)] == [302, 429]

    def test_claiming_to_be_forwarded_changes_nothing(self, client, url, settings):
        settings.REQUESTS_PER_HOUR, settings.TRUSTED_PROXIES = 1, 1
        codes = [
            client.post(
                url,
                form_data(email=f"{number}@example.edu"),
                headers={"x-forwarded-for": f"10.0.0.{number}, 192.0.2.1"},
            ).status_code
            for number in range(2)
        ]
        assert codes == [302, 429]


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("ada@example.edu", 302),
        ("ada@Students.Example.EDU", 302),
        ("ada@example.com", 422),
        ("ada@evil-example.edu", 422),
        ("ada@sub.example.edu", 422),
    ],
)
def test_only_addresses_of_the_schools_domains_may_ask(client, url, settings, address, code):
    settings.STUDENT_EMAIL_DOMAINS = ["example.edu", "students.example.edu"]
    response = client.post(url, form_data(email=address))
    assert response.status_code == code
    told = "which ends in @example.edu or @students.example.edu" in response.content.decode()
    assert told == (code == 422)


def test_advisor_of_another_specialty_or_opted_out_is_refused(client, url, guide):
    elsewhere = make_advisor(make_specialty())
    opted_out, not_taking = make_advisor(guide, request_limit=0), make_advisor(guide, accepts_requests=False)
    for advisor in (elsewhere, opted_out, not_taking):
        response = client.post(url, form_data(advisor=advisor.slug))
        assert list(response.context["form"].errors) == ["advisor"]
    assert nothing_stored()


def test_advisor_on_the_committee_and_the_wish_to_avoid_it_contradict(client, url, guide):
    advisor = make_advisor(guide, on_selection_committee=True)
    response = client.post(url, form_data(advisor=advisor.slug, avoid_selection_committee="on"))
    assert list(response.context["form"].errors) == ["advisor"]
    assert nothing_stored()


def test_request_without_preference_and_with_the_wish(client, url):
    client.post(url, form_data(advisor="", avoid_selection_committee="on", topics=[], availability=""))
    stored = AdvisorRequest.objects.get()
    assert (stored.preferred_advisor, stored.avoid_selection_committee, stored.topics) == (None, True, [])


@pytest.mark.parametrize("slug", ["draft", "nothing-here"])
def test_draft_and_unknown_specialty_are_not_found(client, slug):
    make_specialty("Draft", is_published=False)
    url = reverse("requests:create", args=[slug])
    assert (client.get(url).status_code, client.post(url, form_data()).status_code) == (404, 404)
    assert nothing_stored()


def test_fields_nobody_offers_are_not_set(client, url, guide):
    client.post(url, form_data(status="closed", reference="MINE", token="mine", respond_by="2030-01-01", specialty=99))
    stored = AdvisorRequest.objects.get()
    assert (stored.status, stored.specialty) == ("waiting", guide)
    assert "MINE" not in stored.reference
    assert stored.token != "mine"


def test_form_names_the_advisors_with_what_students_ask_first(client, url, guide):
    make_advisor(guide, name="On Committee", on_selection_committee=True)
    make_advisor(guide, name="Opted Out", request_limit=0)
    html = client.get(url).content.decode()
    assert "Not on the residency" not in html  # nobody said so
    assert "Taking requests · On the residency selection committee" in html
    assert "No preference" in html
    assert "Opted Out" not in html


def test_where_nobody_takes_requests_there_is_nobody_to_choose(client):
    specialty = make_specialty()
    make_advisor(specialty, name="Opted Out", slug="opted-out", request_limit=0)
    url = reverse("requests:create", args=[specialty.slug])
    html = client.get(url, {"advisor": "opted-out"}).content.decode()
    assert "Who would you like to talk to?" not in html
    assert 'name="advisor"' not in html

    refused = client.post(url, form_data(advisor="opted-out"))  # from a page opened before they opted out
    html = refused.content.decode()
    assert refused.status_code == 422
    assert "This advisor does not take requests for this specialty." in html
    assert "id_advisor" not in html
    assert client.post(url, form_data(advisor="")).status_code == 302
    assert AdvisorRequest.objects.get().preferred_advisor is None


def test_form_says_how_long_a_message_may_be(client, url):
    assert "Up to 4,000 characters." in client.get(url).content.decode()


def test_form_takes_over_the_advisor_of_the_link(client, url):
    form = client.get(url, {"advisor": "kent-sato"}).context["form"]
    assert form["advisor"].value() == "kent-sato"
    assert client.get(url, {"advisor": "<script>"}).status_code == 200


def test_form_needs_a_token_of_this_site(url):
    response = Client(enforce_csrf_checks=True).post(url, form_data())
    assert response.status_code == 403
    assert "Please send the form again" in response.content.decode()
    assert nothing_stored()


def test_form_page_queries_are_flat(client, url, guide, django_assert_num_queries):
    for _ in range(3):
        make_advisor(guide)
    with django_assert_num_queries(3):
        client.get(url)
