"""Whether anybody notices that the portal is started anew while they read and send: how many requests failed.

Two servers behind nginx, as in docs/deploy.md; the processes of one after the other are renewed. Some readers open a
connection for each page, others keep theirs, and students send forms. What brings no page is a failure.
"""

import os
import signal
import sys
import threading
import time
from collections import Counter
from contextlib import ExitStack
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit
from uuid import uuid4

from tests.production import production_server

from .load import FORM, FORM_HEADERS, PATH, proxy
from .programs import children_of, web_servers
from .table import Row
from .writing import UNLIMITED

TIMES = 3
OF_EACH_KIND = 3
LONGEST_RESTART = 60  # seconds


def rows(database, url, more):
    """Yield the one row, and put what has no bar into `more`."""
    with ExitStack() as running:
        portals = [
            running.enter_context(production_server(*options, database_url=url, **UNLIMITED))
            for options in (["--demo"], [])
        ]
        address = running.enter_context(proxy(portals))
        with Visitors(address) as visitors:
            time.sleep(1)
            seconds = [restart(server) for _ in range(TIMES) for server in web_servers()]
            time.sleep(1)
    seen = visitors.seen
    more["restart"] = seen | {"longest (s)": max(seconds)}
    total, failed = sum(seen.values()), sum(seen.values()) - seen["pages"] - seen["forms"]
    yield Row(database, f"failed during {len(seconds)} restarts", "requests", failed, total, failed / total, "<= 0")


class Visitors:
    def __init__(self, address):
        self.address = urlsplit(address).netloc
        self.seen, self.is_over = Counter(), threading.Event()
        kinds = [self.read, self.read_on_one_connection, self.send] * OF_EACH_KIND
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

    def read_on_one_connection(self):
        connection = self.connect()
        while not self.is_over.is_set():
            self.ask(connection, "GET", PATH)

    def send(self):
        while not self.is_over.is_set():
            form = f"{FORM}&email={uuid4().hex}%40example.edu&submission_id={uuid4()}"
            self.ask(self.connect(), "POST", f"{PATH}request/", form, FORM_HEADERS, called="forms").close()

    def connect(self):
        return HTTPConnection(self.address, timeout=10)

    def ask(self, connection, *request, called="pages"):
        """Count what a request brings, and return the connection."""
        try:
            connection.request(*request)
            response = connection.getresponse()
            response.read()
            self.seen[called if response.status < 400 else f"status {response.status}"] += 1
        except (OSError, HTTPException) as error:
            self.seen[repr(error)] += 1
            connection.close()
        return connection


def restart(server):
    """Let every process of a server be replaced; return after how many seconds all are."""
    old, began = children_of(server).keys(), time.monotonic()
    os.kill(server, signal.SIGHUP)
    while old & children_of(server).keys():
        if time.monotonic() - began > LONGEST_RESTART:
            sys.exit("The old processes do not end.")
        time.sleep(0.2)
    return time.monotonic() - began
