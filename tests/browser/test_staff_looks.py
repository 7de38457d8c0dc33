"""The pages the office lives in, in light and dark, on a phone and on a desktop."""

import pytest

from tests.browser.conftest import SCREENS, WCAG, barriers
from tests.factories import make_advisor, make_email, make_request, make_staff, make_superuser

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def coordinator():
    permissions = ("see_every_request", "add_advisorrequest", "view_advisorrequest", "change_advisorrequest")
    return make_staff(*permissions, "view_outgoingemail", "change_outgoingemail", "view_specialty", "view_advisor")


@pytest.fixture
def offered(guide):
    """A request in the status that allows most, beside one of each outcome."""
    staff = make_superuser()
    waiting, offered, met, closed = (make_request(guide, message="Word " * 100 + "Long" * 60) for _ in range(4))
    advisor = make_advisor(guide, name="Robin Advisor")
    offered.offer(advisor, by=staff)
    met.assign(advisor, by=staff)
    met.meet(by=advisor)
    met.answer_survey(5, "Thank you")
    closed.close("Done.", by=staff, reason="group_session")
    make_email(next_try=None, request=waiting)
    return offered


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_first_page_report_and_request_have_no_barriers_and_fit(
    open_page, sign_in, coordinator, offered, width, scheme
):
    page = open_page("/", width=width, scheme=scheme)
    sign_in(page, coordinator)
    for path in ("/admin/", "/admin/report/", f"/admin/requests_app/advisorrequest/{offered.pk}/change/"):
        page.goto(path)
        assert barriers(page, **WCAG) == [], path  # axe has more advice, on landmarks, for what unfold puts around
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


@pytest.mark.parametrize("width", [320, 1280])
def test_all_that_can_be_done_to_a_request_is_in_sight(open_page, sign_in, coordinator, offered, width):
    page = open_page("/", width=width)
    sign_in(page, coordinator)
    page.goto(f"/admin/requests_app/advisorrequest/{offered.pk}/change/")
    verbs = page.get_by_role("navigation", name="What to do").get_by_role("link")
    assert [verb.inner_text() for verb in verbs.all()] == [
        "Remind the advisor",
        "Accept on their behalf",
        "Offer to an advisor",
        "Close with a reason",
        "Add a note",
        "Correct the e-mail address",
    ]
    boxes = [verb.bounding_box() for verb in verbs.all()]
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= width for box in boxes)
