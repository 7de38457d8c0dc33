"""How long the database takes to find and rank among 20,000 answers, beside reading them all with LIKE."""

import json
import sys
from random import Random
from statistics import median

from .programs import found_by
from .size import milliseconds
from .table import within

ANSWERS = 20_000
LIMIT = 50  # ms
QUERIES = [
    "aways",
    "chair letter",
    "letters of recommendation",
    "research",
    "IR",
    "how many electives should I take",
    "research unicorn",  # nothing has both, so it is asked twice
]


def rows(database, url, rounds, more):
    """Yield the row of the slowest query, and put all of them into `more`."""
    found = found_by("search", url, rounds)
    more[f"search, {database} (ms)"] = found
    slowest = max(found, key=lambda query: found[query]["search"])
    yield within(database, f'search of {ANSWERS:,} answers, "{slowest}" (ms)', found[slowest]["search"], LIMIT)


def main(rounds):
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    fill()
    print(json.dumps({text: compared(text, int(rounds)) for text in QUERIES}))


def fill():
    """Store 20,000 answers put together from sentences of the sample guides."""
    from specialties import content_files
    from specialties.indexing import index
    from specialties.models import Answer, Question, Specialty

    from .filling import store, tidy

    for path in content_files.SAMPLES:
        content_files.load(path)
    bodies = [body for body in Answer.objects.values_list("body", flat=True) if body]
    dice, questions = Random(1), list(Question.objects.all())
    count = ANSWERS // len(questions) + 1
    guides = store(Specialty(name=f"Field {n}", slug=f"field-{n}", is_published=True) for n in range(count))
    store(
        Answer(specialty=guide, question=question, body="".join(dice.sample(bodies, 2)), short_answer="Yes")
        for guide in guides
        for question in questions
    )
    index(Specialty.objects.all())
    tidy()


def compared(text, rounds):
    """Return the median milliseconds until what is found is here, by the search and by LIKE."""
    from specialties.models import Answer, Synonym
    from specialties.query import Query
    from specialties.search import best

    query = Query(text, list(Synonym.objects.all()))
    answers = Answer.objects.all()
    for word in query.words:
        answers = answers.filter(body__icontains=word)
    searched, compared = [], []
    for _ in range(rounds):  # in turn, so that a noisy moment meets both
        searched.append(milliseconds(lambda: best(query)))
        compared.append(milliseconds(lambda: list(answers.values_list("pk"))))
    return {"search": median(searched), "LIKE": median(compared)}


if __name__ == "__main__":
    main(*sys.argv[1:])
