from importlib import import_module

import pytest
from django.apps import apps
from django.conf import settings as django_settings
from django.db import connection
from hypothesis import HealthCheck, settings

from specialties import content_files
from specialties.models import Stage, Synonym
from tests.factories import make_superuser
from tests.mailserver import MailServer

first_questions = import_module("specialties.migrations.0002_first_questions")
first_other_wordings = import_module("specialties.migrations.0007_first_other_wordings")
first_synonyms = import_module("specialties.migrations.0005_first_synonyms")


def pytest_configure():
    django_settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # others are slow on purpose


# Each run draws new examples, also where hypothesis sees a build. A failure prints the line that repeats it alone.
settings.register_profile(
    "portal",
    derandomize=False,
    database=None,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("long", settings.get_profile("portal"), max_examples=2000)  # by --hypothesis-profile=long
settings.load_profile("portal")


@pytest.fixture
def questions(db):
    """The stages and questions a new portal begins with, also after a transactional test has emptied every table."""
    if not Stage.objects.exists():
        first_questions.ask(apps, None)
        first_other_wordings.add(apps, None)


@pytest.fixture
def synonyms(db):
    """The synonyms a new portal begins with, likewise."""
    if not Synonym.objects.exists():
        first_synonyms.add(apps, None)


@pytest.fixture
def guide(questions, synonyms):
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


@pytest.fixture
def by_smtp(settings, smtp):
    """That mail server, with the portal's mail going to it."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", smtp.port, 2
    return smtp


def pytest_report_header():
    return f"database: {connection.vendor}"
