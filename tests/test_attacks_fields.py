"""Mass assignment: whatever else is sent with a form, nothing but the form's own fields changes."""

import pytest
from django.urls import reverse

from requests_app.models import AdvisorRequest, Offer
from specialties.feedback import SIGNER
from specialties.models import Advisor, Answer, Feedback, Proposal, Resource, Review, Specialty
from specialties.models.reviews import shown_as
from tests.factories import (
    make_advisor,
    make_answer,
    make_feedback,
    make_request,
    make_resource,
    make_review,
    make_specialty,
)
from tests.forms_of import Controls
from tests.test_attacks_rights import ORIGIN
from tests.test_requests_form import form_data
from tests.test_specialties_admin import change_url
from tests.test_specialties_roles import member_of

pytestmark = pytest.mark.django_db

MODELS = [AdvisorRequest, Offer, Feedback, Review, Proposal, Specialty, Answer, Advisor]
OFTEN_READ = {"is_staff": "on", "is_superuser": "on", "user": "1", "by": "1", "pk": "1", "_state": "x", "agreed": "1"}


@pytest.fixture
def specialty(db):
    specialty = make_specialty("Urology")
    make_advisor(specialty), make_answer(specialty), make_resource(specialty)
    return specialty


@pytest.fixture
def other(db):
    return make_specialty("Surgery")


def everything_else(other, **own):
    """Return a value for every field of every model, none of them what a row has, and over them what a form asks."""
    values = {
        "BooleanField": "on",
        "DateField": "2031-01-01",
        "DateTimeField": "2031-01-01T00:00",
        "ForeignKey": str(other.pk),
        "ManyToManyField": [str(other.pk)],
        "UUIDField": "11111111-1111-4111-8111-111111111111",
        "JSONField": '["taken"]',
        "EmailField": "taken@example.org",
    }
    sent = {}
    for field in (field for model in MODELS for field in model._meta.get_fields() if not field.auto_created):
        kind, choices = field.get_internal_type(), getattr(field, "choices", None)
        value = values.get(kind) or (choices[-1][0] if choices else "9" if "Integer" in kind else "taken")
        sent |= {field.name: value, getattr(field, "attname", field.name): value}
    return OFTEN_READ | sent | own


def changes(before, after):
    return {name for name in before if before[name] != after[name]}


def row(queryset):
    return queryset.values().get()


def test_request_has_what_the_form_asks_and_the_portal_decides(client, specialty, other):
    data = form_data(advisor="")
    sent = everything_else(other, **data)
    assert client.post(reverse("requests:create", args=["urology"]), sent).status_code == 302
    stored = row(AdvisorRequest.objects)
    make_request(specialty)
    different = changes(stored, row(AdvisorRequest.objects.filter(email__startswith="student-")))
    of_the_form = {"name", "email", "topics", "message", "availability", "submission_id", "avoid_selection_committee"}
    assert different == of_the_form | {"id", "reference", "token", "created_at", "updated_at"}
    assert (stored["name"], stored["email"], stored["message"]) == (data["name"], data["email"], data["message"])
    assert "taken" not in (stored["token"], stored["reference"])
    assert Offer.objects.get(request=stored["id"]).advisor == specialty.advisors.get()


def test_withdrawing_changes_nothing_but_where_it_stands(client, specialty, other):
    request = make_request(specialty)
    before = row(AdvisorRequest.objects)
    client.post(reverse("requests:withdraw", args=[request.token]), everything_else(other))
    after = row(AdvisorRequest.objects)
    assert changes(before, after) == {"status", "respond_by", "days_unanswered", "updated_at"}
    assert after["status"] == "withdrawn"


def test_survey_stores_its_two_answers(client, specialty, other):
    request = make_request(specialty)
    request.accept(by=request.advisor)
    request.meet(by=request.advisor)
    before = row(AdvisorRequest.objects)
    sent = everything_else(other, satisfaction="4", comment="It helped.")
    client.post(reverse("requests:status", args=[request.token]), sent)
    after = row(AdvisorRequest.objects)
    assert changes(before, after) == {"satisfaction", "survey_comment", "updated_at"}
    assert (after["satisfaction"], after["survey_comment"]) == (4, "It helped.")


def test_response_is_an_answer_and_a_word(client, specialty, other):
    request = make_request(specialty)
    offer, before = request.offers.get(), row(AdvisorRequest.objects)
    client.post(offer.get_absolute_url(), everything_else(other, action="accept", note="Gladly."))
    after = row(AdvisorRequest.objects)
    assert changes(before, after) == {"status", "respond_by", "days_to_answer", "updated_at"}
    assert (after["status"], after["advisor_id"]) == ("accepted", offer.advisor_id)
    assert Offer.objects.values_list("state", "advisor_id").get() == ("accepted", offer.advisor_id)


def test_vote_and_words_store_nothing_else(client, specialty, other):
    answer, another = specialty.answers.get(), make_answer(other)
    key = answer.question.key
    url = reverse("specialties:vote", args=["urology"])
    # as from nobody who fills what people do not see
    client.post(url, everything_else(other, answer=another.pk, yes=key, subject=""), headers=ORIGIN)
    before = row(Feedback.objects)
    assert (before["answer_id"], before["is_helpful"], before["words"]) == (answer.pk, True, "")
    assert (before["state"], before["moderated_by_id"]) == ("new", None)
    words = everything_else(other, words="Which months?", subject="")
    client.post(reverse("specialties:feedback", args=[SIGNER.sign(f"{answer.pk}-{before['id']}")]), words)
    assert changes(before, row(Feedback.objects)) == {"words"}


def test_review_confirms_and_proposes_for_its_own_guide(client, specialty, other):
    review, answer = make_review(specialty), specialty.answers.get()
    make_feedback(answer)
    before, guide = row(Review.objects), row(Specialty.objects.filter(pk=specialty.pk))
    [entry] = [entry for entry in review.entries() if entry.question == answer.question]
    about = {"key": answer.question.key, "shown": shown_as(entry), "name": "Dr. B"}
    texts = {"short_answer": "New", "body": "New text."}
    client.post(review.get_absolute_url(), everything_else(other, action="propose", **about, **texts))
    assert changes(before, row(Review.objects)) == {"name", "worked_on_at"}
    assert row(Specialty.objects.filter(pk=specialty.pk)) == guide
    proposal = row(Proposal.objects)
    assert (proposal["specialty_id"], proposal["question_id"]) == (specialty.pk, answer.question_id)
    assert (proposal["state"], proposal["source"], proposal["author_id"]) == ("open", "review", None)
    assert (proposal["takes_effect_at"], proposal["in_force_at"], proposal["decided_by_id"]) == (None, None, None)


class TestLiaison:
    @pytest.fixture(autouse=True)
    def liaison(self, client, specialty):
        user = member_of("Liaisons", specialty)
        client.force_login(user)
        return user

    def test_guide_stays_where_and_what_it_is(self, client, specialty, other):
        page = client.get(change_url(specialty))
        before, answer = row(Specialty.objects.filter(pk=specialty.pk)), row(Answer.objects)
        form = Controls(page.content).values
        sent = {name: value for name, value in everything_else(other).items() if name not in form}
        for key in [name for name in form if name.endswith("-0-id")]:
            sent |= {key.replace("-id", f"-{name}"): value for name, value in sent.items()}
        sent = {name: value for name, value in sent.items() if name not in form} | {"answers-0-edited_at": "2031-01-01"}
        assert client.post(change_url(specialty), form | sent | {"quote": "New."}).status_code == 302
        assert changes(before, row(Specialty.objects.filter(pk=specialty.pk))) == {"quote", "updated_at"}
        assert row(Answer.objects) == answer
        assert Resource.objects.get().specialty == specialty
        assert [*specialty.advisors.all()] == [Advisor.objects.get()]

    def test_proposal_is_signed_by_its_author_and_waits(self, client, specialty, other, liaison):
        question = specialty.answers.get().question
        sent = everything_else(other, specialty=specialty.pk, question=question.pk, short_answer="Yes", body="")
        sent |= {"takes_effect_at_0": "", "takes_effect_at_1": ""}
        assert client.post(reverse("admin:specialties_proposal_add"), sent).status_code == 302
        stored = Proposal.objects.get()
        assert (stored.author, stored.author_name, stored.source, stored.state) == (liaison, "", "staff", "open")
        assert (stored.specialty, stored.page, stored.review) == (specialty, None, None)
        assert (stored.decided_by, stored.decided_at, stored.in_force_at) == (None, None, None)

    def test_own_account_is_not_theirs_to_edit(self, client, liaison, other):
        before = type(liaison).objects.values().get(pk=liaison.pk)
        sent = everything_else(other, first_name="Robin", groups=["1", "2", "3"])
        assert client.post(reverse("admin:auth_user_change", args=[liaison.pk]), sent).status_code == 403
        assert type(liaison).objects.values().get(pk=liaison.pk) == before
        assert [*liaison.liaison_for.values_list("specialty__name", flat=True)] == ["Urology"]
