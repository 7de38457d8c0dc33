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


class Server:
    """One that can be stopped and started again with what it holds."""

    def __init__(self, bin_dir, home):
        self.bin_dir, self.home = bin_dir, home
        self.as_user = {"user": "postgres"} if os.geteuid() == 0 else {}  # PostgreSQL refuses to run as root
        if self.as_user:
            shutil.chown(home, "postgres")
        self.url = f"postgres://portal@/{home}/postgres"
        self._run("initdb", "--username=portal", "--auth=trust", "--encoding=UTF8", "--no-sync")

    def start(self):
        options = f"-k {self.home} -c listen_addresses= -c fsync=off"
        self._run("pg_ctl", "start", "--wait", "--log", self.home / "log", "--options", options)

    def stop(self):
        self._run("pg_ctl", "stop", "--wait", "--mode=immediate")

    def _run(self, program, *arguments):
        command = [self.bin_dir / program, "-D", self.home / "data", *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **self.as_user)


@contextmanager
def postgres(bin_dir):
    """Yield a server that runs as long as the block."""
    home = Path(tempfile.mkdtemp(prefix="portal-postgres-"))
    try:
        server = Server(bin_dir, home)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(home)


def main(command):
    bin_dir = binaries()
    if bin_dir is None:
        print("SKIPPED: no PostgreSQL on this machine (apt-get install postgresql), so its tests did not run.")
        return bool(os.environ.get("CI"))
    with postgres(bin_dir) as server:
        return subprocess.run(command, env={**os.environ, "TEST_DATABASE_URL": server.url}).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
