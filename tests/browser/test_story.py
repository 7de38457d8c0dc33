"""A student reads, asks and follows; the office answers and edits. In a real browser, on a real server."""

import re

import pytest
from django.core.management import call_command

from requests_app.models import AdvisorRequest
from specialties.models import Question
from tests.factories import make_request

pytestmark = pytest.mark.django_db(transaction=True)


def tab_to(page, selector):
    """Press Tab until the focus is on what the selector means, as somebody without a mouse does."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    pytest.fail(f"Tab never reaches {selector}")


def test_student_finds_the_answer_about_away_rotations(open_page, guide):
    page = open_page("/")
    page.get_by_role("link", name="Interventional Radiology").click()
    page.locator(".glance").get_by_role("link", name="Helpful, not required").click()

    assert page.url.endswith("/specialties/interventional-radiology/#away-rotations")
    answer = page.locator("#away-rotations")
    assert answer.get_by_role("heading", name="Does your specialty recommend doing away rotations?").is_visible()
    assert "Away rotations can be helpful, but are not necessary." in answer.inner_text()
    assert 0 <= answer.bounding_box()["y"] < 800


def test_student_requests_an_advisor_by_keyboard_alone(open_page, guide):
    page = open_page("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip-link"
    tab_to(page, "a[href='/specialties/interventional-radiology/']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/specialties/interventional-radiology/")
    tab_to(page, "a[href='/specialties/interventional-radiology/request/']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/request/")

    tab_to(page, "#id_email")
    page.keyboard.type("ada@example.edu")
    tab_to(page, "[type=submit]")
    page.keyboard.press("Enter")
    page.wait_for_selector(".error-summary")
    assert page.evaluate("document.activeElement.className") == "error-summary"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Please tell us your name."
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "id_name"

    page.keyboard.type("Ada Student")
    tab_to(page, "[name=class_year]")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    tab_to(page, "[name=advisor]")
    page.keyboard.press("ArrowDown")
    tab_to(page, "[name=topics][value=aways]")
    page.keyboard.press("Space")
    tab_to(page, "#id_message")
    page.keyboard.type("How are aways seen?")
    tab_to(page, "[type=submit]")
    page.keyboard.press("Enter")

    page.wait_for_url(re.compile(r"/requests/.+/"))
    stored = AdvisorRequest.objects.get()
    assert page.get_by_role("heading", level=1).inner_text() == "The advising office has your request"
    assert stored.reference in page.inner_text("main")
    assert (stored.name, stored.class_year, stored.topics) == ("Ada Student", "m3", ["aways"])
    assert stored.preferred_advisor.slug == "kent-sato"


def test_field_for_bots_is_out_of_sight_and_out_of_reach(open_page, guide):
    page = open_page("/specialties/interventional-radiology/request/")
    trap = page.locator("[name=subject]")
    assert trap.bounding_box()["x"] < 0
    assert trap.get_attribute("tabindex") == "-1"
    assert page.get_by_role("textbox", name="Leave this empty").count() == 0


def test_office_sees_the_request_and_gives_it_to_an_advisor(open_page, guide, sign_in):
    page = open_page("/specialties/interventional-radiology/request/")
    page.get_by_label("Your name").fill("Ada Student")
    page.get_by_label("School e-mail").fill("ada@example.edu")
    page.get_by_label("M3").check()
    page.get_by_label("Kent Sato, MD").check()
    page.get_by_label("Your message").fill("How are aways seen?")
    page.get_by_role("button", name="Send request").click()
    page.wait_for_url(re.compile(r"/requests/.+/"))

    office = open_page("/admin/login/")
    sign_in(office)
    office.get_by_role("link", name=re.compile("Advisor requests")).first.click()
    office.get_by_role("link", name=AdvisorRequest.objects.get().reference).click()
    assert "How are aways seen?" in office.inner_text("#content-main")
    office.get_by_role("link", name="Offer to an advisor").click()
    office.get_by_label("They have agreed already").check()
    office.get_by_role("button", name="Offer to an advisor").click()
    office.get_by_text("Kent Sato, MD has no e-mail address here").wait_for()

    page.reload()
    assert page.get_by_role("heading", level=1).inner_text() == "Kent Sato, MD is your advisor"


def test_answer_changed_in_the_editor_shows_on_the_site(open_page, guide, sign_in):
    staff = open_page("/admin/login/")
    sign_in(staff)
    staff.goto(f"/admin/specialties/specialty/{guide.pk}/change/#answers")
    question = Question.objects.get(key="chair-letter")
    answer = staff.locator("section.answer", has_text=question.text)
    answer.get_by_label("Short answer").fill("Not required")
    editor = answer.locator(".ProseMirror")
    editor.click()
    staff.keyboard.type("A letter from the chairman is ")
    answer.get_by_role("button", name="bold").click()
    staff.keyboard.type("not required.")
    staff.get_by_role("button", name="Save", exact=True).click()
    staff.wait_for_url(re.compile(r"/admin/specialties/specialty/(#.*)?$"))

    page = open_page("/specialties/interventional-radiology/#chair-letter")
    text = page.locator("#chair-letter").inner_text()
    assert "Not required" in text
    assert "A letter from the chairman is not required." in text
    assert "No answer from the department yet" not in text
    assert page.locator("#chair-letter strong").inner_text() == "not required."


def link_in(message):
    """The first address of the portal in a mail."""
    [link, *_] = re.findall(r"^http\S+", message.get_body(("plain",)).get_content(), re.MULTILINE)
    return link


def test_whole_story_by_mail(open_page, guide, by_smtp, sign_in):
    """The student asks, the advisor accepts by mail, they meet, the student says how it went, the report shows it."""
    guide.advisors.update(email="sato@example.edu")
    student = open_page("/specialties/interventional-radiology/request/?advisor=kent-sato")
    student.get_by_label("Your name").fill("Ada Student")
    student.get_by_label("School e-mail").fill("ada@example.edu")
    student.get_by_label("M3").check()
    student.get_by_label("Your message").fill("How are aways seen?")
    student.get_by_role("button", name="Send request").click()
    student.wait_for_url(re.compile(r"/requests/.+/"))
    heading = student.get_by_role("heading", level=1)
    assert heading.inner_text() == "Kent Sato, MD has been asked"

    call_command("work", "--once")
    [offer] = by_smtp.to("sato@example.edu")
    [received] = by_smtp.to("ada@example.edu")
    assert link_in(received) == student.url
    advisor = open_page(link_in(offer))
    advisor.wait_for_load_state("networkidle")
    assert "How are aways seen?" in advisor.inner_text("main")
    assert AdvisorRequest.objects.get().status == "offered"  # opened, by a browser that runs scripts
    advisor.get_by_role("button", name="Accept").click()
    advisor.get_by_role("heading", name="You advise this student on Interventional Radiology").wait_for()

    student.reload()
    assert heading.inner_text() == "Kent Sato, MD is your advisor"
    assert student.get_by_role("link", name="sato@example.edu").is_visible()
    call_command("work", "--once")
    assert "sato@example.edu" in by_smtp.to("ada@example.edu")[-1].get_body(("plain",)).get_content()

    advisor.goto(link_in(by_smtp.to("sato@example.edu")[-1]))
    advisor.get_by_role("button", name="We have met").click()
    advisor.get_by_role("heading", name="You met this student").wait_for()

    call_command("work", "--once")
    student.goto(link_in(by_smtp.to("ada@example.edu")[-1]))
    student.get_by_label("Satisfied", exact=True).check()
    student.get_by_role("button", name="Send").click()
    student.get_by_text("Thank you for telling us how it went.").wait_for()
    assert AdvisorRequest.objects.get().satisfaction == 4

    office = open_page("/admin/login/")
    sign_in(office)
    office.goto("/admin/report/")
    row = office.get_by_role("table", name="Satisfaction by class year").get_by_role("row", name="M3")
    assert row.get_by_role("cell").all_inner_texts() == ["1", "100"]


def test_student_withdraws(open_page, guide):
    advisor_request = make_request(guide)
    page = open_page(advisor_request.get_absolute_url())
    page.get_by_role("link", name="Withdraw this request").click()
    page.get_by_role("button", name="Withdraw the request").click()
    page.get_by_role("heading", name="You withdrew this request").wait_for()
