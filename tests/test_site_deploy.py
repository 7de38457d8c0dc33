"""docs/deploy.md: what it says to copy works, as far as a machine without internet and without root can tell."""

import os
import re
import signal
import subprocess
import sys
import sysconfig
from contextlib import closing, suppress
from http.client import HTTPConnection
from pathlib import Path

import pytest
from django.core.management import get_commands
from django.db import connection

from specialties.private_pages import PRIVATE_LINK
from tests import postgres
from tests.production import STAFF_PAGES, free_port, wait_for
from tests.programs import program_of
from tests.test_site_upgrade import RELEASED

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


*STEPS, UPGRADE = [block for is_tried, block in BLOCKS if is_tried]
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
    for path in ("bin", "srv/portal/releases/first", "srv/portal/media", "var/backups/portal"):
        (tmp_path / path).mkdir(parents=True)
    (tmp_path / "srv/portal/app").symlink_to("releases/first")
    write_program(tmp_path, "runuser", '#!/bin/sh\nshift 3; exec "$@"\n')
    write_program(tmp_path, "portal", PORTAL.format(home=tmp_path))
    yield tmp_path
    with connection._nodb_cursor() as cursor:
        for name in (tmp_path.name, f"{tmp_path.name}_drill"):
            cursor.execute(f"DROP DATABASE IF EXISTS {name}")


def write_program(debian, name, script):
    (debian / "bin" / name).write_text(script)
    (debian / "bin" / name).chmod(0o755)


def within(debian, text):
    """Return it with the paths of that machine, and its database, of which there may be another beside it."""
    text = re.sub("(/srv|/var/backups)/portal", rf"{debian}\g<0>", text)
    return re.sub("(postgres:///|template0 |dropdb )portal", rf"\g<1>{debian.name}", text)


def run(debian, script, **environment):
    """Run what is to be copied, within the directory; return what it printed."""
    result = subprocess.run(
        ["bash", "-e", "-u"],
        input=within(debian, script),
        capture_output=True,
        text=True,
        env={
            "PATH": f"{debian}/bin:{postgres.binaries()}:{os.environ['PATH']}",
            "PGHOST": connection.settings_dict["HOST"],
            "PGUSER": connection.settings_dict["USER"],
            "TMPDIR": str(debian),
            **environment,
        },
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_steps_from_the_database_to_the_restore_drill_work(debian):
    printed = run(debian, "".join(STEPS))
    assert "Staff       https://advising.example.edu/admin/" in printed
    assert re.search(r"^ +1 rows   specialties_specialty$", printed, re.MULTILINE)
    assert "rows and hashes are those of the backup" in printed
    assert (debian / "srv/portal/app/.env").stat().st_mode & 0o777 == 0o640
    with connection.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [f"{debian.name}%"])
        assert cursor.fetchall() == [(debian.name,)]


SYSTEMCTL = """#!/bin/sh
shift
echo "$@" >> {home}/restarted
case $1 in portal-web@*)
    cd {home}/srv/portal/app
    export PORT=${{1#*@}} WEB_CONCURRENCY=1
    setsid {web} > {home}/web.log 2>&1 &
    echo $! >> {home}/processes
esac
"""
PYTHON3 = f"""#!/bin/sh
{sys.executable} "$@" --without-pip
echo 'exec "${{0%pip}}python" -m pip "$@"' > "$3/bin/pip"
chmod 755 "$3/bin/pip"
"""
OLDER = "import django; django.setup(); from tests import upgrade; upgrade.fill(upgrade.migrate({}))"
NOT_THE_NETWORK = {
    "PYTHONPATH": sysconfig.get_path("purelib"),
    "PIP_NO_INDEX": "1",
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "url.{home}/portal.git.insteadOf",
    "GIT_CONFIG_VALUE_0": "https://git.example.edu/advising/portal.git",
}
REPOSITORY = f"""
export GIT_DIR={{home}}/portal.git GIT_WORK_TREE={ROOT} GIT_CONFIG_COUNT=0
git init --quiet
git add --all
git -c user.name=- -c user.email=- commit --quiet --message "As it is now"
"""


@pytest.fixture
def older(debian):
    """That machine with the tables of an earlier release, a row in each, and `systemctl` that starts web processes."""
    for package in ("git", "curl"):
        program_of(package)
    run(debian, "".join(STEPS[:2]))
    run(debian, REPOSITORY.format(home=debian))
    address = f"postgres://{connection.settings_dict['USER']}@/{connection.settings_dict['HOST']}/{debian.name}"
    environment = os.environ | {"DATABASE_URL": address, "DJANGO_SETTINGS_MODULE": "advising.settings"}
    subprocess.run([sys.executable, "-c", OLDER.format(RELEASED)], check=True, env=environment)
    [web] = re.findall("^ExecStart=(.*)$", FILES["/etc/systemd/system/portal-web@.service"], re.MULTILINE)
    web = within(debian, web).replace("/bin/granian", "/bin/python -m granian")
    write_program(debian, "systemctl", SYSTEMCTL.format(home=debian, web=web))
    write_program(debian, "python3", PYTHON3)
    (debian / "processes").touch()
    yield debian
    for process in (debian / "processes").read_text().split():
        with suppress(ProcessLookupError):  # it could not start
            os.killpg(int(process), signal.SIGKILL)


def test_upgrade_brings_tables_along_and_leads_to_the_new_release(older):
    """The code is that of this directory; pip and packages are this machine's, and it finds what is pinned there."""
    first, *ports = (older / "srv/portal/app").resolve(), free_port(), free_port()
    ignored = " ".join(f"--ignore={pattern}" for pattern in STAFF_PAGES)  # to compress them takes long
    script = UPGRADE.replace("8001 8002", " ".join(map(str, ports))).replace("--no-input", f"--no-input {ignored}")
    printed = run(older, script, **{name: value.format(home=older) for name, value in NOT_THE_NETWORK.items()})
    new = (older / "srv/portal/app").resolve()
    assert new != first
    assert (new / ".env").read_text() == (first / ".env").read_text()
    assert "Requirement already satisfied: django==" in printed
    assert "Applying requests_app.0017_erased_requests... OK" in printed
    assert (older / "restarted").read_text().split() == [
        *("portal-worker@1", "portal-worker@2"),
        *(f"portal-web@{port}" for port in ports),
    ]
    assert [status_of(port, "/readyz") for port in ports] == [200, 200]
    processes = (older / "processes").read_text().split()
    assert [Path(f"/proc/{process}/cwd").resolve() for process in processes] == [new, new]
