"""Every public page, in light and dark, on a phone and on a desktop: no barrier that axe knows, nothing cut off."""

import pytest

from specialties.feedback import SIGNER
from specialties.models import Answer, Question
from tests.browser.conftest import barriers
from tests.factories import (
    make_advisor,
    make_answer,
    make_full_specialty,
    make_request,
    make_resource,
    make_specialty,
    make_superuser,
)

pytestmark = pytest.mark.django_db(transaction=True)

LONG_NAME = "Otolaryngology-HeadandNeckSurgeryandFacialPlasticReconstruction, " * 3


@pytest.fixture
def pages(guide):
    """The addresses of all public pages, with long and unusual content on some."""
    staff = make_superuser()
    make_advisor(guide, name=LONG_NAME[:100], away_from="2026-01-01", on_selection_committee=True, bio="Long. " * 300)
    waiting, assigned, closed, offered, met, withdrawn, handed_back = (
        make_request(guide, message="Word " * 200 + "Long" * 100, availability="https://example.edu/" + "long" * 90)
        for _ in range(7)
    )
    by_mail = make_advisor(guide, name=LONG_NAME[:99])
    for row in (assigned, met, handed_back):
        row.assign(by_mail, by=staff)
    met.meet(by=by_mail)
    handed_back.hand_back(by=by_mail)
    offered.offer(by_mail, by=staff)
    withdrawn.withdraw()
    closed.close("Answered.", by=staff)
    sample = make_full_specialty(name="Long" * 25, slug="long", is_sample=True)
    long_text = f"<p>{'Word ' * 400}</p><p>{'Long' * 60}</p>"
    make_answer(sample, Question.objects.get(key="research"), short_answer="Long" * 20, body=long_text)
    return [
        "/",
        "/?advisor=available&answers=all",
        "/questions/",
        "/questions/research/",
        "/questions/chair-letter/",
        "/compare/",
        "/compare/?s=long",
        f"/compare/?s=long&s={guide.slug}&s=nothing",
        "/privacy/",
        "/search/",
        "/search/?q=research",
        "/search/?q=recomendation&specialty=long",
        sample.get_absolute_url(),
        guide.get_absolute_url(),
        *(advisor.get_absolute_url() for advisor in guide.advisors.all()),
        f"{guide.get_absolute_url()}request/",
        *(
            advisor_request.get_absolute_url()
            for advisor_request in (waiting, offered, assigned, met, withdrawn, closed)
        ),
        f"{waiting.get_absolute_url()}withdraw/",
        *(row.offers.get().get_absolute_url() for row in (offered, assigned, met, handed_back)),
        f"/feedback/{SIGNER.sign(f'{guide.answers.first().pk}-0')}/",
        f"/feedback/{SIGNER.sign(f'{guide.answers.first().pk}-0')}/?sent=yes",
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
    make_full_specialty(slug="other")
    page = open_page("/", width=320)
    for path in (
        "/",
        guide.get_absolute_url(),
        f"{guide.get_absolute_url()}request/",
        "/questions/research/",
        f"/compare/?s={guide.slug}&s=other",
        "/search/?q=research",
    ):
        page.goto(path)
        small = page.evaluate(
            """() => [...document.querySelectorAll("a, button, select, textarea, input")]
                .filter(element => element.checkVisibility() && element.type != "hidden" && !element.closest(".trap"))
                .filter(element => !element.closest("p:not(.entry-foot), h2, h3, address, .prose, .skip-link"))
                .map(element => element.closest(".form-check, label") || element)
                .map(element => [element.outerHTML.slice(0, 80), element.getBoundingClientRect()])
                .filter(([, box]) => box.height < 24 || box.width < 24)
                .map(([html]) => html)"""
        )
        assert small == [], path


def test_print_shows_every_answer_and_no_buttons(open_page, guide):
    make_resource(guide, label="The society", url="https://example.org/society")
    Answer.objects.filter(question__key="research").update(body='<p>Ask <a href="mailto:a@example.org">us</a>.</p>')
    page = open_page(guide.get_absolute_url())
    page.emulate_media(media="print")
    for entry in guide.entries():
        assert page.locator(f"#{entry.question.key} h3").is_visible()
        if entry.body:
            assert page.locator(f"#{entry.question.key} .prose p").first.is_visible()
    assert page.locator(".button:visible, .contents:visible, nav:visible, form:visible, button:visible").count() == 0
    spelled_out = "element => getComputedStyle(element, '::after').content"
    assert page.locator(".resources a").evaluate(spelled_out) == '" (https://example.org/society)"'
    assert page.locator("#research .prose a").evaluate(spelled_out) == '" (mailto:a@example.org)"'


def test_print_of_a_comparison_is_the_table_alone(open_page, guide):
    page = open_page(f"/compare/?s={make_full_specialty().slug}&s={guide.slug}")
    page.emulate_media(media="print")
    assert page.locator("table.compare thead").is_visible()
    assert page.locator("tr#away-rotations td").last.is_visible()
    assert page.locator(".choice:visible, .chosen:visible, .button:visible").count() == 0


def test_headings_of_a_comparison_stay_in_sight(open_page, guide):
    page = open_page(f"/compare/?s={make_full_specialty().slug}&s={guide.slug}")
    page.locator("tr#chair-letter").scroll_into_view_if_needed()
    heading = page.get_by_role("columnheader", name=guide.name)
    assert heading.bounding_box()["y"] == 0


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (900, 640), (960, 400)])
def test_focus_is_never_under_the_headings_of_a_comparison(open_page, guide, width, height):
    others = [make_specialty(f"{field} {'and so on ' * 9}", slug=field) for field in ("urology", "neurology", "other")]
    page = open_page(f"/compare/?s={guide.slug}{''.join(f'&s={other.slug}' for other in others)}", width=width)
    page.set_viewport_size({"width": width, "height": height})
    page.locator(".choice button").focus()
    seen, hidden = [], []
    while (place := page.evaluate(FOCUS_IN_COMPARISON))["isAfterHeadings"]:
        seen.append(place["name"])
        hidden += [place["name"]] if place["top"] < place["endOfHeadings"] else []
        page.keyboard.press("Shift+Tab")
    assert len(seen) > Question.objects.count()
    assert hidden == []


FOCUS_IN_COMPARISON = """() => {
    const focused = document.activeElement;
    const headings = document.querySelector(".compare thead th");
    return {
        name: focused.textContent,
        isAfterHeadings: !!(headings.compareDocumentPosition(focused) & Node.DOCUMENT_POSITION_FOLLOWING)
            && !focused.closest("thead"),
        top: focused.getBoundingClientRect().top,
        endOfHeadings: headings.getBoundingClientRect().bottom,
    };
}"""


def test_comparison_on_a_phone_names_the_specialty_at_each_answer(open_page, guide):
    other = make_full_specialty(is_sample=True)
    page = open_page(f"/compare/?s={other.slug}&s={guide.slug}", width=320)
    cells = page.locator("tr#away-rotations td")
    assert [cell.split("\n")[0] for cell in cells.all_inner_texts()] == [f"{other.name} Sample guidance", guide.name]


def test_heading_levels_and_landmarks_are_in_order(open_page, pages):
    page = open_page("/")
    for path in pages:
        page.goto(path)
        levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map(h => +h.tagName[1])")
        steps = [b - a for a, b in zip(levels[levels.index(1) :], levels[levels.index(1) + 1 :], strict=False)]
        assert max(steps, default=0) <= 1, (path, levels)
        for landmark in ("banner", "main", "contentinfo"):
            assert page.get_by_role(landmark).count() == 1, (path, landmark)


def test_focus_is_visible_wherever_it_goes(open_page, guide):
    page = open_page(f"/compare/?s={make_full_specialty().slug}&s={guide.slug}")
    unseen = []
    for _ in range(60):
        page.keyboard.press("Tab")
        unseen += page.evaluate(
            """() => {
                const element = document.activeElement;
                const outlines = [element, element.parentElement].map(each => getComputedStyle(each));
                const shows = outlines.some(line => line.outlineStyle != "none" && parseFloat(line.outlineWidth) >= 2);
                return element == document.body || shows ? [] : [element.outerHTML.slice(0, 90)];
            }"""
        )
    assert unseen == []


def test_current_page_is_told_apart_in_forced_colours(open_page, guide):
    page = open_page("/questions/research/", forced_colors="active")
    links = page.locator(".site-nav a, .contents a")
    lines = links.evaluate_all(
        """(links) => links.map((link) => {
            const { borderBottomColor, borderLeftColor } = getComputedStyle(link);
            return [link.ariaCurrent, link.closest(".contents") ? borderLeftColor : borderBottomColor];
        })"""
    )
    current = {color for aria_current, color in lines if aria_current}
    assert len(current) == 1
    assert current.isdisjoint(color for aria_current, color in lines if not aria_current)


def test_nothing_sticks_where_a_page_shows_few_lines(open_page, guide):
    make_specialty("Urology")
    page = open_page(guide.get_absolute_url(), width=320)
    page.set_viewport_size({"width": 320, "height": 256})  # 1280 by 1024 at 400 %
    position = "element => getComputedStyle(element).position"
    assert page.locator(".request-bar").evaluate(position) == "static"
    page.goto("/")
    page.get_by_label("Compare Urology").check()
    assert page.locator(".compare-bar").evaluate(position) == "static"
