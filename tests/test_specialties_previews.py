from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from specialties.models import Answer, ImportedPage, Question
from specialties.models.proposals import Source, propose
from specialties.previews import link_for_department
from tests.factories import make_advisor, make_answer, make_resource, make_specialty
from tests.test_specialties_roles import NOTHING

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(questions):
    draft = make_specialty("Urology", is_published=False)
    make_answer(draft, Question.objects.get(key="away-rotations"), short_answer="Yes", body="<p>As it is.</p>")
    return draft


def proposed(specialty, key="research", **fields):
    question = Question.objects.get(key=key)
    return propose(specialty, question, body=f"<p>Proposed on {key}.</p>", source=Source.STAFF, **fields)


def text_of(response):
    assert response.status_code == 200
    return response.content.decode()


def preview_url(specialty):
    return reverse("admin:specialties_specialty_preview", args=[specialty.pk])


def test_staff_see_a_draft_with_what_is_proposed_for_it(superuser_client, draft):
    proposed(draft)
    html = text_of(superuser_client.get(preview_url(draft)))
    assert "As it is." in html
    assert "Proposed on research." in html
    assert html.count('<p class="proposed">') == 1
    assert "with 1 proposed answer," in html
    assert not Answer.objects.filter(question__key="research").exists()


def test_what_was_declined_or_is_in_force_is_not_proposed(superuser_client, draft):
    proposed(draft).decline(by=None)
    proposed(draft, "chair-letter").accept(by=None)
    proposed(draft, "away-count").accept(by=None, at=timezone.now() + timedelta(days=1))
    html = text_of(superuser_client.get(preview_url(draft)))
    assert "Proposed on research." not in html
    assert "Proposed on chair-letter." in html
    assert "Proposed on away-count." in html
    assert html.count('<p class="proposed">') == 1


def test_one_pages_proposals_are_seen_alone(superuser_client, draft):
    page = ImportedPage.objects.create(name="A page", specialty=draft, content=NOTHING)
    proposed(draft)
    proposed(draft, "chair-letter", page=page)
    html = text_of(superuser_client.get(preview_url(draft), {"page": page.pk}))
    assert "Proposed on chair-letter." in html
    assert "Proposed on research." not in html
    assert "Proposed on research." in text_of(superuser_client.get(preview_url(draft), {"page": "x"}))


def test_other_parts_of_an_imported_page_are_in_place(superuser_client, draft):
    there, elsewhere = make_advisor(draft, name="Robin Here"), make_advisor(name="Robin Elsewhere", role="Dean")
    make_resource(draft, url="https://example.org/here")
    advisor = {"credentials": "MD", "role": "", "email": ""}
    parts = {
        "quote": "A quote of the page.",
        "quote_source": "Its source",
        "recommendations": "<p>Do it.</p><script>alert(1)</script>",
        "contact": "Department of the page\n1 Street\n312-555-0100\nurology@example.edu",
        "advisors": [{"name": name} | advisor for name in (there.name, elsewhere.name, "Robin New")],
        "resources": [
            {"label": "New", "url": "https://example.org/new"},
            {"label": "Bad", "url": "javascript:alert(1)"},
        ],
    }
    page = ImportedPage.objects.create(name="A page", specialty=draft, content=NOTHING | parts)
    url = preview_url(draft)
    assert "A quote of the page." not in text_of(superuser_client.get(url))  # nothing of it is proposed any more
    proposed(draft, page=page)

    for html in (text_of(superuser_client.get(url)), text_of(superuser_client.get(url, {"page": page.pk}))):
        shown = ["“A quote of the page.”", "Its source", "<p>Do it.</p>", "Department of the page", "1 Street"]
        shown += ["312-555-0100", "urology@example.edu", "Robin Elsewhere", "Dean", "Robin New, MD", "example.org/new"]
        assert [text for text in shown if text not in html] == []
        assert html.count(">Robin Here<") == 2  # in the side column, and at the end
        assert "alert(1)" not in html
        labels = "quote, source of the quote, overall recommendations, department, address, phone, e-mail, advisors"
        assert f"Taken over from an imported page: {labels}, resources." in html
    draft.refresh_from_db()
    assert (draft.quote, draft.advisors.count(), draft.resources.count()) == ("", 1, 1)


def test_nothing_leads_from_a_preview_to_what_is_not_there_yet(superuser_client, client, draft):
    advisor = make_advisor(draft)
    html = text_of(superuser_client.get(preview_url(draft)))
    away = [
        "/request/",
        "/compare/?s=",
        'id="helpful"',
        "data-copy-link",
        "/questions/away",
        advisor.get_absolute_url(),
    ]
    assert [each for each in away if each in html] == []
    draft.is_published = True
    draft.save()
    html = text_of(client.get(draft.get_absolute_url()))
    assert [each for each in away if each not in html] == []


def test_department_sees_the_draft_by_its_link_for_two_weeks(client, draft, settings):
    proposed(draft)
    path = link_for_department(draft).removeprefix(settings.SITE_URL)
    response = client.get(path)
    html = text_of(response)
    assert "Proposed on research." in html
    assert path not in html  # only staff hand it on
    assert "Was this helpful?" not in html
    assert response["X-Robots-Tag"] == "noindex, nofollow"
    assert "no-store" in response["Cache-Control"]
    assert client.post(path).status_code == 405
    with time_machine.travel(timezone.now() + timedelta(days=15)):
        over = client.get(path)
    assert over.status_code == 404
    assert "This preview is over" in over.content.decode()


@pytest.mark.parametrize(
    "change", [lambda signed: signed[:-1] + "x", lambda signed: "2" + signed[1:], lambda signed: "x"]
)
def test_link_that_was_tampered_with_shows_nothing(client, draft, settings, change):
    signed = link_for_department(draft).split("/")[-2]
    assert client.get(reverse("specialties:preview", args=[change(signed)])).status_code == 404


def test_preview_is_for_staff_who_may_see_guides(client, django_user_model, draft):
    client.force_login(django_user_model.objects.create_user("somebody", is_staff=True))
    assert client.get(preview_url(draft)).status_code == 403
    client.logout()
    assert client.get(preview_url(draft)).status_code == 302
