"""How long the database takes to find and rank among 20,000 answers, beside reading them all with LIKE.

    python -m benchmarks.search [ROUNDS]

On SQLite in a file of its own; under `python -m tests.postgres` on that PostgreSQL.
"""

import os
import sys
import tempfile
from itertools import islice
from random import Random
from statistics import median
from time import perf_counter

ANSWERS = 20_000
BAR = 50  # ms
QUERIES = [
    "aways",
    "chair letter",
    "letters of recommendation",
    "research",
    "IR",
    "how many electives should I take",
    "research unicorn",  # nothing has both, so it is asked twice
]


def main(rounds=7):
    with tempfile.TemporaryDirectory() as home:
        os.environ["DATABASE_URL"] = os.environ.get("TEST_DATABASE_URL") or f"sqlite:///{home}/bench.sqlite3"
        os.environ |= {"DJANGO_SETTINGS_MODULE": "advising.settings", "DEBUG": "on"}
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        fill()
        return measure(int(rounds))


def fill():
    """Store 20,000 answers put together from sentences of the sample guides."""
    from django.db import connection

    from specialties import content_files
    from specialties.indexing import index
    from specialties.models import Answer, Question, Specialty

    for path in content_files.SAMPLES:
        content_files.load(path)
    bodies = [body for body in Answer.objects.values_list("body", flat=True) if body]
    dice, questions = Random(1), list(Question.objects.all())
    count = ANSWERS // len(questions) + 1
    guides = [Specialty(name=f"Specialty {n}", slug=f"specialty-{n}", is_published=True) for n in range(count)]
    Specialty.objects.bulk_create(guides, batch_size=500)
    answers = (
        Answer(specialty=guide, question=question, body="".join(dice.sample(bodies, 2)), short_answer="Yes")
        for guide in guides
        for question in questions
    )
    while batch := list(islice(answers, 2000)):
        Answer.objects.bulk_create(batch)
    index(Specialty.objects.all())
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


def measure(rounds):
    from django.db import connection

    from specialties.models import Answer, SearchEntry, Synonym
    from specialties.query import Query
    from specialties.search import best

    print(f"\n{connection.vendor}, {Answer.objects.count():,} answers, {SearchEntry.objects.count():,} places to find")
    print(f"{'query':34}{'search':>12}{'LIKE':>12}{'ratio':>8}")
    slowest = 0
    synonyms = list(Synonym.objects.all())
    for text in QUERIES:
        query = Query(text, synonyms)
        answers = Answer.objects.all()
        for word in query.words:
            answers = answers.filter(body__icontains=word)
        searched, compared = [], []
        for _ in range(rounds):  # in turn, so that a noisy moment meets both
            searched.append(timed(lambda query=query: best(query)))
            compared.append(timed(lambda answers=answers: list(answers.values_list("pk"))))
        ours, theirs = median(searched), median(compared)
        slowest = max(slowest, ours)
        print(f"{text:34}{ours:9.1f} ms{theirs:9.1f} ms{ours / theirs:8.2f}")
    print(f"slowest {slowest:.1f} ms; the bar is {BAR} ms")
    return int(slowest > BAR)


def timed(fetch):
    """Return how many milliseconds the rows take until they are here, as objects."""
    start = perf_counter()
    fetch()
    return 1000 * (perf_counter() - start)


if __name__ == "__main__":
    sys.exit(main(*(sys.argv[1:])))
