"""What a bot sees that filled the field no person sees: the page a student sees, of a request that was never stored.

The token of a decoy looks like a real one, 24 bytes as 32 letters: a tag, and under a mask made from the tag what the
page cannot do without. What the bot wrote is kept in a cookie of its own, so that the page can show it.
"""

import re
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime

from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from specialties.models import Specialty

from .emails import compose
from .models import READABLE, AdvisorRequest, RequestEvent
from .outbox import OutgoingEmail

CONTENT = struct.Struct(">8sII")  # a digest of the submission, the specialty's primary key, seconds since 1970
TAG_SIZE = 8
SAME_FOR = 3600  # seconds in which a form sent twice leads to one address
COOKIE = "sent"
COOKIE_LIMIT = 3_800  # bytes; browsers keep no more than 4,096 with the name and the path


def decoy_url(specialty, *, submission_id, email):
    submission = _digest("submission", f"{submission_id} {email.lower()}")
    now = int(timezone.now().timestamp())
    seconds = now - (now - int.from_bytes(submission[:4])) % SAME_FOR
    content = CONTENT.pack(submission[:8], specialty.pk, seconds)
    tag = _digest("tag", content)[:TAG_SIZE]
    return reverse("requests:status", args=[urlsafe_b64encode(tag + _masked(content, tag)).decode()])


def remember(response, sent):
    """Leave what was sent in a cookie for the page `response` leads to, unless it is too much for one."""
    value = signing.dumps(sent, salt=response.url, compress=True)
    if len(value) <= COOKIE_LIMIT:
        response.set_cookie(
            COOKIE, value, path=response.url, secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax"
        )


def decoy(request, token):
    """Return what the status page shows of a decoy: its unsaved request, events and e-mails; None for other tokens."""
    content = _content(token)
    _, specialty_id, seconds = CONTENT.unpack(content) if content else (None, None, None)
    specialty = Specialty.objects.filter(pk=specialty_id).first()
    if specialty is None:
        return None
    created_at = datetime.fromtimestamp(seconds, UTC)
    advisor_request = AdvisorRequest.objects.draft(
        specialty=specialty, token=token, created_at=created_at, **_remembered(request)
    )
    letters = "".join(READABLE[byte % len(READABLE)] for byte in _digest("reference", content)[:5])
    advisor_request.reference = f"{advisor_request.reference.partition('-')[0]}-{letters}"
    subject, _ = compose("received", advisor_request)
    return {
        "advisor_request": advisor_request,
        "events": [RequestEvent(kind=RequestEvent.Kind.SUBMITTED, created_at=created_at)],
        "emails": [OutgoingEmail(subject=subject)],
    }


def _content(token):
    """Return what a decoy's token holds, None for any other token."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{32}", token):
        return None
    raw = urlsafe_b64decode(token)
    tag, content = raw[:TAG_SIZE], _masked(raw[TAG_SIZE:], raw[:TAG_SIZE])
    return content if constant_time_compare(tag, _digest("tag", content)[:TAG_SIZE]) else None


def _masked(content, tag):
    """Hide or uncover: the mask of a tag taken off is the mask put on."""
    return bytes(byte ^ mask for byte, mask in zip(content, _digest("mask", tag), strict=False))


def _digest(purpose, value):
    return salted_hmac(f"decoy {purpose}", value, algorithm="sha256").digest()


def _remembered(request):
    try:
        return signing.loads(request.COOKIES.get(COOKIE, ""), salt=request.path)
    except signing.BadSignature:
        return {}
