"""Break what the portal stands on, again and again, and compare what was promised with what is there.

    python -m faults [--rounds ROUNDS] [KIND …]

Real processes, PostgreSQLs and mail servers of its own. Prints a table and ends with 1 where anything was lost, came
twice that was not in flight, or a page showed what it should not.
"""

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager

from tests.mailserver import MailServer
from tests.postgres import Postgres, binaries

from . import clock, kills, mail, races, sqlite
from .portal import running_portal

ROUNDS = 20
LINE = "{:40} {:>6} {:>12} {:>5} {:>7}  {}"


def kill(rounds):
    with portal_on_postgres(MailServer()) as (portal, server, postgres):
        return [told(row) for row in kills.run(portal, server, postgres, rounds)]


def trouble(rounds):
    with portal_on_postgres(mail.TroubledMailServer()) as (portal, server, _):
        return [told(row) for kind in (races, mail, clock) for row in kind.run(portal, server)]


def fill(rounds):
    with MailServer() as server, running_portal(server) as portal:
        return [told(row) for row in sqlite.run(portal, server)]


KINDS = {"kills": kill, "troubles": trouble, "sqlite": fill}


@contextmanager
def portal_on_postgres(server):
    with Postgres(binaries()) as postgres, server, running_portal(server, postgres.url, machines=2) as portal:
        yield portal, server, postgres


def told(row):
    """Print a line of the table, as soon as it is known, and return it."""
    remarks = "; ".join(row.remarks)
    print(LINE.format(row.fault, row.rounds, row.acknowledged, row.lost, row.doubled, remarks), flush=True)
    return row


def main():
    options = argparse.ArgumentParser(prog="python -m faults")
    options.add_argument("kinds", nargs="*", metavar="KIND", help=f"{', '.join(KINDS)}; all if left out")
    options.add_argument("--rounds", type=int, default=ROUNDS, help=f"in which processes are killed: {ROUNDS}")
    chosen = options.parse_args()
    if binaries() is None:
        print("SKIPPED: no PostgreSQL on this machine (apt-get install postgresql), so nothing was broken.")
        return bool(os.environ.get("CI"))
    print(LINE.format("fault", "rounds", "acknowledged", "lost", "doubled", ""), flush=True)
    with ProcessPoolExecutor(len(KINDS)) as pool:  # much of it is waiting, so all at once
        done = [pool.submit(KINDS[kind], chosen.rounds) for kind in chosen.kinds or KINDS]
        rows = [row for kind in done for row in kind.result()]
    print(f"{sum(row.twice for row in rows)} e-mails came twice: they were in flight when what sent them was stopped.")
    return any(row.lost or row.doubled or row.remarks for row in rows)


if __name__ == "__main__":
    sys.exit(main())
