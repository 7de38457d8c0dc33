from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from specialties.models import Answer, ImportedPage, Question
from specialties.models.proposals import Source, propose
from specialties.previews import link_for_department
from tests.factories import make_answer, make_specialty

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
    page = ImportedPage.objects.create(name="A page", specialty=draft, content={})
    proposed(draft)
    proposed(draft, "chair-letter", page=page)
    html = text_of(superuser_client.get(preview_url(draft), {"page": page.pk}))
    assert "Proposed on chair-letter." in html
    assert "Proposed on research." not in html
    assert "Proposed on research." in text_of(superuser_client.get(preview_url(draft), {"page": "x"}))


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
