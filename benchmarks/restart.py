"""Whether readers notice that the portal is started anew while they read: how many of their requests failed.

    python -m benchmarks.restart [TIMES]

Some readers open a connection for each page, others keep theirs as a proxy does. One that was closed between two pages
is opened anew, as every client does; anything else that is no page is a failure.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from http.client import HTTPConnection, HTTPException, RemoteDisconnected
from urllib.parse import urlsplit

from tests.production import production_server

READERS = 4  # of either kind
PATH = "/specialties/interventional-radiology/"
LONGEST_RESTART = 60  # seconds


class Readers:
    def __init__(self, address):
        self.address = urlsplit(address).netloc
        self.seen, self.is_over = Counter(), threading.Event()
        kinds = [True, False] * READERS
        self.threads = [threading.Thread(target=self.read, args=[keeps]) for keeps in kinds]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *error):
        self.is_over.set()
        for thread in self.threads:
            thread.join()

    def read(self, keeps):
        connection, is_new = HTTPConnection(self.address, timeout=10), True
        while not self.is_over.is_set():
            try:
                connection.request("GET", PATH)
                response = connection.getresponse()
                response.read()
                self.seen["pages" if response.status == 200 else f"status {response.status}"] += 1
                is_new = False
            except (OSError, HTTPException) as error:
                was_closed = isinstance(error, RemoteDisconnected | ConnectionResetError | BrokenPipeError)
                self.seen["opened anew" if was_closed and not is_new else f"{error!r}"] += 1
                connection.close()
                is_new = True
            if not keeps:
                connection.close()
                is_new = True


def children_of(pid):
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True).stdout
    return {int(child) for child in found.split()}


def restart(server):
    """Let every web process be replaced; return after how many seconds all are."""
    old, began = children_of(server), time.monotonic()
    os.kill(server, signal.SIGHUP)
    while old & children_of(server):
        if time.monotonic() - began > LONGEST_RESTART:
            sys.exit("The old processes do not end.")
        time.sleep(0.2)
    return time.monotonic() - began


def main(times=3):
    with production_server("--demo") as address:
        [server] = [pid for pid in children_of(os.getpid()) if "granian" in command_of(pid)]
        with Readers(address) as readers:
            time.sleep(1)
            seconds = [restart(server) for _ in range(int(times))]
            time.sleep(1)
    pages, opened = readers.seen.pop("pages"), readers.seen.pop("opened anew", 0)
    print(f"{times} restarts, {max(seconds):.0f} s at most: {pages:,} pages, {opened} connections opened anew")
    print("no request failed" if not readers.seen else f"failed: {dict(readers.seen)}")
    return int(bool(readers.seen))


def command_of(pid):
    return subprocess.run(["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True).stdout


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
