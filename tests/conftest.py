import pytest
from django.db import connection

from specialties import content_files
from tests.factories import make_superuser
from tests.mailserver import MailServer


@pytest.fixture
def guide(db):
    """The real guide of Interventional Radiology, as a new portal holds it."""
    return content_files.load(content_files.INTERVENTIONAL_RADIOLOGY)


@pytest.fixture
def superuser(db):
    return make_superuser()


@pytest.fixture
def superuser_client(client, superuser):
    client.force_login(superuser)
    return client


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix, tmp_path_factory):
    """SQLite as it runs for real: a file in WAL mode that several connections share, not a private memory."""
    if connection.vendor == "sqlite":
        connection.settings_dict["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")


@pytest.fixture
def smtp():
    """A mail server that listens for real; `smtp.received` are the messages it took, `smtp.answer` what it says."""
    with MailServer() as server:
        yield server


def pytest_report_header():
    return f"database: {connection.vendor}"
