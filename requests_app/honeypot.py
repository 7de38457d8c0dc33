"""What a bot sees that filled the field no person sees: the page a student sees, of a request that was never stored.

The token looks like a real one, 24 bytes as 32 letters, and holds all the page needs: specialty, time, and a signature.
"""

import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime

from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from specialties.models import Specialty

from .models import READABLE, AdvisorRequest, RequestEvent

CONTENT = struct.Struct(">II")  # the specialty's primary key, seconds since 1970


def decoy_url(specialty):
    content = CONTENT.pack(specialty.pk, int(timezone.now().timestamp()))
    return reverse("requests:status", args=[urlsafe_b64encode(content + _signature(content)).decode()])


def decoy(token):
    """Return the unsaved request a decoy's token stands for, and its history; None and [] for any other token."""
    try:
        raw = urlsafe_b64decode(token.encode())
    except ValueError:
        return None, []
    content, signature = raw[: CONTENT.size], raw[CONTENT.size :]
    if not constant_time_compare(signature, _signature(content)):
        return None, []
    specialty_id, seconds = CONTENT.unpack(content)
    advisor_request = AdvisorRequest.objects.draft(
        specialty=Specialty.objects.get(pk=specialty_id), created_at=datetime.fromtimestamp(seconds, UTC)
    )
    letters = "".join(READABLE[byte % len(READABLE)] for byte in signature[:5])
    advisor_request.reference = f"{advisor_request.reference.partition('-')[0]}-{letters}"
    event = RequestEvent(kind=RequestEvent.Kind.SUBMITTED, created_at=advisor_request.created_at)
    return advisor_request, [event]


def _signature(content):
    return salted_hmac("decoy", content, algorithm="sha256").digest()[:16]
