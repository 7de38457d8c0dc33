"""Everything a person can fill holds a script that would show itself; pages are opened without our policy's help.

Which texts, pages and forms there are is asked of the portal, so that a new one is tried here by itself.
"""

import re
from itertools import chain

import pytest
from django.contrib.auth.models import User
from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import get_resolver

from requests_app.outbox import OutgoingEmail
from specialties.bulk_edits import AdvisorSheet, AnswerSheet
from specialties.charts import Table
from specialties.indexing import index
from specialties.models import Specialty
from tests.factories import make_request
from tests.filled import fill_all
from tests.forms_of import Controls
from tests.test_attacks_input import QUERIES
from tests.test_attacks_rights import ORIGIN, World, actions, names, still_signed_in, writing
from tests.test_specialties_bulk_edits import ADVISORS, ANSWERS, WRITE, exported, upload
from tests.test_specialties_imported_pages import PAGE, kept

pytestmark = pytest.mark.django_db(transaction=True)

RUNS = "parent.pwned=1"
SCRIPT = f"<script>{RUNS}</script>"
# each leaves the element, the attribute or the string it might stand in
PAYLOAD = f"'\"></title></textarea></script>{SCRIPT}<img src=x onerror={RUNS}><svg onload={RUNS}>{{{{ 7*7 }}}}"
SHORT = f"<svg onload={RUNS}>"
IN_A_LINK = f"https://example.org/'\">{SCRIPT}"  # which is taken for an address


def make_world():
    """One of everything, and what came of it, with the script in all its texts but the name of who looks."""
    world = World()
    world.write_history()
    world.rows["importedpage"] = kept(PAGE.replace("Shadow early.", PAYLOAD).replace("in the clinic?", PAYLOAD))
    fill_all(PAYLOAD, SHORT, link=IN_A_LINK)
    Specialty.objects.update(recommendations=f"{PAYLOAD}<a href='javascript:{RUNS}'>x</a>")
    User.objects.filter(pk=world.users["S"].pk).update(username="superuser", first_name="", last_name="")
    world.own.refresh_from_db()
    written = {"name": SHORT, "message": PAYLOAD, "availability": PAYLOAD[:400]}
    met, closed = (make_request(world.own, **written) for _ in range(2))
    met.offer(world.advisor, by=world.users["S"])
    met.accept(by=world.advisor, note=PAYLOAD)
    met.meet(by=world.advisor, note=PAYLOAD)
    met.answer_survey(satisfaction=1, comment=PAYLOAD)
    closed.add_note(PAYLOAD, by=world.users["S"])
    closed.close(PAYLOAD, by=world.users["S"])
    world.others = [row.get_absolute_url() for row in (met, closed)]
    index(Specialty.objects.all())
    return world


@pytest.fixture
def watched(chromium, live_server, settings):
    """A page of a browser that takes no notice of our policy, with a list of what somebody else's script did in it."""
    settings.SITE_URL = live_server.url
    context = chromium.new_context(base_url=live_server.url, bypass_csp=True)
    done, page = [], context.new_page()
    page.on("dialog", lambda dialog: (done.append(f"dialog on {page.url}"), dialog.dismiss()))
    page.on("request", lambda request: done.append(request.url) if is_elsewhere(request.url, live_server.url) else None)
    page.route("**/*.{png,svg,woff2,css}", lambda route: route.abort())
    page.route(
        "**/static/**.js", lambda route: route.fulfill(path=finders.find(route.request.url.split("/static/")[1]))
    )
    page.done = done
    yield page
    context.close()


def is_elsewhere(url, here):
    return not url.startswith((f"{here}/", "data:", "about:")) or url.endswith("/x")


def answers(world, client):
    """Yield what each address, form and action answers: opened, asked for the script, and sent it in every field."""
    for name in (*names(get_resolver().url_patterns), *actions(world.users["S"])):
        page = client.get(world.address(name))
        yield name, page
        controls = Controls(page.content if page.status_code == 200 and not page.streaming else b"")
        with writing(), still_signed_in(client):
            sent_back = client.post(world.address(name), dict.fromkeys(world.sent(name, controls, None), PAYLOAD))
        yield f"{name}, sent back", sent_back
    for path in world.others:
        yield path, client.get(path)
    for name, parameters in QUERIES.items():
        for asked in (parameters[:1], parameters[1:]):
            yield f"{name}?{asked}", client.get(world.address(name), dict.fromkeys(asked, PAYLOAD))


def previews(world, client):
    """Yield what is shown of a spreadsheet with the script in one column after the other, or in a heading.

    Its sheet and its file have it for a name, and as of the world, what it is compared with.
    """
    for sheet, address in ((AnswerSheet, ANSWERS), (AdvisorSheet, ADVISORS)):
        for kind, write in WRITE.items():
            table = exported(world.users["S"], sheet, kind)
            for name, (headings, *lines) in with_the_script(table):
                content = write([Table(SHORT, headings, lines)])
                yield f"preview of {kind}, {name}", upload(client, address, content, f"{SHORT}.{kind}")


def with_the_script(table):
    for column, heading in enumerate(table[0]):
        for text in (PAYLOAD, SHORT):
            lines = [[*line[:column], text, *line[column + 1 :]] for line in table]
            yield f"heading {heading}", [lines[0], *table[1:]]
            yield f"column {heading}", [table[0], *lines[1:]]


def places(response):
    """Return what stands before the script wherever it is in a page, and nothing where a browser shows no page."""
    is_page = "html" in response["Content-Type"] and not response.streaming
    return set(re.findall(rb"[^\d]{1,80}pwned", re.sub(rb"\d", b"", response.content))) if is_page else set()


def look(page, name, html):
    """Open in the browser what was answered."""
    page.route("**/answered", lambda route: route.fulfill(body=html, content_type="text/html; charset=utf-8"), times=1)
    page.goto("/answered", wait_until="domcontentloaded")
    links = """document.querySelectorAll("[href^='javascript:'], [src^='javascript:']").length"""
    ran, found = page.evaluate(f"[window.pwned, {links}]")
    page.done.extend([f"script on {name}"] * bool(ran) + [f"link on {name}"] * found)


def test_nothing_that_anybody_wrote_runs_anywhere(watched, questions):
    world, client = make_world(), Client(headers=ORIGIN)
    client.force_login(User.objects.get(pk=world.users["S"].pk))
    look(watched, "the test itself", f"<p>{SCRIPT}</p><a href='javascript:{RUNS}'>x</a>")
    assert watched.done == ["script on the test itself", "link on the test itself"]  # so it would be seen
    watched.done.clear()
    seen = {}
    for name, response in chain(answers(world, client), previews(world, client)):
        if new := places(response) - seen.keys():  # the same place of another page is looked at once
            look(watched, name, response.content)
            seen |= dict.fromkeys(new, name)
    for email in OutgoingEmail.objects.exclude(html=""):
        look(watched, f"e-mail {email.kind}", email.html)
    assert watched.done == []
    assert len(seen) > 300
    assert len([name for name in seen.values() if name.startswith("preview of ")]) > 8
