"""Random readers, editors and failures, against what must always be true of the pages that readers get."""

import gzip
import time

import brotli
import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.wsgi import get_wsgi_application
from django.test import Client, RequestFactory
from hypothesis import HealthCheck
from hypothesis import settings as limits
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from advising import page_cache
from advising.edition import LOOK_EVERY
from advising.page_cache import PageCache
from specialties.models import Answer, Specialty
from tests.factories import make_answer, make_specialty, make_superuser
from tests.test_site_page_cache import database_down

STALE_SECONDS = 60
DOORS, GUIDES = st.integers(0, 1), st.integers(0, 1)
MISSING = "(404)"
READ = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}
READERS = {
    "method": st.sampled_from(["GET", "GET", "HEAD"]),
    "encoding": st.sampled_from(["br", "gzip", "identity", "gzip, br;q=0"]),
    "has_the_page": st.booleans(),
}


class Site(RuleBasedStateMachine):
    """Two processes at one database. Every text has a number of its own, so that a page says how old it is."""

    def __init__(self):
        super().__init__()
        self.now, self.text = 1000.0, 0
        self.clock = pytest.MonkeyPatch()
        self.clock.setattr(time, "monotonic", lambda: self.now)
        self.hour = time_machine.travel("2026-11-24T12:00-06:00", tick=False)
        self.hour.start()
        self.doors = [PageCache(get_wsgi_application()) for _ in range(2)]
        self.guides = [make_specialty(), make_specialty(is_published=False)]
        for guide in self.guides:
            make_answer(guide, body="<p>text-0-</p>")
        self.said = [[(self.now, "text-0-")], [(self.now, MISSING)]]  # per guide, what it says since when
        self.outage, self.back_since = None, float("-inf")
        self.tags = {}  # of pages that were given out, with what they say
        browser = Client()
        browser.force_login(make_superuser())
        self.session = browser.cookies.output(attrs=[], header="", sep=";").strip()

    def teardown(self):
        self.come_back()
        self.clock.undo()
        self.hour.stop()
        Specialty.objects.all().delete()
        User.objects.all().delete()

    def read(self, door, guide, method="GET", **visitor):
        """Return (what the page says, its headers); what a tag alone stands for is what its page said."""
        answer = []
        request = RequestFactory(HTTP_HOST="testserver").generic(
            method, self.guides[guide].get_absolute_url(), **visitor
        )
        response = self.doors[door](request.environ, lambda *said, **more: answer.extend(said))
        body = b"".join(response)
        getattr(response, "close", lambda: None)()
        status, headers = answer[0][:3], dict(answer[1])
        if status == "404":
            return MISSING, {}
        tag = headers.get("ETag")
        if status == "304":
            assert tag in visitor["HTTP_IF_NONE_MATCH"]
        else:
            assert status == "200"
        if status == "304" or method == "HEAD":
            assert not body or tag is None  # Django leaves it to the server to drop it
            return self.tags.get((guide, tag)), headers
        text = READ[headers.get("Content-Encoding")](body).decode()
        said = next(said for _, said in self.said[guide] if said in text)
        assert self.tags.setdefault((guide, tag), said) == said or tag is None
        return said, headers

    def ask(self, door, guide, method="GET", encoding="identity", has_the_page=False):
        """Read as a browser, which may have pages of before."""
        known = ", ".join(tag for of, tag in self.tags if of == guide and tag)
        tags = {"HTTP_IF_NONE_MATCH": known} if has_the_page and known else {}
        said, headers = self.read(door, guide, method, HTTP_ACCEPT_ENCODING=encoding, **tags)
        return said or self.read(door, guide, HTTP_ACCEPT_ENCODING=encoding)[0], headers

    def said_since(self, guide, moment):
        """What a guide said at that moment or later; the clock stands still, so an edit may come in the same moment."""
        said = self.said[guide]
        ends = [*(start for start, _ in said[1:]), float("inf")]
        return {text for (_, text), end in zip(said, ends, strict=True) if end >= moment}

    def write(self, guide, **changes):
        if "body" in changes:
            Answer.objects.filter(specialty=self.guides[guide]).update(**changes)
        else:
            Specialty.objects.filter(pk=self.guides[guide].pk).update(**changes)
        row = Specialty.objects.get(pk=self.guides[guide].pk)
        self.said[guide].append((self.now, row.answers.get().body[3:-4] if row.is_published else MISSING))

    @rule(guide=GUIDES)
    def somebody_edits(self, guide):
        if not self.outage:
            self.text += 1
            self.write(guide, body=f"<p>text-{self.text}-</p>")

    @rule(guide=GUIDES, is_published=st.booleans())
    def somebody_publishes_or_hides(self, guide, is_published):
        if not self.outage:
            self.write(guide, is_published=is_published)

    @rule(door=DOORS, guide=GUIDES)
    def this_process_takes_an_edit(self, door, guide):
        if not self.outage:
            self.somebody_edits(guide)
            self.doors[door].edition.may_have_changed()  # as after every POST
            assert self.read(door, guide)[0] == self.said[guide][-1][1]

    @rule(seconds=st.sampled_from([0.3, 0.9, 1.1, 2, 40]))
    def time_passes(self, seconds):
        self.now += seconds

    @rule()
    def database_goes_away(self):
        if not self.outage:
            self.outage, self.out_since = database_down(), self.now
            self.outage.__enter__()

    @rule()
    def come_back(self):
        if self.outage:
            self.outage.__exit__(None, None, None)
            self.outage, self.back_since = None, self.now

    @rule(door=DOORS, guide=GUIDES, **READERS)
    def reader_asks(self, door, guide, **reader):
        if self.outage:
            return self.reader_asks_meanwhile(door, guide, **reader)
        said, headers = self.ask(door, guide, **reader)
        assert said in self.said_since(guide, self.now - 2)
        assert "Warning" not in headers or self.now - self.back_since < LOOK_EVERY

    def reader_asks_meanwhile(self, door, guide, **reader):
        edition = self.doors[door].edition
        key = page_cache.key_of(
            RequestFactory(HTTP_HOST="testserver").get(self.guides[guide].get_absolute_url()).environ
        )
        kept = self.doors[door].shelf.get(key, edition.current)
        age = self.now - edition.known_at
        if kept and age <= STALE_SECONDS:
            said, headers = self.ask(door, guide, **reader)
            assert said in self.said_since(guide, edition.known_at)
            assert ("Warning" in headers) == (age > 2)
        elif age > 2:
            assert self.doors[door].answer(key, {}, None) is None

    @rule(door=DOORS, guide=GUIDES)
    def visitor_with_a_session_asks(self, door, guide):
        if not self.outage:
            said, headers = self.read(door, guide, HTTP_COOKIE=self.session)
            assert said == self.said[guide][-1][1]
            assert "ETag" not in headers


@pytest.mark.django_db(transaction=True)
def test_no_reader_gets_an_old_or_private_page(settings):
    settings.CACHE_STALE_SECONDS = STALE_SECONDS
    each = limits(max_examples=40, stateful_step_count=25, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(Site, settings=each)
