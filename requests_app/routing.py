"""Who can take a request: what the portal offers by itself, and what the office is told of the others."""

NO_ADDRESS = "has no e-mail address"


def reason_against(advisor, advisor_request):
    """Return in a few words why an advisor cannot take a request now, "" where they can."""
    return ", ".join(reasons_against(advisor, avoid_committee=advisor_request.avoid_selection_committee))


def reasons_against(advisor, *, avoid_committee):
    reasons = {
        "takes no requests": not advisor.takes_requests,
        NO_ADDRESS: not advisor.email,
        advisor.availability.lower(): advisor.takes_requests and advisor.is_away,
        "full": advisor.takes_requests and advisor.is_full,
        "on the selection committee": avoid_committee and advisor.on_selection_committee,
    }
    return [reason for reason, holds in reasons.items() if holds]


def first_advisor(advisor_request):
    """Return whom a new request is offered to by itself, or None where the office decides.

    The preferred advisor, or whoever stands in; with no preference the only one who can.
    """
    if preferred := advisor_request.preferred_advisor:
        return able_or_stand_in(preferred, advisor_request)
    able = able_advisors(advisor_request)
    return able.pop() if len(able) == 1 else None


def next_advisor(advisor_request):
    """Return whom to ask next, nobody twice: of those who can the one with the most room, None if nobody can."""
    asked = set(advisor_request.offers.values_list("advisor", flat=True))
    able = [advisor for advisor in able_advisors(advisor_request) if advisor.pk not in asked]
    return min(able, key=lambda advisor: (advisor.open_requests, advisor.name), default=None)


def able_advisors(advisor_request):
    """Return the advisors who can take a request, those who are away replaced by who stands in for them."""
    advisors = advisor_request.specialty.advisors.select_related("stand_in")
    return {able for advisor in advisors if (able := able_or_stand_in(advisor, advisor_request))}


def able_or_stand_in(advisor, advisor_request):
    """Return the advisor, or while they are away who stands in, and in turn for them; None where nobody can."""
    seen = set()
    while advisor and advisor not in seen:
        if not reason_against(advisor, advisor_request):
            return advisor
        seen.add(advisor)
        advisor = advisor.stand_in if advisor.is_away else None
    return None
