"""What the portal does beside its yardsticks: one table, and speed.json with the medians.

    python -m benchmarks [ROUNDS]

Everything runs in turn, in every round, on the same cores. Ends with 1 where a bar is missed.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

from tests.postgres import Postgres, binaries
from tests.production import manage, production_environment

from . import reading, restart, search, size, writing
from .load import ask, needed
from .table import HEAD

RESULT = Path("speed.json")


def main(rounds=3):
    needed()
    done, more = [], {}
    print(HEAD)
    with tempfile.TemporaryDirectory() as home, Postgres(binaries(), is_durable=True) as server:
        for row in everything(Path(home), server.url, int(rounds), more):
            print(row, flush=True)
            done.append(row)
    print("Per second, unless it says otherwise. More, without a bar:", json.dumps(more, indent=1), sep="\n")
    RESULT.write_text(json.dumps({"rows": [row._asdict() for row in done], "more": more}, indent=2))
    return int(not all(row.is_met for row in done))


def everything(home, postgres, rounds, more):
    os.environ["TEST_STATIC_ROOT"] = f"{home}/static"  # collected once
    manage(production_environment(home), "collectstatic", "--no-input", "--verbosity", "0")
    sqlite = f"sqlite:///{home}/portal.sqlite3"
    yield from reading.rows("SQLite", sqlite, rounds)
    yield from reading.rows("PostgreSQL", postgres, rounds)
    yield from writing.rows("PostgreSQL", postgres, rounds)
    yield from restart.rows("PostgreSQL", postgres, more)
    for name, part in (("search", search), ("size", size)):
        yield from part.rows("SQLite", f"sqlite:///{home}/{name}.sqlite3", rounds, more)
        yield from part.rows("PostgreSQL", another(postgres, name), rounds, more)


def another(postgres, name):
    """Return the address of an empty database beside one."""
    ask(postgres, f"CREATE DATABASE {name}")
    return postgres.removesuffix("postgres") + name


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
