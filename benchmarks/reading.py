"""What readers get from two web processes, beside nginx, the portal without its cache, and another server."""

from contextlib import ExitStack
from pathlib import Path
from urllib.request import Request, urlopen

from tests.production import production_server

from .load import PATH, a_file, header, requests_per_second
from .table import in_turn

WITHOUT_CACHE = {"application": "benchmarks.without_cache:application"}
WITH_BARE_VIEW = {"DJANGO_SETTINGS_MODULE": "benchmarks.yardstick_settings"}
GUNICORN = Path(__file__).parent / "Procfile.gunicorn"


def rows(database, url, rounds):
    """Yield the rows of one database."""
    with ExitStack() as running:

        def portal(*options, **changes):
            return running.enter_context(production_server(*options, database_url=url, **changes))

        kept = portal("--demo") + PATH
        bare = portal(**WITHOUT_CACHE, **WITH_BARE_VIEW)
        gunicorn = portal(procfile=GUNICORN) + PATH
        body, tag = answered(kept)
        file = running.enter_context(a_file(body))
        br = header("Accept-Encoding", "br")
        has_ours, has_theirs = header("If-None-Match", tag), header("If-None-Match", answered(file)[1])
        for what, ours, yardstick, theirs, bar in (
            ("warm guide page", [kept, *br], "nginx, same bytes", [file, *br], ">= 0.5"),
            ("warm guide page", [kept, *br], "without the cache", [bare + PATH, *br], ">= 20"),
            ("warm guide page", [kept, *br], "gunicorn, not granian", [gunicorn, *br], ">= 1"),
            ("cold guide page", [bare + PATH, *br], "bare view, same bytes", [bare + "/bare/", *br], ">= 0.1"),
            ("304 answer", [kept, *br, *has_ours], "nginx 304", [file, *br, *has_theirs], ">= 0.5"),
        ):
            yield in_turn(
                database,
                what,
                yardstick,
                bar,
                rounds,
                lambda asked=ours: requests_per_second(*asked),
                lambda asked=theirs: requests_per_second(*asked),
            )


def answered(url):
    """Return the bytes of a page and its tag, where it has one, after every process has answered with it."""
    for _ in range(20):
        answer = urlopen(Request(url, headers={"Accept-Encoding": "br"}), timeout=30)
        body = answer.read()
    return body, answer.headers["ETag"]
