"""How long the office's list of requests takes with 100,000 of them, beside the same list with 100.

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
BAR = 200  # ms
PAGES = {
    "needs you": "",
    "open": "?queue=open",
    "all": "?queue=all",
    "one specialty": "?queue=all&specialty__id__exact={specialty}",
    "search": "?q=ada-99@example.edu",
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
    """Store requests up to `count`, each with its first event and two e-mails."""
    from django.db import connection
    from django.utils import timezone

    from requests_app.models import AdvisorRequest, OutgoingEmail, RequestEvent
    from specialties.models import Specialty

    dice, now = Random(1), timezone.now()
    if not Specialty.objects.exists():
        Specialty.objects.bulk_create(Specialty(name=f"Field {n}", slug=f"field-{n}") for n in range(60))
    specialties = list(Specialty.objects.all())
    start = AdvisorRequest.objects.count()
    rows = [
        AdvisorRequest(
            reference=f"B-{n}",
            specialty=dice.choice(specialties),
            name=f"Student {n}",
            email=f"ada-{n}@example.edu",
            class_year="m3",
            message="Sample request",
            status="waiting" if n < OPEN else "closed",
            respond_by=now.date() + timedelta(days=5) if n < OPEN else None,
            created_at=now - timedelta(minutes=n * 5),
        )
        for n in range(start, count)
    ]
    rows = AdvisorRequest.objects.bulk_create(rows, batch_size=1000)
    RequestEvent.objects.bulk_create(
        (RequestEvent(request=row, kind="submitted", new_status="waiting") for row in rows), batch_size=2000
    )
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

    specialty = fill(count)
    client = Client()
    client.force_login(User.objects.filter(is_superuser=True).first() or User.objects.create_superuser("bench"))
    medians = {}
    for name, query in PAGES.items():
        times = []
        for _ in range(rounds + 1):
            start = perf_counter()
            response = client.get(f"/admin/requests_app/advisorrequest/{query.format(specialty=specialty)}")
            times.append(1000 * (perf_counter() - start))
            assert response.status_code == 200
        medians[name] = median(times[1:])
    return medians


def report(few, many):
    from django.db import connection

    print(
        f"\n{connection.vendor}, the list of requests\n{'page':16}{f'with {FEW}':>14}{f'with {MANY:,}':>16}{'ratio':>8}"
    )
    for name in PAGES:
        print(f"{name:16}{few[name]:11.0f} ms{many[name]:13.0f} ms{many[name] / few[name]:8.2f}")
    slowest = max(many.values())
    print(f"slowest {slowest:.0f} ms; the bar is {BAR} ms")
    return int(slowest > BAR)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
