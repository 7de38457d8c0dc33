from contextlib import suppress

from django.db import transaction

from .models import IllegalMove, Offer
from .steps import locked


def hand_over(advisor, successor, *, by):
    """Let an advisor leave: their open requests, specialties and stand-in role go to `successor`; to the office the
    requests that they cannot take, or all where there is none. Return the requests that moved, as they are now.

    They are switched off first, so that nothing new comes to them; then each request moves in a step of its own, for
    whoever answers at that moment holds it. Cut off between two, it is done by doing it again.
    """
    switch_off(advisor, successor)
    moved = []
    for offer in Offer.objects.running().filter(advisor=advisor).with_people():
        with suppress(IllegalMove):  # meanwhile withdrawn or closed, or declined and with somebody else
            offer.request.take_back(by=by, note=f"{advisor} leaves.", successor=successor, answering=offer.pk)
            moved.append(offer.request)
    return moved


@transaction.atomic
def switch_off(advisor, successor):
    locked(advisor, successor, *advisor.stands_in_for.all())
    for away in advisor.stands_in_for.all():
        away.stand_in = None if away == successor else successor  # nobody stands in for themselves
        away.save(update_fields=["stand_in"])
    if successor:
        successor.specialties.add(*advisor.specialties.all())
    advisor.specialties.clear()
    advisor.accepts_requests = False
    advisor.save(update_fields=["accepts_requests"])
