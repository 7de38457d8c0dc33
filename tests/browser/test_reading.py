"""Finding and comparing answers, with a keyboard and without JavaScript, and what a page weighs."""

import re
from urllib.request import urlopen

import pytest

from specialties.models import Feedback, Question
from tests.browser.test_story import tab_to
from tests.database import url_of_test_database
from tests.factories import make_answer, make_specialty
from tests.production import production_server

pytestmark = pytest.mark.django_db(transaction=True)

MOST_REQUESTS = 4
MOST_BYTES = 25_000


@pytest.fixture
def urology(guide):
    urology = make_specialty("Urology")
    make_answer(urology, Question.objects.get(key="chair-letter"), short_answer="Always", body="")
    return urology


def press_on(page, selector, key="Enter"):
    tab_to(page, selector)
    page.keyboard.press(key)


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without"])
def test_answer_is_searched_for_and_reached(open_page, urology, scripts):
    page = open_page("/", java_script_enabled=scripts)
    page.get_by_role("searchbox").focus()
    page.keyboard.type("chair letter")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/?q=chair+letter")
    assert page.locator("mark").all_inner_texts()[:2] == ["letter", "chairman"]
    page.get_by_role("link", name="Does your specialty require a letter from the chairman?").first.press("Enter")
    page.wait_for_url("**/specialties/urology/#chair-letter")
    assert page.locator("#chair-letter .short-answer").inner_text() == "Always"
    page.get_by_role("link", name="How other specialties answer: Letter from the chairman").press("Enter")
    page.wait_for_url("**/questions/chair-letter/")
    assert page.locator("#urology .short-answer").inner_text() == "Always"
    page.get_by_role("link", name="Interventional Radiology").press("Enter")
    page.wait_for_url("**/specialties/interventional-radiology/#chair-letter")


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without"])
def test_specialties_are_chosen_from_the_list_and_compared(open_page, urology, scripts):
    page = open_page("/", java_script_enabled=scripts)
    page.get_by_label("Compare Interventional Radiology").press("Space")
    page.get_by_label("Compare Urology").press("Space")
    page.get_by_role("button", name="Compare the ticked").press("Enter")
    page.wait_for_url("**/compare/?s=interventional-radiology&s=urology")
    row = page.get_by_role("row", name="Letter from the chairman")
    assert row.get_by_role("cell").all_inner_texts() == ["No answer from the department yet", "Always"]
    page.get_by_role("link", name="Leave out Urology").press("Enter")
    page.wait_for_url("**/compare/?s=interventional-radiology")
    assert page.get_by_label("Interventional Radiology").is_checked()
    assert page.get_by_role("table").count() == 0


def test_search_and_comparison_by_keyboard_alone(open_page, urology):
    page = open_page("/")
    tab_to(page, ".search-form [name=q]")
    page.keyboard.type("always")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/?q=always")
    press_on(page, ".hits a")
    page.wait_for_url("**/specialties/urology/#chair-letter")
    press_on(page, "a[href='/questions/chair-letter/']")
    page.wait_for_url("**/questions/chair-letter/")
    press_on(page, ".site-nav a[href='/compare/']")
    page.wait_for_url("**/compare/")
    press_on(page, "[value=interventional-radiology]", "Space")
    press_on(page, "[value=urology]", "Space")
    press_on(page, ".choice button")
    page.wait_for_url(re.compile(r"/compare/\?s="))
    assert page.get_by_role("table").is_visible()


def test_link_to_an_answer_is_copied(open_page, guide):
    page = open_page(f"{guide.get_absolute_url()}?from=mail", permissions=["clipboard-read", "clipboard-write"])
    button = page.get_by_role("button", name="Copy link: Away rotations")
    button.click()
    page.get_by_role("status").get_by_text("Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.endswith("/specialties/interventional-radiology/#away-rotations")


def test_link_is_in_the_address_bar_where_nothing_can_be_copied(open_page, guide):
    page = open_page(guide.get_absolute_url())
    page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    page.get_by_role("button", name="Copy link: Away rotations").click()
    page.wait_for_url("**/#away-rotations")


def test_no_button_to_copy_without_javascript(open_page, guide):
    page = open_page(guide.get_absolute_url(), java_script_enabled=False)
    assert page.locator("[data-copy-link]:visible").count() == 0


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without"])
def test_answer_is_voted_on_and_what_was_missing_told(open_page, guide, scripts):
    page = open_page(guide.get_absolute_url(), java_script_enabled=scripts)
    page.get_by_role("button", name="No, this was not helpful: Away rotations").press("Enter")
    page.wait_for_url("**/feedback/*/")
    page.get_by_label("What was missing?").fill("Which month?")
    page.get_by_role("button", name="Send").press("Enter")
    page.wait_for_url("**/feedback/*/?sent=yes")
    assert page.get_by_text("The advising office reads what you wrote").is_visible()
    page.get_by_role("link", name="Back to the answer").press("Enter")
    page.wait_for_url("**/specialties/interventional-radiology/#away-rotations")
    votes = Feedback.objects.values_list("answer__question__key", "is_helpful", "words")
    assert list(votes) == [("away-rotations", False, "Which month?")]


@pytest.fixture
def production(guide):
    with production_server(database_url=url_of_test_database()) as address:
        yield address


def test_very_long_query_gets_a_page_in_production(production):
    with urlopen(f"{production}/search/?q={'zebra+' * 2_000}") as response:
        assert response.status == 200
        assert b"Nothing" in response.read()


def test_guide_is_light_as_production_sends_it(chromium, production):
    page, requests = chromium.new_page(), []
    page.on("requestfinished", lambda request: requests.append(request))
    page.goto(f"{production}/specialties/interventional-radiology/", wait_until="networkidle")
    sizes = [request.sizes() for request in requests]
    page.close()
    assert [request.url for request in requests if not request.url.startswith(production)] == []
    assert 3 <= len(requests) <= MOST_REQUESTS
    assert sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes) <= MOST_BYTES
