"""What the fault suite takes for lost, doubled or not as it should be: here with faults of known number."""

import sqlite3
from types import SimpleNamespace

import pytest

from faults import comparison
from faults.students import Ledger

TABLES = """
    CREATE TABLE requests_app_advisorrequest (id, token, email, status);
    CREATE TABLE requests_app_requestevent (request_id, kind);
    CREATE TABLE requests_app_outgoingemail (request_id, kind, message_id, sent_at, next_try);
"""


class World:
    """Three students with a request each, as it should be: acknowledged, stored whole, each e-mail delivered once."""

    def __init__(self):
        self.database = sqlite3.connect(":memory:")
        self.database.executescript(TABLES)
        self.ledger, self.received = Ledger("load"), []
        for number in range(3):
            self.add(number)

    def add(self, number):
        email = f"load-{number}@example.edu"
        self.rows("INSERT INTO requests_app_advisorrequest VALUES (?, ?, ?, 'waiting')", number, f"t{number}", email)
        self.rows("INSERT INTO requests_app_requestevent VALUES (?, 'submitted')", number)
        for kind in comparison.RECEIVED:
            message_id = f"<{kind}-{number}>"
            sql = "INSERT INTO requests_app_outgoingemail VALUES (?, ?, ?, 'now', NULL)"
            self.rows(sql, number, kind, message_id)
            self.received.append({"Message-ID": message_id})
        self.ledger.pages[email] = f"/requests/t{number}/"

    def rows(self, sql, *values):
        return self.database.execute(sql.replace("%s", "?"), values).fetchall()

    def compared(self, **options):
        row = comparison.compare("", self, SimpleNamespace(received=self.received), self.ledger, **options)
        return row.lost, row.doubled, row.remarks


def delete(table, where="1"):
    return lambda world: world.rows(f"DELETE FROM requests_app_{table} WHERE {where}")  # noqa: S608 - of this file


def deliver(times):
    """Deliver the first e-mail so often, the others as it should be."""
    return lambda world: world.received.extend(world.received[:1] * (times - 1))


FAULTS = {
    "nothing": (lambda world: None, (0, 0, [])),
    "a request is gone": (delete("advisorrequest", "id = 1"), (1, 0, ["1 missing"])),
    "it has no history": (delete("requestevent", "request_id = 1"), (1, 0, ["1 half"])),
    "an e-mail was not written": (
        delete("outgoingemail", "message_id = '<received-1>'"),
        (1, 0, ["1 half", "1 e-mails came that are not stored"]),
    ),
    "nothing was sent": (lambda world: world.received.clear(), (3, 0, ["3 unsent"])),
    "all was sent twice": (lambda world: world.received.extend([*world.received]), (0, 6, [])),
    "one came thrice": (deliver(3), (0, 1, [])),
    "a form was taken twice": (
        lambda world: world.rows(
            "INSERT INTO requests_app_advisorrequest SELECT 9, 't9', email, status "
            "FROM requests_app_advisorrequest WHERE id = 1"
        ),
        (1, 1, ["1 half"]),
    ),
    "what was not stored was told": (
        lambda world: world.received.append({"Message-ID": "<nobody>"}),
        (0, 0, ["1 e-mails came that are not stored"]),
    ),
    "a student gave up": (lambda world: setattr(world.ledger, "gave_up", 1), (0, 0, ["1 gave up"])),
    "the answers were errors": (lambda world: world.ledger.statuses.update([500]), (0, 0, ["answers were {500: 1}"])),
}


@pytest.mark.any_database
@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_told(name):
    happens, told = FAULTS[name]
    world = World()
    happens(world)
    assert world.compared() == told


@pytest.mark.any_database
@pytest.mark.parametrize(("times", "doubled"), [(1, 0), (2, 0), (3, 1)])
def test_what_was_in_flight_may_come_twice_and_no_more(times, doubled):
    world = World()
    deliver(times)(world)
    assert world.compared(in_flight=1) == (0, doubled, [])
