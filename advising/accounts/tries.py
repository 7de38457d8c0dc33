"""How often a password or a second factor may be tried: counted exactly, by all processes together."""

from specialties import limits
from specialties.limits import forget, is_allowed, is_first

from .models import AuditEntry, record

WITHIN = 15 * 60  # seconds
MOST = {
    "password of a name": 10,
    "password from a place": 60,  # an office may have one address for all
    "single sign-on from a place": 60,
    "second factor": 5,
}
CODES_STAY_USED = 24 * 3600  # seconds; far longer than a code is valid


class TooManyTries(limits.TooMany):
    what_happened = "There were more tries to sign in than we take."


def count(what, who, *, by=None):
    """Count one more, and record it where that is too many. Raises TooManyTries then."""
    try:
        limits.count(what, who, most=MOST[what], seconds=WITHIN)
    except limits.TooMany as refusal:
        record_some(f"too many tries: {what}", who, most=1, by=by)
        raise TooManyTries(refusal.until) from None


def record_some(refusal, who, *, most, by=None):
    """Record so many refusals in a stretch of time: a stranger who is refused again and again fills no list."""
    if is_allowed(f"telling of {refusal}", who, most=most, seconds=WITHIN):
        record(AuditEntry.What.REFUSED, refusal, by=by)


def is_first_use(user, code):
    """Whether a code was not used before; allauth remembers that within one process only."""
    return is_first("code", f"{user.pk} {code}", seconds=CODES_STAY_USED)


def forget_name(name):
    forget("password of a name", name.lower(), seconds=WITHIN)


def forget_second_factor(user):
    forget("second factor", user.pk, seconds=WITHIN)
