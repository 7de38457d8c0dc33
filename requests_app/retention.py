"""What is kept beside requests no longer than it is needed. Any number of workers may do this, at any time."""

import time

from django.contrib.sessions.models import Session
from django.utils import timezone

from specialties.models import Allowance, Feedback

from .dates import retention_limit
from .outbox import OutgoingEmail

EVERY = 3600  # seconds


class Leftovers:
    """Looked through now and then, since nothing waits for them."""

    def __init__(self):
        self.look_at = 0

    def clear(self):
        if time.monotonic() >= self.look_at:
            self.look_at = time.monotonic() + EVERY
            forget()


def forget():
    OutgoingEmail.objects.to_forget().delete()
    Feedback.objects.filter(created_at__lte=retention_limit()).forget_words()
    Allowance.objects.over().delete()
    Session.objects.filter(expire_date__lt=timezone.now()).delete()
