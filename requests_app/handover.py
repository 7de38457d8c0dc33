from django.db import transaction

from .choices import Status
from .models import AdvisorRequest


@transaction.atomic
def hand_over(advisor, successor, *, by):
    """Let an advisor leave: their open requests, specialties and stand-in role go to `successor`, or where that is None
    the requests to the office. Students are told with each step. Return how many requests moved.
    """
    moved = AdvisorRequest.objects.open().filter(advisor=advisor)
    for advisor_request in moved:
        if advisor_request.status == Status.ACCEPTED:
            advisor_request.hand_back(by=by, note=f"{advisor} leaves.")
        if successor:
            advisor_request.offer(successor, by=by, note=f"In place of {advisor}.")
        elif advisor_request.status == Status.OFFERED:
            advisor_request.decline(by=by, note=f"{advisor} leaves.")
    for away in advisor.stands_in_for.all():
        away.stand_in = None if away == successor else successor  # nobody stands in for themselves
        away.save(update_fields=["stand_in"])
    if successor:
        successor.specialties.add(*advisor.specialties.all())
    advisor.specialties.clear()
    advisor.accepts_requests = False
    advisor.save(update_fields=["accepts_requests"])
    return len(moved)
