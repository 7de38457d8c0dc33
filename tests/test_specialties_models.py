from datetime import date, timedelta

import pytest
import time_machine
from django.core import serializers
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError, RestrictedError
from django.utils import timezone

from specialties.models import Advisor, Answer, Question, Specialty
from specialties.models.guides import Standing
from tests.factories import make_advisor, make_answer, make_question, make_request, make_specialty, make_stage

pytestmark = pytest.mark.django_db

DIRTY = '<p onclick="x()">Safe <strong>text</strong><script>alert(1)</script> <a href="javascript:x()">link</a></p>'
CLEAN = "<p>Safe <strong>text</strong> <a>link</a></p>"


def clean_body(answer):
    return Answer.objects.get(pk=answer.pk).body


def test_first_migration_asks_eleven_questions_in_two_stages(questions):
    questions = Question.objects.select_related("stage")
    assert [(question.stage.slug, question.key) for question in questions] == [
        ("m1-m2", "early-advice"),
        ("m1-m2", "research"),
        ("m3-m4", "electives"),
        ("m3-m4", "away-rotations"),
        ("m3-m4", "away-count"),
        ("m3-m4", "away-timing"),
        ("m3-m4", "interview-month"),
        ("m3-m4", "letters-from-specialty"),
        ("m3-m4", "letters-other-disciplines"),
        ("m3-m4", "letter-writer-rank"),
        ("m3-m4", "chair-letter"),
    ]


def test_entries_are_the_questions_asked_of_a_specialty_in_order():
    Question.objects.all().delete()
    late, early = make_stage(position=2), make_stage(position=1)
    specialty, other = make_specialty(), make_specialty()
    second = make_question(stage=early, position=2)
    first = make_question(stage=early, position=1)
    third = make_question(stage=late, position=1)
    own = make_question(stage=late, position=2, specialty=specialty)
    make_question(stage=late, position=3, specialty=other)
    make_question(stage=late, position=4, is_active=False)
    answer = make_answer(specialty, second)

    entries = specialty.entries()

    assert [entry.question for entry in entries] == [first, second, third, own]
    assert [entry.pk for entry in entries] == [None, answer.pk, None, None]
    assert [entry.is_blank for entry in entries] == [True, False, True, True]


@pytest.mark.parametrize("body", ["", "<p></p>", "<p> </p>", "<p><br></p>", "<p>&nbsp;</p>", "<p>\xa0</p>"])
def test_answer_without_words_is_stored_as_none(body):
    answer = make_answer(make_specialty(), body=body)
    answer.refresh_from_db()
    assert answer.body == ""
    assert answer.is_blank


def test_answer_of_one_word_is_not_blank():
    assert not make_answer(make_specialty(), body="<p>N/A</p>").is_blank


def test_rich_text_is_sanitised_when_saved():
    assert clean_body(make_answer(make_specialty(), body=DIRTY)) == CLEAN


def test_rich_text_is_sanitised_by_update():
    answer = make_answer(make_specialty())
    Answer.objects.filter(pk=answer.pk).update(body=DIRTY)
    assert clean_body(answer) == CLEAN


def test_rich_text_is_sanitised_by_bulk_writes():
    specialty = make_specialty()
    [answer] = Answer.objects.bulk_create([Answer(specialty=specialty, question=make_question(), body=DIRTY)])
    assert clean_body(answer) == CLEAN
    answer.body = DIRTY + DIRTY
    Answer.objects.bulk_update([answer], ["body"])
    assert clean_body(answer) == CLEAN + CLEAN


def test_rich_text_is_sanitised_from_a_fixture():
    answer = make_answer(make_specialty())
    [row] = serializers.deserialize("json", serializers.serialize("json", [answer]).replace("Some text.", "<script>x"))
    row.save()
    assert "script" not in clean_body(answer)


def test_one_answer_per_specialty_and_question():
    answer = make_answer(make_specialty())
    with pytest.raises(IntegrityError), transaction.atomic():
        make_answer(answer.specialty, answer.question)


def test_who_confirmed_also_says_when():
    with pytest.raises(IntegrityError), transaction.atomic():
        make_answer(make_specialty(), confirmed_by="Department of Radiology")


def test_answered_question_and_requested_specialty_are_not_deleted():
    answer = make_answer(make_specialty())
    with pytest.raises(RestrictedError):
        answer.question.delete()
    specialty = make_request().specialty
    with pytest.raises(ProtectedError):
        specialty.delete()


def test_specialty_takes_its_own_questions_and_answers_with_it(questions):
    specialty = make_specialty()
    make_answer(specialty, make_question(specialty=specialty))
    specialty.delete()
    assert Question.objects.count() == 11


def test_answers_are_counted_where_they_say_something_and_are_asked_of_all():
    specialty = make_specialty()
    make_answer(specialty)
    make_answer(specialty, body="", short_answer="Yes")
    make_answer(specialty, body="<p></p>")
    make_answer(specialty, make_question(is_active=False))
    make_advisor(specialty)
    make_advisor(specialty)
    make_answer(specialty, make_question(specialty=specialty))
    counted = Specialty.objects.with_answer_count().with_advisor_count().get()
    assert (counted.answer_count, counted.advisor_count) == (2, 2)


def confirmed_answer(**fields):
    confirmation = {"confirmed_on": date(2026, 3, 2), "confirmed_by": "Department"}
    answer = make_answer(make_specialty(), **confirmation | fields)
    Answer.objects.filter(pk=answer.pk).update(edited_at="2026-01-05T12:00Z")
    answer.refresh_from_db()
    return answer


@pytest.mark.parametrize("change", [{"body": "<p>New.</p>"}, {"short_answer": "New"}, {"body": ""}])
def test_new_text_is_dated_and_takes_the_confirmation_back(change):
    answer = confirmed_answer()
    for field, value in change.items():
        setattr(answer, field, value)
    answer.save(update_fields=list(change))
    answer.refresh_from_db()
    assert (answer.confirmed_on, answer.confirmed_by) == (None, "")
    assert answer.edited_at > timezone.now() - timedelta(minutes=1)


def test_new_text_is_not_confirmed_by_naming_somebody_else_for_the_old_day():
    answer = confirmed_answer()
    answer.body, answer.confirmed_by = "<p>New.</p>", "Somebody else"
    answer.save()
    answer.refresh_from_db()
    assert (answer.confirmed_on, answer.confirmed_by) == (None, "")


def test_new_text_confirmed_in_the_same_save_is_confirmed():
    answer = confirmed_answer()
    answer.body, answer.confirmed_on = "<p>New.</p>", date(2026, 4, 1)
    answer.save()
    answer.refresh_from_db()
    assert answer.standing == Standing(True, date(2026, 4, 1))


def test_saving_the_same_text_changes_neither_its_date_nor_its_confirmation():
    answer = confirmed_answer(body="<p>Some text.</p>")
    answer.body += "<script></script>"  # gone once it is sanitised
    answer.save()
    answer.refresh_from_db()
    assert answer.standing == Standing(True, date(2026, 3, 2))
    assert answer.edited_at.date() == date(2026, 1, 5)


def test_nothing_is_confirmed_on_a_day_to_come():
    answer = confirmed_answer()
    answer.confirmed_on = timezone.localdate() + timedelta(days=1)
    with pytest.raises(ValidationError, match="still to come"):
        answer.full_clean()


def last_edited_on(specialty, day):
    Specialty.objects.filter(pk=specialty.pk).update(updated_at=f"{day}T12:00Z")
    return Specialty.objects.get(pk=specialty.pk)


def test_guide_is_confirmed_where_every_given_answer_is_and_then_since_the_first():
    specialty = last_edited_on(make_specialty(), "2026-03-01")
    make_answer(specialty, confirmed_on=date(2026, 3, 2))
    second = make_answer(specialty, confirmed_on=date(2026, 4, 1))
    make_answer(specialty, body="")
    assert Specialty.objects.get().standing(specialty.entries()) == Standing(True, date(2026, 3, 2))

    second.body = "<p>New.</p>"
    second.save()
    specialty = Specialty.objects.get()
    assert specialty.standing(specialty.entries()) == Standing(False, timezone.localdate())


def test_guide_is_not_confirmed_where_its_own_text_was_edited_after_the_first_confirmation():
    specialty = last_edited_on(make_specialty(), "2026-03-02")
    make_answer(specialty, confirmed_on=date(2026, 3, 2))
    make_answer(specialty, confirmed_on=date(2026, 4, 1))
    specialty.answers.update(edited_at="2026-01-05T12:00Z")
    assert specialty.standing(specialty.entries()) == Standing(False, date(2026, 3, 2))


def test_guide_without_an_answer_is_not_confirmed():
    specialty = make_specialty()
    make_answer(specialty, body="", confirmed_on=date(2026, 3, 2))
    assert specialty.standing(specialty.entries()) == Standing(False, timezone.localdate())


def test_nobody_stands_in_for_themselves():
    advisor = make_advisor()
    advisor.stand_in = advisor
    with pytest.raises(ValidationError, match="Nobody can stand in for themselves"):
        advisor.full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        advisor.save()


def test_away_ends_after_it_begins():
    with pytest.raises(IntegrityError), transaction.atomic():
        make_advisor(away_from=date(2026, 5, 2), away_until=date(2026, 5, 1))


@time_machine.travel("2026-05-03T23:00-05:00", tick=False)  # already the 4th in UTC
@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "Taking requests"),
        ({"accepts_requests": False}, "Not taking requests at the moment"),
        ({"request_limit": 0}, "Not taking requests at the moment"),
        ({"away_from": date(2026, 5, 1), "away_until": date(2026, 5, 3)}, "Away until 3 May"),
        ({"away_from": date(2026, 5, 1)}, "Away at the moment"),
        ({"request_limit": 2, "open_requests": 2}, "Full at the moment"),
        ({"request_limit": 2, "open_requests": 1}, "Taking requests"),
        ({"away_from": date(2026, 5, 4)}, "Taking requests"),
        ({"away_from": date(2026, 4, 1), "away_until": date(2026, 5, 2)}, "Taking requests"),
    ],
)
def test_availability_in_words(fields, words):
    advisor = make_advisor(**fields)
    assert advisor.availability == words
    assert advisor.is_available == (words == "Taking requests")


def test_advisors_on_site_are_those_of_published_specialties():
    both = make_advisor(make_specialty(), make_specialty(), make_specialty(is_published=False))
    make_advisor(make_specialty(is_published=False))
    make_advisor()
    assert list(Advisor.objects.on_site()) == [both]


@pytest.mark.parametrize(
    ("name", "article"), [("Interventional Radiology", "an"), ("Dermatology", "a"), ("Urology", "a")]
)
def test_article(name, article):
    assert Specialty(name=name).article == article
