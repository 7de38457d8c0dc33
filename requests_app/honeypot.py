"""What a bot sees that filled the field no person sees: the page a student sees, of a request that was never stored."""

from django.core import signing
from django.urls import reverse
from django.utils import timezone

from specialties.models import Specialty

from .models import AdvisorRequest, RequestEvent

SALT = "decoy"


def decoy_url(specialty):
    return reverse("requests:status", args=[signing.dumps(specialty.pk, salt=SALT)])


def decoy(token):
    """Return the unsaved request a decoy's token stands for, and its history; None and [] for any other token."""
    try:
        specialty = Specialty.objects.get(pk=signing.loads(token, salt=SALT))
    except (signing.BadSignature, Specialty.DoesNotExist):
        return None, []
    now = timezone.now()
    advisor_request = AdvisorRequest.objects.draft(specialty=specialty, created_at=now)
    return advisor_request, [RequestEvent(request=advisor_request, kind=RequestEvent.Kind.SUBMITTED, created_at=now)]
