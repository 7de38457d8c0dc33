"""Break what the portal stands on, again and again, and compare what was promised with what is there.

    python -m faults [--rounds ROUNDS] [KIND …]

Real processes, a PostgreSQL and mail servers of its own. Prints a table and ends with 1 where anything was lost, came
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
        return list(kills.run(portal, server, postgres, rounds))


def trouble(rounds):
    with portal_on_postgres(mail.TroubledMailServer()) as (portal, server, _):
        return [*races.run(portal, server), *mail.run(portal, server), *clock.run(portal, server)]


def fill(rounds):
    with MailServer() as server, running_portal(server) as portal:
        return list(sqlite.run(portal, server))


@contextmanager
def portal_on_postgres(server):
    with Postgres(binaries()) as postgres, server, running_portal(server, postgres.url, machines=2) as portal:
        yield portal, server, postgres


KINDS = {"kills": kill, "troubles": trouble, "sqlite": fill}


def main():
    options = argparse.ArgumentParser(prog="python -m faults")
    options.add_argument("kinds", nargs="*", choices=[*KINDS, []], metavar="KIND", help=f"of {', '.join(KINDS)}")
    options.add_argument("--rounds", type=int, default=ROUNDS, help=f"in which processes are killed: {ROUNDS}")
    chosen = options.parse_args()
    if binaries() is None:
        print("SKIPPED: no PostgreSQL on this machine (apt-get install postgresql), so nothing was broken.")
        return bool(os.environ.get("CI"))
    with ProcessPoolExecutor() as pool:  # much of it is waiting, so beside each other
        done = [pool.submit(KINDS[kind], chosen.rounds) for kind in chosen.kinds or KINDS]
        return report([row for rows in done for row in rows.result()])


def report(rows):
    print(LINE.format("fault", "rounds", "acknowledged", "lost", "doubled", ""))
    for row in rows:
        print(LINE.format(row.fault, row.rounds, row.acknowledged, row.lost, row.doubled, "; ".join(row.remarks)))
    print(f"{sum(row.twice for row in rows)} e-mails came twice: they were in flight when what sent them was stopped.")
    return any(row.lost or row.doubled or row.remarks for row in rows)


if __name__ == "__main__":
    sys.exit(main())
