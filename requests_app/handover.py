from contextlib import suppress

from django.db import transaction

from .choices import Status
from .models import AdvisorRequest, IllegalMove
from .steps import locked


def hand_over(advisor, successor, *, by):
    """Let an advisor leave: their open requests, specialties and stand-in role go to `successor`, or where that is None
    the requests to the office. Students are told with each step. Return how many requests moved.

    They are switched off first, so that nothing new comes to them; then each request moves in a step of its own, for
    whoever answers at that moment holds it. Cut off between two, it is done by doing it again.
    """
    switch_off(advisor, successor)
    moved = 0
    for advisor_request in AdvisorRequest.objects.open().filter(advisor=advisor):
        with suppress(IllegalMove), transaction.atomic():  # withdrawn or closed meanwhile
            move(advisor_request, advisor, successor, by=by)
            moved += 1
    return moved


@transaction.atomic
def switch_off(advisor, successor):
    locked(advisor, successor, *advisor.stands_in_for.all())
    advisor.stands_in_for.exclude(pk=getattr(successor, "pk", None)).update(stand_in=successor)
    advisor.stands_in_for.update(stand_in=None)  # nobody stands in for themselves
    if successor:
        successor.specialties.add(*advisor.specialties.all())
    advisor.specialties.clear()
    advisor.accepts_requests = False
    advisor.save(update_fields=["accepts_requests"])


def move(advisor_request, advisor, successor, *, by):
    advisor_request.refresh_from_db()
    if advisor_request.status == Status.ACCEPTED:
        advisor_request.hand_back(by=by, note=f"{advisor} leaves.")
    if successor:
        advisor_request.offer(successor, by=by, note=f"In place of {advisor}.")
    elif advisor_request.status == Status.OFFERED:
        advisor_request.decline(by=by, note=f"{advisor} leaves.")
