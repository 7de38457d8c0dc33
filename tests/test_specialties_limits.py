"""How often something may be done from one place, and what a place is."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.http import HttpResponse
from django.test import RequestFactory

from specialties.limits import DAY, Allowance, TooMany, count, place_of

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 24, 15, 30, tzinfo=UTC)


def allowed(what, who, **limit):
    try:
        count(what, who, **limit)
    except TooMany:
        return False
    return True


def test_limit_is_of_one_thing_and_one_place():
    assert [allowed("votes", "a", most=1, seconds=60) for _ in range(2)] == [True, False]
    assert allowed("votes", "b", most=1, seconds=60)
    assert allowed("words", "a", most=1, seconds=60)


@pytest.mark.django_db(transaction=True)
def test_limit_is_exact_when_many_come_at_once():
    def ten_times(_):
        try:
            return [allowed("votes", "a", most=25, seconds=3600) for _ in range(10)]
        finally:
            connection.close()

    with time_machine.travel(NOW, tick=False), ThreadPoolExecutor(6) as threads:
        answers = [answer for ten in threads.map(ten_times, range(6)) for answer in ten]
    assert (answers.count(True), answers.count(False)) == (25, 35)


def test_limit_keeps_no_address_and_nothing_of_hours_gone_by():
    with time_machine.travel(NOW, tick=False):
        allowed("votes", "192.0.2.1", most=5, seconds=3600)
        allowed("votes", "192.0.2.2", most=5, seconds=3600)
    assert not [allowance for allowance in Allowance.objects.all() if "192" in allowance.key and "." in allowance.key]
    with time_machine.travel(NOW + timedelta(hours=2), tick=False):
        allowed("votes", "192.0.2.1", most=5, seconds=3600)
    assert [allowance.used for allowance in Allowance.objects.all()] == [1]


@pytest.mark.parametrize(
    ("proxies", "forwarded", "place"),
    [
        (0, None, "127.0.0.1"),
        (0, "192.0.2.1", "127.0.0.1"),
        (1, None, "127.0.0.1"),
        (1, "192.0.2.1", "192.0.2.1"),
        (1, "10.9.8.7, 192.0.2.1", "192.0.2.1"),
        (2, "10.9.8.7, 192.0.2.1, 198.51.100.1", "192.0.2.1"),
        (2, "192.0.2.1", "192.0.2.1"),
        (1, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        (1, "2001:db8:1:2:ffff::9", "2001:db8:1:2::/64"),
        (1, "::ffff:192.0.2.1", "192.0.2.1"),
        (1, "::ffff:c000:0201", "192.0.2.1"),
        (1, "192.0.2.1:50123", "192.0.2.1"),
        (1, "[2001:db8:1:2::9]:50123", "2001:db8:1:2::/64"),
        (1, "[2001:db8:1:2::9]", "2001:db8:1:2::/64"),
        (1, "[::ffff:192.0.2.1]:50123", "192.0.2.1"),
        (1, "unknown", "127.0.0.1"),
        (1, "192.0.2.1:50123:1", "127.0.0.1"),
    ],
)
def test_place_is_what_the_known_proxies_say(settings, proxies, forwarded, place):
    settings.TRUSTED_PROXIES = proxies
    headers = {"x-forwarded-for": forwarded} if forwarded else {}
    assert place_of(RequestFactory().get("/", headers=headers)) == place


def test_who_has_to_wait_past_midnight_is_told_the_day():
    with time_machine.travel("2026-11-24T19:00-06:00", tick=False):
        count("requests", "a", most=1, seconds=DAY)
        with pytest.raises(TooMany, match=r"Please try again after 6:00 p\.m\. on Wednesday\."):
            count("requests", "a", most=1, seconds=DAY)


def test_who_did_too_much_is_told_when_to_try_again():
    with time_machine.travel(NOW, tick=False):
        count("votes", "a", most=1, seconds=3600)
        with pytest.raises(TooMany, match="Please try again after 10:00 a") as refused:
            count("votes", "a", most=1, seconds=3600)
        response = refused.value.told(HttpResponse())
    assert (response.status_code, response["Retry-After"]) == (429, "1800")
