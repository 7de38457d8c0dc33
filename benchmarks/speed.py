"""What the portal does beside its yardsticks: one table, and speed.json with the medians.

    python -m benchmarks.speed [ROUNDS]

Everything runs in turn, in every round, on the same cores. Ends with 1 where a bar is missed.
"""

import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import NamedTuple
from urllib.request import Request, urlopen

from tests.postgres import Postgres, binaries
from tests.production import production_server

from .growth import FEW, MANY
from .load import PATH, ask, durable_inserts, header, needed, nginx, requests_per_second, submissions_per_second

RESULT = Path("speed.json")
WITHOUT_CACHE = {"application": "benchmarks.without_cache:application"}
UNLIMITED = {"REQUESTS_PER_HOUR": "1000000", "REQUESTS_PER_DAY": "1000000"}
GROWTH_BAR = 1.2
ENVIRONMENT = {
    "DJANGO_SETTINGS_MODULE": "tests.production_settings",
    "DEBUG": "off",
    "SECRET_KEY": "for-measuring-only-and-long-enough-for-it-0123456789",
    "ALLOWED_HOSTS": "127.0.0.1",
}


class Row(NamedTuple):
    database: str
    what: str
    yardstick: str
    ours: float
    theirs: float
    ratio: float
    bar: str  # as ">= 0.5"

    @property
    def is_met(self):
        sign, number = self.bar.split()
        return self.ratio >= float(number) if sign == ">=" else self.ratio <= float(number)


def main(rounds=3):
    needed()
    rounds, rows, notes = int(rounds), [], {}
    print(f"{'':12}{'measured':28}{'yardstick':26}{'portal':>10}{'yardstick':>11}{'ratio':>8}  bar")
    with tempfile.TemporaryDirectory() as home, Postgres(binaries(), is_durable=True) as server:
        ENVIRONMENT["TEST_STATIC_ROOT"] = f"{home}/static"
        collect = [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity", "0"]
        subprocess.run(collect, env=os.environ | ENVIRONMENT, check=True)
        for database, address in (("SQLite", f"sqlite:///{home}/portal.sqlite3"), ("PostgreSQL", server.url)):
            rows += reading(database, address, rounds)
            if database == "PostgreSQL":
                rows += writing(database, address, rounds)
            notes[database], growing = growth(database, beside(address, database), rounds)
            rows += growing
    print("Per second, unless it says ms.", json.dumps(notes, indent=1), sep="\n")
    RESULT.write_text(json.dumps({"rows": [row._asdict() for row in rows], "more": notes}, indent=2))
    return int(not all(row.is_met for row in rows))


def static():
    return {"TEST_STATIC_ROOT": ENVIRONMENT["TEST_STATIC_ROOT"]}


def beside(address, database):
    """Return the address of a second, empty database."""
    if database == "SQLite":
        return address.replace("portal.sqlite3", "growth.sqlite3")
    ask(address, "CREATE DATABASE growth")
    return address.removesuffix("postgres") + "growth"


def reading(database, url, rounds):
    """Return the rows of pages that readers get from two processes."""
    with ExitStack() as running:
        portal = running.enter_context(production_server("--demo", database_url=url, **static())) + PATH
        bare = running.enter_context(
            production_server(
                database_url=url, DJANGO_SETTINGS_MODULE="benchmarks.yardstick_settings", **WITHOUT_CACHE, **static()
            )
        )
        body, tag = kept(portal)
        file = running.enter_context(nginx(body))
        br = header("Accept-Encoding", "br")
        ours, theirs = header("If-None-Match", tag), header("If-None-Match", kept(file)[1])
        return [
            in_turn(
                database,
                "warm guide page",
                "nginx, same bytes",
                ">= 0.5",
                rounds,
                lambda: requests_per_second(portal, *br),
                lambda: requests_per_second(file, *br),
            ),
            in_turn(
                database,
                "warm guide page",
                "without the cache",
                ">= 20",
                rounds,
                lambda: requests_per_second(portal, *br),
                lambda: requests_per_second(bare + PATH, *br),
            ),
            in_turn(
                database,
                "cold guide page",
                "bare view, same bytes",
                ">= 0.1",
                rounds,
                lambda: requests_per_second(bare + PATH, *br),
                lambda: requests_per_second(bare + "/bare/", *br),
            ),
            in_turn(
                database,
                "304 answer",
                "nginx 304",
                ">= 0.5",
                rounds,
                lambda: requests_per_second(portal, *br, *ours),
                lambda: requests_per_second(file, *br, *theirs),
            ),
        ]


def kept(url):
    """Return the bytes of a page and its tag, where it has one, after every process has answered with it."""
    for _ in range(20):
        answer = urlopen(Request(url, headers={"Accept-Encoding": "br"}), timeout=30)
        body = answer.read()
    return body, answer.headers["ETag"]


def writing(database, url, rounds):
    with production_server(database_url=url, **UNLIMITED, **static()) as portal:
        form = f"{portal}{PATH}request/"
        kept(form)  # so that no process has its first request while it is measured
        before = rows_written(url)
        requests = submissions_per_second(form, seconds=2) * 2
        inserts = max(round((rows_written(url) - before) / requests), 1)
        submit = in_turn(
            database,
            "submit",
            f"pgbench, {inserts} inserts",
            ">= 0.15",
            rounds,
            lambda: submissions_per_second(form),
            lambda: durable_inserts(url, inserts),
        )
    mails = [json.loads(run("worker", url)) for _ in range(rounds)]
    ours, theirs = (median(each[name] for each in mails) for name in ("worker", "loop"))
    idle = median(each["idle"] for each in mails)
    ratio = median(each["worker"] / each["loop"] for each in mails)
    return [
        submit,
        told(Row(database, "mails of the worker", "smtplib loop", ours, theirs, ratio, ">= 0.3")),
        told(Row(database, "worker, nothing due (ms)", "its limit", idle, 50, idle / 50, "<= 1")),
    ]


def rows_written(url):
    """Return how many rows all tables of the requests hold."""
    tables = ["advisorrequest", "requestevent", "outgoingemail", "offer"]
    counts = (f"(SELECT count(*) FROM requests_app_{table})" for table in tables)
    [[rows]] = ask(url, f"SELECT {' + '.join(counts)}")
    return rows


def growth(database, url, rounds):
    """Return what else was seen, and the rows of pages with few and with many specialties."""
    found = json.loads(run("growth", url, str(rounds)))
    few, many = found["pages"][str(FEW)], found["pages"][str(MANY)]
    rows = []
    for how in ("warm", "cold"):
        for name in many:
            ours, theirs = many[name][how], few[name][how]
            what, yardstick = f"{name} of {MANY:,}, {how} (ms)", f"with {FEW}"
            rows.append(told(Row(database, what, yardstick, ours, theirs, ours / theirs, f"<= {GROWTH_BAR}")))
    more = {name: {"queries": page["queries"], "kB": round(page["kilobytes"])} for name, page in many.items()}
    return {"with 3,000": more, "megabytes": found["megabytes"], "first request": found["start"]}, rows


def run(name, url, *arguments):
    """Return what another benchmark prints, run in a process of its own at a database."""
    command = [sys.executable, "-m", f"benchmarks.{name}", *arguments]
    environment = os.environ | ENVIRONMENT | {"DATABASE_URL": url}
    return subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()[
        -1
    ]


def in_turn(database, what, yardstick, bar, rounds, ours, theirs):
    """Measure both in every round; return the medians, and the median of the rounds' ratios."""
    found = [(ours(), theirs()) for _ in range(rounds)]
    ratio = median(mine / other for mine, other in found)
    medians = [median(column) for column in zip(*found, strict=True)]
    return told(Row(database, what, yardstick, *medians, ratio, bar))


def told(row):
    """Print a row as soon as it is known, and return it."""
    ours, theirs = (f"{number:10,.{0 if number >= 100 else 2}f}" for number in (row.ours, row.theirs))
    missed = "" if row.is_met else "  MISSED"
    print(
        f"{row.database:12}{row.what:28}{row.yardstick:26}{ours} {theirs}{row.ratio:8.2f}  {row.bar}{missed}",
        flush=True,
    )
    return row


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
