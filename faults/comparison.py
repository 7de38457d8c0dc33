"""What was acknowledged, beside what is stored and what the mail server took."""

import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

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
    twice: int = 0
    remarks: tuple = ()


def compare(fault, portal, mail, ledger, *, rounds=1, in_flight=0, whole=WHOLE):
    """Return the line of a fault. Up to `in_flight` messages may have come twice, none more often."""
    wait_until_delivered(portal, died=in_flight > 0)
    of_fault = f"{ledger.name}-%"
    requests = portal.rows(
        "SELECT id, token, email, status FROM requests_app_advisorrequest WHERE email LIKE %s", of_fault
    )
    events = gathered(portal, "SELECT request_id, kind FROM requests_app_requestevent")
    emails = gathered(portal, "SELECT request_id, kind FROM requests_app_outgoingemail")
    message_ids = gathered(portal, "SELECT request_id, message_id FROM requests_app_outgoingemail")
    delivered = Counter(message["Message-ID"] for message in list(mail.received))

    stored = {f"/requests/{token}/": (pk, email) for pk, token, email, _ in requests}
    missing = [email for email, page in ledger.pages.items() if stored.get(page, (0, ""))[1] != email]
    half = [pk for pk, _, _, status in requests if (events[pk], emails[pk]) not in whole.get(status, [])]
    unsent = [pk for pk, *_ in requests if not all(delivered[message_id] for message_id in message_ids[pk])]
    copies = Counter(email for _, _, email, _ in requests)
    counts = [delivered[message_id] for pk, *_ in requests for message_id in message_ids[pk]]
    twice = counts.count(2)
    doubled = sum(number - 1 for number in copies.values()) + sum(number > 2 for number in counts)
    lost = len(missing) + len({*half, *unsent})
    remarks = [f"{len(found)} {what}" for what, found in {"missing": missing, "half": half, "unsent": unsent}.items()]
    return Row(
        fault,
        rounds,
        len(ledger),
        lost,
        doubled + max(twice - in_flight, 0),
        twice,
        tuple(remark for remark in remarks if remark[0] != "0"),
    )


def gathered(portal, sql):
    """Return {first column: its second columns, sorted}."""
    found = {}
    for key, value in portal.rows(sql):
        found.setdefault(key, []).append(value)
    return {key: sorted(values) for key, values in found.items()}


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
