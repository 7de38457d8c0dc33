"""What each public page costs with 13 specialties and with 3,000, kept and rendered anew; prints it as JSON."""

import gc
import json
import os
import sys
from itertools import islice
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter

FEW, MANY, QUESTIONS = 13, 3000, 17  # 3,000 guides with 17 answers each are 51,000
PAGES = {
    "guide": "/specialties/field-1/",
    "advisor": "/advisors/advisor-1/",
    "list": "/",
    "questions": "/questions/",
    "question": "/questions/research/",
    "compare": "/compare/?s=field-1&s=field-2&s=field-3",
    "search": "/search/?q=research",
}


def main(rounds=5):
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.production_settings")
    began = perf_counter()
    import django

    django.setup()
    start = {"seconds to start": perf_counter() - began}
    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application

    call_command("migrate", verbosity=0)
    found = {}
    for count in (FEW, MANY):
        fill(count)
        gc.collect()
        gc.freeze()  # what filling left behind is no part of a page
        if count == FEW:
            start["ms of the first page"] = milliseconds(lambda: ask(get_wsgi_application(), PAGES["guide"]))
        found[count] = {name: measured(path, int(rounds)) for name, path in PAGES.items()}
    print(json.dumps({"pages": found, "megabytes": memory(), "start": start}))


def fill(count):
    """Store guides up to `count`, each with an advisor and with answers taken from those of one guide."""
    from django.db import connection

    from specialties import content_files
    from specialties.indexing import index
    from specialties.models import Advisor, Answer, Question, Specialty, Stage

    dice, start = Random(1), Specialty.objects.filter(slug__startswith="field-").count()
    if not start:
        guide = content_files.load(content_files.INTERVENTIONAL_RADIOLOGY)
        guide.is_published = False
        guide.save()
        stage = Stage.objects.first()
        for n in range(Question.objects.count(), QUESTIONS):
            Question.objects.create(
                stage=stage, key=f"further-{n}", text=f"And further question {n}?", label=f"More {n}"
            )
    bodies = [
        body
        for body in Answer.objects.filter(specialty__slug="interventional-radiology").values_list("body", flat=True)
        if body
    ]
    questions = list(Question.objects.all())
    guides = Specialty.objects.bulk_create(
        [
            Specialty(name=f"Field {n}", slug=f"field-{n}", is_published=True, summary="One line", quote="A quote")
            for n in range(start + 1, count + 1)
        ],
        batch_size=500,
    )
    advisors = Advisor.objects.bulk_create(
        [Advisor(name=f"Advisor {n}", slug=f"advisor-{n}") for n in range(start + 1, count + 1)], batch_size=500
    )
    links = Advisor.specialties.through
    links.objects.bulk_create(
        [links(advisor=advisor, specialty=guide) for advisor, guide in zip(advisors, guides, strict=True)],
        batch_size=500,
    )
    answers = (
        Answer(specialty=guide, question=question, body=dice.choice(bodies), short_answer="Yes")
        for guide in guides
        for question in questions
    )
    while batch := list(islice(answers, 2000)):
        Answer.objects.bulk_create(batch)
    index(
        Specialty.objects.filter(pk__in=[guide.pk for guide in guides])
        if len(guides) < 900
        else Specialty.objects.all()
    )
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


def ask(application, path):
    """Return how many bytes an application answers."""
    from django.test import RequestFactory

    statuses = []
    environ = RequestFactory(HTTP_HOST="127.0.0.1", HTTP_ACCEPT_ENCODING="br").get(path).environ
    answer = application(environ, lambda status, headers: statuses.append(status))
    size = sum(map(len, answer))
    getattr(answer, "close", lambda: None)()
    assert statuses == ["200 OK"], statuses
    return size


def measured(path, rounds):
    """Return the median milliseconds of a page kept and rendered, its queries and its kilobytes."""
    from django.core.wsgi import get_wsgi_application
    from django.db import connection

    from advising.page_cache import PageCache

    django = get_wsgi_application()
    door = PageCache(django)
    queries = []

    def counted(execute, sql, *arguments):
        queries.append(sql)
        return execute(sql, *arguments)

    with connection.execute_wrapper(counted):
        size = ask(django, path)
    ask(door, path)
    cold = median(milliseconds(lambda: ask(django, path)) for _ in range(rounds))
    warm = median(milliseconds(lambda: [ask(door, path) for _ in range(100)]) / 100 for _ in range(rounds))
    return {"cold": cold, "warm": warm, "queries": len(queries), "kilobytes": size / 1000}


def milliseconds(step):
    began = perf_counter()
    step()
    return 1000 * (perf_counter() - began)


def memory():
    """Return the megabytes of this process, and of the kept pages of all guides as those of a hundred let expect."""
    from django.core.wsgi import get_wsgi_application

    from advising.page_cache import PageCache

    door = PageCache(get_wsgi_application())
    door.host = "127.0.0.1"
    for n in range(1, 101):
        ask(door, f"/specialties/field-{n}/")
    status = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
    return {"process": int(status["VmRSS"].split()[0]) / 1000, "pages": door.shelf.used / 100 * MANY / 1_000_000}


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
