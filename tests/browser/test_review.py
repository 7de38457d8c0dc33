"""A department goes through its answers on a phone, from the mail to the guide."""

import re

import pytest
from django.core.management import call_command

from specialties.models import Answer, Specialty
from specialties.models.reviews import shown_as
from tests.browser.conftest import SCREENS, barriers
from tests.browser.test_story import link_in
from tests.factories import make_review

pytestmark = pytest.mark.django_db(transaction=True)


def test_department_confirms_one_proposes_one_and_answers_a_blank_one(open_page, guide, by_smtp, sign_in):
    Specialty.objects.update(email="department@example.edu")
    call_command("work", "--once")
    [asked] = by_smtp.to("department@example.edu")
    phone = open_page("about:blank", width=320)
    phone.set_content(asked.get_body(("html",)).get_content())
    assert phone.evaluate("document.documentElement.scrollWidth") == 320
    phone.goto(link_in(asked))
    phone.wait_for_load_state("networkidle")
    assert guide.reviews.get().name == ""  # opened, by a browser that runs scripts
    phone.get_by_label("Your name").fill("Dr. Robin Example")
    phone.get_by_role("button", name="Begin").click()
    phone.get_by_role("heading", name="0 of 11 done").wait_for()

    blank = phone.locator("#chair-letter")
    assert blank.bounding_box()["y"] < phone.locator("#research").bounding_box()["y"]
    blank.get_by_label("Full text").fill("Not required.\n\n- But welcome\n- <b>Really</b>")
    blank.get_by_role("button", name="Propose this text").click()
    phone.wait_for_url(re.compile("#chair-letter$"))
    assert blank.get_by_text("You proposed, and the office looks through it:").is_visible()

    right = phone.locator("#research")
    right.get_by_role("button", name="Still right").click()
    phone.wait_for_url(re.compile("#research$"))
    assert right.get_by_text("Still right: said by Dr. Robin Example").is_visible()
    assert 0 <= right.bounding_box()["y"] < 800

    changed = phone.locator("#away-count")
    changed.get_by_text("Propose another text").click()
    changed.get_by_label("In short").fill("One")
    changed.get_by_label("Full text").fill("One is enough.")
    changed.get_by_role("button", name="Propose this text").click()
    phone.get_by_role("heading", name="3 of 11 done").wait_for()
    phone.get_by_role("button", name="Finish").click()
    phone.get_by_role("heading", name=re.compile("Thank you: you finished this on")).wait_for()

    call_command("work", "--once")
    [ended] = by_smtp.to("office@example.edu")
    office = open_page("/admin/login/")
    sign_in(office)
    office.goto(re.findall(r"^http\S+", ended.get_body(("plain",)).get_content(), re.MULTILINE)[0])
    office.get_by_label("Select all objects on this page for an action").check()
    office.locator("select[name=action]:visible").select_option(label="Accept")
    office.locator("button[title='Run the selected action']:visible").click()
    office.get_by_text("2 accepted.").wait_for()

    stored = {answer.question.key: answer for answer in Answer.objects.select_related("question")}
    assert stored["away-count"].text == ("One", "<p>One is enough.</p>")
    assert stored["chair-letter"].body == (
        "<p>Not required.</p><ul><li><p>But welcome</p></li><li><p>&lt;b&gt;Really&lt;/b&gt;</p></li></ul>"
    )
    confirmed = {key for key, answer in stored.items() if answer.confirmed_by == "Dr. Robin Example"}
    assert confirmed == {"away-count", "chair-letter", "research"}


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_page_has_no_barriers_and_fits_at_every_turn(open_page, guide, width, scheme):
    Answer.objects.filter(question__key="letters-other-disciplines").update(body=f"<p>{'Long' * 60}</p>")
    review = make_review(guide)
    page = open_page(review.get_absolute_url(), width=width, scheme=scheme)
    looks_right(page, width)
    page.get_by_label("Your name").fill("Dr. " + "Long" * 24)
    page.get_by_role("button", name="Begin").click()
    page.get_by_role("button", name="Finish").wait_for()
    entries = {entry.question.key: shown_as(entry) for entry in review.entries()}
    review.propose("research", entries["research"], name="Dr. B", short_answer="One", typed="Long" * 60)
    review.confirm("electives", entries["electives"], name="Dr. B")
    page.reload()
    page.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true; })")
    looks_right(page, width)
    Answer.objects.filter(question__key="away-count").update(short_answer="Three")
    page.locator("#away-count").get_by_role("button", name="Still right").click()
    page.get_by_text("This answer was changed while you were reading it").wait_for()
    looks_right(page, width)
    page.locator("#chair-letter").get_by_role("button", name="Propose this text").click()
    page.get_by_text("Please write an answer.").wait_for()
    looks_right(page, width)
    review.finish(name="Dr. B")
    page.goto(review.get_absolute_url())
    looks_right(page, width)


def looks_right(page, width):
    assert barriers(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("h1").count() == 1
    small = page.evaluate(
        """() => [...document.querySelectorAll("main :is(button, summary, textarea, input)")]
            .filter(element => element.checkVisibility() && element.type != "hidden")
            .filter(element => element.getBoundingClientRect().height < 24)
            .map(element => element.outerHTML)"""
    )
    assert small == []
