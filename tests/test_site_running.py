"""How the portal is set up and started: settings, commands, and the documents that tell of them."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command

from advising import checks
from specialties.models import Specialty
from tests import postgres
from tests.programs import PACKAGES, program_of

pytestmark = pytest.mark.any_database

ROOT = Path(__file__).parent.parent
PRODUCTION = {
    "DEBUG": "off",
    "SECRET_KEY": "a-long-text-for-tests-that-nobody-else-uses-0123456789",
    "ALLOWED_HOSTS": "advising.example.edu",
}


@pytest.fixture
def start_wsgi(tmp_path):
    """Return a function that imports the WSGI application in a process with no more environment than given."""
    shutil.copytree(ROOT / "advising", tmp_path / "advising")  # so that a developer's own .env is not beside it

    def start(expression="", **environment):
        code = f"import advising.wsgi; from django.conf import settings; print({expression})"
        environment |= {"PYTHONPATH": f"{tmp_path}:{ROOT}"}
        return subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, env=environment
        )

    return start


@pytest.mark.parametrize("missing", ["SECRET_KEY", "ALLOWED_HOSTS"])
@pytest.mark.parametrize("how", ["absent", "empty"])
def test_production_does_not_start_half_configured(start_wsgi, missing, how):
    environment = {name: value for name, value in PRODUCTION.items() if name != missing}
    if how == "empty":
        environment[missing] = ""
    result = start_wsgi(**environment)
    assert result.returncode != 0
    assert f"ImproperlyConfigured: {missing} is not set" in result.stderr


def test_all_that_production_lacks_is_named_at_once(start_wsgi):
    [last_line] = start_wsgi(DEBUG="off").stderr.splitlines()[-1:]
    assert re.findall(r"(\w+) is not set", last_line) == ["SECRET_KEY", "ALLOWED_HOSTS"]


def test_sender_may_have_a_name(start_wsgi):
    sender = "Advising Office <advising@example.edu>"
    assert (
        start_wsgi("settings.DEFAULT_FROM_EMAIL", **PRODUCTION | {"DEFAULT_FROM_EMAIL": sender}).stdout == sender + "\n"
    )


def test_production_keeps_browsers_to_tls_and_has_them_report_where_it_is_told(start_wsgi):
    browser = {"SERVER_NAME": "advising.example.edu", "HTTP_X_FORWARDED_PROTO": "https"}
    get = f"__import__('django.test').test.Client(**{browser}).get"
    headers = f"__import__('json').dumps([dict({get}(path).headers) for path in ('/theme.css', '/admin/login/')])"
    result = start_wsgi(headers, **PRODUCTION | {"CSP_REPORT_URL": "https://reports.example.edu/csp"})
    for answer in json.loads(result.stdout):
        assert answer["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains; preload"
        assert answer["Content-Security-Policy"].endswith("; report-uri https://reports.example.edu/csp")


def test_command_that_cannot_start_says_why_in_one_line(tmp_path):
    shutil.copytree(ROOT / "advising", tmp_path / "advising")
    shutil.copy(ROOT / "manage.py", tmp_path)
    result = subprocess.run(
        [sys.executable, "manage.py", "check"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"DEBUG": "off", "PYTHONPATH": f"{tmp_path}:{ROOT}"},
    )
    assert result.returncode == 1
    [line] = result.stderr.splitlines()
    assert line.startswith("The portal does not start: SECRET_KEY is not set.")


def test_production_with_every_host_needs_the_address_for_emails(start_wsgi):
    result = start_wsgi(**PRODUCTION | {"ALLOWED_HOSTS": "*"})
    assert "ImproperlyConfigured: SITE_URL is https://*; links in e-mails need one" in result.stderr
    assert start_wsgi(**PRODUCTION | {"ALLOWED_HOSTS": "*", "SITE_URL": "https://a.example.edu"}).returncode == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SITE_URL", "advising.example.edu"),
        ("OFFICE_DAYS", "five"),
        ("OFFICE_DAYS", "0"),
        ("HOLIDAYS", "Christmas"),
        ("DATABASE_URL", "nonsense"),
        ("DATABASE_URL", "mysql://portal@127.0.0.1/portal"),
        ("OFFICE_EMAIL", "nonsense"),
        ("OFFICE_EMAIL", "Office <office@example.edu>"),
        ("DEFAULT_FROM_EMAIL", "nonsense"),
        ("DEFAULT_FROM_EMAIL", "Office <office>"),
        ("TIME_ZONE", "Nowhere"),
        ("TIME_ZONE", "../zone"),
        ("RETENTION_MONTHS", "0"),
        ("RETENTION_MONTHS", "two years"),
        ("ACCENT_COLOR", "purple"),
        ("ACCENT_COLOR", "#4e2a84;}"),
        ("EMAIL_URL", "nonsense"),
        ("CACHE_URL", "nonsense"),
        ("PORT", "http"),
        ("TRUSTED_PROXIES", "-1"),
        ("OIDC_ISSUER", "http://login.example.edu"),
    ],
)
def test_setting_that_cannot_be_read_is_named(start_wsgi, name, value):
    result = start_wsgi(**PRODUCTION | {name: value})
    assert result.returncode != 0
    assert re.search(rf"ImproperlyConfigured: {name} (is|cannot be read)", result.stderr)


def test_empty_setting_is_one_that_is_not_set(start_wsgi):
    empty = dict.fromkeys(["SITE_URL", "OFFICE_EMAIL", "OFFICE_DAYS", "HOLIDAYS", "DATABASE_URL", "EMAIL_URL"], "")
    result = start_wsgi("settings.SITE_URL, settings.OFFICE_DAYS, settings.HOLIDAYS", **PRODUCTION | empty)
    assert result.stdout == "https://advising.example.edu 5 []\n"


OIDC = {"OIDC_ISSUER": "https://login.example.edu/tenant/", "OIDC_CLIENT_ID": "portal", "OIDC_CLIENT_SECRET": "secret"}


def test_half_of_single_sign_on_is_refused(start_wsgi):
    result = start_wsgi(**PRODUCTION | OIDC | {"OIDC_CLIENT_SECRET": ""})
    assert "ImproperlyConfigured: OIDC_CLIENT_SECRET is not set. Single sign-on needs all of" in result.stderr


def test_production_requires_a_second_factor_and_names_the_provider_after_its_issuer(start_wsgi):
    provider = "settings.SOCIALACCOUNT_PROVIDERS['openid_connect']['APPS'][0]['provider_id']"
    expression = f"{provider}, settings.SECOND_FACTOR_REQUIRED, settings.SSO_HAS_SECOND_FACTOR"
    result = start_wsgi(f"{expression}, settings.SESSION_COOKIE_AGE", **PRODUCTION | OIDC)
    assert result.stdout == "login-example-edu-tenant True False 3600\n"


def test_holidays_are_dates_whatever_the_spaces(start_wsgi):
    result = start_wsgi("*settings.HOLIDAYS", **PRODUCTION | {"HOLIDAYS": "2026-12-25, 2027-01-01"})
    assert result.stdout == "2026-12-25 2027-01-01\n"


def test_failure_in_production_is_logged_without_private_links(start_wsgi):
    result = start_wsgi(
        "__import__('logging').getLogger('django.request').error('Failed: %s', '/requests/a-secret-token/')",
        **PRODUCTION,
    )
    [line] = result.stderr.splitlines()[-1:]
    assert json.loads(line)["message"] == "Failed: /requests/…/"
    assert "secret" not in result.stderr


def test_production_is_safe_by_itself(start_wsgi):
    result = start_wsgi(
        "settings.DEBUG, settings.SECURE_SSL_REDIRECT, settings.SESSION_COOKIE_SECURE, settings.CSRF_COOKIE_HTTPONLY, "
        "settings.SECURE_PROXY_SSL_HEADER, settings.SITE_URL",
        **PRODUCTION,
    )
    assert result.stdout == ("False True True True ('HTTP_X_FORWARDED_PROTO', 'https') https://advising.example.edu\n")


@pytest.fixture
def make_run(tmp_path):
    """Return a function that starts `make run` with a Procfile and .env of the test's own, and nothing to install."""
    for name in ("Makefile", "requirements.txt"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "manage.py").touch()
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "installed").touch()
    python = tmp_path / ".venv" / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)

    def start(web, env_file="", make=("run",), **environment):
        (tmp_path / "Procfile").write_text(f"web: {web}\n")
        (tmp_path / ".env").write_text(env_file)
        return subprocess.Popen(
            ["make", *make],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    return start


@pytest.mark.parametrize(
    ("env_file", "environment", "expected"),
    [
        ("", {}, "8000 2"),
        ("PORT=9001\nWEB_CONCURRENCY='5'\n", {}, "9001 5"),
        ("#PORT=9001\n", {}, "8000 2"),
        ("PORT=9001\n", {"PORT": "9002", "WEB_CONCURRENCY": "3"}, "9002 3"),
        ("PORT=9001\n", {"PORT": ""}, "9001 2"),
    ],
)
def test_port_and_processes_are_those_of_the_caller_then_of_the_file(make_run, env_file, environment, expected):
    out, _ = make_run("echo got $PORT $WEB_CONCURRENCY", env_file, **environment).communicate(timeout=30)
    assert f"got {expected}\n" in out


def test_demo_has_a_database_of_its_own_and_mails_nobody_whatever_it_is_told(make_run, tmp_path):
    real = {"DATABASE_URL": "postgres://real", "EMAIL_URL": "smtp://real"}
    told = ("demo", *(f"{name}={value}" for name, value in real.items()))
    out, _ = make_run("echo got $DATABASE_URL $EMAIL_URL", make=told, **real).communicate(timeout=30)
    assert f"got sqlite:///{tmp_path}/demo.sqlite3 consolemail://\n" in out


def test_ctrl_c_ends_the_portal_without_an_error(make_run):
    process = make_run("echo ready; exec sleep 60")
    while "ready" not in process.stdout.readline():
        assert process.poll() is None
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert "***" not in errors


def test_portal_that_does_not_start_is_an_error(make_run):
    process = make_run("exit 3")
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 2
    assert "Error 3" in errors


def test_prepare_makes_a_portal_ready_and_leaves_it_alone_the_second_time(db, capsys):
    call_command("prepare")
    first = capsys.readouterr().out
    [password] = re.findall(r"Password +(\S+)", first)
    assert User.objects.get(username="coordinator").check_password(password)
    assert Specialty.objects.get().slug == "interventional-radiology"

    Specialty.objects.update(slug="renamed", summary="Changed by staff")
    call_command("prepare")
    second = capsys.readouterr().out
    assert "Password  " not in second
    assert Specialty.objects.get().summary == "Changed by staff"
    assert User.objects.get().check_password(password)


@pytest.mark.parametrize(
    ("setting", "value", "ids"),
    [
        ("ACCENT_COLOR", "#4e2a84", []),
        ("ACCENT_COLOR", "#ffcc00", ["advising.E001"]),
        ("OFFICE_EMAIL", "office@example.edu", []),
        ("OFFICE_EMAIL", "office@localhost", ["advising.W002"]),
        ("EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend", ["advising.W001"]),
    ],
)
def test_checks_name_settings_that_cannot_work(settings, setting, value, ids):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    setattr(settings, setting, value)
    found = [checks.accent_is_readable, checks.mail_reaches_people]
    assert [message.id for check in found for message in check(None)] == ids


@pytest.mark.parametrize(("ci", "code"), [("", 0), ("true", 1)])
def test_missing_postgresql_is_skipped_by_hand_and_a_failure_in_ci(monkeypatch, capsys, ci, code):
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(postgres, "binaries", lambda: None)
    assert postgres.main(["false"]) == code
    assert capsys.readouterr().out.startswith("SKIPPED: no PostgreSQL on this machine")


@pytest.mark.parametrize("package", PACKAGES)
@pytest.mark.parametrize(("ci", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)])
def test_missing_program_skips_by_hand_and_is_a_failure_in_ci(monkeypatch, package, ci, outcome):
    monkeypatch.setenv("CI", ci)
    monkeypatch.setitem(PACKAGES, package, ["is-nowhere"])
    with pytest.raises(outcome, match=f"apt-get install {package}"):
        program_of(package)
    assert f"missing+=({package})" in (ROOT / ".ci" / "run").read_text()


def test_contrast_is_that_of_the_standard():
    assert checks.contrast_with_white("#000000") == pytest.approx(21)
    assert checks.contrast_with_white("#ffffff") == pytest.approx(1)
    assert checks.contrast_with_white("#777777") == pytest.approx(4.48, abs=0.01)


def test_every_setting_is_documented_and_every_documented_one_exists():
    code = (ROOT / "advising" / "settings.py").read_text()
    read = set(re.findall(r'(?:setting|env\.\w+)\(\s*"([A-Z_]+)"', code))
    documented = set(re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    of_other_programs = {"WEB_CONCURRENCY"}  # granian's, named in Procfile.serve
    assert documented - of_other_programs == read


def test_every_make_target_the_documents_name_exists():
    targets = set(re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    text = "\n".join(document.read_text() for document in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
    named = set(re.findall(r"(?:^ {4}|`)(?:\S+=\S+ )*make ([a-z]+)", text, re.MULTILINE))
    assert {"run", "test", "check"} <= named <= targets


def test_every_picture_and_page_the_readme_links_exists():
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", (ROOT / "README.md").read_text())
    assert len(links) >= 5
    assert [link for link in links if not (ROOT / link).exists()] == []
