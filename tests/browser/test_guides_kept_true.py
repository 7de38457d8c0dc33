"""A coordinator takes over a department's page, and meets a colleague's edit, in a real browser."""

import pytest

from specialties.models import Answer, Question
from tests.browser.conftest import WCAG, barriers
from tests.factories import make_answer, make_specialty
from tests.test_specialties_imported_pages import PAGE

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def urology(questions):
    return make_specialty("Urology")


def accepted(specialty):
    return {answer.question.key: answer.body for answer in specialty.answers.select_related("question")}


@pytest.mark.parametrize("width", [320, 1280])
def test_page_with_an_unknown_question_is_imported(open_page, sign_in, urology, width):
    page = open_page("/", width=width)
    sign_in(page)
    page.goto("/admin/specialties/importedpage/add/")
    page.get_by_label("The page, pasted").fill(PAGE)
    page.get_by_role("button", name="Look through it").click()
    page.get_by_role("heading", name="Questions that are not in the bank (1)").wait_for()
    assert barriers(page, **WCAG) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert accepted(urology) == {}

    page.get_by_label("It is").select_option("research")
    page.get_by_role("button", name="Take it for this question").click()
    page.get_by_text("Taken for “Research”").wait_for()
    page.get_by_role("button", name="Accept what is ticked").click()
    page.get_by_text("3 accepted.").wait_for()
    assert accepted(urology) == {
        "early-advice": "<p>Shadow early.</p>",
        "away-rotations": "<p>Yes, one.</p>",
        "research": "<p>Scrubs are fine.</p>",
    }


def test_editor_sees_what_a_colleague_saved_meanwhile(open_page, sign_in, urology):
    answer = make_answer(urology, Question.objects.get(key="away-count"), short_answer="One", body="<p>One.</p>")
    page = open_page("/")
    sign_in(page)
    page.goto(f"/admin/specialties/specialty/{urology.pk}/change/")
    page.get_by_role("link", name="Answers").click()
    page.locator("#id_answers-0-short_answer").fill("Mine")
    Answer.objects.filter(pk=answer.pk).update(short_answer="Theirs")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("Stored now: “Theirs”. Saved again, yours takes its place.").wait_for()
    assert Answer.objects.get().short_answer == "Theirs"
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/admin/specialties/specialty/#answers")
    assert Answer.objects.get().short_answer == "Mine"
