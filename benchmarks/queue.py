"""How long the office's list, first page and report take with 100,000 requests, beside the same with 100.

The yardstick is one scan of the whole table in the same run: the report reads every request of its year.

    python -m benchmarks.queue [ROUNDS]

On SQLite in a file of its own; under `python -m tests.postgres` on that PostgreSQL.
"""

import os
import sys
import tempfile
from datetime import timedelta
from random import Random
from statistics import median
from time import perf_counter

FEW, MANY = 100, 100_000
OPEN = 150  # of either, the newest: what an office has on its hands does not grow with the years
LIST = "requests_app/advisorrequest/"
PAGES = {  # with the bar in ms
    "needs you": (LIST, 200),
    "open": (f"{LIST}?queue=open", 200),
    "all": (f"{LIST}?queue=all", 200),
    "one specialty": (f"{LIST}?queue=all&specialty__id__exact={{specialty}}", 200),
    "search": (f"{LIST}?q=ada-99@example.edu", 200),
    "first page": ("", 1000),
    "report": ("report/", 1000),
}


def main(rounds=5):
    with tempfile.TemporaryDirectory() as home:
        os.environ["DATABASE_URL"] = os.environ.get("TEST_DATABASE_URL") or f"sqlite:///{home}/bench.sqlite3"
        os.environ |= {"DJANGO_SETTINGS_MODULE": "advising.settings", "DEBUG": "on", "ALLOWED_HOSTS": "*"}
        import django

        django.setup()
        from django.conf import settings
        from django.core.management import call_command

        settings.DEBUG = False  # or every query is kept
        call_command("migrate", verbosity=0)
        few = measure(FEW, int(rounds))
        many = measure(MANY, int(rounds))
        return report(few, many)


def fill(count):
    """Store requests up to `count`, each with its first event and two e-mails; all but the newest were answered, half
    of them met.
    """
    from django.db import connection
    from django.utils import timezone

    from requests_app.models import AdvisorRequest, OutgoingEmail, RequestEvent
    from specialties.models import Advisor, Specialty

    dice, now = Random(1), timezone.now()
    if not Specialty.objects.exists():
        Specialty.objects.bulk_create(Specialty(name=f"Field {n}", slug=f"field-{n}") for n in range(60))
        Advisor.objects.bulk_create(Advisor(name=f"Advisor {n}", slug=f"advisor-{n}") for n in range(90))
    specialties, advisors = list(Specialty.objects.all()), list(Advisor.objects.all())
    start = AdvisorRequest.objects.count()
    rows = [
        AdvisorRequest(
            reference=f"B-{n}",
            specialty=dice.choice(specialties),
            name=f"Student {n}",
            email=f"ada-{n}@example.edu",
            class_year=dice.choice(["m1", "m2", "m3", "m4"]),
            message="Sample request",
            created_at=(received := now - timedelta(minutes=n * 5)),
            **(
                {"status": "waiting", "respond_by": now.date() + timedelta(days=5)}
                if n < OPEN
                else {
                    "status": "closed",
                    "advisor": dice.choice(advisors),
                    "days_to_answer": dice.randint(0, 8),
                    "days_to_meeting": (wait := dice.choice([None, dice.randint(5, 30)])),
                    "met_on": None if wait is None else received.date() + timedelta(days=7 * wait // 5),
                    "satisfaction": dice.choice([None, 2, 4, 5]),
                }
            ),
        )
        for n in range(start, count)
    ]
    rows = AdvisorRequest.objects.bulk_create(rows, batch_size=1000)
    answered = [row for row in rows if row.status == "closed"]
    for events in (
        (RequestEvent(request=row, kind="submitted", new_status="waiting", created_at=row.created_at) for row in rows),
        (
            RequestEvent(
                request=row,
                kind="accepted",
                new_status="accepted",
                advisor=row.advisor,
                created_at=row.created_at + timedelta(days=dice.randint(0, 10)),
            )
            for row in answered
        ),
        (RequestEvent(request=row, kind="closed", new_status="closed", created_at=now) for row in answered),
    ):
        RequestEvent.objects.bulk_create(events, batch_size=2000)
    for kind in ("received", "closed"):
        OutgoingEmail.objects.bulk_create(
            (
                OutgoingEmail(
                    request=row,
                    kind=kind,
                    to=row.email,
                    message_id=f"<{kind}-{row.pk}@bench>",
                    sent_at=now,
                    next_try=None,
                )
                for row in rows
            ),
            batch_size=2000,
        )
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
    return specialties[0].pk


def measure(count, rounds):
    """Return for each page the median milliseconds of one answer, the first not counted."""
    from django.contrib.auth.models import User
    from django.test import Client

    from requests_app.models import AdvisorRequest

    specialty = fill(count)
    client = Client()
    client.force_login(User.objects.filter(is_superuser=True).first() or User.objects.create_superuser("bench"))
    medians = {}
    for name, (path, _) in PAGES.items():
        url = f"/admin/{path.format(specialty=specialty)}"
        medians[name] = milliseconds(lambda url=url: client.get(url).status_code, 200, rounds)
    medians["scan"] = milliseconds(AdvisorRequest.objects.filter(message="").count, 0, rounds)
    return medians


def milliseconds(call, expected, rounds):
    """Return the median time of calls that give what is expected."""
    times = []
    for _ in range(rounds + 1):
        start = perf_counter()
        assert call() == expected
        times.append(1000 * (perf_counter() - start))
    return median(times[1:])


def report(few, many):
    from django.db import connection

    print(f"\n{connection.vendor}\n{'page':16}{f'with {FEW}':>14}{f'with {MANY:,}':>16}{'bar':>12}{'scans':>8}")
    for name, (_, bar) in PAGES.items():
        print(f"{name:16}{few[name]:11.0f} ms{many[name]:13.0f} ms{bar:9} ms{many[name] / many['scan']:8.1f}")
    print(f"one scan of all requests {few['scan']:.1f} ms with {FEW}, {many['scan']:.1f} ms with {MANY:,}")
    return int(any(many[name] > bar for name, (_, bar) in PAGES.items()))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
