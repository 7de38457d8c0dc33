"""Keeping guides right: back to an older version, and many answers at once."""

import pytest

from specialties.models import Answer
from tests.browser.conftest import SCREENS, WCAG, barriers
from tests.factories import make_resource, make_superuser
from tests.test_specialties_bulk_edits import edit, exported, file_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def answer(guide):
    """One that was rewritten, in a guide from which something was deleted, too."""
    make_resource(guide, label="Society").delete()
    answer = guide.answers.get(question__key="away-count")
    answer.body = "<p>One to three away rotations should be sufficient.</p>"
    answer.save()
    return answer


def look_through(page, lines):
    page.goto("/admin/specialties/specialty/")
    page.get_by_role("link", name="Spreadsheet").click()
    file = {"name": "answers.csv", "mimeType": "text/csv", "buffer": file_of(lines)}
    page.get_by_label("The edited file").set_input_files(file)
    page.get_by_role("button", name="Look through it").click()


def test_version_is_restored(open_page, sign_in, answer):
    page = open_page("/")
    sign_in(page)
    page.goto(f"/admin/specialties/specialty/{answer.specialty.pk}/change/")
    page.get_by_role("link", name="History").click()
    version = page.get_by_role("region", name="How many aways added")
    version.get_by_role("button", name="Restore this version").click()
    page.get_by_text("Restored as it was on").wait_for()
    newest = page.get_by_role("region", name="How many aways changed").first
    assert newest.locator("del").inner_text() == "three "
    assert newest.locator("ins").inner_text() == "two "
    page.goto(f"{answer.specialty.get_absolute_url()}#away-count")
    page.get_by_text("One to two away rotations should be sufficient.").wait_for()


def test_answers_are_edited_in_a_spreadsheet(open_page, sign_in, guide):
    lines = exported(make_superuser())
    row = [line[1] for line in lines].index("chair-letter")
    page = open_page("/")
    sign_in(page)
    look_through(page, edit(lines, row, confirmed_on="2026-03-02"))
    page.get_by_text("There is no answer here that could be confirmed.").wait_for()
    look_through(page, edit(lines, row, full_text="Not required."))
    page.get_by_role("heading", name="1 line would change").wait_for()
    page.get_by_role("button", name="Store all of it").click()
    page.get_by_text("1 of the answers changed.").wait_for()
    assert Answer.objects.get(question__key="chair-letter").body == "<p>Not required.</p>"


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_pages_have_no_barriers_and_fit(open_page, sign_in, answer, width, scheme):
    page = open_page("/", width=width, scheme=scheme)
    user = make_superuser()
    sign_in(page, user)
    for path in (f"specialty/{answer.specialty.pk}/history/", "specialty/deleted", "specialty/spreadsheet"):
        page.goto(f"/admin/specialties/{path}")
        assert barriers(page, **WCAG) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    for cell, found in (("Not required.", "1 line would change"), ("x" * 33_000, "Nothing is stored")):
        lines = exported(user)
        page.goto("/admin/specialties/specialty/spreadsheet")
        file = {"name": "answers.csv", "mimeType": "text/csv", "buffer": file_of(edit(lines, 1, full_text=cell))}
        page.get_by_label("The edited file").set_input_files(file)
        page.get_by_role("button", name="Look through it").click()
        page.get_by_role("heading", name=found).wait_for()
        assert barriers(page, **WCAG) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
