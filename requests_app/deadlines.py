"""What falls due without anybody doing anything. Any number of workers may run it: each step is taken once."""

import logging
from datetime import timedelta

from django.utils import timezone

from specialties.models import Proposal
from specialties.models.reviews import NotNow

from . import reviews
from .models import AdvisorRequest, IllegalMove, Offer

logger = logging.getLogger(__name__)

REST_AFTER_FAILURE = timedelta(minutes=10)

AT_ONCE = 100  # requests that are erased in one pass, so that e-mail never waits for long


def take_due_steps(resting=None):
    """Take every step that is due in the school's time zone; return how many were taken.

    In `resting`, at first {}, a worker remembers until when it leaves a step alone that failed.
    """
    resting = {} if resting is None else resting
    offers = Offer.objects.select_related("request")
    steps = [
        *((AdvisorRequest.expire, offer.request) for offer in offers.past_due()),
        *((AdvisorRequest.remind_in_time, offer.request) for offer in offers.to_remind()),
        *((AdvisorRequest.ask_about_meeting, row) for row in AdvisorRequest.objects.to_ask_about_meeting()),
        *((AdvisorRequest.erase_in_time, row) for row in AdvisorRequest.objects.to_erase()[:AT_ONCE]),
        *((Proposal.take_effect, proposal) for proposal in Proposal.objects.due()),
        *reviews.due_steps(),
    ]
    return sum(taken(*step, resting) for step in steps)


def taken(step, row, resting):
    """Take a step; one that fails is logged and rests, and stops neither the others nor the mail."""
    if (step, row.pk) in resting and timezone.now() < resting[step, row.pk]:
        return False
    try:
        step(row)
    except (IllegalMove, NotNow):  # somebody was first, or an answer came meanwhile
        return False
    except Exception:
        logger.exception("Step %s of %s failed", step.__name__, row)
        resting[step, row.pk] = timezone.now() + REST_AFTER_FAILURE
        return False
    return True
