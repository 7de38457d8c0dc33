"""Run a command with TEST_DATABASE_URL naming a PostgreSQL of its own, started for it and gone afterwards.

    python -m tests.postgres python -m pytest

The server is the system's own, listens on a socket only, and keeps its files in a temporary directory.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path


def binaries():
    """Return the directory of initdb and pg_ctl, the newest where there are several, or None."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    on_path = [Path(found).parent] if (found := shutil.which("initdb")) else []
    return next((path for path in [*on_path, *debian] if (path / "pg_ctl").exists()), None)


@contextmanager
def postgres(bin_dir, *, is_durable=False):
    """Yield the DATABASE_URL of a server that runs as long as the block; where it need not outlive it, nothing is
    written to the disk for good.
    """
    as_user = {"user": "postgres"} if os.geteuid() == 0 else {}  # PostgreSQL refuses to run as root
    home = Path(tempfile.mkdtemp(prefix="portal-postgres-"))
    if as_user:
        shutil.chown(home, "postgres")

    def run(program, *arguments):
        subprocess.run(
            [bin_dir / program, "-D", home / "data", *arguments], check=True, stdout=subprocess.DEVNULL, **as_user
        )

    try:
        run("initdb", "--username=portal", "--auth=trust", "--encoding=UTF8", "--no-sync")
        run(
            "pg_ctl",
            "start",
            "--wait",
            "--log",
            home / "log",
            "--options",
            f"-k {home} -c listen_addresses= -c fsync={'on' if is_durable else 'off'}",
        )
        try:
            yield f"postgres://portal@/{home}/postgres"
        finally:
            run("pg_ctl", "stop", "--wait", "--mode=immediate")
    finally:
        shutil.rmtree(home)


def main(command):
    bin_dir = binaries()
    if bin_dir is None:
        print("SKIPPED: no PostgreSQL on this machine (apt-get install postgresql), so its tests did not run.")
        return bool(os.environ.get("CI"))
    with postgres(bin_dir) as url:
        return subprocess.run(command, env={**os.environ, "TEST_DATABASE_URL": url}).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
