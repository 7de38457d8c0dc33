"""Kept pages in real processes: edits made elsewhere show in all of them, and readers outlive the database."""

import re
import time
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from urllib.parse import urlsplit
from urllib.request import urlopen

import psycopg2
import pytest
from django.db import connection

from specialties.models import Specialty
from tests.database import url_of_test_database
from tests.production import production_server

READERS = 12  # connections, which the kernel spreads over the processes
OLD, NEW, STALE = (None, False), (None, True), ('110 - "Response is Stale"', True)


def answers(address, path):
    """Return the different answers of several connections: the warning, and whether the new words are there."""
    found = set()
    for _ in range(READERS):
        reader = HTTPConnection(urlsplit(address).netloc, timeout=10)
        reader.request("GET", path)
        response = reader.getresponse()
        found.add((response.getheader("Warning"), b"New words" in response.read()))
        reader.close()
    return found


def stylesheet_of(address, path):
    return re.search(r'href="(/static/css/site\.[0-9a-f]{12}\.css)"', urlopen(address + path).read().decode())[1]


def cached_for(address, path):
    return urlopen(address + path).headers["Cache-Control"]


@contextmanager
def closed_database():
    """Break every connection to the test's database, and let PostgreSQL refuse new ones."""
    name = connection.settings_dict["NAME"]
    of_the_server = {key: value for key, value in connection.settings_dict.items() if key in ("HOST", "USER", "PORT")}
    where = {key.lower(): value for key, value in of_the_server.items() if value}
    with closing(psycopg2.connect(dbname="postgres", **where)) as other:
        other.autocommit = True
        cursor = other.cursor()
        cursor.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        try:
            yield
        finally:
            cursor.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
            connection.close()


@pytest.mark.django_db(transaction=True)
def test_processes_show_edits_within_two_seconds_and_outlive_the_database(guide):
    url = guide.get_absolute_url()
    with production_server(database_url=url_of_test_database()) as address:
        assert answers(address, url) == {OLD}
        assert cached_for(address, stylesheet_of(address, url)) == "max-age=315360000, public, immutable"
        Specialty.objects.update(summary="New words")
        time.sleep(2)
        assert answers(address, url) == {NEW}
        if connection.vendor == "postgresql":
            with closed_database():
                time.sleep(2.1)
                assert answers(address, url) == {STALE}
            time.sleep(1.1)
            assert answers(address, url) == {NEW}
