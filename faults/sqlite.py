"""SQLite, and logs, on a disk that is full; a database somebody else holds."""

import resource
import sqlite3
import time
from contextlib import closing

from .comparison import compare
from .portal import wait_until
from .students import SUBMISSIONS, Ledger

LOCKED = 3  # seconds


def run(portal, mail):
    yield disk_full(portal, mail)
    yield locked(portal, mail)
    yield logs_full(portal, mail)


def disk_full(portal, mail):
    """For a while no file takes more than the database has: an error page, and no half of anything."""
    ledger = Ledger("full")

    def fill_the_disk():
        wait_until(lambda: len(ledger) > SUBMISSIONS // 4, "students are acknowledged")
        room(portal, portal.file.stat().st_size)
        wait_until(lambda: ledger.refused >= 10, "they are refused")
        room(portal, resource.RLIM_INFINITY)

    ledger.load(portal, SUBMISSIONS, meanwhile=fill_the_disk)
    return compare("disk full for SQLite", portal, mail, ledger, in_flight=len(portal.machines), answers=(302, 503))


def room(portal, size):
    """Let no file of the portal be written beyond a size."""
    for machine in portal.machines:
        for pid in (*machine.web.pids(), *machine.worker.pids()):
            _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, most))


def locked(portal, mail):
    """Somebody reads all the while, and somebody else writes for some seconds: pages wait."""
    ledger = Ledger("locked")

    def write():
        wait_until(lambda: len(ledger) > SUBMISSIONS // 4, "students are acknowledged")
        with closing(sqlite3.connect(portal.file, timeout=30, isolation_level=None)) as writer:
            writer.execute("BEGIN IMMEDIATE")
            time.sleep(LOCKED)
            writer.execute("ROLLBACK")

    with closing(sqlite3.connect(portal.file, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM requests_app_advisorrequest").fetchall()
        ledger.load(portal, SUBMISSIONS, meanwhile=write)
        return compare("database locked by a long reader", portal, mail, ledger)


def logs_full(portal, mail):
    """Whatever the web server and the worker log cannot be written."""
    for machine in portal.machines:
        machine.restart(logs="/dev/full")
    ledger = Ledger("logs")
    ledger.load(portal, SUBMISSIONS)
    return compare("disk full for logs", portal, mail, ledger)
