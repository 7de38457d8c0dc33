"""Parts of the benchmark that run in a process of their own, so that no part sees what another left in memory."""

import json
import os
import subprocess
import sys
from pathlib import Path

ENVIRONMENT = {
    "DJANGO_SETTINGS_MODULE": "tests.production_settings",
    "DEBUG": "off",
    "SECRET_KEY": "for-measuring-only-and-long-enough-for-it-0123456789",
    "ALLOWED_HOSTS": "127.0.0.1,testserver",
}


def found_by(part, url, *arguments):
    """Return what a part of the benchmark found at a database: its last line, which is JSON."""
    command = [sys.executable, "-m", f"benchmarks.{part}", *map(str, arguments)]
    environment = os.environ | ENVIRONMENT | {"DATABASE_URL": url}
    said = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(said.splitlines()[-1])


def children_of(pid):
    """Return the processes that one has started, by their ids: what they were called with."""
    lines = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(pid)], capture_output=True, text=True).stdout
    return {int(child): called for child, called in (line.split(maxsplit=1) for line in lines.splitlines())}


def web_servers():
    """Return the process ids of the web servers that this process has started; their children answer."""
    return [pid for pid, called in children_of(os.getpid()).items() if "granian" in called]


def megabytes(pid):
    """Return how much memory a process takes, with its share of what it shares with others."""
    rows = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    sizes = dict(row.split(":", 1) for row in rows)
    return int(sizes["Pss"].split()[0]) / 1000
