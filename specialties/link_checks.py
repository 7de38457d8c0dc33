"""Whether the links in guides still lead somewhere, and when each is looked at.

Any number of workers may look; a constraint keeps them from asking one host at the same time.
"""

import re
from datetime import timedelta
from html import unescape
from urllib.parse import urlsplit

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.db.models import Q
from django.utils import timezone

from .visits import problem_with

LONGEST_ADDRESS = 500
LEASE = timedelta(minutes=5)  # longer than one link can take
HREF = re.compile(r'href="(https?://[^"]+)"')


class LinkCheckQuerySet(models.QuerySet):
    def broken(self):
        return self.exclude(problem="")

    def claim(self):
        """Return one link that is due and now belongs to the caller, at a host nobody else is asking; or None."""
        now = timezone.now()
        self.filter(claimed_until__lt=now).update(claimed_until=None)
        busy = self.exclude(claimed_until=None).values("host")
        for link in self.filter(next_check_at__lte=now).exclude(host__in=busy).order_by("next_check_at")[:10]:
            if link.take(now):
                return link
        return None


class LinkCheck(models.Model):
    """An address that guides lead to, and what became of it when it was last asked for."""

    url = models.CharField(max_length=LONGEST_ADDRESS, unique=True)
    host = models.CharField(max_length=LONGEST_ADDRESS)
    problem = models.CharField(max_length=200, blank=True)
    checked_at = models.DateTimeField(null=True)
    next_check_at = models.DateTimeField(default=timezone.now, db_index=True)
    claimed_until = models.DateTimeField(null=True)

    objects = LinkCheckQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["host"], condition=Q(claimed_until__isnull=False), name="one_check_at_a_time_per_host"
            ),
        ]

    def __str__(self):
        return self.url

    def take(self, now):
        own = LinkCheck.objects.filter(pk=self.pk, claimed_until=None, next_check_at__lte=now)
        try:
            with transaction.atomic():
                return bool(own.update(claimed_until=now + LEASE))
        except IntegrityError:  # another worker came to this host first
            return False

    def check_now(self, **options):
        """Ask for the claimed address and store what came of it."""
        problem = problem_with(self.url, **options)
        found = {} if problem is None else {"problem": problem, "checked_at": timezone.now()}
        next_check_at = timezone.now() + timedelta(days=settings.LINK_CHECK_DAYS)
        LinkCheck.objects.filter(pk=self.pk).update(**found, next_check_at=next_check_at, claimed_until=None)


def addresses_in(html):
    return [unescape(address) for address in HREF.findall(html)]


def note(addresses):
    """Remember exactly these addresses, which guides lead to now; what is known of those that stay is kept."""
    wanted = {address for address in addresses if len(address) <= LONGEST_ADDRESS and host_of(address)}
    known = dict(LinkCheck.objects.values_list("url", "pk"))
    new = [LinkCheck(url=address, host=host_of(address)) for address in sorted(wanted - known.keys())]
    LinkCheck.objects.bulk_create(new, batch_size=500, ignore_conflicts=True)
    gone = [known[address] for address in known.keys() - wanted]
    for start in range(0, len(gone), 500):
        LinkCheck.objects.filter(pk__in=gone[start : start + 500]).delete()


def host_of(address):
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def check_one(**options):
    """Check a link that is due; return whether there was one."""
    link = LinkCheck.objects.claim()
    if link:
        link.check_now(**options)
    return link is not None
