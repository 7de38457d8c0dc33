"""What needs work: readable on a phone and in the dark, and each finding leads into view of its answer."""

import pytest

from tests.browser.conftest import SCREENS, barriers
from tests.factories import make_full_specialty

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_page_has_no_barriers_and_fits(open_page, sign_in, guide, width, scheme):
    make_full_specialty(name="Otolaryngology-HeadandNeckSurgery")
    page = open_page("/", width=width, scheme=scheme)
    sign_in(page)
    for address in ("/admin/needs-work/", f"/admin/needs-work/?specialty={guide.slug}"):
        page.goto(address)
        assert barriers(page, within="#content .needs-work") == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate("document.querySelector('.numbers').getBoundingClientRect().right") <= width


def test_finding_leads_into_view_of_its_answer(open_page, sign_in, guide):
    page = open_page("/")
    sign_in(page)
    page.goto("/admin/needs-work/")
    page.get_by_role("heading", name="Blank answers").click()
    page.get_by_role("link", name="Letter from the chairman").click()
    page.wait_for_url("**/change/#answer-chair-letter")
    place = "document.getElementById('answer-chair-letter').getBoundingClientRect().top"
    page.wait_for_function(f"{place} >= 0 && {place} < innerHeight")
    assert page.locator("#answer-chair-letter input[type=text]").first.is_visible()
