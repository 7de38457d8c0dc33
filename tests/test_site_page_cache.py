"""Public pages kept at the door: never an old one, a private one or another visitor's."""

import gzip
import threading
import time
from contextlib import contextmanager
from wsgiref.validate import validator

import brotli
import pytest
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.http import HttpResponse
from django.test import RequestFactory
from django.urls import clear_script_prefix, path, reverse
from django.views.decorators.csrf import csrf_exempt

from advising import page_cache, urls
from advising.edition import Edition
from advising.page_cache import PAGES, Page, PageCache, Shelf, best_encoding, key_of
from specialties import revision
from specialties.models import Answer, Specialty
from tests.factories import make_advisor, make_answer, make_specialty

pytestmark = pytest.mark.django_db(transaction=True)


class Reader:
    """Asks a door; `rendered` counts how often Django answered."""

    def __init__(self, application=None):
        django = application or get_wsgi_application()
        self.rendered = 0

        def counted(environ, start_response):
            self.rendered += 1
            return django(environ, start_response)

        self.door = PageCache(counted)

    def get(self, url="/", method="GET", **environ):
        """Return (status, headers, body as it was sent)."""
        answer = []
        request = RequestFactory(HTTP_HOST="testserver").generic(method, url).environ | environ
        response = validator(self.door)(request, lambda *said, **more: answer.extend(said[:2]) or (lambda data: None))
        body = b"".join(response)
        response.close()
        return answer[0], dict(answer[1]), body

    def text(self, url="/", **environ):
        return self.get(url, **environ)[2].decode()


@pytest.fixture
def reader():
    return Reader()


@pytest.fixture
def ticks(monkeypatch):
    """The seconds of a clock that only a test moves on."""
    clock = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])

    def pass_by(seconds):
        clock[0] += seconds

    return pass_by


def test_page_is_rendered_once_and_then_kept(reader):
    specialty = make_specialty(summary="As it is")
    first, second = (reader.get(specialty.get_absolute_url()) for _ in range(2))
    assert first == second
    assert first[0] == "200 OK"
    assert reader.rendered == 1
    assert b"As it is" in first[2]


def test_kept_page_says_what_django_said_and_lets_browsers_ask_each_time(reader, client):
    url = make_specialty().get_absolute_url()
    said = client.get(url).headers
    reader.get(url)
    _, headers, body = reader.get(url, HTTP_ACCEPT_ENCODING="gzip, br")
    for name in ("Content-Type", "Content-Security-Policy", "X-Frame-Options", "Referrer-Policy", "Permissions-Policy"):
        assert set(headers[name].split("; ")) == set(said[name].split("; "))
    assert headers["Cache-Control"] == "no-cache"
    assert headers["Vary"] == "Accept-Encoding"
    assert headers["Content-Length"] == str(len(body))
    assert brotli.decompress(body) == client.get(url).content


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("br;q=0.1, gzip", "gzip"),
        ("*", "br"),
        ("", "identity"),
        ("identity", "identity"),
        ("br;q=nonsense", "identity"),
        ("br;q=0, identity;q=0", "identity"),  # it can be read by all, and no page says that it cannot be had
    ],
)
def test_reader_gets_the_encoding_they_like_best(accepted, encoding):
    assert best_encoding(accepted) == encoding


def test_each_encoding_has_a_tag_of_its_own_and_the_same_words(reader):
    url = make_specialty().get_absolute_url()
    answers = {name: reader.get(url, HTTP_ACCEPT_ENCODING=name) for name in ("br", "gzip", "identity")}
    assert len({headers["ETag"] for _, headers, _ in answers.values()}) == 3
    whole = answers["identity"][2]
    assert brotli.decompress(answers["br"][2]) == gzip.decompress(answers["gzip"][2]) == whole
    assert reader.rendered == 1


@pytest.mark.parametrize("form", ["{tag}", "W/{tag}", '"other", {tag}', "*"])
def test_who_has_the_page_is_told_so(reader, form):
    tag = reader.get()[1]["ETag"]
    status, headers, body = reader.get(HTTP_IF_NONE_MATCH=form.format(tag=tag))
    assert (status, body) == ("304 Not Modified", b"")
    assert headers == {"ETag": tag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
    assert reader.get(HTTP_IF_NONE_MATCH='"other"')[0] == "200 OK"


def test_head_is_the_page_without_its_text(reader):
    status, headers, body = reader.get(method="HEAD")
    assert (status, body) == ("200 OK", b"")
    assert reader.get() == (status, headers, reader.get()[2])
    assert reader.rendered == 1


def test_every_page_without_a_form_is_kept_and_no_other(reader):
    specialty = make_specialty()
    advisor, answer = make_advisor(specialty), make_answer(specialty)
    slugs = {"guide": [specialty.slug], "advisor": [advisor.slug], "question": [answer.question.key]}
    addresses = [reverse(name, args=slugs.get(name.partition(":")[2], [])) for name in PAGES]
    for url in addresses * 2:
        assert reader.get(url)[0] == "200 OK"
    assert reader.rendered == len(PAGES)
    form = reverse("requests:create", args=[specialty.slug])
    for url in (form, form, "/accounts/login/", "/accounts/login/"):
        assert "Set-Cookie" in reader.get(url)[1]
    assert reader.rendered == len(PAGES) + 4


@pytest.mark.parametrize(
    "visitor",
    [
        {"HTTP_COOKIE": "sessionid=abc"},
        {"HTTP_COOKIE": "theme=dark; sessionid=abc"},
        {"HTTP_COOKIE": "messages=abc"},
        {"HTTP_AUTHORIZATION": "Basic abc"},
        {"SCRIPT_NAME": "/elsewhere"},
        {"CONTENT_LENGTH": "1"},
        {"QUERY_STRING": "q=" + "x" * 500},
    ],
)
def test_visitor_with_more_than_a_wish_to_read_is_answered_by_django(reader, visitor):
    reader.get()
    for _ in range(2):
        assert "ETag" not in reader.get(**visitor)[1]
    assert reader.rendered == 3
    clear_script_prefix()  # as Django does with each request it answers
    reader.get()
    assert reader.rendered == 3


def test_page_is_rendered_for_nobody_in_particular():
    seen = []

    def application(environ, start_response):
        seen.append({name for name in environ if name.startswith(("HTTP_", "REMOTE_"))})
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"A page"]

    reader = Reader(application)
    make_specialty()
    reader.get(HTTP_COOKIE="csrftoken=mine", HTTP_ACCEPT_LANGUAGE="de", HTTP_X_FORWARDED_FOR="192.0.2.7")
    assert seen == [{"HTTP_HOST"}]


@pytest.mark.parametrize(
    "header",
    [
        ("Set-Cookie", "csrftoken=abc"),
        ("Cache-Control", "private"),
        ("Cache-Control", "max-age=0, no-store"),
        ("Vary", "Cookie"),
        ("Vary", "Accept-Encoding, Cookie"),
        ("Content-Security-Policy", "script-src 'nonce-abc'"),
    ],
)
def test_answer_that_is_for_one_visitor_is_not_kept(header):
    def application(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain"), header])
        return [b"For you alone"]

    reader = Reader(application)
    assert [reader.get()[2] for _ in range(2)] == [b"For you alone"] * 2
    assert reader.rendered == 2


def test_form_error_and_draft_are_not_kept(reader):
    draft = make_specialty(is_published=False)
    for _ in range(2):
        assert reader.get(draft.get_absolute_url())[0] == "404 Not Found"
    assert reader.rendered == 2
    Specialty.objects.update(is_published=True)
    assert reader.get(draft.get_absolute_url())[0] == "200 OK"


def test_another_host_is_another_page_and_an_unknown_one_is_refused(reader, settings):
    settings.DEBUG = False
    settings.ALLOWED_HOSTS = ["a.example.edu", "b.example.edu"]
    for host, status in (("a.example.edu", "200 OK"), ("b.example.edu", "200 OK"), ("evil.example", "400 Bad Request")):
        assert [reader.get(HTTP_HOST=host)[0] for _ in range(2)] == [status] * 2
    assert reader.rendered == 4


def test_plain_http_is_led_to_tls_whatever_is_kept(settings):
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    reader = Reader()
    for _ in range(2):
        assert reader.get(HTTP_X_FORWARDED_PROTO="https")[0] == "200 OK"
        for environ in ({}, {"HTTP_X_FORWARDED_PROTO": "http"}, {"HTTP_X_FORWARDED_PROTO": "http, https"}):
            status, headers, _ = reader.get(**environ)
            assert (status, headers["Location"]) == ("301 Moved Permanently", "https://testserver/")


def test_page_that_came_by_tls_is_another_one(settings):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    path = make_specialty().get_absolute_url()
    plain, secure = (
        key_of(RequestFactory(headers={"x-forwarded-proto": scheme}).get(path).environ) for scheme in ("http", "https")
    )
    assert plain != secure


def test_only_parameters_a_page_knows_make_another_page(reader):
    make_specialty()
    plain = reader.text("/")
    assert reader.text("/?utm_source=elsewhere&fbclid=1") == plain
    assert reader.rendered == 1
    assert reader.text("/?advisor=available&utm_source=elsewhere") == reader.text("/?advisor=available") != plain
    assert reader.rendered == 2
    assert "elsewhere" not in reader.text("/?advisor=available&utm_source=elsewhere")


def test_shelf_keeps_within_its_room_and_lets_go_of_what_was_asked_for_longest_ago():
    shelf = Shelf(room=3 * Page("now", [], b"Some text").size)
    for key in (1, 2, 3):
        shelf.put(key, Page("now", [], b"Some text"))
    shelf.get(1, "now")
    shelf.put(4, Page("now", [], b"Some text"))
    shelf.put(4, Page("now", [], b"Some text"))
    assert list(shelf.pages) == [3, 1, 4]
    assert shelf.used == shelf.room


def test_made_up_searches_push_out_no_guide(reader):
    reader.door.shelf_of_made_up.room = 20_000
    url = make_specialty().get_absolute_url()
    reader.get(url)
    for n in range(5):
        reader.get(f"/search/?q=word{n}")
        reader.get(url, HTTP_HOST=f"testserver:{n + 1}")
    rendered = reader.rendered
    reader.get(url)
    assert reader.rendered == rendered
    assert reader.door.shelf_of_made_up.used <= 20_000


def test_many_readers_of_one_cold_page_let_it_be_rendered_once():
    inside, go_on = threading.Event(), threading.Event()

    def application(environ, start_response):
        inside.set()
        go_on.wait(10)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"Rendered once"]

    reader, texts, looks = Reader(application), [], threading.Semaphore(0)
    make_specialty()
    look = reader.door.edition.look

    def counted():
        looks.release()
        return look()

    reader.door.edition.look = counted

    def read():
        texts.append(reader.text())
        connection.close()

    threads = [threading.Thread(target=read) for _ in range(5)]
    threads[0].start()
    inside.wait(10)
    for thread in threads[1:]:
        thread.start()
    for _ in threads:
        looks.acquire(timeout=10)
    go_on.set()
    for thread in threads:
        thread.join()
    assert texts == ["Rendered once"] * 5
    assert reader.rendered == 1
    assert reader.door.renderings == {}


def test_edit_shows_in_every_process_within_two_seconds(ticks):
    answer = make_answer(make_specialty(), body="<p>Old words</p>")
    url, doors = answer.specialty.get_absolute_url(), [Reader(), Reader()]
    assert all("Old words" in door.text(url) for door in doors)
    Answer.objects.update(body="<p>New words</p>")  # as another process does, at once and without save()
    assert all("Old words" in door.text(url) for door in doors)
    ticks(2)
    assert all("New words" in door.text(url) for door in doors)


@csrf_exempt
def change_summary(request):
    Specialty.objects.update(summary="New words")
    return HttpResponse("Changed")


urlpatterns = [path("change/", change_summary), *urls.urlpatterns]


def test_edit_shows_at_once_in_the_process_that_made_it(settings, ticks):
    settings.ROOT_URLCONF = __name__
    url, reader = make_specialty(summary="Old words").get_absolute_url(), Reader()
    assert "Old words" in reader.text(url)
    reader.get("/change/", method="POST")
    assert "New words" in reader.text(url)


def test_page_rendered_while_an_edit_came_is_not_kept_as_of_after_it(ticks):
    specialty = make_specialty(summary="Old words")
    django = get_wsgi_application()

    def application(environ, start_response):
        response = django(environ, start_response)
        Specialty.objects.filter(summary="Old words").update(summary="New words")
        return response

    reader, url = Reader(application), specialty.get_absolute_url()
    assert "Old words" in reader.text(url)
    ticks(2)
    assert "New words" in reader.text(url)


def test_edition_is_as_old_as_the_moment_before_it_was_asked_for(ticks, monkeypatch):
    monkeypatch.setattr(revision, "read", lambda: ticks(5) or 1)
    _, age = Edition().look()
    assert age == 5


def test_edit_while_the_edition_is_asked_for_lets_the_next_reader_ask_again(ticks, monkeypatch):
    edition = Edition()
    monkeypatch.setattr(revision, "read", lambda: edition.may_have_changed() or 1)
    edition.look()
    assert edition.is_due()


def test_day_that_begins_brings_new_pages(reader, ticks, time_machine):
    time_machine.move_to("2026-11-24T23:59:59-06:00", tick=False)
    url = make_advisor(make_specialty(), away_from="2026-11-25").get_absolute_url()
    assert "Taking requests" in reader.text(url)
    time_machine.move_to("2026-11-25T00:00:00-06:00", tick=False)
    ticks(1)
    assert "Away at the moment" in reader.text(url)


def test_page_lives_an_hour_at_most(reader, ticks, time_machine):
    time_machine.move_to("2026-11-24T10:30:00-06:00", tick=False)
    reader.get()
    time_machine.move_to("2026-11-24T11:00:00-06:00", tick=False)
    ticks(1)
    reader.get()
    assert reader.rendered == 2


@contextmanager
def database_down():
    name, connection.settings_dict["NAME"] = connection.settings_dict["NAME"], "/nowhere/at-all"
    connection.close()
    try:
        yield
    finally:
        connection.settings_dict["NAME"] = name
        connection.close()


def test_database_down_leaves_readers_the_warm_pages_marked_stale(reader, ticks, settings):
    settings.CACHE_STALE_SECONDS = 60
    url = make_specialty().get_absolute_url()
    warm = reader.text(url)
    with database_down():
        ticks(2)
        assert "Warning" not in reader.get(url)[1]  # nothing that could have changed is two seconds old
        ticks(1)
        status, headers, body = reader.get(url)
        assert (status, headers["Warning"], body.decode()) == ("200 OK", '110 - "Response is Stale"', warm)
        status, headers, _ = reader.get(url, HTTP_IF_NONE_MATCH=headers["ETag"])
        assert (status, headers["Warning"]) == ("304 Not Modified", '110 - "Response is Stale"')
        ticks(57)
        assert "Warning" in reader.get(url)[1]
        assert reader.rendered == 1
        ticks(1)
        key = page_cache.key_of(RequestFactory(HTTP_HOST="testserver").get(url).environ)
        assert reader.door.answer(key, {}, None) is None  # then Django says what it can
    assert "Warning" not in reader.get(url)[1]


def test_database_that_comes_back_is_believed_at_once(reader, ticks):
    specialty = make_specialty(summary="Old words")
    reader.get(specialty.get_absolute_url())
    with database_down():
        ticks(30)
        assert "Old words" in reader.text(specialty.get_absolute_url())
    Specialty.objects.update(summary="New words")
    ticks(1)
    assert "New words" in reader.text(specialty.get_absolute_url())


def test_connection_that_broke_is_replaced(reader, ticks):
    reader.get()
    connection.ensure_connection()
    connection.connection.close()  # as a server that was started anew leaves it
    ticks(5)
    assert "Warning" not in reader.get()[1]
    assert reader.rendered == 1
