"""Links in guides that lead nowhere: what the worker asks for, how politely, and what it never asks for."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection

from specialties import visits
from specialties.link_checks import note
from specialties.models import LinkCheck
from specialties.upkeep import Links, addresses
from specialties.visits import is_public, problem_with
from tests.factories import make_advisor, make_answer, make_resource, make_specialty

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 2, 18, tzinfo=UTC)


class Pages(BaseHTTPRequestHandler):
    """Answers with the status in the path; `asked` of its server are the methods and paths."""

    def do_HEAD(self):
        self.server.asked.append(f"{self.command} {self.path}")
        status, _, location = self.path.strip("/").partition("/")
        if status == "slow":
            time.sleep(3)
            return
        if status == "get-only":
            status = 405 if self.command == "HEAD" else 200
        self.send_response(int(status))
        if location:
            self.send_header("Location", location if ":" in location else f"/{location}")
        self.end_headers()

    def do_GET(self):
        self.do_HEAD()

    def log_message(self, *args):
        pass


@pytest.fixture
def web():
    """A web server on this machine; `web.at(path)` is an address of it."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    server.daemon_threads = True
    server.asked = []
    server.at = lambda path: f"http://127.0.0.1:{server.server_port}/{path}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def anywhere(address, port):
    return True


class TestVisit:
    @pytest.mark.parametrize(
        ("path", "problem", "asked"),
        [
            ("200", "", ["HEAD /200"]),
            ("204", "", ["HEAD /204"]),
            ("get-only", "", ["HEAD /get-only", "GET /get-only"]),
            ("403", "", ["HEAD /403", "GET /403"]),
            ("429", "", ["HEAD /429", "GET /429"]),
            ("404", "the server answers 404", ["HEAD /404", "GET /404"]),
            ("410", "the server answers 410", ["HEAD /410", "GET /410"]),
            ("503", "the server answers 503", ["HEAD /503", "GET /503"]),
            ("301/200", "", ["HEAD /301/200", "HEAD /200"]),
            ("302/404", "the server answers 404", ["HEAD /302/404", "HEAD /404", "GET /404"]),
            ("301/301/301/301/301/200", "", None),
            ("301/301/301/301/301/301/200", "redirects without end", None),
            ("301/ftp://example.edu/", "not an address of the public web", None),
        ],
    )
    def test_says_what_is_wrong(self, web, path, problem, asked):
        assert problem_with(web.at(path), anywhere) == problem
        assert web.asked == (asked or web.asked)

    def test_no_server_no_answer(self, web):
        port = web.server_port + 1
        assert problem_with(f"http://127.0.0.1:{port}/", anywhere) == "no answer"

    def test_server_that_takes_its_time_holds_nobody_up(self, web, monkeypatch):
        monkeypatch.setattr(visits, "DEADLINE", 0.2)
        began = time.monotonic()
        assert problem_with(web.at("slow"), anywhere) == "no answer in time"
        assert time.monotonic() - began < 1

    @pytest.mark.parametrize(
        "url", ["http://[", "http://", "https://exa mple.edu/", "http://example.edu:99999/", "x" * 900]
    )
    def test_what_is_no_address_is_no_traceback(self, url):
        assert problem_with(url) in ("no answer", "not an address of the public web", "there is no such host", None)


class TestPrivateAddresses:
    @pytest.mark.parametrize(
        "address",
        [
            *(
                "127.0.0.1",
                "127.9.9.9",
                "10.0.0.1",
                "172.16.0.1",
                "192.168.1.1",
                "169.254.169.254",
                "0.0.0.0",  # noqa: S104 - a place no link leads to
                "224.0.0.1",
            ),
            *("100.64.0.1", "255.255.255.255", "192.0.2.1", "::1", "::", "fe80::1", "fc00::1", "ff02::1"),
            *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::1", "2002:a00:1::", "64:ff9b::7f00:1", "::7f00:1"),
        ],
    )
    def test_are_not_public(self, address):
        assert not is_public(address, 443)

    @pytest.mark.parametrize(("address", "port"), [("8.8.8.8", 443), ("8.8.8.8", 80), ("2606:4700::1111", 443)])
    def test_others_are(self, address, port):
        assert is_public(address, port)

    @pytest.mark.parametrize("port", [22, 25, 5432, 8080])
    def test_nor_is_a_port_that_is_not_the_webs(self, port):
        assert not is_public("8.8.8.8", port)

    @pytest.mark.parametrize(
        "host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "[::1]", "[::ffff:127.0.0.1]"]
    )
    def test_are_never_fetched_however_written(self, web, host):
        assert problem_with(f"http://{host}:{web.server_port}/200") == "not an address of the public web"
        assert web.asked == []

    def test_are_not_fetched_after_a_redirect(self, web):
        def this_one_first(address, port):
            return not web.asked

        assert problem_with(web.at(f"302/{web.at('200')}"), this_one_first) == "not an address of the public web"
        assert web.asked == [f"HEAD /302/{web.at('200')}"]


class TestLookingAfter:
    @pytest.fixture(autouse=True)
    def every_month(self, settings):
        settings.LINK_CHECK_DAYS = 30

    def test_is_off_where_nobody_asked_for_it(self, settings, web):
        settings.LINK_CHECK_DAYS = 0
        make_resource(make_specialty(), url=web.at("404"))
        assert Links().look_after(may_visit=anywhere) is False
        assert (web.asked, LinkCheck.objects.count()) == ([], 0)

    def test_finds_every_link_of_a_guide(self):
        specialty = make_specialty(recommendations='<p><a href="https://example.edu/a?b=1&amp;c=2">A</a></p>')
        make_answer(specialty, body='<p><a href="https://example.edu/answer">B</a> <a href="mailto:a@b.edu">C</a></p>')
        make_resource(specialty, url="https://example.edu/resource")
        make_advisor(specialty, profile_url="https://example.edu/profile")
        assert sorted(addresses()) == [
            "https://example.edu/a?b=1&c=2",
            "https://example.edu/answer",
            "https://example.edu/profile",
            "https://example.edu/resource",
        ]

    def test_looks_at_one_link_in_a_pass_and_at_each_once_a_month(self, web):
        make_resource(make_specialty(), url=web.at("404"))
        make_resource(make_specialty(), url=web.at("200"))
        links = Links()
        with time_machine.travel(NOW, tick=False):
            assert [links.look_after(may_visit=anywhere) for _ in range(3)] == [True, True, False]
        with time_machine.travel(NOW + timedelta(days=29), tick=False):
            assert not Links().look_after(may_visit=anywhere)
        stored = LinkCheck.objects.order_by("url").values_list("problem", "checked_at", "claimed_until")
        assert list(stored) == [("", NOW, None), ("the server answers 404", NOW, None)]
        with time_machine.travel(NOW + timedelta(days=30), tick=False):
            assert Links().look_after(may_visit=anywhere)

    def test_forgets_what_no_guide_leads_to_any_more(self):
        note(["https://example.edu/a", "https://example.edu/b", "no address", "https://example.edu/" + "x" * 500])
        LinkCheck.objects.update(problem="no answer")
        note(["https://example.edu/b", "https://example.edu/c"])
        assert list(LinkCheck.objects.order_by("url").values_list("url", "problem")) == [
            ("https://example.edu/b", "no answer"),
            ("https://example.edu/c", ""),
        ]

    def test_one_host_is_asked_by_one_worker_at_a_time(self):
        with time_machine.travel(NOW, tick=False):
            note([*(f"https://a.example/{n}" for n in range(12)), "https://b.example/"])
            claimed = [LinkCheck.objects.claim() for _ in range(3)]
            assert sorted(link.host for link in claimed if link) == ["a.example", "b.example"]
            assert claimed[2] is None
        with time_machine.travel(NOW + timedelta(minutes=6), tick=False):  # those two workers were killed
            assert LinkCheck.objects.claim() is not None

    @pytest.mark.django_db(transaction=True)
    def test_workers_who_come_at_once_take_different_hosts(self):
        note([f"https://{host}.example/{n}" for host in "ab" for n in range(4)])

        def claim(_):
            try:
                return LinkCheck.objects.claim()
            finally:
                connection.close()

        with ThreadPoolExecutor(6) as threads:
            claimed = [link.host for link in threads.map(claim, range(6)) if link]
        assert len(claimed) == len(set(claimed))
        assert claimed

    def test_worker_does_it(self, web):
        make_resource(make_specialty(), url=web.at("200"))
        call_command("work", "--once", verbosity=0)
        assert list(LinkCheck.objects.values_list("problem", flat=True)) == ["not an address of the public web"]
        assert web.asked == []
