"""What was acknowledged, beside what is stored and what the mail server took."""

import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import itemgetter

LEASE = 600  # seconds, as in requests_app/outbox.py
RECEIVED = ["received", "received_for_office"]
WHOLE = {  # of a request nobody has touched yet: its events and its e-mails
    "waiting": [(["submitted"], RECEIVED)],
    "offered": [(["offered", "submitted"], ["offered", *RECEIVED])],
}


@dataclass
class Row:
    """A line of the table; `twice` are messages that were in flight when their worker or database died."""

    fault: str
    rounds: int
    acknowledged: int
    lost: int
    doubled: int
    twice: int
    remarks: list


def compare(fault, portal, mail, ledger, *, rounds=1, in_flight=0, whole=WHOLE, answers=(302,)):
    """Return the line of a fault. Up to `in_flight` messages may have come twice, none more often.

    No answer may have had another status than those in `answers`; 0 stands for none.
    """
    wait_until_delivered(portal, died=in_flight > 0)
    found = Found(portal, mail, ledger)
    trouble = {"missing": found.missing(ledger), "half": found.half(whole), "unsent": found.unsent()}
    twice = found.deliveries.count(2)
    doubled = found.copies() + sum(number > 2 for number in found.deliveries) + max(twice - in_flight, 0)
    lost = len(trouble["missing"]) + len({*trouble["half"], *trouble["unsent"]})
    remarks = [f"{len(rows)} {what}" for what, rows in trouble.items() if rows]
    if told := found.told_of_nothing():
        remarks.append(f"{told} e-mails came that are not stored")
    if ledger.gave_up:
        remarks.append(f"{ledger.gave_up} gave up")
    if set(ledger.statuses) - set(answers):
        remarks.append(f"answers were {dict(ledger.statuses)}")
    return Row(fault, rounds, len(ledger), lost, doubled, twice, remarks)


class Found:
    """What is stored of the requests a ledger may hold, and how often each of their e-mails was delivered."""

    def __init__(self, portal, mail, ledger):
        self.delivered = Counter(message["Message-ID"] for message in list(mail.received))
        self.requests = portal.rows(
            "SELECT id, token, email, status FROM requests_app_advisorrequest WHERE email LIKE %s", f"{ledger.name}-%"
        )
        self.events = gathered(portal.rows("SELECT request_id, kind FROM requests_app_requestevent"))
        self.emails = gathered(portal.rows("SELECT request_id, kind FROM requests_app_outgoingemail"))
        self.ids = gathered(portal.rows("SELECT request_id, message_id FROM requests_app_outgoingemail"))
        self.deliveries = [self.delivered[message_id] for pk, *_ in self.requests for message_id in self.ids[pk]]

    def missing(self, ledger):
        """Those that were acknowledged and are not stored."""
        stored = {(f"/requests/{token}/", email) for _, token, email, _ in self.requests}
        return [email for email, page in ledger.pages.items() if (page, email) not in stored]

    def half(self, whole):
        return [
            pk for pk, *_, status in self.requests if (self.events[pk], self.emails[pk]) not in whole.get(status, [])
        ]

    def unsent(self):
        return [pk for pk, *_ in self.requests if not all(self.delivered[message_id] for message_id in self.ids[pk])]

    def told_of_nothing(self):
        """How many were delivered that are not stored: what they tell of never was, or is lost."""
        return len(self.delivered.keys() - {message_id for ids in self.ids.values() for message_id in ids})

    def copies(self):
        """How many are there again: every form of a ledger was sent from an address of its own."""
        return len(self.requests) - len({email for _, _, email, _ in self.requests})


def gathered(rows):
    """Return {first column: its second columns, sorted}, and nothing for every other key."""
    found = defaultdict(list)
    for key, value in sorted(rows, key=itemgetter(1)):
        found[key].append(value)
    return found


def wait_until_delivered(portal, died=False, seconds=180):
    """Wait a while until nothing is left to send; where workers died, without waiting for the leases of theirs."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        now = datetime.now(UTC)
        [[left]] = portal.rows(
            "SELECT count(*) FROM requests_app_outgoingemail WHERE sent_at IS NULL AND next_try IS NOT NULL"
        )
        if not left:
            return
        if died:
            end_leases(portal, now)
        time.sleep(0.2)


def end_leases(portal, now):
    portal.rows(
        "UPDATE requests_app_outgoingemail SET next_try = %s "
        "WHERE sent_at IS NULL AND attempts > 0 AND last_error = '' AND next_try > %s AND next_try < %s",
        *(portal.moment(now + timedelta(seconds=at)) for at in (0, LEASE / 2, LEASE - 5)),
    )
