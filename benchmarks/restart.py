"""Whether anybody notices that the portal is started anew while they read and send: how many requests failed.

Readers and students open a connection for each page and form, as the proxy of docs/deploy.md does. Other readers keep
theirs; where one was closed between two pages it is opened anew, as browsers do, and counted. All else that brings no
page is a failure.
"""

import os
import signal
import sys
import threading
import time
from collections import Counter
from http.client import HTTPConnection, HTTPException, RemoteDisconnected
from urllib.parse import urlsplit
from uuid import uuid4

from tests.production import production_server

from .load import FORM, FORM_HEADERS, PATH
from .programs import children_of, web_server
from .table import Row
from .writing import UNLIMITED

TIMES = 3
OF_EACH_KIND = 3
LONGEST_RESTART = 60  # seconds
CLOSED = (RemoteDisconnected, ConnectionResetError, BrokenPipeError)


def rows(database, more):
    """Yield the one row, and put what has no bar into `more`."""
    with production_server("--demo", **UNLIMITED) as address:
        server = web_server()
        with Visitors(address) as visitors:
            time.sleep(1)
            seconds = [restart(server) for _ in range(TIMES)]
            time.sleep(1)
    seen = visitors.seen
    more["restart"] = seen | {"longest (s)": max(seconds)}
    failed = sum(count for what, count in seen.items() if what not in Visitors.FINE)
    total = sum(seen.values())
    yield Row(database, f"failed during {TIMES} restarts", "requests", failed, total, failed / total, "<= 0")


class Visitors:
    FINE = {"pages", "forms", "kept connections closed between two pages"}

    def __init__(self, address):
        self.address = urlsplit(address).netloc
        self.seen, self.is_over = Counter(), threading.Event()
        kinds = [self.read, self.send, self.read_on_one_connection] * OF_EACH_KIND
        self.threads = [threading.Thread(target=kind) for kind in kinds]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *error):
        self.is_over.set()
        for thread in self.threads:
            thread.join()

    def read(self):
        while not self.is_over.is_set():
            self.ask(self.connect(), "GET", PATH).close()

    def send(self):
        while not self.is_over.is_set():
            form = f"{FORM}&email={uuid4().hex}%40example.edu&submission_id={uuid4()}"
            self.ask(self.connect(), "POST", f"{PATH}request/", form, FORM_HEADERS, called="forms").close()

    def read_on_one_connection(self):
        connection = self.connect()
        while not self.is_over.is_set():
            connection = self.ask(connection, "GET", PATH)

    def connect(self):
        return HTTPConnection(self.address, timeout=10)

    def ask(self, connection, *request, called="pages"):
        """Count what a request brings; return the connection for the next one."""
        is_used = connection.sock is not None
        try:
            connection.request(*request)
            response = connection.getresponse()
            response.read()
            self.seen[called if response.status < 400 else f"status {response.status}"] += 1
            return connection
        except (OSError, HTTPException) as error:
            was_closed = is_used and isinstance(error, CLOSED)
            self.seen["kept connections closed between two pages" if was_closed else repr(error)] += 1
            connection.close()
            return self.connect()


def restart(server):
    """Let every web process be replaced; return after how many seconds all are."""
    old, began = children_of(server).keys(), time.monotonic()
    os.kill(server, signal.SIGHUP)
    while old & children_of(server).keys():
        if time.monotonic() - began > LONGEST_RESTART:
            sys.exit("The old processes do not end.")
        time.sleep(0.2)
    return time.monotonic() - began
