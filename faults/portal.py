"""The portal as a school runs it: machines with a web server and a worker each, on one database and one mail server."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import psycopg2

from tests.mailserver import free_port
from tests.production import collect_static_files, manage, production_environment, web_command

HERE = Path(__file__).parent
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

    def pids(self):
        """The program's own, and those of the processes it started."""
        pid = self.process.pid
        return [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]

    def signal(self, number):
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def kill(self):
        self.signal(signal.SIGKILL)
        self.process.wait()


class Machine:
    """A web server with one process beside its master, and a worker."""

    def __init__(self, environment, logs):
        self.logs, self.port = logs, free_port()
        self.environment = {**environment, "WEB_CONCURRENCY": "1", "PORT": str(self.port)}
        self.web = Program(partial(self.start, web_command(self.environment)))
        self.worker = Program(partial(self.start, [sys.executable, "manage.py", "work"]))
        self.wait_until_it_answers()

    def start(self, command, **options):
        with open(self.logs, "ab") as logs:
            return subprocess.Popen(command, env=self.environment, stdout=logs, stderr=logs, **options)

    def wait_until_it_answers(self):
        wait_until(self.answers, "a web server starts")

    def answers(self):
        with suppress(OSError), urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=10):
            return True
        return False

    def restart(self, logs):
        self.logs = logs
        for program in (self.web, self.worker):
            program.kill()
            program.run()
        self.wait_until_it_answers()

    def kill_web(self):
        """Kill the process that answers, which its master replaces; or both, as when the machine fails."""
        _, *children = self.web.pids()
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
    def __init__(self, environment):
        self.environment, self.machines = environment, []
        self.clock = Path(environment["FAULTS_CLOCK"])
        database_url = environment["DATABASE_URL"]
        self.is_on_sqlite = database_url.startswith("sqlite")
        self.file = Path(urlsplit(database_url).path)  # SQLite's own; of PostgreSQL its socket's directory and a name

    def signal_workers(self, number):
        for machine in self.machines:
            machine.worker.signal(number)

    def shell(self, code):
        return manage(self.environment, "shell", "--verbosity", "0", "--command", code)

    def rows(self, sql, *values):
        """Ask the database itself: what is compared comes from no code of the portal."""
        with closing(self.connect()) as connection, connection:
            cursor = connection.cursor()
            cursor.execute(sql.replace("%s", "?") if self.is_on_sqlite else sql, values)
            return cursor.fetchall() if cursor.description else []

    def connect(self):
        if self.is_on_sqlite:
            return sqlite3.connect(self.file, timeout=60)
        return psycopg2.connect(host=self.file.parent, user="portal", dbname=self.file.name)

    def moment(self, at):
        """Return a time as the database keeps it."""
        return str(at.replace(tzinfo=None)) if self.is_on_sqlite else at


def wait_until(has_happened, what, seconds=60):
    """Return when it has. Raises TimeoutError where nothing comes of it, so that no run hangs."""
    deadline = time.monotonic() + seconds
    while not has_happened():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{seconds} s were not enough until {what}.")
        time.sleep(0.005)


@contextmanager
def running_portal(mail, database_url="", machines=1):
    """Yield a portal that runs as long as the block, on a SQLite file of its own where no database is named."""
    with tempfile.TemporaryDirectory(prefix="portal-faults-") as home:
        environment = production_environment(
            home,
            ALLOWED_HOSTS=HOST,
            SITE_URL=f"https://{HOST}",
            OFFICE_EMAIL=f"office@{HOST}",
            DATABASE_URL=database_url or f"sqlite:///{home}/portal.sqlite3",
            EMAIL_URL=mail.url,
            PYTHONUNBUFFERED="1",  # as the Makefile has it
            PYTHONPATH=f"{HERE / 'in_every_process'}:{HERE.parent}",
            FAULTS_CLOCK=f"{home}/clock",
        )
        portal = Portal(environment)
        portal.clock.write_text("0")
        collect_static_files(environment)
        manage(environment, "prepare")
        portal.shell(PREPARE)
        try:
            for _ in range(machines):
                portal.machines.append(Machine(environment, f"{home}/log"))
            yield portal
        finally:
            for machine in portal.machines:
                machine.web.kill()
                machine.worker.kill()
