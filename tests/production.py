"""The portal in production mode on this machine: gunicorn, compressed static files, a database of its own."""

import os
import shlex
import socket
import subprocess
import sys
import tempfile
from contextlib import closing, contextmanager
from pathlib import Path
from string import Template

STAFF_PAGES = ["admin/*", "unfold/*", "django_prose_editor/*"]  # many files, and no part of what is tried here
PROCFILE = Path(__file__).parent.parent / "Procfile.serve"
# as advising/gunicorn_conf.py, but silent
GUNICORN = ["--threads=4", "--no-control-socket", "--limit-request-line=0", "--log-level=error"]
PATIENCE = 30  # seconds


@contextmanager
def production_server(*prepare_options, database_url=""):
    """Yield the address of a portal that runs as long as the block; made ready with `prepare` where it has no data."""
    with tempfile.TemporaryDirectory() as home, closing(socket.create_server(("127.0.0.1", 0))) as listening:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        environment = production_environment(
            home, SITE_URL=address, DATABASE_URL=database_url or f"sqlite:///{home}/portal.sqlite3"
        )
        collect_static_files(environment)
        if not database_url:
            manage(environment, "prepare", *prepare_options)
        descriptor = listening.fileno()
        server = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "advising.wsgi", f"--bind=fd://{descriptor}", *GUNICORN],
            env=environment,
            pass_fds=[descriptor],
        )
        try:
            yield address
        finally:
            server.terminate()
            server.wait(PATIENCE)


def production_environment(home, **more):
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.production_settings",
        "TEST_STATIC_ROOT": f"{home}/static",
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


def web_command(environment):
    """Return the command of Procfile.serve that starts the web processes, on the PORT of the environment."""
    [line] = [line for line in PROCFILE.read_text().splitlines() if line.startswith("web: ")]
    return [sys.executable, "-m", *shlex.split(Template(line.removeprefix("web: ")).substitute(environment))]
