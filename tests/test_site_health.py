"""What machines that watch the portal are told, and what happens while the database is away."""

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from datetime import timedelta
from http.client import HTTPConnection
from urllib.parse import urlsplit

import psycopg2
import pytest
from django.db import InterfaceError, OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.urls import path
from django.utils import timezone

from advising import health, urls
from tests import postgres
from tests.factories import make_email
from tests.production import production_server

PRODUCTION = {
    "DJANGO_SETTINGS_MODULE": "tests.production_settings",
    "PYTHONWARNINGS": "ignore",
    "DEBUG": "off",
    "SECRET_KEY": "for-tests-only-and-long-enough-for-them-0123456789",
    "ALLOWED_HOSTS": "127.0.0.1",
}
PUT_EMAIL = """
    INSERT INTO requests_app_outgoingemail (kind, "to", reply_to, subject, text, html, message_id, created_at, attempts,
        next_try, give_up_at, last_error)
    VALUES ('received', %(to)s, '', 'Subject', 'Text', 'Text', %(message_id)s, now(), 0,
        now(), now() + interval '1 hour', '')
"""


def away(request):
    raise ERRORS[request.GET["error"]]("server closed the connection; secret detail")


ERRORS = {"gone": OperationalError, "closed": InterfaceError, "other": RuntimeError}
urlpatterns = [path("away/", away), *urls.urlpatterns]
handler500 = urls.handler500


@pytest.fixture
def anew():
    """As in a process that has just started."""
    health.check_migrations.cache_clear()
    yield
    health.check_migrations.cache_clear()


def answer(url, **extra):
    response = Client().get(url, **extra)
    assert response["Cache-Control"] == "no-store"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert not response.cookies
    return response.status_code, response.content.decode()


@pytest.mark.parametrize("host", ["10.0.0.7:8000", "nobody.example", "bad_host!"])
def test_process_answers_whatever_the_host_and_without_tls(settings, host):
    settings.SECURE_SSL_REDIRECT, settings.ALLOWED_HOSTS = True, ["advising.example.edu"]
    assert answer("/healthz", headers={"host": host}) == (200, "ok\n")  # and asks no database: none is open here


@pytest.mark.django_db
def test_portal_is_ready_with_all_migrations(anew):
    assert answer("/readyz", headers={"host": "10.0.0.7:8000"}) == (200, "ok\n")


@pytest.mark.django_db
def test_portal_is_not_ready_before_it_is_migrated(anew):
    MigrationRecorder.Migration.objects.filter(app="requests_app").delete()
    code, text = answer("/readyz")
    assert (code, text.partition(":")[0]) == (503, "Migrations to apply")


@pytest.mark.django_db
def test_mail_that_no_worker_takes_is_said_and_stops_no_page():
    make_email(next_try=timezone.now() - timedelta(minutes=14))
    assert answer("/readyz") == (200, "ok\n")
    make_email(next_try="2026-11-02T12:00Z")
    assert answer("/readyz") == (200, "ok, but e-mail waits since 2026-11-02 12:00 UTC\n")


@pytest.mark.parametrize(("error", "code"), [("gone", 503), ("closed", 503), ("other", 500)])
def test_database_that_does_not_answer_is_said_in_a_page_of_its_own(client, settings, error, code):
    settings.ROOT_URLCONF = __name__
    client.raise_request_exception = False
    response = client.get(f"/away/?error={error}")
    text = response.content.decode()
    assert response.status_code == code
    assert (response.headers.get("Retry-After"), response.headers.get("Cache-Control")) == (
        ("30", "no-store") if code == 503 else (None, None)
    )
    assert ("back in a moment" in text) == (code == 503)
    assert "secret" not in text


@contextmanager
def process(*arguments, **options):
    running = subprocess.Popen([sys.executable, *arguments], **options)
    try:
        yield running
    finally:
        running.terminate()
        running.wait(30)


def get(address, path):
    """Return status, text and the seconds until they were there."""
    begun = time.monotonic()
    with closing(HTTPConnection(urlsplit(address).netloc, timeout=30)) as http:
        http.request("GET", path)
        response = http.getresponse()
        return response.status, response.read().decode(), time.monotonic() - begun


def put_email(database, to):
    dsn = f"host={database.home} user=portal dbname=postgres"
    with closing(psycopg2.connect(dsn)) as session, session, session.cursor() as cursor:
        cursor.execute(PUT_EMAIL, {"to": to, "message_id": f"<{to}>"})


def wait_until(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def own_database():
    """A PostgreSQL of its own, with the portal's tables, and what a process needs to work on it in production."""
    if connection.vendor == "sqlite":
        pytest.skip("of PostgreSQL")
    with postgres.Postgres(postgres.binaries()) as database:
        environment = os.environ | PRODUCTION | {"DATABASE_URL": database.url, "TEST_STATIC_ROOT": ""}
        subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], check=True, env=environment)
        yield database, environment


def test_database_on_a_silent_machine_is_given_up_after_seconds():
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        url = f"postgres://portal@127.0.0.1:{silent.getsockname()[1]}/portal"
        with production_server(database_url=url) as address:
            assert get(address, "/healthz")[0] == 200
            status, text, seconds = get(address, "/")
    assert (status, "back in a moment" in text) == (503, True)
    assert seconds < 15


def test_database_may_go_away_and_come_back_under_running_processes(own_database, smtp, tmp_path):
    database, environment = own_database
    log = tmp_path / "log"
    with (
        log.open("wb") as stderr,
        process("manage.py", "work", env=environment | {"EMAIL_URL": smtp.url}, stderr=stderr) as worker,
        production_server(database_url=database.url, WEB_CONCURRENCY="1") as address,  # one that keeps what was read
    ):
        put_email(database, "before@example.edu")
        wait_until(lambda: smtp.to("before@example.edu"))
        assert get(address, "/")[0] == get(address, "/readyz")[0] == 200

        database.stop()
        status, text, seconds = get(address, "/compare/?s=never-asked-for")
        assert status == 503
        assert "back in a moment" in text
        assert seconds < 5
        assert get(address, "/healthz")[:2] == (200, "ok\n")
        assert get(address, "/readyz")[:2] == (503, "The database does not answer.\n")
        assert get(address, "/")[0] == 200  # read before, so it is kept for a while
        wait_until(lambda: "The database did not answer" in log.read_text())

        database.start()
        assert get(address, "/")[0] == get(address, "/readyz")[0] == 200
        put_email(database, "after@example.edu")
        wait_until(lambda: smtp.to("after@example.edu"))
        assert worker.poll() is None
        assert {json.loads(line)["level"] for line in log.read_text().splitlines()} == {"INFO", "ERROR"}
