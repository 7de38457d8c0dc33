"""Everything about one address: what is handed out, and that nothing is left of it once it is erased."""

import json
import stat
from io import StringIO

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import reverse

from advising.accounts.models import AuditEntry, record
from advising.person import Person
from requests_app.models import AdvisorRequest
from requests_app.reports import by_class_year, by_specialty
from specialties.indexing import index
from specialties.models import Advisor, Answer, Review, Specialty
from tests.factories import (
    make_advisor,
    make_answer,
    make_email,
    make_feedback,
    make_request,
    make_review,
    make_specialty,
    make_staff,
    make_superuser,
)
from tests.forms_of import Controls

pytestmark = pytest.mark.django_db

STUDENT = {"name": "Wilhelmina Quist", "email": "W.Quist@example.edu", "message": "My tutor knows of the divorce."}
ADDRESS = "w.quist@example.edu"


def dump():
    """Every value in every table of the database, in small letters."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - a name the database itself gave
            yield from (str(value).lower() for row in cursor.fetchall() for value in row)


def left_of(*words):
    text = "\n".join(dump())
    return [word for word in words if word.lower() in text]


def erase(address, *options):
    out = StringIO()
    call_command("erase_person", address, *options, stdout=out)
    return out.getvalue()


@pytest.fixture
def student():
    """Two requests, one of them met, and the address in places where it does not belong."""
    specialty, office = make_specialty(name="Interventional Radiology"), make_superuser()
    advisor = make_advisor(specialty, name="Robin Advisor")
    met = make_request(specialty, **STUDENT)
    met.accept(by=advisor, note="Wilhelmina Quist is known to me.")
    met.meet(by=advisor)
    other = make_request(specialty, name="Somebody Else", email="quist@example.edu")
    other.correct_email("another@example.edu", by=office)
    other.add_note(f"Was {ADDRESS} before.", by=office)
    make_request(specialty, **STUDENT)
    make_feedback(make_answer(specialty), words=f"Please write to {ADDRESS}, thank you")
    specialty.imported_pages.create(name="page", content={"entries": [], "contact": ADDRESS})
    return met


def test_nothing_of_a_student_is_left(student):
    before = by_specialty(AdvisorRequest.objects.all()), by_class_year(AdvisorRequest.objects.all())
    words = ["Quist@example", "Wilhelmina", "divorce", student.token]
    assert left_of(*words) == words
    told = erase(ADDRESS, "--yes")
    assert "(met)" in told
    assert "(with an advisor)" in told or "(offered to an advisor)" in told
    assert left_of("w.quist@example", "Wilhelmina", "divorce", student.token) == []
    assert (by_specialty(AdvisorRequest.objects.all()), by_class_year(AdvisorRequest.objects.all())) == before
    statuses = AdvisorRequest.objects.order_by("pk").values_list("status", "email")
    assert list(statuses) == [("met", ""), ("offered", "another@example.edu"), ("withdrawn", "")]


def test_advisor_of_an_open_request_is_told_that_it_is_gone(student):
    erase(ADDRESS, "--yes")
    [mail] = AdvisorRequest.objects.get(status="withdrawn").emails.all()
    assert (mail.kind, mail.to) == ("no_longer_yours", Advisor.objects.get().email)


def test_nothing_of_an_advisor_is_left_and_their_requests_go_to_the_office(
    settings, tmp_path, django_capture_on_commit_callbacks
):
    settings.MEDIA_ROOT = tmp_path
    specialty = make_specialty()
    advisor = make_advisor(specialty, name="Florence Sato-O'Lind", email="sato.lind@example.edu", bio="Born in Oslo")
    advisor.photo.save("sato.png", ContentFile(b"x"))
    advisor.name = "Florence O'Lind"
    advisor.save()
    make_advisor(specialty, stand_in=advisor)
    make_answer(specialty, body="<p>Write to Florence O'Lind first.</p>")
    index(Specialty.objects.all())
    open_request = make_request(specialty, preferred_advisor=advisor)
    met = make_request(specialty, preferred_advisor=advisor)
    met.assign(advisor, by=make_superuser())
    met.meet(by=advisor, note="With Florence O'Lind")
    words = ["Florence", "sato", "Oslo"]
    assert left_of(*words) == words
    with django_capture_on_commit_callbacks(execute=True):
        erase("sato.lind@example.edu", "--yes")
    assert left_of("Florence", "sato", "Oslo", "O&#x27;Lind") == []
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    open_request.refresh_from_db()
    assert (open_request.status, open_request.advisor) == ("waiting", None)
    met.refresh_from_db()
    assert (met.status, str(met.advisor)) == ("met", "Former advisor")
    assert Answer.objects.get().body == "<p>Write to … first.</p>"


def test_nothing_of_a_department_is_left_but_its_words():
    specialty = make_specialty()
    answer = make_answer(specialty)
    review = make_review(specialty)
    review = Review.objects.get()
    review.name = "Harriet Okonjo"
    review.save()
    answer.confirmed_on, answer.confirmed_by = "2026-11-01", "Harriet Okonjo"
    answer._change_reason = "department’s review, by Harriet Okonjo"
    answer.save()
    make_email(to="Department@example.edu", text="Dear Harriet Okonjo")
    Specialty.objects.get().save()
    erase("department@example.edu", "--yes")
    assert left_of("department@", "Okonjo") == []
    answer.refresh_from_db()
    assert (str(answer.confirmed_on), answer.body) == ("2026-11-01", "<p>Some text.</p>")


def test_account_is_closed_and_its_steps_stay():
    colleague = make_staff(
        username="h.okonjo@example.edu", first_name="Harriet", last_name="Okonjo", email="x@example.edu"
    )
    advisor_request = make_request()
    advisor_request.specialty.liaisons.create(user=colleague)
    advisor_request.add_note("Harriet Okonjo rang.", by=colleague)
    erase("h.okonjo@example.edu", "--yes")
    assert left_of("Okonjo", "x@example.edu") == []
    colleague.refresh_from_db()
    assert (colleague.is_active, colleague.is_staff, colleague.has_usable_password()) == (False, False, False)
    assert advisor_request.events.last().user == colleague
    assert not advisor_request.specialty.liaisons.exists()


def test_name_of_an_account_leaves_the_audit_list_and_what_was_done_stays():
    colleague, other = (make_staff(username=name, email=f"{name}@example.edu") for name in ("an", "ann"))
    AuditEntry.objects.all()._raw_delete("default")
    record(AuditEntry.What.EXPORTED, "/admin/report/", by=colleague)
    record(AuditEntry.What.RIGHTS, "an: is_active is False", by=other)
    erase("an@example.edu", "--yes")
    kept = f"erased-{colleague.pk}"
    assert [*AuditEntry.objects.reverse().values_list("who", "detail")][:3] == [
        (kept, "/admin/report/"),
        ("ann", f"{kept}: is_active is False"),
        ("", f"{kept}: groups all taken"),
    ]
    assert not AuditEntry.objects.filter(detail__startswith="an: ").exists()


def test_name_of_an_account_leaves_what_others_changed_of_it(superuser_client):
    colleague, specialty = make_staff(username="hokonjo", email="h@example.edu"), make_specialty()
    add_as_liaison(superuser_client, colleague, specialty)
    told = LogEntry.objects.get()
    assert (told.object_repr, "hokonjo for" in told.change_message) == ("hokonjo", True)
    erase("h@example.edu", "--yes")
    assert left_of("hokonjo") == []
    told.refresh_from_db()
    assert told.get_change_message() == f"Added liaison “erased-{colleague.pk} for {specialty}”."


def add_as_liaison(client, user, specialty):
    page = reverse("admin:auth_user_change", args=[user.pk])
    fields = Controls(client.get(page).content).values | {"username": user.username, "is_staff": "on"}
    fields |= {"liaison_for-TOTAL_FORMS": 1, "liaison_for-0-specialty": specialty.pk, "liaison_for-0-user": user.pk}
    assert client.post(page, fields).status_code == 302


def test_erasing_shows_what_and_asks(student, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda question: "no")
    with pytest.raises(CommandError, match="Nothing was erased"):
        erase(ADDRESS)
    assert left_of("Wilhelmina") == ["Wilhelmina"]
    monkeypatch.setattr("builtins.input", lambda question: ADDRESS)
    assert "Also in specialties.Feedback, words: 1\n" in erase(ADDRESS)
    assert Person(ADDRESS).requests.count() == 0


def test_erasing_twice_or_somebody_unknown_says_that_nothing_is_there(student):
    erase(ADDRESS, "--yes")
    assert erase(ADDRESS, "--yes") == erase("nobody@example.edu") == "Nothing is stored about this address.\n"


def test_address_of_the_office_is_not_erased(settings):
    with pytest.raises(CommandError, match="OFFICE_EMAIL"):
        erase(settings.OFFICE_EMAIL.upper(), "--yes")


def test_export_has_everything_of_a_student_and_no_key_to_anything(student, tmp_path):
    path = tmp_path / "person.json"
    call_command("export_person", ADDRESS, "--output", path)
    [line] = AuditEntry.objects.filter(what=AuditEntry.What.EXPORTED)
    assert ADDRESS not in line.detail
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text()
    found = json.loads(text)
    assert [row["message"] for row in found["requests"]] == [STUDENT["message"]] * 2
    assert [row["status"] for row in found["requests"]] == ["met", "offered"]
    assert {"Wilhelmina Quist is known to me."} < {event["note"] for event in found["requests"][0]["events"]}
    assert "received" in {mail["kind"] for mail in found["requests"][0]["emails"]}
    assert {(place["table"], place["field"]) for place in found["mentioned in"]} >= {
        ("specialties.Feedback", "words"),
        ("requests_app.RequestEvent", "note"),
    }
    assert student.token not in text
    assert student.offers.get().get_absolute_url().split("/")[2] not in text


def test_export_of_an_advisor_has_nothing_students_wrote(student, capsys):
    address = Advisor.objects.get().email
    call_command("export_person", address)
    text = capsys.readouterr().out
    found = json.loads(text)
    assert [row["name"] for row in found["advisor"]] == ["Robin Advisor"]
    assert len(found["advisor"][0]["offers"]) == 3
    assert "offered" in {mail["kind"] for mail in found["other e-mails"]}
    assert [word for word in ("Quist", "divorce") if word in text] == []
