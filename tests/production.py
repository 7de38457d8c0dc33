"""The portal in production mode on this machine: its server, compressed static files, a database of its own."""

import os
import socket
import subprocess
import sys
import tempfile
from contextlib import closing, contextmanager

STAFF_PAGES = ["admin/*", "unfold/*", "django_prose_editor/*"]  # many files, and no part of what is tried here
PATIENCE = 30  # seconds


@contextmanager
def production_server(*prepare_options, database_url=""):
    """Yield the address of a portal that runs as long as the block; made ready with `prepare` where it has no data."""
    with tempfile.TemporaryDirectory() as home, closing(socket.create_server(("127.0.0.1", 0))) as listening:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.production_settings",
            "TEST_STATIC_ROOT": f"{home}/static",
            "DEBUG": "off",
            "SECRET_KEY": "for-tests-only-and-long-enough-for-them-0123456789",
            "ALLOWED_HOSTS": "127.0.0.1",
            "WEB_CONCURRENCY": "2",
            "SITE_URL": address,
            "DATABASE_URL": database_url or f"sqlite:///{home}/portal.sqlite3",
        }

        def manage(*arguments):
            subprocess.run(
                [sys.executable, "manage.py", *arguments], check=True, env=environment, stdout=subprocess.DEVNULL
            )

        manage("collectstatic", "--no-input", *(f"--ignore={pattern}" for pattern in STAFF_PAGES))
        if not database_url:
            manage("prepare", *prepare_options)
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
