"""A department's page: every answer of its guide, to be said still right or proposed anew."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from specialties.fields import as_typed, rich_text
from specialties.models import Answer, Proposal, Question, Review, Specialty
from specialties.models.proposals import State
from specialties.models.reviews import LINK, NotNow, WrittenOver, shown_as
from tests.factories import make_answer, make_question, make_review, make_specialty, make_stage, make_superuser

pytestmark = pytest.mark.django_db

NOW = "2026-05-04T12:00-05:00"


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def urology(clock):
    """A guide of one answer confirmed lately, one edited long ago, and one question without an answer."""
    Question.objects.update(is_active=False)  # those a new portal begins with
    specialty = make_specialty("Urology", department="Department of Urology")
    stage = make_stage()
    recent, old, _ = (make_question(key, text=f"{key}?", stage=stage) for key in ("recent", "old", "blank"))
    fields = {"confirmed_on": "2026-04-01", "confirmed_by": "Dr. A"}
    make_answer(specialty, recent, short_answer="Yes", body="<p>It helps.</p>", **fields)
    make_answer(specialty, old, body="<p>Two <strong>aways</strong>.</p>", edited_at="2024-01-01T12:00-05:00")
    return specialty


@pytest.fixture
def review(urology):
    return make_review(urology, name="Dr. B")


def page(client, review):
    response = client.get(review.get_absolute_url())
    return response.content.decode()


def shown(review, key):
    entries = Review.objects.get(pk=review.pk).entries()
    return {entry.question.key: shown_as(entry) for entry in entries}.get(key, "")


def say(client, review, action, key="old", **fields):
    fields = {"name": "Dr. B", "key": key, "shown": shown(review, key)} | fields
    return client.post(review.get_absolute_url(), {"action": action} | fields)


def confirmations():
    return {answer.question.key: (answer.confirmed_on, answer.confirmed_by) for answer in Answer.objects.all()}


BEFORE = {"recent": (date(2026, 4, 1), "Dr. A"), "old": (None, "")}


def test_every_answer_is_shown_blank_ones_and_the_oldest_first(client, review):
    html = page(client, review)
    assert re.findall(r'<section class="entry" id="(\w+)"', html) == ["blank", "old", "recent"]
    for words in ("Department of Urology", "Two <strong>aways</strong>.", "No answer from the department yet", "Yes"):
        assert words in html
    assert "Confirmed on 1 April 2026" in html
    assert "Last edited on 1 January 2024" in html
    assert "0 of 3 done" in html


def test_name_is_asked_first_and_once(client, urology):
    review = make_review(urology)
    assert re.findall(r'name="action" value="(\w+)"', page(client, review)) == ["name"]
    response = client.post(review.get_absolute_url(), {"action": "name", "name": " Dr.  B "})
    assert (response.status_code, response["Location"]) == (302, f"{review.get_absolute_url()}#answers")
    assert Review.objects.get().name == "Dr. B"
    html = page(client, review)
    assert html.count('name="name" value="Dr. B"') == html.count('name="action"')


@pytest.mark.parametrize("name", ["", " ", "\u3164", "x" * 101, "Dr.\u202e B", "Dr.\x07 B"])
def test_nothing_is_said_without_a_name(client, review, name):
    response = say(client, review, "confirm", name=name)
    assert response.status_code == 422
    assert 'role="alert"' in response.content.decode()
    assert confirmations() == BEFORE


def test_opening_changes_nothing(client, review):
    before = Review.objects.values().get(), confirmations(), Proposal.objects.count()
    for method in (client.get, client.head, client.get):
        response = method(review.get_absolute_url())
        assert response.status_code == 200
    assert (Review.objects.values().get(), confirmations(), Proposal.objects.count()) == before
    assert response["X-Robots-Tag"] == "noindex, nofollow"
    assert "no-store" in response["Cache-Control"]


def test_still_right_confirms_that_answer_today_and_comes_back_to_it(client, review):
    response = say(client, review, "confirm")
    assert response["Location"] == f"{review.get_absolute_url()}#old"
    assert confirmations() == BEFORE | {"old": (date(2026, 5, 4), "Dr. B")}
    html = page(client, review)
    assert "Still right: said by Dr. B on 4 May" in html
    assert "1 of 3 done" in html
    assert re.findall(r'<section class="entry" id="(\w+)"', html) == ["blank", "old", "recent"]  # where it was


def test_answer_that_changed_meanwhile_is_not_confirmed_and_both_texts_are_shown(client, review):
    seen = shown(review, "old")
    answer = Answer.objects.get(question__key="old")
    answer.body = "<p>One away.</p>"
    answer.save()
    response = say(client, review, "confirm", shown=seen, shown_text="Two <b>aways</b>.")
    assert response.status_code == 409
    html = response.content.decode()
    for words in ("changed while you were reading", "Two &lt;b&gt;aways&lt;/b&gt;.", "One away."):
        assert words in html
    assert confirmations() == BEFORE
    say(client, review, "confirm")
    assert confirmations()["old"] == (date(2026, 5, 4), "Dr. B")


@pytest.mark.parametrize("change", [{"text": "Another question?"}, {"is_active": False}])
def test_question_that_changed_meanwhile_has_no_answer_confirmed(client, review, change):
    seen = shown(review, "old")
    Question.objects.filter(key="old").update(**change)
    assert say(client, review, "confirm", shown=seen).status_code == 409
    assert confirmations() == BEFORE


def test_confirmation_is_withdrawn_by_a_new_text_and_asked_for_again(client, review):
    say(client, review, "confirm")
    answer = Answer.objects.get(question__key="old")
    answer.body = "<p>One away.</p>"
    answer.save()
    assert "0 of 3 done" in page(client, review)


def test_blank_is_never_confirmed(client, review):
    assert say(client, review, "confirm", "blank").status_code == 302
    assert confirmations() == BEFORE
    everything(client, review, ["blank"])
    assert confirmations() == BEFORE


def test_proposed_text_waits_for_the_office_and_confirms_when_it_accepts(client, review, clock):
    response = say(client, review, "propose", short_answer="One", body="One away.\r\n\r\n- May\r\n- June")
    assert response["Location"] == f"{review.get_absolute_url()}#old"
    [proposal] = Proposal.objects.open()
    assert (proposal.source, proposal.who, proposal.review) == ("review", "Dr. B", review)
    assert proposal.body == "<p>One away.</p><ul><li><p>May</p></li><li><p>June</p></li></ul>"
    assert confirmations() == BEFORE
    assert "You proposed, and the office looks through it:" in page(client, review)
    clock.shift(timedelta(days=3))
    proposal.accept(by=make_superuser())
    assert confirmations()["old"] == (date(2026, 5, 4), "Dr. B")
    assert "The office accepted what you proposed." in page(client, review)


def test_blank_is_answered(client, review):
    assert say(client, review, "propose", "blank", body="Now there is one.").status_code == 302
    assert [(row.question.key, row.body) for row in Proposal.objects.open()] == [("blank", "<p>Now there is one.</p>")]
    assert not Answer.objects.filter(question__key="blank").exists()


def test_second_proposal_takes_the_place_of_the_first(client, review):
    for text in ("First.", "Second.", "Second."):
        say(client, review, "propose", body=text)
    assert [row.body for row in Proposal.objects.open()] == ["<p>Second.</p>"]
    assert [row.body for row in Proposal.objects.exclude(state=State.OPEN)] == ["<p>First.</p>"]


def test_proposals_of_others_stay(client, review):
    other = Proposal.objects.create(
        specialty=review.specialty, question=Question.objects.get(key="old"), body="<p>Second.</p>", source="staff"
    )
    say(client, review, "propose", body="Second.")
    assert Proposal.objects.open().count() == 2  # the same words, but the department's
    say(client, review, "propose", body="Third.")
    assert set(Proposal.objects.open().values_list("body", flat=True)) == {"<p>Second.</p>", "<p>Third.</p>"}
    assert other in Proposal.objects.open()


def test_still_right_takes_back_what_was_proposed(client, review):
    say(client, review, "propose", body="First.")
    say(client, review, "confirm")
    assert not Proposal.objects.open().exists()
    assert confirmations()["old"] == (date(2026, 5, 4), "Dr. B")


def test_text_that_was_not_touched_keeps_its_formats(client, review):
    say(client, review, "propose", short_answer="Two", body="Two aways.")
    assert Proposal.objects.get().body == "<p>Two <strong>aways</strong>.</p>"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"body": "", "short_answer": ""}, "Please write an answer."),
        ({"body": " \n\u3164"}, "Please write an answer."),
        ({"body": "Two aways."}, "That is what the answer says already."),
        ({"body": "x" * 8001}, "This is 1 character too long"),
        ({"body": "x", "short_answer": "x" * 81}, "This is 1 character too long"),
        ({"body": "a\0b"}, "cannot be read"),
        ({"body": "a\u202eb"}, "invisible marks"),
    ],
)
def test_text_that_cannot_be_taken_is_refused_and_kept_in_the_form(client, review, fields, words):
    response = say(client, review, "propose", **fields)
    assert response.status_code == 422
    html = response.content.decode()
    assert words in html
    assert 'href="#old"' in html
    assert not Proposal.objects.exists()
    if fields["body"] == "x" * 8001:
        assert "x" * 8001 in html


def test_no_markup_survives(client, review):
    say(client, review, "propose", body="<script>alert(1)</script>\n\n- <img src=x onerror=alert(1)> [a](javascript:b)")
    body = Proposal.objects.get().body
    assert re.findall(r"<(\w+)", body) == ["p", "ul", "li", "p"]
    assert "<script" not in page(client, review).replace("<script src=", "")


def test_proposal_to_a_text_that_changed_meanwhile_is_shown_beside_it_and_taken_at_the_second_press(client, review):
    seen = shown(review, "old")
    Answer.objects.filter(question__key="old").update(body="<p>One away.</p>")
    response = say(client, review, "propose", shown=seen, body="Three aways.")
    assert response.status_code == 409
    html = response.content.decode()
    assert "One away." in html
    assert "Three aways.</textarea>" in html
    assert f'name="shown" value="{shown(review, "old")}"' in html
    assert not Proposal.objects.exists()


def everything(client, review, keys, seen=None):
    pairs = [f"{key}:{(seen or {}).get(key) or shown(review, key)}" for key in keys]
    return client.post(review.get_absolute_url(), {"action": "everything", "name": "Dr. B", "shown": pairs})


def test_everything_else_confirms_only_what_was_shown_and_nothing_was_said_of(client, review):
    html = page(client, review)
    assert re.findall(r'name="shown" value="(\w+):', html) == ["old", "recent"]
    say(client, review, "propose", "old", body="One away.")
    assert re.findall(r'name="shown" value="(\w+):', page(client, review)) == ["recent"]
    response = everything(client, review, ["old", "recent"])
    assert response["Location"] == f"{review.get_absolute_url()}#finish"
    assert confirmations() == {"recent": (date(2026, 5, 4), "Dr. B"), "old": (None, "")}
    assert Proposal.objects.open().count() == 1


def test_everything_else_leaves_out_what_was_not_shown(client, review):
    everything(client, review, ["recent"])
    assert confirmations() == {"recent": (date(2026, 5, 4), "Dr. B"), "old": (None, "")}


def test_everything_else_leaves_out_what_changed_and_says_so(client, review):
    seen = {"old": shown(review, "old")}
    Answer.objects.filter(question__key="old").update(body="<p>One away.</p>")
    response = everything(client, review, ["old", "recent"], seen)
    assert response.status_code == 409
    assert "so they are not confirmed" in response.content.decode()
    assert confirmations() == {"recent": (date(2026, 5, 4), "Dr. B"), "old": (None, "")}


def test_finishing_thanks_and_ends_the_link(client, review):
    assert client.post(review.get_absolute_url(), {"action": "finish", "name": "Dr. B"}).status_code == 302
    assert "Thank you: you finished this on 4 May" in page(client, review)
    assert say(client, review, "confirm").status_code == 302
    assert confirmations() == BEFORE
    assert Review.objects.get().state == "finished"


def test_link_ends_after_sixty_days(client, review, clock):
    clock.shift(timedelta(days=60, seconds=-1))
    assert "0 of 3 done" in page(client, review)
    clock.shift(timedelta(seconds=1))
    assert "This link ended on 3 July" in page(client, review)
    assert say(client, review, "confirm").status_code == 302
    assert confirmations() == BEFORE


def test_link_that_was_tampered_with_shows_nothing(client, review):
    other = make_review(make_specialty())
    signed = review.get_absolute_url().split("/")[-2]
    signature = signed.partition(".")[2]
    for forged in (f"{other.pk}.{signature}", signed[:-1], signed.swapcase(), str(review.pk), "x", LINK.sign("x")):
        response = client.get(f"/review/{forged}/")
        assert response.status_code == 404
        assert "This link does not work" in response.content.decode()


def test_link_leads_to_its_own_guide_alone(client, review):
    other = make_specialty("Dermatology")
    make_answer(other, make_question("other", specialty=other), body="<p>Secret.</p>")
    response = say(client, review, "propose", key="other", shown="x", body="Mine.")
    assert response.status_code == 409
    assert "Secret." not in response.content.decode()
    assert not Proposal.objects.exists()


@pytest.mark.parametrize("fields", [{"key": ""}, {"key": "x" * 51}, {"shown": ""}, {"action": ""}, {"shown": "x\0"}])
def test_form_nobody_was_given_changes_nothing(client, review, fields):
    before = confirmations(), Proposal.objects.count()
    say(client, review, **{"action": "confirm"} | fields)
    assert (confirmations(), Proposal.objects.count()) == before


def test_form_needs_its_token(review):
    client = Client(enforce_csrf_checks=True)
    assert say(client, review, "confirm").status_code == 403
    assert confirmations() == BEFORE


@pytest.mark.parametrize("questions", [1, 4])
def test_page_is_flat(client, django_assert_num_queries, clock, questions):
    specialty = make_specialty()
    for _ in range(questions):
        make_answer(specialty, make_question(stage=make_stage()))
        make_question()
    review = make_review(specialty, name="Dr. B")
    for entry in review.entries()[:questions]:
        review.propose(entry.question.key, shown_as(entry), name="Dr. B", short_answer="", typed="Text")
    with django_assert_num_queries(5):
        client.get(review.get_absolute_url())


def test_department_is_asked_by_one_review_at_a_time(review):
    with pytest.raises(NotNow):
        Review.objects.begin(review.specialty, by=make_superuser())
    with pytest.raises(IntegrityError):
        Review.objects.create(specialty=review.specialty, covers=timezone.localdate())


def test_rich_text_is_what_was_typed():
    text = "One & <b>.\nNext line.\n\n- Three\n• Four - five\n\n\nSix\n"
    html = rich_text(text)
    assert html == (
        "<p>One &amp; &lt;b&gt;.<br>Next line.</p><ul><li><p>Three</p></li><li><p>Four - five</p></li></ul><p>Six</p>"
    )
    assert as_typed(html) == "One & <b>.\nNext line.\n\n- Three\n- Four - five\n\nSix"


@given(st.text(alphabet="a<&>;-•*\n \t.#", max_size=60))
def test_whatever_is_typed_becomes_the_same_text_twice(text):
    once = as_typed(rich_text(text))
    assert as_typed(rich_text(once)) == once


@pytest.mark.django_db(transaction=True)
def test_of_an_edit_and_a_confirmation_at_once_no_unseen_text_is_confirmed():
    specialty = make_specialty()
    answer = make_answer(specialty, make_question("old"))
    review = make_review(specialty)
    seen = shown(review, "old")

    @transaction.atomic
    def edit():
        Specialty.objects.select_for_update(no_key=True).get()  # as all do that write a guide
        edited = Answer.objects.get(pk=answer.pk)
        edited.body = "<p>Edited.</p>"
        edited.save()

    def confirm():
        try:
            Review.objects.get(pk=review.pk).confirm("old", seen, name="Dr. B")
        except WrittenOver:
            return False
        return True

    def alone(step):
        try:
            return step()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(alone, [edit, confirm]))
    stored = Answer.objects.get(pk=answer.pk)
    assert stored.body == "<p>Edited.</p>"
    assert stored.confirmed_on is None


@pytest.mark.django_db(transaction=True)
def test_of_many_presses_at_once_one_proposal_waits():
    specialty = make_specialty()
    make_answer(specialty, make_question("old"))
    review = make_review(specialty)
    seen = shown(review, "old")

    def propose(number):
        try:
            again = Review.objects.get(pk=review.pk)
            again.propose("old", seen, name="Dr. B", short_answer="", typed=f"Text {number}")
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(propose, range(4)))
    assert Proposal.objects.open().count() == 1
    assert Proposal.objects.count() == 4
    assert Specialty.objects.get().answers.get().body == "<p>Some text.</p>"
