"""What falls due without anybody doing anything. Any number of workers may run it: each step is taken once."""

import logging

from specialties.models import Proposal

from .models import AdvisorRequest, IllegalMove, Offer

logger = logging.getLogger(__name__)


def take_due_steps():
    """Expire, remind, ask and put in force what is due in the school's time zone; return how many steps were taken."""
    offers = Offer.objects.select_related("request")
    steps = [
        *(offer.request.expire for offer in offers.past_due()),
        *(offer.request.remind_in_time for offer in offers.to_remind()),
        *(advisor_request.ask_about_meeting for advisor_request in AdvisorRequest.objects.to_ask_about_meeting()),
        *(proposal.take_effect for proposal in Proposal.objects.due()),
    ]
    return sum(map(taken, steps))


def taken(step):
    """Take a step; one that fails is logged and stops neither the others nor the mail."""
    try:
        step()
    except IllegalMove:  # somebody was first, or an answer came meanwhile
        return False
    except Exception:
        logger.exception("Step %s of %s failed", step.__name__, step.__self__)
        return False
    return True
