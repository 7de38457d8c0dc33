"""Departments' reviews and the e-mails they take: each step is written with its e-mail in one transaction, or not."""

from django.db import transaction

from specialties.models import Review
from specialties.models.reviews import NotNow, to_ask

from . import emails


@transaction.atomic
def ask(specialty):
    """Ask a department to go through all its guides, where it is time. Raises NotNow."""
    emails.review_asked(Review.objects.begin_in_time(specialty))


@transaction.atomic
def ask_at_once(specialty, *, by):
    """Ask a department of one guide for a user, once more where it is asked already. Raises NotNow."""
    if review := specialty.reviews.open().first():
        review.remind()
        emails.review_reminder([review])
    else:
        emails.review_asked([Review.objects.begin(specialty, by=by)])


@transaction.atomic
def remind(review):
    """Remind a department of all its guides that it has not gone through in time. Raises NotNow."""
    reviews = list(Review.objects.to_remind().of_department(review.specialty).order_by("specialty_id"))
    if review not in reviews:
        raise NotNow(f"{review}: its department is reminded already.")
    for each in reviews:
        each.remind_in_time()
    emails.review_reminder(reviews)


@transaction.atomic
def escalate(review):
    review.escalate()
    emails.review_unanswered(review)


@transaction.atomic
def report(review):
    review.report()
    emails.review_ended(review)


def due_steps():
    """Yield what is due, as pairs of what does it and what it is done to."""
    for step, rows in (
        (ask, to_ask()),
        (Review.run_out, Review.objects.past()),
        (remind, Review.objects.to_remind()),
        (escalate, Review.objects.to_escalate()),
        (report, Review.objects.to_report()),
    ):
        yield from ((step, row) for row in rows)
