"""Redis as the cache of several machines: it is shared, and it may go away."""

import socket
import subprocess
import time
from contextlib import contextmanager

import pytest
from allauth.mfa.totp.internal import auth as totp
from django.core.cache import cache, caches
from django.test import Client

from tests.factories import make_superuser
from tests.programs import program_of

pytestmark = pytest.mark.django_db


@contextmanager
def redis(directory):
    """Yield the address of a Redis that runs as long as the block."""
    program = program_of("redis-server")
    path = directory / "redis.sock"
    options = ["--port", "0", "--unixsocket", path, "--save", "", "--dir", directory]
    with subprocess.Popen([program, *options], stdout=subprocess.DEVNULL) as server:
        try:
            wait_for(path)
            yield f"unix://{path}"
        finally:
            server.kill()


def wait_for(path):
    deadline = time.monotonic() + 10
    with socket.socket(socket.AF_UNIX) as connection:
        while connection.connect_ex(str(path)):
            assert time.monotonic() < deadline
            time.sleep(0.01)


@pytest.fixture
def with_redis(settings):
    """Return a function that lets the cache be the Redis at an address."""

    def use(address):
        settings.CACHES = {"default": {"BACKEND": "advising.cache.ForgivingRedis", "LOCATION": address}}
        return caches["default"]

    return use


def test_cache_is_shared_empty_while_redis_is_away_and_back_when_it_is(tmp_path, with_redis):
    with redis(tmp_path) as address:
        with_redis(address)
        assert cache.add("what", "first") is True
        assert cache.add("what", "second") is False
        assert cache.get("what") == "first"
        assert cache.delete("what") is True
    assert cache.add("what", "first") is True
    cache.set("what", "first")
    assert cache.get("what", "nothing") == "nothing"
    assert cache.delete("what") is False
    with redis(tmp_path):
        cache.set("what", "third")
        assert cache.get("what") == "third"


def test_staff_sign_in_while_redis_is_away(tmp_path, with_redis, settings):
    settings.SECOND_FACTOR_REQUIRED = True
    with_redis(f"unix://{tmp_path}/nobody.sock")
    user, secret = make_superuser(), totp.generate_totp_secret()
    user.set_password("for this test")
    user.save()
    totp.TOTP.activate(user, secret)
    client = Client()
    client.post("/accounts/login/", {"login": user.username, "password": "for this test"})
    code = totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30))
    client.post("/accounts/2fa/authenticate/", {"code": code})
    assert client.get("/admin/").status_code == 200
