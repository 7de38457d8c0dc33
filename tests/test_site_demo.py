import os
import subprocess
import sys
from collections import Counter

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models.signals import pre_migrate

from requests_app.choices import Status
from requests_app.deadlines import take_due_steps
from requests_app.models import AdvisorRequest, RequestEvent
from requests_app.outbox import OutgoingEmail
from specialties.models import Advisor, Answer, Specialty
from tests.factories import make_advisor, make_request, make_specialty

pytestmark = pytest.mark.any_database  # the demo has one of SQLite


@pytest.fixture(scope="class")
def demo(django_db_setup, django_db_blocker):
    """Loaded once for all tests of a class; what each of them changes is undone before the next."""
    with django_db_blocker.unblock(), transaction.atomic():
        call_command("prepare", "--demo")
        yield
        transaction.set_rollback(True)


@pytest.mark.django_db
@pytest.mark.usefixtures("demo")
class TestLoaded:
    def test_demo_shows_everything_a_portal_has(self):
        assert Specialty.objects.filter(is_sample=True).count() == 12
        assert Specialty.objects.get(is_sample=False).slug == "interventional-radiology"
        assert {advisor.availability.split(" until ")[0] for advisor in Advisor.objects.all()} == {
            "Taking requests",
            "Not taking requests at the moment",
            "Full at the moment",
            "Away",
            "Away at the moment",
        }
        assert Advisor.objects.filter(on_selection_committee=True).exists()
        assert Counter(AdvisorRequest.objects.values_list("status", flat=True)).keys() == set(Status.values)
        assert 24 <= AdvisorRequest.objects.count() <= 60
        assert any(advisor_request.is_overdue for advisor_request in AdvisorRequest.objects.all())
        blanks = [entry.is_blank for specialty in Specialty.objects.all() for entry in specialty.entries()]
        assert 10 <= sum(blanks) <= 40
        assert Answer.objects.filter(body__contains="<ul>").count() >= 5
        assert {specialty.standing(specialty.entries()).is_confirmed for specialty in Specialty.objects.all()} == {
            True,
            False,
        }

    def test_demo_names_nobody_and_mails_nobody(self):
        samples = Specialty.objects.filter(is_sample=True)
        assert all(
            advisor.name.startswith("Sample Advisor ") for advisor in Advisor.objects.filter(specialties__in=samples)
        )
        assert not samples.exclude(quote="").exists()
        for advisor_request in AdvisorRequest.objects.all():
            assert advisor_request.name.startswith("Sample Student ")
            assert advisor_request.email.endswith("@example.edu")
            assert advisor_request.message.startswith("Sample request: ")
        assert OutgoingEmail.objects.count() > 24
        assert not OutgoingEmail.objects.due().exists()

    def test_one_email_of_the_demo_has_failed_and_says_why(self):
        [failed] = OutgoingEmail.objects.filter(sent_at=None)
        assert failed.state == "failed"
        assert failed.to in failed.last_error
        assert failed.request.status == Status.ACCEPTED

    def test_nothing_is_due_when_the_demo_starts(self):
        assert take_due_steps() == 0

    def test_history_of_the_demo_is_in_order(self):
        for event in RequestEvent.objects.select_related("request"):
            assert event.created_at >= event.request.created_at

    def test_demo_is_loaded_once(self):
        Specialty.objects.filter(slug="urology").update(summary="Changed by staff")
        call_command("prepare", "--demo")
        assert Specialty.objects.count() == 13
        assert Specialty.objects.get(slug="urology").summary == "Changed by staff"


@pytest.mark.parametrize("make", [make_specialty, make_advisor, make_request])
def test_demo_touches_no_database_with_something_real_in_it(db, make):
    make()
    before = list(Specialty.objects.all())
    migrated = []

    def note(**kwargs):
        migrated.append(kwargs)

    pre_migrate.connect(note)
    with pytest.raises(CommandError, match="holds real data"):
        call_command("prepare", "--demo")
    pre_migrate.disconnect(note)
    assert (list(Specialty.objects.all()), migrated) == (before, [])
    assert not User.objects.exists()


def test_demo_goes_into_a_database_without_tables(tmp_path):
    environment = os.environ | {"DATABASE_URL": f"sqlite:///{tmp_path}/new.sqlite3"}
    command = [sys.executable, "manage.py", "prepare", "--demo"]
    for password in ("Password", "Forgotten the password?"):
        result = subprocess.run(command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True)
        assert (result.returncode, result.stderr) == (0, "")
        assert f"  {password} " in result.stdout


def test_portal_without_the_demo_has_the_real_guide_alone(questions):
    call_command("prepare")
    assert [specialty.slug for specialty in Specialty.objects.all()] == ["interventional-radiology"]
