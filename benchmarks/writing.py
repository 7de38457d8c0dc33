"""What students and the worker write, beside pgbench and a bare loop that sends e-mails."""

import json
import os
import smtplib
import subprocess
import sys
from statistics import median
from time import perf_counter

from tests.production import production_server

from .load import PATH, ask, durable_inserts, submissions_per_second
from .programs import found_by
from .reading import answered
from .table import Row, in_turn

UNLIMITED = {"REQUESTS_PER_HOUR": "1000000", "REQUESTS_PER_DAY": "1000000", "TRUSTED_PROXIES": "1"}
TABLES = ["advisorrequest", "requestevent", "outgoingemail", "offer"]
MAILS = 300


def rows(database, url, rounds):
    """Yield the rows of one PostgreSQL."""
    with production_server(database_url=url, **UNLIMITED) as portal:
        form = f"{portal}{PATH}request/"
        answered(form)  # so that no process has its first request while it is measured
        before = rows_written(url)
        requests = submissions_per_second(form, seconds=2) * 2
        inserts = max(round((rows_written(url) - before) / requests), 1)
        yield in_turn(
            database,
            "submit",
            f"pgbench, {inserts} durable inserts",
            ">= 0.15",
            rounds,
            lambda: submissions_per_second(form),
            lambda: durable_inserts(url, inserts),
        )
    found = [found_by("writing", url) for _ in range(rounds)]
    ours, theirs = (median(each[name] for each in found) for name in ("worker", "loop"))
    ratio = median(each["worker"] / each["loop"] for each in found)
    yield Row(database, "mails of the worker", "smtplib loop", ours, theirs, ratio, ">= 0.3")


def rows_written(url):
    """Return how many rows all tables of the requests hold."""
    counts = (f"(SELECT count(*) FROM requests_app_{table})" for table in TABLES)  # noqa: S608 - names of ours
    [[rows]] = ask(url, f"SELECT {' + '.join(counts)}")
    return rows


def main():
    sink = subprocess.Popen([sys.executable, "-m", "benchmarks.sink"], stdout=subprocess.PIPE, text=True)
    port = sink.stdout.readline().strip()
    os.environ["EMAIL_URL"] = f"smtp://127.0.0.1:{port}"
    import django

    django.setup()
    try:
        print(json.dumps({"worker": per_second(worker()), "loop": per_second(loop(port))}))
    finally:
        sink.terminate()


def per_second(send):
    began = perf_counter()
    send()
    return MAILS / (perf_counter() - began)


def worker():
    """Return a function that sends mails, which wait now."""
    from requests_app.outbox import OutgoingEmail, send_due

    OutgoingEmail.objects.filter(sent_at=None).delete()
    OutgoingEmail.objects.bulk_create(mails())
    return send_due


def mails():
    from requests_app.outbox import OutgoingEmail, new_message_id

    text = "Your request has reached the advising office. " * 10
    return [
        OutgoingEmail(
            kind="received",
            to=f"student-{n}@example.edu",
            subject="Received",
            text=text,
            html=f"<p>{text}</p>",
            message_id=new_message_id("bench"),
        )
        for n in range(MAILS)
    ]


def loop(port):
    """Return a function that puts the same together and sends them over one connection."""
    waiting = mails()

    def send():
        with smtplib.SMTP("127.0.0.1", int(port)) as connection:
            for mail in waiting:
                message = mail.as_message().message()
                connection.sendmail(message["From"], mail.to, message.as_bytes())

    return send


if __name__ == "__main__":
    main()
