import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.conf import settings as django_settings
from django.test import Client
from playwright.sync_api import sync_playwright

from tests.factories import make_superuser
from tests.programs import program_of

SCREENS = [(320, "dark"), (1280, "light")]  # each width and each scheme; test_looks.py has all four


@pytest.fixture(scope="session")
def chromium():
    executable = program_of("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-quic"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium, live_server, settings, transactional_db):
    """Return a function that opens a page as a visitor with a screen and a scheme of their own.

    At the end no page's console may hold a complaint: of a script's error, or of something the policy blocked.
    """
    settings.SITE_URL = live_server.url
    complaints, contexts = [], []

    def open_page(path, *, width=1280, scheme="light", **context):
        contexts.append(
            chromium.new_context(
                base_url=live_server.url,
                viewport={"width": width, "height": 800},
                color_scheme=scheme,
                reduced_motion="reduce",
                **context,
            )
        )
        page = contexts[-1].new_page()
        page.set_default_timeout(30_000)
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    expected = ("status of 404", "status of 409", "status of 422")
    assert [complaint for complaint in complaints if not any(words in complaint for words in expected)] == []


@pytest.fixture
def sign_in(live_server):
    """Return a function that opens the first page of staff as somebody who has signed in."""

    def sign_in(page, user=None):
        client, name = Client(), django_settings.SESSION_COOKIE_NAME
        client.force_login(user or make_superuser())
        page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])
        page.goto("/admin/")

    return sign_in


WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


def barriers(page, within="html", **options):
    """Return what axe finds wrong with the page, as readable lines; in the dark of its colours, the one difference."""
    if page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches"):
        options = {"runOnly": ["color-contrast"]}
    page.evaluate(AXE_SCRIPT)
    # what it tells besides, of all that is well, takes much longer to come here
    found = page.evaluate(
        "([within, options]) => axe.run(within, options).then(told => told.violations)", [within, options]
    )
    return [f"{rule['id']}: {node['target']} {node['failureSummary']}" for rule in found for node in rule["nodes"]]
