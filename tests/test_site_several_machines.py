"""Two machines with a web server and a worker each, on one database and one Redis, are one portal."""

import time
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from urllib.parse import urlencode, urlsplit

import pytest

from requests_app.outbox import OutgoingEmail
from specialties.models import Specialty
from tests.database import url_of_test_database
from tests.factories import make_superuser
from tests.production import production_server
from tests.test_requests_form import form_data
from tests.test_requests_outbox import start_worker, wait_until
from tests.test_site_redis import redis

pytestmark = pytest.mark.django_db(transaction=True)


def ask(machine, path, fields=None, cookies=""):
    """Return the status, where it leads and the text of what a machine answers; `fields` are a form."""
    headers = {"Cookie": f"csrftoken={'s' * 32}; {cookies}"}
    body = None
    if fields:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        body = urlencode(fields | {"csrfmiddlewaretoken": "s" * 32}, doseq=True)
    with closing(HTTPConnection(urlsplit(machine).netloc, timeout=30)) as http:
        http.request("POST" if fields else "GET", path, body, headers)
        response = http.getresponse()
        return response.status, response.getheader("Location"), response.read().decode()


@pytest.fixture
def redis_running():
    with ExitStack() as running:
        yield running


@pytest.fixture
def machines(guide, redis_running, settings, smtp, tmp_path):
    """Return the addresses of the two, each with a worker beside it."""
    variables = {
        "database_url": url_of_test_database(),
        "CACHE_URL": redis_running.enter_context(redis(tmp_path)).replace("unix", "redis"),
        "REQUESTS_PER_HOUR": "4",
        "SECRET_KEY": settings.SECRET_KEY,
        "WEB_CONCURRENCY": "1",
    }
    with ExitStack() as running:
        for worker in (start_worker(smtp), start_worker(smtp)):
            running.callback(worker.wait)
            running.callback(worker.kill)
        yield [running.enter_context(production_server(**variables)) for _ in range(2)]


def test_two_machines_are_one_portal_also_after_their_redis_died(machines, redis_running, client, guide, smtp):
    here, there = machines
    form = f"{guide.get_absolute_url()}request/"

    def send(machine, name):
        return ask(machine, form, form_data(email=f"{name}@example.edu"))[:2]

    accepted = [send(here, "a"), send(there, "b"), send(here, "c")]
    assert [status for status, _ in accepted] == [302, 302, 302]
    assert {ask(machine, link)[0] for machine in machines for _, link in accepted} == {200}

    client.force_login(make_superuser())
    session = f"sessionid={client.cookies['sessionid'].value}"
    assert [ask(machine, "/admin/", cookies=session)[1][:14] for machine in machines] == ["/accounts/2fa/"] * 2
    client.logout()
    assert [ask(machine, "/admin/", cookies=session)[1][:13] for machine in machines] == ["/admin/login/"] * 2

    redis_running.close()
    assert send(there, "d")[0] == 302
    assert [send(machine, "e")[0] for machine in machines] == [429, 429]

    for machine in machines:
        assert "New words" not in ask(machine, guide.get_absolute_url())[2]
    Specialty.objects.update(summary="New words")
    time.sleep(2)
    for machine in machines:
        assert "New words" in ask(machine, guide.get_absolute_url())[2]

    wait_until(lambda: not OutgoingEmail.objects.filter(sent_at=None).exists())
    written = OutgoingEmail.objects.values_list("message_id", flat=True)
    assert sorted(message["Message-ID"] for message in smtp.received) == sorted(written)
