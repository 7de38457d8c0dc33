"""Two who save the same thing in the admin: the second sees what the first wrote, and decides."""

import re
from datetime import UTC, datetime
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models.signals import pre_save
from PIL import Image

from specialties.models import Advisor, Answer, Proposal, Resource
from specialties.models.proposals import Source, State, propose
from tests.factories import (
    make_advisor,
    make_answer,
    make_question,
    make_resource,
    make_specialty,
    make_stage,
    make_superuser,
    make_synonym,
)
from tests.test_specialties_admin import CHANGED, STORED, change_url, posted

pytestmark = pytest.mark.django_db

ACCEPT, DECLINE = "specialties_proposal_accept", "specialties_proposal_decline"


def make_proposal(**fields):
    answer = make_answer(make_specialty("Urology"), short_answer="Yes")
    return propose(answer.specialty, answer.question, **{"body": "<p>New.</p>", "source": Source.REVIEW} | fields)


@pytest.mark.parametrize(
    ("make", "name", "theirs", "also"),
    [
        (make_advisor, "bio", "Theirs", {"role": "Another role"}),
        (make_question, "text", "Theirs", {"other_wordings": "Another\nwording"}),
        (make_stage, "name", "Theirs", {"slug": "theirs"}),
        (make_synonym, "words", "theirs, zebra", {}),
        (make_proposal, "body", "<p>Theirs</p>", {"short_answer": "Theirs, too"}),
    ],
)
def test_what_two_changed_is_shown_to_the_second(superuser_client, make, name, theirs, also):
    row = make()
    mine = theirs.replace("heirs", "ine").replace("their", "our")
    page = superuser_client.get(change_url(row))
    type(row).objects.filter(pk=row.pk).update(**{name: theirs}, **also)

    response = superuser_client.post(change_url(row), posted(page, **{name: mine}))

    words = theirs.removeprefix("<p>").removesuffix("</p>")
    errors = dict(response.context["adminform"].form.errors)
    assert "Nothing of yours is stored yet." in errors.pop("__all__")[0]
    assert errors == {name: [STORED.format(words)]} | {other: [CHANGED] for other in also}
    row.refresh_from_db()
    assert getattr(row, name) == theirs
    assert superuser_client.post(change_url(row), posted(response)).status_code == 302
    row.refresh_from_db()
    assert {key: getattr(row, key) for key in [name, *also]} == {name: mine, **also}


def test_resource_two_changed_is_shown_to_the_second(superuser_client):
    specialty = make_specialty()
    changed, other = make_resource(specialty), make_resource(specialty)
    page = superuser_client.get(change_url(specialty))
    Resource.objects.filter(pk=changed.pk).update(label="Theirs")
    Resource.objects.filter(pk=other.pk).update(label="Theirs, too")
    response = superuser_client.post(change_url(specialty), posted(page, **{"resources-0-note": "Mine"}))
    [resources] = [each.formset for each in response.context["inline_admin_formsets"] if each.opts.model is Resource]
    assert [list(errors) for errors in resources.errors] == [["__all__", "label"], []]
    assert superuser_client.post(change_url(specialty), posted(response)).status_code == 302
    assert [*specialty.resources.values_list("label", "note")] == [("Theirs", "Mine"), ("Theirs, too", "")]


class TestTickToDelete:
    def deleted(self, client, specialty, data):
        """Save with the tick at the first resource; return the errors of its row, None where it was taken."""
        response = client.post(change_url(specialty), data)
        if response.status_code == 302:
            return None, response
        inlines = response.context["inline_admin_formsets"]
        [resources] = [each.formset for each in inlines if each.opts.model is Resource]
        return dict(resources.errors[0]), response

    def test_at_what_somebody_else_changed_shows_it_first(self, superuser_client):
        specialty = make_specialty()
        changed, other = make_resource(specialty), make_resource(specialty)
        page = superuser_client.get(change_url(specialty))
        Resource.objects.filter(pk=changed.pk).update(label="Theirs")
        data = posted(page, **{"resources-0-DELETE": "on", "resources-1-label": "Mine"})
        errors, response = self.deleted(superuser_client, specialty, data)
        assert "It is not deleted. Look through it, and tick it again to delete it." in errors.pop("__all__")[0]
        assert errors == {"label": [CHANGED]}
        assert set(specialty.resources.values_list("label", flat=True)) == {"Theirs", other.label}
        html = response.content.decode()
        assert "It is not deleted." in html
        assert not re.search(r'<input[^>]*name="resources-0-DELETE"[^>]*checked', html)
        assert 'value="Theirs"' in html
        again = posted(response, **{"resources-0-DELETE": "on"})
        assert self.deleted(superuser_client, specialty, again)[0] is None
        assert list(specialty.resources.values_list("label", flat=True)) == ["Mine"]

    def test_at_what_nobody_changed_deletes_at_once(self, superuser_client):
        specialty = make_specialty()
        make_resource(specialty)
        page = superuser_client.get(change_url(specialty))
        data = posted(page, **{"resources-0-DELETE": "on"})
        assert self.deleted(superuser_client, specialty, data)[0] is None
        assert not specialty.resources.exists()


def test_says_who_saved_meanwhile(superuser_client, django_user_model):
    stage, user = make_stage(), make_superuser()
    page = superuser_client.get(change_url(stage))
    stage.name, stage._history_user = "Theirs", user
    stage.save()
    response = superuser_client.post(change_url(stage), posted(page, name="Mine"))
    assert (
        response.context["adminform"]
        .form.non_field_errors()[0]
        .startswith(f"{user.username.capitalize()} saved this meanwhile, on ")
    )


class TestAdvisor:
    def test_specialties_that_somebody_else_added_stay(self, superuser_client):
        advisor, specialty = make_advisor(make_specialty()), make_specialty("Urology")
        page = superuser_client.get(change_url(advisor))
        advisor.specialties.add(specialty)
        assert superuser_client.post(change_url(advisor), posted(page)).status_code == 302
        assert advisor.specialties.count() == 2
        response = superuser_client.post(change_url(advisor), posted(page, bio="Mine"))
        assert response.context["adminform"].form.errors["specialties"] == [CHANGED]
        assert superuser_client.post(change_url(advisor), posted(response)).status_code == 302
        assert (Advisor.objects.get().bio, advisor.specialties.count()) == ("Mine", 2)

    def test_every_kind_of_field_is_shown_as_words(self, superuser_client):
        surgery, urology, deputy = make_specialty("Surgery"), make_specialty("Urology"), make_advisor()
        advisor = make_advisor(surgery)
        page = superuser_client.get(change_url(advisor))
        advisor.specialties.set([surgery, urology])
        advisor.accepts_requests, advisor.stand_in, advisor.away_from = False, deputy, "2026-03-02"
        advisor.save()
        mine = {"specialties": [urology.pk], "request_limit": 2, "stand_in": "", "away_from": "2026-03-03"}
        response = superuser_client.post(change_url(advisor), posted(page, **mine))
        assert dict(response.context["adminform"].form.errors, __all__=0) == {
            "specialties": [STORED.format("Surgery, Urology")],
            "accepts_requests": [CHANGED],
            "stand_in": [CHANGED],
            "away_from": [STORED.format("March 2, 2026")],
            "__all__": 0,
        }
        assert superuser_client.post(change_url(advisor), posted(response)).status_code == 302
        advisor.refresh_from_db()
        assert [*advisor.specialties.all()] == [urology]
        assert (advisor.accepts_requests, advisor.stand_in, advisor.request_limit) == (False, deputy, 2)

    def test_photo_that_somebody_else_changed_is_not_replaced(self, superuser_client, settings, tmp_path):
        settings.MEDIA_ROOT = tmp_path
        advisor, picture = make_advisor(), BytesIO()
        Image.new("RGB", (9, 9)).save(picture, "JPEG")
        mine = SimpleUploadedFile("mine.jpg", picture.getvalue())
        page = superuser_client.get(change_url(advisor))
        Advisor.objects.update(photo="advisors/theirs.jpg")
        data = posted(page, photo=mine) | {"initial-photo": ""}
        response = superuser_client.post(change_url(advisor), data)
        assert response.context["adminform"].form.errors["photo"] == [
            "Stored now: “advisors/theirs.jpg”. Choose yours again, and it takes its place."
        ]
        mine.seek(0)
        data = posted(response, photo=mine) | {"initial-photo": "advisors/theirs.jpg"}
        assert superuser_client.post(change_url(advisor), data).status_code == 302
        assert Advisor.objects.get().photo.name == "advisors/mine.jpg"


class TestProposal:
    def test_is_written_only_where_the_form_changed_it(self, superuser_client, superuser):
        proposal = make_proposal()
        page = superuser_client.get(change_url(proposal))
        written = []

        def note(update_fields, **kwargs):
            written.append(update_fields)

        pre_save.connect(note, sender=Proposal)
        superuser_client.post(change_url(proposal), posted(page, short_answer="Mine"))
        pre_save.disconnect(note, sender=Proposal)
        assert written == [{"short_answer", "source", "author", "author_name"}]
        proposal.refresh_from_db()
        assert (proposal.short_answer, proposal.source, proposal.author) == ("Mine", Source.STAFF, superuser)

    @pytest.mark.parametrize("button", ["_save", ACCEPT, DECLINE])
    def test_that_was_decided_meanwhile_is_not_written(self, superuser_client, button):
        proposal = make_proposal()
        page = superuser_client.get(change_url(proposal))
        proposal.accept(by=None, at=datetime(2099, 1, 2, tzinfo=UTC))
        response = superuser_client.post(change_url(proposal), posted(page, body="<p>Mine.</p>", **{button: "1"}))
        assert response.context["adminform"].form.non_field_errors() == [
            "Somebody accepted this meanwhile. Yours is not stored: “Mine.”."
        ]
        assert Answer.objects.get().short_answer == "Yes"
        stored = Proposal.objects.get()
        assert (stored.body, stored.state, stored.source) == ("<p>New.</p>", State.ACCEPTED, Source.REVIEW)

    def test_whose_time_somebody_else_set_says_when(self, superuser_client):
        proposal = make_proposal()
        page = superuser_client.get(change_url(proposal))
        Proposal.objects.update(takes_effect_at=datetime(2099, 1, 2, 14, tzinfo=UTC))
        mine = {"takes_effect_at_0": "2099-01-03", "takes_effect_at_1": "08:00:00"}
        response = superuser_client.post(change_url(proposal), posted(page, **mine))
        assert response.context["adminform"].form.errors["takes_effect_at"] == [STORED.format("Jan. 2, 2099, 8 a.m.")]
        again = mine | {"initial-takes_effect_at_0": "2099-01-02", "initial-takes_effect_at_1": "08:00:00"}
        html = response.content.decode()
        assert all(f'value="{value}"' in html for value in again.values())
        assert superuser_client.post(change_url(proposal), posted(response) | again).status_code == 302
        assert Proposal.objects.get().takes_effect_at == datetime(2099, 1, 3, 14, tzinfo=UTC)
