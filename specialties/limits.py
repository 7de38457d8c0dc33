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

# The next use may come where the one so many before it is over. Of two at once that take the same number, one finds the
# key taken, and tries again.
COUNT_ONE_MORE = """
    INSERT INTO specialties_allowance ("key", used, ends_at)
    SELECT %(whose)s || substr(CAST(1000000000001 + last AS text), 2), last + 1, %(ends_at)s
    FROM (
        SELECT COALESCE(CAST(substr(MAX("key"), 53) AS bigint), 0) AS last
        FROM specialties_allowance WHERE "key" BETWEEN %(first)s AND %(last)s
    ) AS so_far
    WHERE NOT EXISTS (
        SELECT 1 FROM specialties_allowance
        WHERE "key" = %(whose)s || substr(CAST(1000000000001 + last - %(most)s AS text), 2) AND ends_at > %(now)s
    )
    ON CONFLICT ("key") DO NOTHING
"""


class AllowanceQuerySet(models.QuerySet):
    def over(self):
        return self.filter(ends_at__lte=time.time())

    def of(self, whose):
        return self.filter(key__range=ends_of(whose))


class Allowance(models.Model):
    """One use of what is limited, which counts until it is over.

    Its key is 52 digits of a digest, so that nobody's address is kept, and twelve of the number of the use.
    """

    key = models.CharField(max_length=64, primary_key=True)
    used = models.PositiveIntegerField()  # the number once more
    ends_at = models.BigIntegerField(db_index=True)  # seconds since 1970

    objects = AllowanceQuerySet.as_manager()

    def __str__(self):
        return self.key


class TooMany(Exception):
    """More than the limit allows: the next may come after `until`. Wherever it is raised, the answer is a 429 page."""

    what_happened = "A lot came from your network within a short time, so this was not stored."

    def __init__(self, until):
        self.until = timezone.localtime(until)
        super().__init__(f"Please try again after {date_format(self.until, 'g:i a').rstrip('.')}.")

    def told(self, response):
        """Return a response as the answer to whom the limit was told: with its status, and in how many seconds."""
        response.status_code = 429
        response["Retry-After"] = max(math.ceil((self.until - timezone.now()).total_seconds()), 1)
        return response


def count(what, who, *, most, seconds):
    """Count one more of `what` by `who`. Raises TooMany past `most` within so many seconds, whenever they begin."""
    if until := full_until(what, who, most=most, seconds=seconds):
        raise TooMany(datetime.fromtimestamp(until, UTC))


def is_allowed(what, who, *, most, seconds):
    """Count likewise; return whether it is within `most`."""
    return full_until(what, who, most=most, seconds=seconds) is None


def full_until(what, who, *, most, seconds):
    """Count likewise and return None; or, where it is too many, when the next may come, in seconds since 1970."""
    now, whose = time.time(), key_of(what, who)
    ends_at = math.ceil(now) + seconds
    if most < 1:
        return ends_at
    first, last = ends_of(whose)
    values = {"whose": whose, "first": first, "last": last, "most": most, "now": now, "ends_at": ends_at}
    Allowance.objects.over().delete()
    while True:
        with connection.cursor() as cursor:
            cursor.execute(COUNT_ONE_MORE, values)
            if cursor.rowcount:
                return None
        current = Allowance.objects.of(whose).filter(ends_at__gt=now).order_by("-key")
        if full := current.values_list("ends_at", flat=True)[most - 1 : most]:
            return full[0]


def forget(what, who):
    """Begin anew with counting `what` by `who`."""
    Allowance.objects.of(key_of(what, who)).delete()


def key_of(what, who):
    return salted_hmac(f"allowance of {what}", who, algorithm="sha256").hexdigest()[:52]


def ends_of(whose):
    return f"{whose}{0:012}", f"{whose}{10**12 - 1}"


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
