"""Break what the portal stands on, again and again, and compare what was promised with what is there.

    python -m faults [--rounds ROUNDS]

Real processes, a PostgreSQL and a mail server of its own. Prints a table and ends with 1 where anything was lost, or
came twice that was not in flight.
"""

import argparse
import os
import signal
import sys

from tests.postgres import Postgres, binaries

from . import kills

ROUNDS = 20


def main():
    signal.signal(signal.SIGTERM, lambda *args: sys.exit(1))  # so that what was started ends, too
    options = argparse.ArgumentParser(prog="python -m faults")
    options.add_argument(
        "--rounds", type=int, default=ROUNDS, help=f"in which processes are killed; {ROUNDS} if left out"
    )
    rounds = options.parse_args().rounds
    if binaries() is None:
        print("SKIPPED: no PostgreSQL on this machine (apt-get install postgresql), so nothing was broken.")
        return bool(os.environ.get("CI"))
    failed = False
    print(LINE.format("fault", "rounds", "acknowledged", "lost", "doubled"))
    with Postgres(binaries()) as postgres:
        for row in kills.run(rounds, postgres):
            print(LINE.format(row.fault, row.rounds, row.acknowledged, row.lost, row.doubled), *row.remarks, flush=True)
            failed |= row.lost + row.doubled > 0
    return failed


LINE = "{:44} {:>6} {:>12} {:>5} {:>7}"


if __name__ == "__main__":
    sys.exit(main())
