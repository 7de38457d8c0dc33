"""Rows for tests: plain functions, each giving a valid row that a test changes where it matters."""

import uuid
from itertools import count

from django.contrib.auth.models import Permission, User

from requests_app.models import AdvisorRequest
from requests_app.outbox import OutgoingEmail
from specialties.models import Advisor, Answer, Feedback, Question, Resource, Review, Specialty, Stage, Synonym

number = count(10_001)  # of one length all through, so that texts sort as numbers do


def make_specialty(name="", **fields):
    n = next(number)
    name = name or f"Specialty {n}"
    defaults = {
        "slug": name.lower().replace(" ", "-"),
        "summary": f"Summary {n}",
        "department": f"Department {n}",
        "is_published": True,
    }
    return Specialty.objects.create(name=name, **defaults | fields)


def make_stage(**fields):
    n = next(number)
    return Stage.objects.create(**{"name": f"Stage {n}", "slug": f"stage-{n}", "position": 10 + n} | fields)


def make_question(key="", **fields):
    n = next(number)
    key = key or f"question-{n}"
    stage = fields.pop("stage", None) or Stage.objects.first() or make_stage()
    defaults = {"text": f"Question {n}?", "label": f"Label {n}", "position": 100 + n}
    return Question.objects.create(key=key, stage=stage, **defaults | fields)


def make_answer(specialty, question=None, **fields):
    question = question or make_question()
    return Answer.objects.create(specialty=specialty, question=question, **{"body": "<p>Some text.</p>"} | fields)


def make_advisor(*specialties, **fields):
    n = next(number)
    defaults = {"name": f"Robin Advisor {n}", "slug": f"advisor-{n}", "email": f"advisor-{n}@example.edu"}
    advisor = Advisor.objects.create(**defaults | fields)
    advisor.specialties.set(specialties)
    return advisor


def make_resource(specialty, **fields):
    n = next(number)
    return Resource.objects.create(
        specialty=specialty, **{"label": f"Resource {n}", "url": f"https://example.org/{n}"} | fields
    )


def make_synonym(words=""):
    return Synonym.objects.create(words=words or f"word {next(number)}, other {next(number)}")


def make_feedback(answer, **fields):
    return Feedback.objects.create(answer=answer, **{"is_helpful": False} | fields)


def make_review(specialty, **fields):
    """A review staff asked for, of a department that has an address."""
    Specialty.objects.filter(pk=specialty.pk).update(email="department@example.edu")
    review = Review.objects.begin(specialty, by=make_superuser())
    Review.objects.filter(pk=review.pk).update(**fields)
    return Review.objects.get(pk=review.pk)


def make_full_specialty(**fields):
    """A specialty with something in every place a page shows."""
    specialty = make_specialty(**{"quote": "A quote.", "recommendations": "<p>Try it.</p>"} | fields)
    for _ in range(2):
        make_answer(specialty, short_answer="Yes", confirmed_on="2026-09-01", confirmed_by="Department")
        make_resource(specialty, note="A note")
    make_advisor(specialty, stand_in=make_advisor(specialty))
    return specialty


def request_fields(specialty, **fields):
    n = next(number)
    return {
        "specialty": specialty,
        "submission_id": uuid.uuid4(),
        "name": f"Student {n}",
        "email": f"student-{n}@example.edu",
        "class_year": "m3",
        "topics": ["research"],
        "message": "Could we talk?",
    } | fields


def make_request(specialty=None, **fields):
    return AdvisorRequest.objects.submit(**request_fields(specialty or make_specialty(), **fields))


def make_staff(*permissions, username="", **fields):
    user = User.objects.create_user(username or f"staff-{next(number)}", is_staff=True, **fields)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return user


def make_superuser():
    return User.objects.create_superuser(f"superuser-{next(number)}")


def make_email(**fields):
    n = next(number)
    defaults = {"to": f"reader-{n}@example.edu", "subject": f"Subject {n}", "text": "Text", "html": "<p>Text</p>"}
    return OutgoingEmail.objects.create(kind="received", message_id=f"<{n}@testserver>", **defaults | fields)
