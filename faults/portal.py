"""The portal as a school runs it: machines with a web server and a worker each, on one database and one mail server."""

import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from tests.mailserver import free_port
from tests.production import collect_static_files, manage, production_environment, start_web

HOST = "advising.example.edu"
WITHOUT_ADVISOR, WITH_ADVISOR = "interventional-radiology", "with-an-advisor"
PREPARE = f"""
Advisor.objects.update(accepts_requests=False)
specialty = Specialty.objects.create(name="With an advisor", slug="{WITH_ADVISOR}", is_published=True)
advisor = Advisor.objects.create(name="Advisor", slug="advisor", email="advisor@{HOST}", request_limit=32_000)
advisor.specialties.add(specialty)
"""


class Program:
    """One program of the portal in a process group of its own, so that all of it can die at once."""

    def __init__(self, start):
        self.start = start
        self.run()

    def run(self):
        self.process = self.start(start_new_session=True)

    def signal(self, number):
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def kill(self):
        self.signal(signal.SIGKILL)
        self.process.wait()

    def children(self):
        pid = self.process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


class Machine:
    """A web server with one process beside its master, and a worker."""

    def __init__(self, environment, wrapper, logs):
        self.port = free_port()
        environment = {**environment, "WEB_CONCURRENCY": "1"}
        gunicorn = {"wrapper": wrapper, "stdout": logs, "stderr": logs}
        work = [sys.executable, *wrapper, "manage.py", "work"]
        self.web = Program(lambda **options: start_web(environment, f"127.0.0.1:{self.port}", **gunicorn, **options))
        self.worker = Program(
            lambda **options: subprocess.Popen(work, env=environment, stdout=logs, stderr=logs, **options)
        )

    def wait_until_it_answers(self):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.1)
        raise TimeoutError("A web server did not start.")

    def kill_web(self):
        """Kill the process that answers, which its master replaces, or both, as when the machine fails."""
        children = self.web.children()
        if children and random.random() < 0.5:
            with suppress(ProcessLookupError):
                os.kill(random.choice(children), signal.SIGKILL)
        else:
            self.web.kill()
            self.web.run()

    def kill_worker(self):
        self.worker.kill()
        self.worker.run()


class Portal:
    def __init__(self, database_url, machines, home):
        self.database_url, self.machines, self.home = database_url, machines, home

    def workers(self, number):
        """Send a signal to every worker, as SIGSTOP to let them rest and SIGCONT to go on."""
        for machine in self.machines:
            machine.worker.signal(number)

    def shell(self, code):
        return manage(self.environment, "shell", "--verbosity", "0", "--command", code)

    def moment(self, at):
        """Return a time as the database keeps it."""
        return str(at.replace(tzinfo=None)) if self.database_url.startswith("sqlite") else at

    def rows(self, sql, *values):
        """Ask the database itself: what is compared comes from no code of the portal."""
        if self.database_url.startswith("sqlite"):
            import sqlite3

            connection = sqlite3.connect(self.database_url.removeprefix("sqlite:///"), timeout=30)
            sql = sql.replace("%s", "?")
        else:
            import psycopg2

            directory = self.database_url.removeprefix("postgres://portal@/").rpartition("/")[0]
            connection = psycopg2.connect(host=directory, user="portal", dbname="postgres")
        try:
            with connection:
                cursor = connection.cursor()
                cursor.execute(sql, values)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()


@contextmanager
def running_portal(mail, database_url="", machines=2, wrapper=(), logs=None, **settings):
    """Yield a portal that runs as long as the block, on a SQLite file of its own where no database is named."""
    with tempfile.TemporaryDirectory(prefix="portal-faults-") as name, ExitStack() as stack:
        home = Path(name)
        database_url = database_url or f"sqlite:///{home}/portal.sqlite3"
        environment = production_environment(
            home,
            ALLOWED_HOSTS=HOST,
            SITE_URL=f"https://{HOST}",
            OFFICE_EMAIL=f"office@{HOST}",
            DATABASE_URL=database_url,
            EMAIL_URL=mail.url,
            PYTHONUNBUFFERED="1",
            **settings,
        )
        log = logs or stack.enter_context(open(home / "log", "ab"))
        collect_static_files(environment)
        manage(environment, "prepare")
        portal = Portal(database_url, [], home)
        portal.environment = environment
        portal.shell(PREPARE)
        try:
            for _ in range(machines):
                portal.machines.append(Machine(environment, wrapper, log))
            for machine in portal.machines:
                machine.wait_until_it_answers()
            yield portal
        finally:
            for machine in portal.machines:
                machine.web.kill()
                machine.worker.kill()
