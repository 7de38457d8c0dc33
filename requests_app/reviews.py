"""Departments' reviews and the e-mails they take: each step is written with its e-mail in one transaction, or not."""

from django.db import transaction

from specialties.models import Review
from specialties.models.reviews import to_ask

from . import emails


@transaction.atomic
def ask(specialty, *, by=None):
    """Ask a department to go through its answers; staff ask once more where it is asked already. Raises NotNow."""
    review = specialty.reviews.open().first() if by else None
    if review:
        review.remind()
        emails.review_reminder(review)
    else:
        emails.review_asked(Review.objects.begin(specialty, by=by))


@transaction.atomic
def remind(review):
    review.remind_in_time()
    emails.review_reminder(review)


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
