"""What the portal costs with as much as it should bear, beside what it costs with little: pages, lists, memory.

Readers' pages, kept and rendered anew; lists and reports of staff; a pass of the worker; a process with all guides.
"""

import gc
import json
import sys
from statistics import median
from time import perf_counter
from urllib.request import urlopen

from tests.production import production_server

from .programs import children_of, found_by, megabytes, web_servers
from .table import beside, within

FEW, SOME, MANY = (13, 100), (60, 100), (3000, 100_000)  # guides, requests
PAGES = {
    "guide": "/specialties/field-1/",
    "advisor": "/advisors/advisor-1/",
    "list": "/",
    "questions": "/questions/",
    "question": "/questions/research/",
    "compare": "/compare/?s=field-1&s=field-2&s=field-3",
    "search": "/search/?q=research",
}
REQUESTS = "/admin/requests_app/advisorrequest/"
QUEUES = {
    "open requests": f"{REQUESTS}?queue=open",
    "all requests": f"{REQUESTS}?queue=all",
    "requests for one specialty": f"{REQUESTS}?queue=all&specialty__id__exact=2",
    "requests of one address": f"{REQUESTS}?q=ada-99@example.edu",
}
REPORTS = {"first page": "/admin/", "report": "/admin/report/", "what needs work": "/admin/needs-work/"}
LIST_LIMIT, REPORT_LIMIT, PASS_LIMIT = 200, 1000, 50  # ms
MEMORY_LIMIT = 150  # MB


def rows(database, url, rounds, more):
    """Yield the rows of one database, and put what has no bar into `more`."""
    found = found_by("size", url, rounds)
    few, many = found.pop("few"), found.pop("many")
    more[f"size, {database}"] = found | {"ms": {kind: many[kind] for kind in ("lists", "reports", "scan")}}
    for kind in ("warm", "cold"):
        for name, ours in many[kind].items():
            what, yardstick = f"{kind} {name}, {MANY[0]:,} guides (ms)", f"{FEW[0]} guides"
            yield beside(database, what, yardstick, ours, few[kind][name], "<= 1.2")
    name = max(many["lists"], key=many["lists"].get)
    yield within(database, f"slowest of {len(many['lists'])} lists, {name} (ms)", many["lists"][name], LIST_LIMIT)
    for name, ours in many["reports"].items():
        yield within(database, f"{name} (ms)", ours, REPORT_LIMIT)
    yield within(database, "pass of the worker, nothing due (ms)", many["worker"]["pass"], PASS_LIMIT)
    yield within(database, "web process, after every guide was read (MB)", memory(url), MEMORY_LIMIT)


def memory(url):
    """Return the megabytes of a web process that was asked for every guide, and for what else readers see."""
    with production_server(database_url=url, WEB_CONCURRENCY="1") as portal:
        for path in [*PAGES.values(), *(f"/specialties/field-{n}/" for n in range(1, MANY[0] + 1))]:
            urlopen(portal + path, timeout=30).read()
        [server] = web_servers()
        return max(megabytes(process) for process in children_of(server))


def main(rounds):
    began = perf_counter()
    import django

    django.setup()
    found = {"django.setup() (s)": perf_counter() - began}
    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application

    call_command("migrate", verbosity=0)
    fill(*FEW)
    found["first page (ms)"] = milliseconds(lambda: ask(get_wsgi_application(), PAGES["guide"]))
    found["few"] = costs(int(rounds))
    fill(*SOME)
    found[f"cold pages, {SOME[0]} guides"] = {name: parts(path) for name, path in PAGES.items()}
    fill(*MANY)
    found["many"] = costs(int(rounds))
    print(json.dumps(found))


def fill(guides, requests):
    from . import filling

    filling.guides(guides)
    filling.requests(requests)
    gc.collect()
    gc.freeze()  # what filling left behind is no part of a page


def costs(rounds):
    """Return the typical milliseconds of everything that could grow."""
    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application

    from advising.page_cache import PageCache
    from requests_app.models import AdvisorRequest

    portal = get_wsgi_application()
    door, cookie = PageCache(portal), session_of_staff()
    steps = {
        "cold": {name: lambda path=path: ask(portal, path) for name, path in PAGES.items()},
        "warm": {name: lambda path=path: ask(door, path) for name, path in PAGES.items()},
        "lists": {name: lambda path=path: ask(portal, path, cookie) for name, path in lists().items()},
        "reports": {name: lambda path=path: ask(portal, path, cookie) for name, path in REPORTS.items()},
        "scan": {"all requests": AdvisorRequest.objects.filter(message="").count},
        "worker": {"pass": lambda: call_command("work", once=True)},
    }
    return {
        kind: {name: typical(step, rounds, times=2000 if kind == "warm" else 1) for name, step in of_kind.items()}
        for kind, of_kind in steps.items()
    }


def typical(step, rounds, times):
    """Return the median milliseconds of a step, the first not counted."""
    step()
    return median(milliseconds(lambda: [step() for _ in range(times)]) / times for _ in range(rounds))


def milliseconds(step):
    began = perf_counter()
    step()
    return 1000 * (perf_counter() - began)


def lists():
    """Return the address of every list of the admin by its name."""
    from django.contrib import admin
    from django.urls import reverse

    models = [model._meta for model in admin.site._registry]
    return QUEUES | {
        str(model.verbose_name_plural): reverse(f"admin:{model.app_label}_{model.model_name}_changelist")
        for model in models
    }


def session_of_staff():
    """Return the cookie of a member of staff who may do everything."""
    from django.conf import settings
    from django.contrib.auth.models import User
    from django.test import Client

    settings.SECOND_FACTOR_REQUIRED = False  # which is asked for once, and costs no page anything
    client = Client()
    client.force_login(User.objects.filter(is_superuser=True).first() or User.objects.create_superuser("bench"))
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


def ask(application, path, cookie=""):
    """Return how many bytes an application answers."""
    from django.test import RequestFactory

    statuses = []
    headers = {"Host": "127.0.0.1", "Accept-Encoding": "br", "Cookie": cookie}
    answer = application(RequestFactory(headers=headers).get(path).environ, lambda status, _: statuses.append(status))
    size = sum(map(len, answer))
    getattr(answer, "close", lambda: None)()
    assert statuses == ["200 OK"], (path, statuses)
    return size


def parts(path):
    """Return how many queries a page that is rendered asks, their milliseconds and all of them, and its kilobytes."""
    from django.core.wsgi import get_wsgi_application
    from django.db import connection

    portal, queries, sizes = get_wsgi_application(), [], []

    def timed(execute, *arguments):
        began = perf_counter()
        rows = execute(*arguments)
        queries.append(1000 * (perf_counter() - began))
        return rows

    ask(portal, path)
    with connection.execute_wrapper(timed):
        whole = milliseconds(lambda: sizes.append(ask(portal, path)))
    return {"queries": len(queries), "in queries (ms)": sum(queries), "all (ms)": whole, "kB": sizes[0] / 1000}


if __name__ == "__main__":
    main(*sys.argv[1:])
