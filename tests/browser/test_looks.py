"""Every public page, in light and dark, on a phone and on a desktop: no barrier that axe knows, nothing cut off."""

import pytest

from tests.browser.conftest import barriers
from tests.factories import make_advisor, make_request, make_superuser

pytestmark = pytest.mark.django_db(transaction=True)

LONG_NAME = "Otolaryngology-HeadandNeckSurgeryandFacialPlasticReconstruction, " * 3


@pytest.fixture
def pages(guide):
    """The addresses of all public pages, with long and unusual content on some."""
    staff = make_superuser()
    make_advisor(guide, name=LONG_NAME[:100], away_from="2026-01-01", on_selection_committee=True, bio="Long. " * 300)
    waiting, assigned, closed = (make_request(guide, message="Word " * 200) for _ in range(3))
    assigned.assign(guide.advisors.first(), by=staff)
    closed.close("Answered.", by=staff)
    return [
        "/",
        guide.get_absolute_url(),
        *(advisor.get_absolute_url() for advisor in guide.advisors.all()),
        f"{guide.get_absolute_url()}request/",
        *(advisor_request.get_absolute_url() for advisor_request in (waiting, assigned, closed)),
        "/nothing-here/",
        "/requests/wrong/",
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_pages_have_no_barriers_and_fit(open_page, pages, width, scheme):
    page = open_page("/", width=width, scheme=scheme)
    for path in pages:
        page.goto(path)
        assert barriers(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert page.locator("h1").count() == 1, path


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_form_with_errors_has_no_barriers(open_page, guide, scheme):
    page = open_page(f"{guide.get_absolute_url()}request/", width=320, scheme=scheme)
    page.get_by_role("button", name="Send request").click()
    page.wait_for_selector(".error-summary")
    assert barriers(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_pages_are_whole_without_javascript(open_page, guide):
    page = open_page(guide.get_absolute_url(), java_script_enabled=False)
    for entry in guide.entries():
        assert page.locator(f"#{entry.question.key} h3").is_visible()


def test_targets_are_large_enough_to_touch(open_page, guide):
    """WCAG 2.2, 2.5.8: 24 by 24 pixels, but for links within a text."""
    page = open_page(f"{guide.get_absolute_url()}request/", width=320)
    small = page.evaluate(
        """() => [...document.querySelectorAll("a, button, input:not([type=hidden]):not([name=subject]), textarea")]
            .map(element => element.closest(".form-check") || element)
            .filter(element => !element.closest("p, .skip-link"))
            .map(element => [element.outerHTML.slice(0, 80), element.getBoundingClientRect()])
            .filter(([, box]) => box.height < 24 || box.width < 24)
            .map(([html]) => html)"""
    )
    assert small == []


def test_print_shows_every_answer_and_no_buttons(open_page, guide):
    page = open_page(guide.get_absolute_url())
    page.emulate_media(media="print")
    for entry in guide.entries():
        assert page.locator(f"#{entry.question.key} h3").is_visible()
    assert page.locator(".button:visible, .contents:visible").count() == 0
