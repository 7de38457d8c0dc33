"""Public pages for readers without a session, ready and compressed, answered at the door before Django is asked.

A page is kept with the edition it was rendered in (see edition.py), and given out only while that is the current one:
so an edit shows everywhere within two seconds, as does a day that begins, and no page lives longer than an hour. Where
the database does not answer, the last edition known counts, and its pages are marked stale.
"""

import gzip
import hashlib
import re
import threading
from collections import OrderedDict
from contextlib import contextmanager
from functools import lru_cache
from sys import intern
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

import brotli
from django.conf import settings
from django.urls import Resolver404, resolve

from .edition import FRESH, Edition

# Every page that is kept, with the parameters that make it another one.
PAGES = {
    "specialties:list": {"advisor", "answers"},
    "specialties:guide": set(),
    "specialties:advisor": set(),
    "specialties:questions": set(),
    "specialties:question": set(),
    "specialties:compare": {"s"},
    "specialties:search": {"q", "specialty", "stage"},
    "specialties:feed": set(),
    "specialties:sitemap": set(),
    "privacy": set(),
    "robots": set(),
    "theme": set(),
}
LONGEST_RENDERING = 10  # seconds for somebody else's rendering of the same page
LONGEST_PATH = 300  # characters, that what is remembered of paths has a bound in bytes
LONGEST_QUERY = 500
LONGEST_ENCODING = 200
ROOM = 16_000_000  # bytes; a guide takes 15,000 or so
ROOM_FOR_MADE_UP = 4_000_000  # bytes for what anybody can ask for without end, so that it pushes out nothing else
OVERHEAD = 4000  # bytes of headers and Python around a page
ENCODINGS = ["br", "gzip", "identity"]  # best first
OF_THE_PAGE = {"HTTP_HOST", "PATH_INFO", "SCRIPT_NAME", "SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL"}
OF_ONE_ANSWER = {"content-length", "content-encoding", "etag", "vary", "date", "x-request-id"}  # so not kept
OF_UNCHANGED = {"etag", "cache-control", "vary"}  # what a 304 has to say
STALE = ("Warning", '110 - "Response is Stale"')


class Answer(NamedTuple):
    """A page in one encoding."""

    etag: str
    headers: list
    unchanged: list  # the headers for who has it already
    body: bytes


class Page:
    """What the application answered, in every encoding."""

    def __init__(self, edition, headers, body):
        self.edition = edition
        kept = ((name, value) for name, value in headers if name.lower() not in OF_ONE_ANSWER)
        self.headers = [(intern(name), intern(value)) for name, value in kept]  # most pages have the same
        if "cache-control" not in {name.lower() for name, _ in self.headers}:
            self.headers.append(("Cache-Control", "no-cache"))  # browsers keep it, and ask each time
        self.answers = {
            "br": self.answer("br", brotli.compress(body, quality=5)),
            "gzip": self.answer("gzip", gzip.compress(body, 6, mtime=0)),
        }
        self.size = OVERHEAD + sum(len(answer.body) for answer in self.answers.values())

    def answer(self, encoding, body):
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers = [*self.headers, ("ETag", etag), ("Vary", "Accept-Encoding"), ("Content-Length", str(len(body)))]
        if encoding != "identity":
            headers.append(("Content-Encoding", encoding))
        unchanged = [(name, value) for name, value in headers if name.lower() in OF_UNCHANGED]
        return Answer(etag, headers, unchanged, body)

    def in_encoding(self, encoding):
        if encoding == "identity":  # asked for by few, so made anew for each
            return self.answer("identity", gzip.decompress(self.answers["gzip"].body))
        return self.answers[encoding]

    def give(self, environ, start_response, *, is_stale):
        answer = self.in_encoding(best_encoding(environ.get("HTTP_ACCEPT_ENCODING", "")[:LONGEST_ENCODING]))
        marks = [STALE] if is_stale else []
        known = environ.get("HTTP_IF_NONE_MATCH")
        if known and (answer.etag in known or known.strip() == "*"):  # the tag with its quotes, weak or not
            start_response("304 Not Modified", answer.unchanged + marks)
            return []
        start_response("200 OK", answer.headers + marks)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [answer.body]


@lru_cache(maxsize=200)
def best_encoding(accepted):
    """Return the one of ENCODINGS that an Accept-Encoding header likes best."""
    weights = {"identity": 0.001}
    for part in accepted.lower().split(","):
        name, _, weight = part.replace(" ", "").partition(";q=")
        try:
            weights[name] = float(weight or 1)
        except ValueError:
            weights[name] = 0
    weight, _, encoding = max(
        (weights.get(encoding, weights.get("*", 0)), -place, encoding) for place, encoding in enumerate(ENCODINGS)
    )
    return encoding if weight else "identity"


class Shelf:
    """Pages by key within a number of bytes; the one nobody asked for longest gives way."""

    def __init__(self, room):
        self.room, self.used = room, 0
        self.pages = OrderedDict()
        self.lock = threading.Lock()

    def get(self, key, edition):
        with self.lock:
            page = self.pages.get(key)
            if page is None or page.edition != edition:
                return None
            self.pages.move_to_end(key)
            return page

    def put(self, key, page):
        with self.lock:
            old = self.pages.pop(key, None)
            self.pages[key] = page
            self.used += page.size - (old.size if old else 0)
            while self.used > self.room:
                _, oldest = self.pages.popitem(last=False)
                self.used -= oldest.size


class Key(NamedTuple):
    host: str
    is_secure: bool
    path: str
    query: str


@lru_cache(maxsize=5000)
def parameters_of(path):
    """Return the names of the parameters that count for a page that is kept, None for any other path."""
    try:
        return PAGES.get(resolve(path).view_name)
    except Resolver404:
        return None


def key_of(environ):
    """Return the key of the page asked for; None where it is none of PAGES, or may not be answered from here."""
    path, query = environ["PATH_INFO"], environ.get("QUERY_STRING", "")
    if len(path) > LONGEST_PATH or len(query) > LONGEST_QUERY or not query.isascii():
        return None
    parameters = parameters_of(path)
    if parameters is None or is_from_a_visitor(environ):
        return None
    is_secure = has_come_by_tls(environ)
    if settings.SECURE_SSL_REDIRECT and not is_secure:
        return None
    if query:
        asked = parse_qsl(query, keep_blank_values=True)
        query = urlencode([(name, value) for name, value in asked if name in parameters])
    return Key(environ.get("HTTP_HOST", ""), is_secure, path, query)


def is_from_a_visitor(environ):
    """Whether there may be more to a request than a reader who wants a page."""
    cookies = environ.get("HTTP_COOKIE", "")
    return bool(
        f"{settings.SESSION_COOKIE_NAME}=" in cookies
        or "messages=" in cookies
        or "HTTP_AUTHORIZATION" in environ
        or environ.get("SCRIPT_NAME")
        or environ.get("CONTENT_LENGTH") not in (None, "", "0")
    )


def has_come_by_tls(environ):
    """As Django's request.is_secure()."""
    if settings.SECURE_PROXY_SSL_HEADER:
        header, secure = settings.SECURE_PROXY_SSL_HEADER
        if header in environ:
            return environ[header].split(",")[0].strip() == secure
    return environ["wsgi.url_scheme"] == "https"


def may_be_kept(status, headers, body):
    """Whether an answer is the same for everybody: a page, without a cookie, a form's token or a wish to be private."""
    said = {name.lower(): value.lower() for name, value in headers}
    return (
        status.startswith("200 ")
        and "set-cookie" not in said
        and not re.search("private|no-store", said.get("cache-control", ""))
        and said.get("vary", "accept-encoding") == "accept-encoding"
        and "nonce-" not in said.get("content-security-policy", "")
        and b"csrfmiddlewaretoken" not in body
    )


class PageCache:
    """A WSGI application around another one."""

    def __init__(self, application):
        self.application = application
        self.edition = Edition()
        self.shelf, self.shelf_of_made_up = Shelf(ROOM), Shelf(ROOM_FOR_MADE_UP)
        self.host = urlsplit(settings.SITE_URL).netloc
        self.renderings = {}

    def __call__(self, environ, start_response):
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            response = self.application(environ, start_response)
            self.edition.may_have_changed()
            return response
        key = key_of(environ)
        answer = self.answer(key, environ, start_response) if key else None
        return self.application(environ, start_response) if answer is None else answer

    def answer(self, key, environ, start_response):
        """Answer with a page, kept or rendered now; return None where the application has to."""
        edition, age = self.edition.look()
        if edition is None or age > max(FRESH, settings.CACHE_STALE_SECONDS):
            return None
        shelf = self.shelf_of_made_up if key.query or key.host != self.host else self.shelf
        page = shelf.get(key, edition)
        if page is None and age <= FRESH:
            with self.one_at_a_time(key):
                edition, age = self.edition.look()  # the wait may have been long
                page = shelf.get(key, edition)
                if page is None and edition and age <= FRESH:
                    return self.render(key, edition, shelf, environ, start_response)
        return page and page.give(environ, start_response, is_stale=age > FRESH)

    @contextmanager
    def one_at_a_time(self, key):
        """Let one thread render a page that many ask for; the others wait, and find it."""
        lock = self.renderings.setdefault(key, threading.Lock())
        is_mine = lock.acquire(timeout=LONGEST_RENDERING)
        try:
            yield
        finally:
            if is_mine:
                if self.renderings.get(key) is lock:  # else a newer one is
                    del self.renderings[key]
                lock.release()

    def render(self, key, edition, shelf, environ, start_response):
        """Answer as the application does, which sees nothing of the reader, and keep what may be kept."""
        told = {*OF_THE_PAGE, *(settings.SECURE_PROXY_SSL_HEADER or ())[:1]}
        status, headers, body = self.ask(
            {name: value for name, value in environ.items() if name in told or name.startswith("wsgi.")}
            | {"REQUEST_METHOD": "GET", "QUERY_STRING": key.query}
        )
        if may_be_kept(status, headers, body):
            page = Page(edition, headers, body)
            shelf.put(key, page)
            return page.give(environ, start_response, is_stale=False)
        start_response(status, headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def ask(self, environ):
        started = []
        response = self.application(environ, lambda status, headers, exc_info=None: started.append((status, headers)))
        try:
            body = b"".join(response)
        finally:
            getattr(response, "close", lambda: None)()
        return *started[-1], body
