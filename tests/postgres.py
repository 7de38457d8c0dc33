"""Run a command with TEST_DATABASE_URL naming a PostgreSQL of its own, started for it and gone afterwards.

    python -m tests.postgres python -m pytest

The server is the system's own, listens on a socket only, and keeps its files in a temporary directory.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path


def binaries():
    """Return the directory of initdb and pg_ctl, the newest where there are several, or None."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    on_path = [Path(found).parent] if (found := shutil.which("initdb")) else []
    return next((path for path in [*on_path, *debian] if (path / "pg_ctl").exists()), None)


class Postgres:
    """A server that runs as long as the block; `url` is its DATABASE_URL, also after `kill` and `start`.

    Where it need not outlive the machine, nothing is written to the disk for good.
    """

    def __init__(self, bin_dir, *, is_durable=False):
        self.bin_dir, self.fsync = bin_dir, "on" if is_durable else "off"
        self.as_user = {"user": "postgres"} if os.geteuid() == 0 else {}  # PostgreSQL refuses to run as root

    def __enter__(self):
        self.home = Path(tempfile.mkdtemp(prefix="portal-postgres-"))
        self.url = f"postgres://portal@/{self.home}/postgres"
        try:
            if self.as_user:
                shutil.chown(self.home, "postgres")
            self._run("initdb", "--username=portal", "--auth=trust", "--encoding=UTF8", "--no-sync")
            self.start()
        except BaseException:
            shutil.rmtree(self.home)
            raise
        return self

    def __exit__(self, *exc_info):
        try:
            self.stop()
        finally:
            shutil.rmtree(self.home)

    def start(self):
        options = f"-k {self.home} -c listen_addresses= -c fsync={self.fsync}"
        self._run("pg_ctl", "start", "--wait", "--log", self.home / "log", "--options", options)

    def stop(self):
        self._run("pg_ctl", "stop", "--wait", "--mode=immediate")

    def kill(self):
        """Let every process of the server die at once, as nothing can prevent."""
        locks = [self.home / "data" / "postmaster.pid", self.home / ".s.PGSQL.5432.lock"]
        postmaster = int(locks[0].read_text().split()[0])
        os.kill(postmaster, signal.SIGSTOP)  # so that it starts no more
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        processes = [postmaster, *map(int, children)]
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        while any(is_running(process) for process in processes):
            time.sleep(0.01)
        for lock in locks:
            lock.unlink()  # it names a process that, where nobody buries the dead, still seems to exist

    def _run(self, program, *arguments):
        command = [self.bin_dir / program, "-D", self.home / "data", *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **self.as_user)


def is_running(process):
    """Whether it exists and is no zombie."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def main(command):
    bin_dir = binaries()
    if bin_dir is None:
        print("SKIPPED: no PostgreSQL on this machine (apt-get install postgresql), so its tests did not run.")
        return bool(os.environ.get("CI"))
    with Postgres(bin_dir) as server:
        return subprocess.run(command, env={**os.environ, "TEST_DATABASE_URL": server.url}).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
