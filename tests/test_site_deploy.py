"""docs/deploy.md: what it says to copy works, as far as a machine without internet and without root can tell."""

import os
import re
import subprocess
import sys
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest
from django.core.management import get_commands
from django.db import connection

from specialties.private_pages import PRIVATE_LINK
from tests import postgres
from tests.production import free_port, wait_for
from tests.programs import program_of

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs" / "deploy.md").read_text()
BLOCKS = re.findall(r"^```bash( tried)?\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
FILES = dict(re.findall(r"^cat > (\S+) <<'END'\n(.*?)^END$", TEXT, re.MULTILINE | re.DOTALL))
SETTINGS = dict(re.findall(r"^([A-Z_]+)=(.*)$", FILES["/srv/portal/app/.env"], re.MULTILINE))


def test_every_block_is_a_script():
    assert len(BLOCKS) >= 12
    for _, block in BLOCKS:
        subprocess.run(["bash", "-n", "-e"], input=block, text=True, check=True)


def test_every_command_setting_and_path_it_names_exists():
    commands = set(re.findall(r"(?:manage\.py |^portal |`portal |\$drill portal )([a-z_]+)", TEXT, re.MULTILINE))
    assert len(commands) >= 9
    assert commands - {*get_commands()} == set()
    documented = set(re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    named = {*SETTINGS, *re.findall(r"`([A-Z]+_[A-Z_]+)", TEXT)}
    assert named - documented == set()
    paths = re.findall(r"(?:--config |in `)(advising/\S+?\.py)", TEXT)
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_units_are_what_systemd_takes(tmp_path):
    systemd_analyze = program_of("systemd")
    units = {Path(path).name: text for path, text in FILES.items() if "/systemd/" in path}
    assert len(units) == 4
    for name, text in units.items():
        (tmp_path / name).write_text(text.replace("/srv/portal/app/.venv/bin/", f"{Path(sys.executable).parent}/"))
    for name in units:
        result = subprocess.run(
            [systemd_analyze, "verify", "--man=no", tmp_path / name], capture_output=True, text=True
        )
        complaints = [line for line in result.stderr.splitlines() if any(name in line for name in units)]
        assert (name, result.returncode, complaints) == (name, 0, [])


def test_proxy_log_is_of_the_kinds_of_private_links():
    text = FILES["/etc/nginx/sites-available/portal"]
    [log_format] = re.findall(r"log_format portal '(.*)'", text)
    assert log_format.split() == ["$time_iso8601", "$request_method", "$public_uri", "$status", "$request_time"]
    [kinds] = re.findall(r"\?<kind>([a-z|]+)", text)
    assert f"/({kinds})/" in PRIVATE_LINK.pattern


def test_web_unit_starts_what_the_procfile_does():
    [web] = re.findall("^web: exec (.*)$", (ROOT / "Procfile.serve").read_text(), re.MULTILINE)
    started = re.search(
        "^ExecStart=/srv/portal/app/.venv/bin/(.*)$", FILES["/etc/systemd/system/portal-web@.service"], re.M
    )
    assert re.sub(r"\$\{(\w+)\}", r"$\1", started[1]) == web


def test_proxy_settings_are_what_nginx_takes(tmp_path):
    nginx = program_of("nginx")
    site = FILES["/etc/nginx/sites-available/portal"].replace("/var/log/nginx", str(tmp_path))
    config = tmp_path / "nginx.conf"
    config.write_text(f"pid {tmp_path}/pid; events {{}} http {{ {site.replace('listen 80', 'listen 8080')} }}")
    subprocess.run([nginx, "-t", "-c", config], check=True)


LIKE_DEBIAN = "user {user}; pid {home}/pid; events {{}} http {{ access_log /var/log/nginx/access.log; {servers} }}"
LIKE_CERTBOT = "server {{ listen {port}; server_name advising.example.edu; return 301 https://$host$request_uri; }}"


def test_proxy_writes_no_private_link_anywhere_not_even_as_it_leads_to_tls(tmp_path):
    nginx, config = program_of("nginx"), tmp_path / "nginx.conf"
    [quiet] = re.findall(r"^sed -i .* /etc/nginx/nginx\.conf$", TEXT, re.MULTILINE)
    port, plain = free_port(), free_port()
    site = FILES["/etc/nginx/sites-available/portal"].replace("listen 80;", f"listen {port};")
    site = site.replace("    listen [::]:80;\n", "") + LIKE_CERTBOT.format(port=plain)
    config.write_text(LIKE_DEBIAN.format(user=tmp_path.owner(), home=tmp_path, servers=site))
    subprocess.run(["bash", "-c", quiet.replace("/etc/nginx/nginx.conf", str(config))], check=True)
    config.write_text(config.read_text().replace("/var/log/nginx", str(tmp_path)))
    server = subprocess.Popen([nginx, "-g", "daemon off;", "-e", tmp_path / "early.log", "-c", config])
    try:
        answers = [status_of(each, "/requests/SECRET/") for each in (port, plain) if wait_for(each) is None]
    finally:
        server.terminate()
        server.wait(10)
    logs = {path.name: path.read_text() for path in tmp_path.glob("*.log")}
    assert answers == [502, 301]
    assert "GET /requests/... 502" in logs["portal.log"]
    assert [name for name, text in logs.items() if "SECRET" in text] == []


def status_of(port, path):
    with closing(HTTPConnection("127.0.0.1", port, timeout=10)) as proxy:
        proxy.request("GET", path, headers={"Host": "advising.example.edu"})
        return proxy.getresponse().status


PORTAL = f"""#!{sys.executable}
import environ, os, sys
environ.Env.read_env("{{home}}/srv/portal/app/.env")
os.execv(sys.executable, [sys.executable, "{ROOT}/manage.py", *sys.argv[1:]])
"""


@pytest.fixture
def debian(db, tmp_path):
    """A machine as it is by then, within a directory: its paths, `portal`, and nobody else to become."""
    if connection.vendor == "sqlite":
        pytest.skip("of PostgreSQL")
    for path in ("bin", "srv/portal/app", "srv/portal/media", "var/backups/portal"):
        (tmp_path / path).mkdir(parents=True)
    programs = {"runuser": '#!/bin/sh\nshift 3; exec "$@"\n', "portal": PORTAL.format(home=tmp_path)}
    for name, script in programs.items():
        (tmp_path / "bin" / name).write_text(script)
        (tmp_path / "bin" / name).chmod(0o755)
    yield tmp_path
    with connection._nodb_cursor() as cursor:
        for name in ("portal", "portal_drill"):
            cursor.execute(f"DROP DATABASE IF EXISTS {name}")


def test_steps_from_the_database_to_the_restore_drill_work(debian):
    script = "".join(block for is_tried, block in BLOCKS if is_tried)
    for path in ("/srv/portal", "/var/backups/portal"):
        script = script.replace(path, f"{debian}{path}")
    result = subprocess.run(
        ["bash", "-e", "-u"],
        input=script,
        capture_output=True,
        text=True,
        env={
            "PATH": f"{debian}/bin:{postgres.binaries()}:{os.environ['PATH']}",
            "PGHOST": connection.settings_dict["HOST"],
            "PGUSER": connection.settings_dict["USER"],
            "TMPDIR": str(debian),
        },
    )
    assert result.returncode == 0, result.stderr
    assert "Staff       https://advising.example.edu/admin/" in result.stdout
    assert re.search(r"^ +1 rows   specialties_specialty$", result.stdout, re.MULTILINE)
    assert "rows and hashes are those of the backup" in result.stdout
    assert (debian / "srv/portal/app/.env").stat().st_mode & 0o777 == 0o640
    with connection.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE 'portal%'")
        assert cursor.fetchall() == [("portal",)]
