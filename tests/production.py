"""The portal in production mode on this machine: its server, compressed static files, a database of its own."""

import os
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import closing, contextmanager
from pathlib import Path
from string import Template

STAFF_PAGES = ["admin/*", "unfold/*", "django_prose_editor/*"]  # many files, and no part of what is tried here
PROCFILE = Path(__file__).parent.parent / "Procfile.serve"
APPLICATION = "advising.wsgi:application"
PATIENCE = 30  # seconds


@contextmanager
def production_server(*prepare_options, database_url="", application=APPLICATION, procfile=PROCFILE, **variables):
    """Yield the address of a portal that runs as long as the block; made ready with `prepare` where it has no data."""
    with tempfile.TemporaryDirectory() as home:
        port = free_port()
        address = f"http://127.0.0.1:{port}"
        where = {"DATABASE_URL": database_url or f"sqlite:///{home}/portal.sqlite3"}
        environment = production_environment(home, PORT=str(port), SITE_URL=address, **where, **variables)
        if not Path(environment["TEST_STATIC_ROOT"]).exists():
            collect_static_files(environment)
        if prepare_options or not database_url:
            manage(environment, "prepare", *prepare_options)
        command = web_command(environment, application, procfile)
        server = subprocess.Popen(command, env=environment, start_new_session=True)
        try:
            wait_for(port)
            yield environment["SITE_URL"]
        finally:
            kill(server)


def production_environment(home, **more):
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.production_settings",
        "TEST_STATIC_ROOT": os.environ.get("TEST_STATIC_ROOT", f"{home}/static"),
        "DEBUG": "off",
        "SECRET_KEY": "for-tests-only-and-long-enough-for-them-0123456789",
        "ALLOWED_HOSTS": "127.0.0.1",
        "WEB_CONCURRENCY": "2",
        **more,
    }


def manage(environment, *arguments):
    """Return what the command printed."""
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, check=True, env=environment, stdout=subprocess.PIPE, text=True).stdout


def collect_static_files(environment):
    manage(environment, "collectstatic", "--no-input", *(f"--ignore={pattern}" for pattern in STAFF_PAGES))


def web_command(environment, application=APPLICATION, procfile=PROCFILE):
    """Return the command of Procfile.serve that starts the web processes, or another application or server."""
    [line] = [line for line in procfile.read_text().splitlines() if line.startswith("web: ")]
    line = Template(line.removeprefix("web: exec ")).substitute(environment)
    return [sys.executable, "-m", *shlex.split(line.replace(APPLICATION, application))]


def kill(server):
    """End a server that leads a session, with its workers: asked in its first moments, one may take half a minute."""
    os.killpg(server.pid, signal.SIGKILL)
    server.wait()


def free_port():
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        return listening.getsockname()[1]


def wait_for(port):
    """Return as soon as somebody listens. Raises OSError where nobody does in time."""
    give_up_at = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            if time.monotonic() > give_up_at:
                raise
            time.sleep(0.05)
