"""What the logs hold after the work of a day with failures, and what they never hold."""

import io
import json
import logging
import os
import subprocess
from contextlib import closing
from http.client import HTTPConnection
from threading import Event

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, OperationalError
from django.urls import path, reverse

from advising import urls
from advising.logs import JsonLines
from requests_app import deadlines
from requests_app.management.commands import work
from requests_app.models import AdvisorRequest
from requests_app.outbox import send_due
from specialties.previews import link_for_department
from tests.factories import make_advisor, make_answer, make_review, make_specialty
from tests.mailserver import free_port
from tests.production import kill, wait_for, web_command
from tests.test_site_health import PRODUCTION

pytestmark = pytest.mark.django_db

PERSONAL = {
    "name": "Wilhelmina Quist",
    "email": "w.quist@example.edu",
    "message": "My tutor knows of the divorce.",
    "availability": "After my shift",
}


def fail(request, token):
    raise IntegrityError(f"Key (email)=({PERSONAL['email']}) of {PERSONAL['name']} exists: {PERSONAL['message']}")


urlpatterns = [path("requests/<str:token>/fail/", fail), *urls.urlpatterns]
handler500 = urls.handler500


@pytest.fixture
def log():
    """Whatever any part of the portal or of Django has to say, as production writes it."""
    written, root, django = io.StringIO(), logging.getLogger(), logging.getLogger("django")
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonLines())
    levels = root.level, django.level
    root.addHandler(handler)
    root.setLevel("INFO")
    django.setLevel("INFO")
    yield written
    root.removeHandler(handler)
    root.setLevel(levels[0])
    django.setLevel(levels[1])


def the_students_day(client, specialty):
    form = PERSONAL | {"class_year": "m3", "submission_id": "0c1a1d6e-3c8f-4b43-9d3c-0d3f4a3f1f11"}
    page = client.post(reverse("requests:create", args=[specialty.slug]), form)["Location"]
    token = AdvisorRequest.objects.get().token
    assert client.get(page).status_code == 200
    assert client.get(page.replace(token, f"x{token}")).status_code == 404
    assert client.get(f"{page}fail/").status_code == 500
    assert client.put(page).status_code == 405
    return token


def test_day_with_failures_leaves_nothing_personal_in_the_logs(client, settings, by_smtp, log):
    settings.ROOT_URLCONF = __name__
    client.raise_request_exception = False
    specialty = make_specialty(email="department@example.edu")
    make_advisor(specialty, name="Florence Sato-Lind", email="sato.lind@example.edu")
    make_answer(specialty)
    token = the_students_day(client, specialty)
    advisor_request = AdvisorRequest.objects.get()

    by_smtp.refuse = {PERSONAL["email"]: f"550 {PERSONAL['email']} is unknown here, {token}"}
    send_due()
    settings.EMAIL_PORT = free_port()
    advisor_request.emails.update(sent_at=None, next_try="2026-11-01T12:00Z")
    send_due()

    respond = advisor_request.offers.get().get_absolute_url()
    client.get(f"{respond[:-1]}x/")
    client.post(respond, {"action": "accept", "note": "Knows the divorce"})
    review = make_review(specialty)
    client.get(f"{review.get_absolute_url()[:-1]}x/")
    client.get(f"{link_for_department(specialty)[:-1]}x/")

    office = User.objects.create_superuser("office.clerk@example.edu", "office.clerk@example.edu", "hush-hush-hush")
    client.post("/admin/login/", {"username": office.username, "password": "wrong-hush"})
    client.force_login(office)
    client.post(
        reverse("admin:requests_app_advisorrequest_note", args=[advisor_request.pk]), {"note": "The divorce again"}
    )
    client.get("/admin/requests_app/advisorrequest/99999/change/")
    client.get("/nothing/w.quist@example.edu/")
    deadlines.taken(lambda row: fail(None, token), advisor_request, {})

    text = log.getvalue()
    lines = [json.loads(line) for line in text.splitlines()]
    messages = {line["message"] for line in lines}
    assert {"Not Found: /requests/…/", "Internal Server Error: /requests/…/fail/"} <= messages
    errors = [line["error"] for line in lines if "error" in line]
    assert errors.count(["IntegrityError"]) == 2
    assert {"E-mail", "Step"} <= {message.split()[0] for message in messages}
    private = {
        *PERSONAL.values(),
        *("Quist", "quist", "divorce", "Florence", "sato.lind", "department@", "office.clerk", "hush"),
        *(token, respond.split("/")[2], review.get_absolute_url().split("/")[2]),
        link_for_department(specialty).split("/")[-2],
    }
    assert [value for value in private if value in text] == []


def test_error_of_the_connection_says_why(log):
    try:
        raise OperationalError("connection to server at db@host failed\nDETAIL: secret")
    except Exception:
        logging.getLogger("requests_app").exception("The database did not answer")
    [line] = map(json.loads, log.getvalue().splitlines())
    assert (line["error"], line["reason"]) == (["OperationalError"], "connection to server at … failed")
    assert line["at"][-1].startswith("tests/test_site_logs.py:")


def test_worker_tells_of_an_error_in_the_log_alone_and_goes_on(log, monkeypatch):
    def fail():
        raise ValueError(PERSONAL["email"])

    monkeypatch.setattr("django.db.close_old_connections", lambda: None)
    monkeypatch.setattr(work, "take_due_steps", lambda resting: fail())
    worker = work.Command()
    worker.resting = {}
    assert worker.pass_once(Event()) == work.PAUSE_AFTER_ERROR
    [line] = map(json.loads, log.getvalue().splitlines())
    assert (line["message"], line["error"]) == ("A pass failed", ["ValueError"])
    assert PERSONAL["email"] not in log.getvalue()


def test_web_server_writes_no_private_link_even_where_all_goes_wrong(tmp_path):
    """Started as in production but without static files, so that not even the error page works."""
    port = str(free_port())
    environment = os.environ | PRODUCTION | {"PORT": port, "TEST_STATIC_ROOT": str(tmp_path), "WEB_CONCURRENCY": "1"}
    log = tmp_path / "log"
    started = {"args": web_command(environment), "env": environment, "start_new_session": True}
    with log.open("wb") as stderr, subprocess.Popen(**started, stderr=stderr, stdout=stderr) as server:
        wait_for(int(port))
        with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as http:
            http.request("GET", "/requests/a-secret-token/?q=a-secret-word")
            answer = http.getresponse()
            assert (answer.status, answer.read()) == (500, b"Something went wrong on our side.")
        kill(server)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert "secret" not in log.read_text()
    messages = [line["message"] for line in lines]
    assert {"Internal Server Error: /requests/…/", "The page that says so cannot be shown"} <= set(messages)


def test_error_that_a_server_writes_out_in_full_is_left_out(log):
    logging.getLogger("_granian").error("It raised an exception\nTraceback (most recent call last):\n  hush")
    [line] = map(json.loads, log.getvalue().splitlines())
    assert (line["message"], "hush" in log.getvalue()) == ("It raised an exception", False)
