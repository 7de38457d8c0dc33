"""Was this helpful? The vote, the words, how often they are taken, and which staff read them."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from specialties.feedback import SIGNER
from specialties.models import Answer, Feedback, Liaison
from tests.factories import make_answer, make_feedback, make_question, make_specialty, make_staff

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 2, 18, tzinfo=UTC)
HERE = {"origin": "http://testserver"}


@pytest.fixture
def answer():
    return make_answer(make_specialty("Urology"), make_question("pay", label="Pay"))


def send_vote(client, answer, choice="no", headers=HERE, **fields):
    url = reverse("specialties:vote", args=[answer.specialty.slug])
    return client.post(url, {choice: answer.question.key, **fields}, headers=headers)


def stored():
    return list(Feedback.objects.order_by("pk").values_list("answer", "is_helpful", "words", "state"))


class TestVote:
    def test_is_one_press_on_the_guide(self, client, answer):
        blank = make_answer(answer.specialty, short_answer="", body="")
        html = client.get(answer.specialty.get_absolute_url()).content.decode()
        assert re.findall(r'<button form="helpful" name="(\w+)" value="([\w-]+)"', html) == [
            ("yes", "pay"),
            ("no", "pay"),
        ]
        assert blank.question.key in html
        assert re.findall(r'<form id="helpful" method="post" action="([^"]+)"', html) == [
            "/specialties/urology/feedback/"
        ]

    def test_leaves_the_guide_without_token_and_cookie(self, client, answer):
        response = client.get(answer.specialty.get_absolute_url())
        assert not response.cookies
        assert "csrfmiddlewaretoken" not in response.content.decode()
        assert "Cookie" not in response.get("Vary", "")

    @pytest.mark.parametrize(("choice", "is_helpful"), [("yes", True), ("no", False)])
    def test_is_stored_and_leads_to_thanks(self, answer, choice, is_helpful):
        client = Client(enforce_csrf_checks=True)
        response = send_vote(client, answer, choice)
        assert stored() == [(answer.pk, is_helpful, "", "new")]
        signed = SIGNER.sign(f"{answer.pk}-{Feedback.objects.get().pk}")
        with time_machine.travel(NOW):
            assert (response.status_code, response["Location"].split(":")[0]) == (
                302,
                f"/feedback/{signed.split(':')[0]}",
            )
        assert "Thank you" in client.get(response["Location"]).content.decode()

    def test_is_taken_by_post_only(self, client, answer):
        url = reverse("specialties:vote", args=["urology"])
        assert client.get(url, {"yes": "pay"}, headers=HERE).status_code == 405
        assert stored() == []

    @pytest.mark.parametrize("headers", [{}, {"origin": "null"}, {"origin": "http://elsewhere.example"}])
    def test_from_a_page_elsewhere_is_not_taken(self, client, answer, headers):
        response = send_vote(client, answer, headers=headers)
        assert response.status_code == 403
        assert "Please send the form again" in response.content.decode()
        assert stored() == []

    def test_of_who_fills_the_hidden_field_is_not_stored_and_looks_the_same(self, client, answer):
        response = send_vote(client, answer, subject="Buy now")
        assert response.status_code == 302
        page = client.get(response["Location"]).content.decode()
        assert "What was missing?" in page
        assert client.post(response["Location"], {"words": "Buy"})["Location"] == f"{response['Location']}?sent=yes"
        assert stored() == []

    @pytest.mark.parametrize("fields", [{}, {"no": "nothing"}, {"yes": "p\0ay"}, {"yes": "blank"}, {"no": "retired"}])
    def test_on_what_no_reader_sees_is_not_found(self, client, answer, fields):
        make_answer(answer.specialty, make_question("blank"), short_answer="", body="")
        make_answer(answer.specialty, make_question("retired", is_active=False))
        url = reverse("specialties:vote", args=["urology"])
        assert client.post(url, fields, headers=HERE).status_code == 404
        assert stored() == []

    def test_on_a_draft_is_not_found(self, client):
        answer = make_answer(make_specialty(is_published=False))
        assert send_vote(client, answer).status_code == 404

    def test_is_limited_for_each_place_and_hour(self, client, answer, settings):
        settings.VOTES_PER_HOUR = 2
        with time_machine.travel(NOW, tick=False):
            answers = [send_vote(client, answer) for _ in range(3)]
            assert [answer.status_code for answer in answers] == [302, 302, 429]
            assert "Please try again after" in answers[2].content.decode()
            assert "Retry-After" in answers[2]
            assert (
                client.post(
                    reverse("specialties:vote", args=["urology"]), {"yes": "pay"}, headers=HERE, REMOTE_ADDR="192.0.2.7"
                ).status_code
                == 302
            )
        assert len(stored()) == 3
        with time_machine.travel(NOW + timedelta(hours=1), tick=False):
            assert send_vote(client, answer).status_code == 302

    @pytest.mark.parametrize("number", [1, 3])
    def test_takes_no_more_queries_on_a_longer_guide(self, client, answer, django_assert_num_queries, number):
        for _ in range(number - 1):
            make_answer(answer.specialty)
        with django_assert_num_queries(4):  # the last forgets what was counted in hours gone by
            send_vote(client, answer)


class TestWords:
    @pytest.fixture
    def page(self, client, answer):
        return send_vote(client, answer)["Location"]

    def test_are_stored_with_the_vote(self, client, answer, page):
        response = client.post(page, {"words": "Which programs?\r\nAnd when?"})
        assert response["Location"] == f"{page}?sent=yes"
        assert stored() == [(answer.pk, False, "Which programs?\nAnd when?", "new")]
        html = client.get(response["Location"]).content.decode()
        assert "The advising office reads what you wrote" in html
        assert "<form" not in html.split("<h1>")[1]

    def test_are_taken_once(self, client, answer, page):
        client.post(page, {"words": "First."})
        client.post(page, {"words": "Second."})
        assert stored() == [(answer.pk, False, "First.", "new")]

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            ("", "Please write a few words"),
            ("\u2800 ", "Please write a few words"),
            ("x" * 1001, "This is 1 character too long"),
            ("a\0b", "cannot be read"),
        ],
    )
    def test_that_say_nothing_or_too_much_are_sent_back(self, client, answer, page, words, message):
        response = client.post(page, {"words": words})
        assert response.status_code == 422
        assert message in response.content.decode()
        assert stored() == [(answer.pk, False, "", "new")]

    def test_of_a_bot_are_not_stored(self, client, answer, page):
        assert client.post(page, {"words": "Buy", "subject": "Buy"})["Location"] == f"{page}?sent=yes"
        assert stored() == [(answer.pk, False, "", "new")]

    def test_need_the_token_of_their_page(self, answer, page):
        assert Client(enforce_csrf_checks=True).post(page, {"words": "Forged."}).status_code == 403
        assert stored() == [(answer.pk, False, "", "new")]

    def test_opening_the_page_changes_nothing(self, client, answer, page):
        before = stored()
        response = client.get(page, {"words": "By a link"})
        assert "no-store" in response["Cache-Control"]
        assert stored() == before

    def test_page_is_gone_after_a_day_and_with_its_answer(self, client, answer):
        with time_machine.travel(NOW):
            page = send_vote(client, answer)["Location"]
        with time_machine.travel(NOW + timedelta(hours=25)):
            assert client.get(page).status_code == 404
        with time_machine.travel(NOW + timedelta(hours=23)):
            assert client.get(page).status_code == 200
            Answer.objects.all().delete()
            assert client.get(page).status_code == 404

    def test_are_nowhere_on_the_site(self, client, answer):
        make_feedback(answer, words="Unspeakable", state=Feedback.State.PASSED_ON)
        urls = ("/", "/specialties/urology/", "/questions/pay/", "/feed/", "/compare/?s=urology")
        assert [url for url in urls if "Unspeakable" in client.get(url).content.decode()] == []
        assert client.get("/search/?q=Unspeakable").context["results"].groups == []


class TestReading:
    def shown(self, client):
        return sorted(feedback.words for feedback in client.get(LIST).context["cl"].result_list)

    @pytest.fixture
    def words(self, answer):
        """Words in each state, in two guides, and a vote without any."""
        other = make_answer(make_specialty("Surgery"))
        make_feedback(answer)
        for state in Feedback.State:
            make_feedback(answer, words=f"urology {state}", state=state)
            make_feedback(other, words=f"surgery {state}", state=state)

    def test_office_reads_all_words(self, client, words):
        client.force_login(make_staff("view_feedback", "moderate_feedback"))
        assert self.shown(client) == [
            f"{name} {state}" for name in ("surgery", "urology") for state in ("kept_back", "new", "passed_on")
        ]

    def test_liaison_reads_what_was_passed_on_of_their_guides(self, client, words, answer):
        liaison = make_staff("view_feedback", "view_specialty")
        Liaison.objects.create(user=liaison, specialty=answer.specialty)
        client.force_login(liaison)
        assert self.shown(client) == ["urology passed_on"]
        hidden = Feedback.objects.get(words="urology new")
        assert client.get(reverse("admin:specialties_feedback_change", args=[hidden.pk])).status_code == 302

    def test_reader_of_all_guides_reads_what_was_passed_on(self, client, words):
        client.force_login(make_staff("view_feedback", "see_every_guide"))
        assert self.shown(client) == ["surgery passed_on", "urology passed_on"]

    def test_others_read_nothing(self, client, words):
        client.force_login(make_staff("view_specialty", "see_every_guide"))
        assert client.get(LIST).status_code == 403

    @pytest.mark.parametrize(("action", "state"), [("pass_on", "passed_on"), ("keep_back", "kept_back")])
    def test_office_decides(self, client, answer, action, state):
        row = make_feedback(answer, words="More, please.")
        user = make_staff("view_feedback", "moderate_feedback")
        client.force_login(user)
        client.post(LIST, {"action": action, "_selected_action": [row.pk]})
        row.refresh_from_db()
        assert (row.state, row.moderated_by) == (state, user)

    def test_nobody_else_decides(self, client, answer):
        row = make_feedback(answer, words="More, please.", state=Feedback.State.PASSED_ON)
        client.force_login(make_staff("view_feedback", "see_every_guide"))
        client.post(LIST, {"action": "keep_back", "_selected_action": [row.pk]})
        row.refresh_from_db()
        assert (row.state, row.moderated_by) == ("passed_on", None)

    def test_each_leads_to_its_answer(self, client, answer):
        make_feedback(answer, words="More, please.")
        client.force_login(make_staff("view_feedback", "moderate_feedback"))
        link = f"/admin/specialties/specialty/{answer.specialty.pk}/change/#answer-pay"
        assert f'<a class="underline" href="{link}">Urology: Pay</a>' in client.get(LIST).content.decode()

    @pytest.mark.parametrize("is_liaison", [True, False])
    def test_list_is_flat(self, client, answer, django_assert_num_queries, is_liaison):
        user = make_staff("view_feedback", "view_specialty", *([] if is_liaison else ["moderate_feedback"]))
        Liaison.objects.create(user=user, specialty=answer.specialty)
        client.force_login(user)
        for _ in range(2):
            make_feedback(answer, words="Once.", state=Feedback.State.PASSED_ON, moderated_by=user)
            make_feedback(make_answer(answer.specialty), words="Twice.", state=Feedback.State.PASSED_ON)
            with django_assert_num_queries(7):
                assert client.get(LIST).status_code == 200


LIST = "/admin/specialties/feedback/"


def test_votes_on_a_text_that_was_changed_since_do_not_count(answer):
    make_feedback(answer)
    make_feedback(answer, is_helpful=True)
    assert Answer.objects.with_votes().values_list("votes", "noes").get() == (2, 1)
    answer.body = "<p>Another text.</p>"
    answer.save()
    assert Answer.objects.with_votes().values_list("votes", "noes").get() == (0, 0)
    make_feedback(answer)
    assert Answer.objects.with_votes().values_list("votes", "noes").get() == (1, 1)
