"""As much content as a database should bear: thousands of guides, and an office's requests of many years."""

from datetime import timedelta
from itertools import islice
from random import Random

QUESTIONS = 17  # so that 3,000 guides have 51,000 answers
OPEN = 150  # requests, the newest: what an office has on its hands does not grow with the years


def guides(count):
    """Store guides up to `count`, each with an advisor, with answers taken from those of one guide, and with a
    department that has lately confirmed them.
    """
    from django.utils import timezone

    from specialties.indexing import index
    from specialties.models import Advisor, Answer, Question, Review, Specialty

    if not Specialty.objects.exists():
        first_guide()
    numbers = range(Specialty.objects.filter(slug__startswith="field-").count() + 1, count + 1)
    bodies = [
        body for body in Answer.objects.filter(specialty__is_published=False).values_list("body", flat=True) if body
    ]
    dice, questions, now = Random(1), list(Question.objects.all()), timezone.now()
    described = {"is_published": True, "summary": "One line", "quote": "A quote"}
    new = store(
        Specialty(name=f"Field {n}", slug=f"field-{n}", email=f"field-{n}@example.edu", **described) for n in numbers
    )
    advisors = store(Advisor(name=f"Advisor {n}", slug=f"advisor-{n}") for n in numbers)
    links = Advisor.specialties.through
    store(links(advisor=advisor, specialty=guide) for advisor, guide in zip(advisors, new, strict=True))
    store(
        Answer(
            specialty=guide, question=question, body=dice.choice(bodies), short_answer="Yes", confirmed_on=now.date()
        )
        for guide in new
        for question in questions
    )
    long_ago = now - timedelta(days=100)  # so that it may be asked again
    is_over = {"state": Review.State.FINISHED, "asked_at": long_ago, "ended_at": now, "reported_at": now}
    store(Review(specialty=guide, covers=now.date(), **is_over) for guide in new)
    index(Specialty.objects.all())
    tidy()


def first_guide():
    """Store the guide whose answers all have, unpublished, and questions until there are enough."""
    from specialties import content_files
    from specialties.models import Question, Stage

    guide = content_files.load(content_files.INTERVENTIONAL_RADIOLOGY)
    guide.is_published = False
    guide.save()
    stage = Stage.objects.first()
    for n in range(Question.objects.count(), QUESTIONS):
        Question.objects.create(stage=stage, key=f"more-{n}", text=f"And further question {n}?", label=f"More {n}")


def requests(count):
    """Store requests up to `count`, each with its events and three e-mails; all but the newest were answered, half of
    them met.
    """
    from django.utils import timezone

    from requests_app.models import AdvisorRequest, OutgoingEmail, RequestEvent
    from specialties.models import Advisor, Specialty

    dice, now = Random(1), timezone.now()
    specialties, advisors = list(Specialty.objects.filter(is_published=True)), list(Advisor.objects.all())

    def request(n):
        received = now - timedelta(minutes=n * 5)
        wait = dice.choice([None, dice.randint(5, 30)])
        is_open = {"status": "waiting", "respond_by": now.date() + timedelta(days=5)}
        is_closed = {
            "status": "closed",
            "advisor": dice.choice(advisors),
            "days_to_answer": dice.randint(0, 8),
            "days_to_meeting": wait,
            "met_on": None if wait is None else received.date() + timedelta(days=7 * wait // 5),
            "satisfaction": dice.choice([None, 2, 4, 5]),
        }
        return AdvisorRequest(
            reference=f"B-{n}",
            specialty=dice.choice(specialties),
            name=f"Student {n}",
            email=f"ada-{n}@example.edu",
            class_year=dice.choice(["m1", "m2", "m3", "m4"]),
            message="Sample request",
            created_at=received,
            **(is_open if n < OPEN else is_closed),
        )

    new = store(request(n) for n in range(AdvisorRequest.objects.count(), count))
    answered = [each for each in new if each.status == "closed"]
    store(
        RequestEvent(request=each, kind="submitted", new_status="waiting", created_at=each.created_at) for each in new
    )
    store(
        RequestEvent(
            request=each,
            kind="accepted",
            new_status="accepted",
            advisor=each.advisor,
            created_at=each.created_at + timedelta(days=dice.randint(0, 10)),
        )
        for each in answered
    )
    store(RequestEvent(request=each, kind="closed", new_status="closed", created_at=now) for each in answered)
    for kind in ("received", "accepted", "closed"):
        store(
            OutgoingEmail(
                request=each,
                kind=kind,
                to=each.email,
                message_id=f"<{kind}-{each.pk}@bench>",
                sent_at=now,
                next_try=None,
            )
            for each in new
        )
    tidy()


def store(rows):
    """Store rows of one table by the thousand, and return them."""
    rows, stored = iter(rows), []
    while batch := list(islice(rows, 1000)):
        stored += type(batch[0]).objects.bulk_create(batch)
    return stored


def tidy():
    """Let the database learn what it holds, as it does by itself at night."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
