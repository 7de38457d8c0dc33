"""How often something may be done from one place: counted in the database, exactly, by all processes together."""

import math
import re
import time
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network

from django.conf import settings
from django.db import connection, models
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.formats import date_format

HOUR = 3600  # seconds
DAY = 24 * HOUR
HOME = 64  # bits of an IPv6 address that name a household; it has all addresses below
WITH_PORT = re.compile(r"^(?:\[(.*)\]|([^:]*))(?::\d+)?$")  # as some proxies write an address

COUNT_ONE_MORE = """
    INSERT INTO specialties_allowance ("key", used, ends_at) VALUES (%s, 1, %s)
    ON CONFLICT ("key") DO UPDATE SET used = specialties_allowance.used + 1
    RETURNING used
"""


class AllowanceQuerySet(models.QuerySet):
    def over(self):
        return self.filter(ends_at__lte=int(time.time()))


class Allowance(models.Model):
    """What was used of a limit in one stretch of time. The key is a digest, so that nobody's address is kept."""

    key = models.CharField(max_length=64, primary_key=True)
    used = models.PositiveIntegerField()
    ends_at = models.BigIntegerField(db_index=True)  # seconds since 1970

    objects = AllowanceQuerySet.as_manager()

    def __str__(self):
        return self.key


class TooMany(Exception):
    """More than the limit allows: the next may come after `until`. Wherever it is raised, the answer is a 429 page."""

    what_happened = "A lot came from your network within a short time, so this was not stored."

    def __init__(self, until):
        self.until = timezone.localtime(until)
        moment = "g:i a" if self.until.date() == timezone.localdate() else "g:i a \\o\\n l"
        super().__init__(f"Please try again after {date_format(self.until, moment).rstrip('.')}.")

    def told(self, response):
        """Return a response as the answer to whom the limit was told: with its status, and in how many seconds."""
        response.status_code = 429
        response["Retry-After"] = max(math.ceil((self.until - timezone.now()).total_seconds()), 1)
        return response


def count(what, who, *, most, seconds):
    """Count one more of `what` by `who`. Raises TooMany past `most` in this stretch of so many seconds."""
    if not is_allowed(what, who, most=most, seconds=seconds):
        raise TooMany(datetime.fromtimestamp(end_of_stretch(seconds), UTC))


def is_allowed(what, who, *, most, seconds):
    """Count likewise; return whether it is within `most`."""
    ends_at = end_of_stretch(seconds)
    with connection.cursor() as cursor:
        cursor.execute(COUNT_ONE_MORE, [key_of(what, who, ends_at), ends_at])
        [used] = cursor.fetchone()
    if used == 1:
        Allowance.objects.over().delete()
    return used <= most


def is_first(what, who, *, seconds):
    """Whether this is the first `what` by `who` in so many seconds, whichever stretch they lie in."""
    until = {"used": 1, "ends_at": int(time.time()) + seconds}
    _, is_new = Allowance.objects.get_or_create(key=key_of(what, who, "once"), defaults=until)
    return is_new


def forget(what, who, *, seconds):
    """Begin anew with counting `what` by `who`."""
    Allowance.objects.filter(key=key_of(what, who, end_of_stretch(seconds))).delete()


def end_of_stretch(seconds):
    """Return when the stretch of so many seconds that is now is over, in seconds since 1970."""
    return (int(time.time()) // seconds + 1) * seconds


def key_of(what, who, ends_at):
    return salted_hmac(f"allowance of {what}", f"{who} {ends_at}", algorithm="sha256").hexdigest()


def place_of(request):
    """Return where a request comes from, as the proxies we know say: an IPv4 address, or the network of an IPv6 one."""
    hops = [request.META.get("REMOTE_ADDR", ""), *reversed(request.headers.get("X-Forwarded-For", "").split(","))]
    hop = hops[min(settings.TRUSTED_PROXIES, len(hops) - 1)].strip()
    try:
        address = ip_address(WITH_PORT.sub(r"\1\2", hop))
    except ValueError:
        return hops[0]
    address = getattr(address, "ipv4_mapped", None) or address
    return str(address if address.version == 4 else ip_network((address.packed, HOME), strict=False))
