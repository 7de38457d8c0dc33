"""One number tells whether a page is still true: it moves with every edit of what readers see, whoever makes it."""

import re
import time

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.db.migrations import Migration
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from advising.page_cache import PAGES
from requests_app.models import AdvisorRequest
from specialties import revision
from specialties.revision import Revision
from tests.factories import (
    make_advisor,
    make_answer,
    make_email,
    make_feedback,
    make_question,
    make_request,
    make_resource,
    make_specialty,
    make_stage,
    make_superuser,
    make_synonym,
)

pytestmark = pytest.mark.django_db


def moved(step):
    """Whether the number moves with a step, as its transaction ends."""
    settle()
    before = revision.read()
    step()
    settle()
    return revision.read() > before


def settle():
    """End the transaction as far as triggers are concerned, and begin the next: a test has a single one."""
    if connection.vendor == "postgresql":
        connection.check_constraints()
        # in the transaction of one test each edit is one of its own
        with connection.cursor() as cursor:
            cursor.execute("SAVEPOINT edit")
            cursor.execute("UPDATE specialties_revision SET number = number")  # so the row is not of this transaction
            cursor.execute("RELEASE SAVEPOINT edit")


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (make_stage, "name"),
        (make_question, "text"),
        (make_specialty, "summary"),
        (lambda: make_answer(make_specialty()), "short_answer"),
        (lambda: make_resource(make_specialty()), "label"),
        (lambda: make_advisor(make_specialty()), "bio"),
        (make_synonym, "words"),
    ],
)
def test_every_way_of_writing_moves_the_number(make, field):
    row = make()
    model = type(row)
    assert moved(make)
    assert moved(lambda: row.save(update_fields=[field]))
    assert moved(lambda: model.objects.filter(pk=row.pk).update(**{field: "Written at once"}))
    assert moved(lambda: model.objects.filter(pk=row.pk).delete())


def test_advisor_of_another_specialty_moves_the_number():
    advisor, specialty = make_advisor(), make_specialty()
    assert moved(lambda: advisor.specialties.add(specialty))
    assert moved(lambda: specialty.advisors.clear())


def test_request_moves_the_number_only_where_it_makes_an_advisor_full_or_free():
    specialty = make_specialty()
    advisor = make_advisor(specialty, request_limit=2)
    assert not moved(lambda: make_request(specialty, preferred_advisor=advisor).assign(advisor, by=make_superuser()))
    assert moved(lambda: make_request(specialty, preferred_advisor=advisor).assign(advisor, by=make_superuser()))
    assert moved(lambda: AdvisorRequest.objects.first().meet(by=advisor))


def test_vote_and_mail_leave_the_number_as_it_is():
    answer = make_answer(make_specialty())
    assert not moved(lambda: make_feedback(answer))
    assert not moved(make_email)


def test_edit_that_is_taken_back_leaves_the_number_as_it_was():
    specialty = make_specialty()
    settle()
    before = revision.read()
    with transaction.atomic():
        specialty.save()
        transaction.set_rollback(True)
    settle()
    assert revision.read() == before


def test_number_goes_on_after_migrations_where_it_is_ahead_of_the_clock():
    ahead = 2 * int(time.time() * 1000)
    Revision.objects.update(number=ahead)
    plan = [(Migration("0099", "specialties"), False)]
    revision.before_migrations(app_config=apps.get_app_config("specialties"), plan=plan)
    revision.after_migrations(app_config=apps.get_app_config("specialties"), plan=plan)
    assert revision.read() > ahead


def test_there_is_no_number_until_migrations_of_these_tables_came_to_their_end():
    specialty = make_specialty()
    apps_of = {"app_config": apps.get_app_config("specialties"), "plan": [(Migration("0099", "specialties"), False)]}
    settle()
    before = revision.read()
    revision.before_migrations(**apps_of)
    assert revision.read() is None
    revision.before_migrations(**apps_of)  # the last run failed
    assert revision.read() is None
    specialty.save()
    revision.after_migrations(**apps_of)
    assert revision.read() > before  # so that what was written meanwhile shows
    assert moved(specialty.save)


def test_migrations_of_other_tables_leave_the_number_and_what_moves_it():
    specialty = make_specialty()
    settle()
    before = revision.read()
    plan = [(Migration("0099", "requests_app"), False)]
    revision.before_migrations(app_config=apps.get_app_config("specialties"), plan=plan)
    assert revision.read() == before
    assert moved(specialty.save)


def test_pages_that_are_kept_show_nothing_that_does_not_move_the_number(client):
    specialty = make_specialty()
    slugs = {"guide": specialty, "advisor": make_advisor(specialty), "question": make_answer(specialty).question}
    read = set()
    for name in PAGES:
        row = slugs.get(name.partition(":")[2])
        with CaptureQueriesContext(connection) as queries:
            client.get(row.get_absolute_url() if row else reverse(name), {"q": "field", "s": specialty.slug})
        read |= {table for query in queries for table in re.findall(r'(?:FROM|JOIN) "?(\w+)', query["sql"])}
    assert read - {model._meta.db_table for model in revision.PUBLIC} == set()
    assert len(read) > 5
