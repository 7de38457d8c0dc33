"""What pages and the worker ask the database for, and how it finds that among many rows."""

from pathlib import Path

import pytest
from django.core.files.storage import FileSystemStorage
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from advising.static_files import StaticFilesStorage
from requests_app.models import AdvisorRequest, Offer, RequestEvent
from requests_app.outbox import OutgoingEmail
from specialties.models import Advisor, Answer, Proposal, Review, Specialty
from tests.factories import make_question

pytestmark = pytest.mark.django_db

GUIDES = 60


@pytest.fixture
def many_guides():
    guides = Specialty.objects.bulk_create(
        Specialty(name=f"Field {n}", slug=f"field-{n}", is_published=True) for n in range(GUIDES)
    )
    advisors = Advisor.objects.bulk_create(Advisor(name=f"Advisor {n}", slug=f"advisor-{n}") for n in range(GUIDES))
    for guide, advisor in zip(guides, advisors, strict=True):
        guide.advisors.add(advisor)
    question = make_question("early-start")
    Answer.objects.bulk_create(Answer(specialty=guide, question=question, short_answer="Yes") for guide in guides)


def test_no_page_asks_the_database_more_than_eight_times_however_many_guides_there_are(client, many_guides):
    asked = {}
    for url in (
        "/",
        "/specialties/field-1/",
        "/advisors/advisor-1/",
        "/questions/",
        "/questions/early-start/",
        "/compare/?s=field-1&s=field-2&s=field-3&s=field-4",
        "/search/?q=field",
        "/feed/",
        "/sitemap.xml",
    ):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url).status_code == 200
        asked[url] = len(queries)
    assert {url: number for url, number in asked.items() if number > 8} == {}


@pytest.mark.parametrize(("name", "saved"), [("css/site.css", 4000), ("js/site.js", 200)])
def test_stylesheet_and_script_are_collected_without_what_only_people_read(tmp_path, settings, name, saved):
    source, collected = FileSystemStorage("advising/static"), StaticFilesStorage(tmp_path, "/static/")
    with source.open(name) as file:
        collected.save(name, file)
    list(collected.post_process({name: (collected, name)}))
    folder, kind = name.split("/site.")
    [path] = tmp_path.glob(f"{folder}/site.????????????.{kind}")
    assert 0 < path.stat().st_size < source.size(name) - saved
    assert Path(f"{path}.br").exists()


IMPORTANT = {
    "a guide by its address": lambda: Specialty.objects.published().filter(slug="field-1"),
    "its answers": lambda: Answer.objects.filter(specialty=1),
    "its advisors": lambda: Advisor.objects.filter(specialties=1),
    "a student's link": lambda: AdvisorRequest.objects.filter(token="token"),
    "the history of a request": lambda: RequestEvent.objects.filter(request=1),
    "mails of a request": lambda: OutgoingEmail.objects.filter(request=1),
    "mails that are due": lambda: OutgoingEmail.objects.due().order_by("next_try"),
    "mails that failed": lambda: OutgoingEmail.objects.failed().order_by(),  # they are counted
    "mails, newest first": lambda: OutgoingEmail.objects.filter(created_at__gt=timezone.now()),
    "mails to forget": lambda: OutgoingEmail.objects.to_forget(),
    "requests whose student is asked about the meeting": lambda: AdvisorRequest.objects.to_ask_about_meeting(),
    "requests to erase": lambda: AdvisorRequest.objects.to_erase(),
    "offers of a request": lambda: Offer.objects.filter(request=1),
    "an advisor's open requests": lambda: AdvisorRequest.objects.open().filter(advisor=1),
    "proposals for a guide": lambda: Proposal.objects.filter(specialty=1),
    "reviews of a guide": lambda: Review.objects.filter(specialty=1),
}


@pytest.mark.parametrize("name", IMPORTANT)
def test_what_is_asked_often_is_found_by_an_index(name):
    rows = IMPORTANT[name]()
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":  # which reads a small table through, given the choice
            cursor.execute("SET LOCAL enable_seqscan = off")
    plan = rows.explain()
    partial = {index.name for index in rows.model._meta.indexes if index.condition}  # small, so read from end to end
    lines = [line for line in plan.splitlines() if line.split()[-1] not in partial]
    scans = [line for line in lines if "Seq Scan" in line or "SCAN" in line.split()]
    assert scans == []
    assert "INDEX" in plan.upper()


def test_database_compiles_no_question():
    if connection.vendor == "sqlite":
        pytest.skip("of PostgreSQL")
    with connection.cursor() as cursor:
        cursor.execute("SHOW jit")
        assert cursor.fetchone() == ("off",)
