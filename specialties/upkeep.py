"""What the worker does for the guides without anybody doing anything."""

import time
from itertools import chain

from django.conf import settings

from .link_checks import addresses_in, check_one, note
from .models import Advisor, Answer, Resource, Specialty

NOTE_EVERY = 3600  # seconds; to find all links takes a look at every text


class Links:
    """The links of all guides, looked after by one worker: one in each pass, so that e-mail never waits for long."""

    def __init__(self):
        self.note_at = 0

    def look_after(self, **options):
        """Look at one link where it is time; return whether there was one."""
        if not settings.LINK_CHECK_DAYS:
            return False
        if time.monotonic() >= self.note_at:
            note(addresses())
            self.note_at = time.monotonic() + NOTE_EVERY
        return check_one(**options)


def addresses():
    """Return every address a guide, published or not, leads to."""
    texts = chain(
        Answer.objects.filter(body__contains="href=").values_list("body", flat=True),
        Specialty.objects.exclude(recommendations="").values_list("recommendations", flat=True),
    )
    return chain(
        Resource.objects.values_list("url", flat=True),
        Advisor.objects.exclude(profile_url="").values_list("profile_url", flat=True),
        (address for html in texts for address in addresses_in(html)),
    )
