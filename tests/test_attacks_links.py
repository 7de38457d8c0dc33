"""Links and keys of others: what is somebody else's is not there, by whatever road one asks for it."""

from datetime import timedelta
from itertools import product

import pytest
import time_machine
from django.apps import apps
from django.contrib import admin
from django.core import signing
from django.db.models import ForeignKey, ManyToManyField
from django.urls import reverse
from django.utils import timezone

from requests_app.models import AdvisorRequest
from specialties.feedback import SIGNER
from specialties.models import Answer, Feedback, Question, Resource
from specialties.models.proposals import Source, propose
from specialties.previews import link_for_department
from tests.factories import (
    make_advisor,
    make_answer,
    make_email,
    make_feedback,
    make_question,
    make_request,
    make_resource,
    make_review,
    make_specialty,
)
from tests.test_requests_form import form_data
from tests.test_specialties_admin import change_url, posted
from tests.test_specialties_imported_pages import kept
from tests.test_specialties_roles import member_of

pytestmark = pytest.mark.django_db

NAMES = ["specialties:preview", "specialties:review", "specialties:feedback", "requests:respond", "requests:status"]


class Department:
    """A guide with one of everything that belongs to a department, each with the name of the guide in it."""

    def __init__(self, name, **fields):
        self.specialty = make_specialty(name, **fields)
        self.advisor = make_advisor(self.specialty, name=f"{name} Advisor", email=f"{name.lower()}@example.edu")
        self.question = make_question(specialty=self.specialty, label=f"{name} label", text=f"{name} wording?")
        self.answer = make_answer(self.specialty, self.question, body=f"<p>{name} answer.</p>")
        self.resource = make_resource(self.specialty, label=f"{name} resource")
        self.request = make_request(self.specialty, name=f"{name} Student", message=f"{name} message")
        self.offer = self.request.offers.get()
        self.feedback = make_feedback(self.answer, words=f"{name} words", state=Feedback.State.PASSED_ON)
        self.proposal = propose(self.specialty, self.question, body=f"<p>{name} text.</p>", source=Source.STAFF)
        self.page = kept(specialty=self.specialty)
        self.email = make_email(request=self.request, subject=f"{name} subject")
        self.review = make_review(self.specialty)

    @property
    def links(self):
        """The unguessable part of each link to it, by the name of its page."""
        return {
            "specialties:preview": link_for_department(self.specialty).split("/")[-2],
            "specialties:review": self.review.get_absolute_url().split("/")[-2],
            "specialties:feedback": SIGNER.sign(f"{self.answer.pk}-{self.feedback.pk}"),
            "requests:respond": self.offer.get_absolute_url().split("/")[-2],
            "requests:status": self.request.token,
        }


@pytest.fixture
def own(questions):
    return Department("Urology")


@pytest.fixture
def other(questions):
    """A draft, of which no liaison but its own knows."""
    return Department("Zymology", is_published=False)


@pytest.fixture
def liaison(client, own):
    user = member_of("Liaisons", own.specialty)
    client.force_login(user)
    return user


def test_link_opens_its_own_kind_of_page_alone(client, own):
    opened = {(name, kind) for name, kind in product(NAMES, NAMES) if opens(client, name, own.links[kind])}
    assert opened == {(name, name) for name in NAMES}


def opens(client, name, link):
    return client.get(reverse(name, args=[link])).status_code == 200


@pytest.mark.parametrize("name", NAMES)
def test_link_that_is_not_whole_or_signed_by_somebody_else_opens_nothing(client, own, name):
    link = own.links[name]
    pk = link.partition(":")[0].partition(".")[0] if name != "requests:status" else str(own.request.pk)
    forged = [link[:-1], link[1:], f"{link}=", f"{link}x", f" {link}", f"{link}\0", f"-{link}", f"{link}, {link}"]
    forged += [link.swapcase(), pk, f"{pk}:", f"{pk}.", "None", "0", "%", "9" * 30, signing.dumps(pk)]
    forged += [signing.Signer().sign(pk), signing.Signer(sep=".").sign(pk), signing.TimestampSigner().sign(pk)]
    assert [bad for bad in forged if opens(client, name, bad)] == []
    assert opens(client, name, link)


def test_links_end(client, own):
    addresses = {name: reverse(name, args=[link]) for name, link in own.links.items()}
    with time_machine.travel(timezone.now() + timedelta(days=61)):
        pages = {name: client.get(address) for name, address in addresses.items()}
        vote = client.post(addresses["specialties:feedback"], {"words": "x"})
    assert (pages["specialties:preview"].status_code, pages["specialties:feedback"].status_code) == (404, 404)
    assert vote.status_code == 404
    assert "This link ended" in pages["specialties:review"].content.decode()
    assert "Urology message" not in pages["requests:respond"].content.decode()


def test_answer_to_an_offer_is_taken_for_its_own_request_alone(client, own):
    another = make_request(own.specialty)
    client.post(own.offer.get_absolute_url(), {"action": "accept", "offer": another.offers.get().pk, "pk": another.pk})
    assert {row.pk: row.status for row in AdvisorRequest.objects.all()} == {
        own.request.pk: "accepted",
        another.pk: "offered",
    }


def pages_of_staff(specialty):
    """Yield the addresses of lists, reports and choices that a liaison opens, with what could lead elsewhere."""
    queries = [
        "",
        "?q=zymology",
        "?q=",
        f"?specialty__id__exact={specialty.pk}",
        f"?specialty={specialty.pk}",
        f"?specialties__id__exact={specialty.pk}",
        "?specialty__name__startswith=Z",
        "?request__specialty__name=Zymology",
        "?answer__specialty__name=Zymology",
        "?token__startswith=a",
        "?queue=all&all=",
        "?state__exact=passed_on",
        "?o=1&p=0",
        "?e=1",
    ]
    for model in admin.site._registry:
        for query in queries:
            yield f"{reverse(f'admin:{model._meta.app_label}_{model._meta.model_name}_changelist')}{query}"
    for model in apps.get_models():
        for field in model._meta.get_fields():
            if isinstance(field, ForeignKey | ManyToManyField):
                source = (
                    f"app_label={model._meta.app_label}&model_name={model._meta.model_name}&field_name={field.name}"
                )
                yield from (f"{reverse('admin:autocomplete')}?{source}&term={term}" for term in ("", "zym"))
    for download in ("", "report.csv", "requests.csv"):
        yield f"{reverse('report')}?download={download}"
    yield f"{reverse('report')}?specialty=zymology"
    for kind in ("specialty", "advisor"):
        yield f"{reverse(f'admin:specialties_{kind}_spreadsheet')}?download=csv"
    yield from (reverse("admin:index"), f"{reverse('admin:search')}?s=zymology", f"{reverse('needs_work')}?q=zymology")


def test_liaison_reads_nothing_of_another_department_in_any_list_choice_or_export(client, own, other, liaison):
    said, own_said = {}, ""
    for url in pages_of_staff(other.specialty):
        text = client.get(url, follow=True).content.decode()
        own_said += text
        # what was asked for may be repeated, as in the box of the search
        if "Zymology" in text.replace('value="Zymology"', ""):
            said[url] = text[max(text.find("Zymology") - 80, 0) :][:160]
    assert said == {}
    for words in ("Student", "Advisor", "label", "words"):
        assert f"Urology {words}" in own_said  # so they would have been seen


@pytest.mark.parametrize(
    "model", ["specialty", "advisor", "question", "feedback", "proposal", "importedpage", "advisorrequest"]
)
def test_row_of_another_department_is_not_there_for_a_liaison(client, other, liaison, model):
    row = {"advisorrequest": other.request, "importedpage": other.page}.get(model) or getattr(other, model)
    for page in ("change", "history"):
        response = client.get(reverse(f"admin:{row._meta.app_label}_{model}_{page}", args=[row.pk]), follow=True)
        assert "Zymology" not in response.content.decode()
        assert response.status_code in (200, 403, 404)


def test_liaison_writes_no_row_of_another_department_by_its_key(client, own, other, liaison):
    page = client.get(change_url(own.specialty))
    before = Answer.objects.get(pk=other.answer.pk).body, Resource.objects.get(pk=other.resource.pk).label
    data = posted(page)
    for key in data:
        if key.endswith("-id"):
            prefix = key.removesuffix("-id")
            stolen = other.answer.pk if prefix.startswith("answers") else other.resource.pk
            changes = {key: stolen, f"{prefix}-body": "<p>Mine.</p>", f"{prefix}-label": "Mine"}
            changes |= {f"{prefix}-specialty": other.specialty.pk, f"{prefix}-question": other.question.pk}
            client.post(change_url(own.specialty), data | changes)
    after = Answer.objects.get(pk=other.answer.pk).body, Resource.objects.get(pk=other.resource.pk).label
    assert after == before
    assert Answer.objects.filter(specialty=other.specialty).count() == 1
    assert Resource.objects.filter(specialty=other.specialty).count() == 1


def test_actions_of_a_liaison_leave_rows_of_others_alone(client, own, other, liaison):
    url = reverse("admin:specialties_proposal_changelist")
    for action in ("accept_ticked", "decline_ticked", "delete_selected"):
        data = {"action": action, "_selected_action": [other.proposal.pk], "select_across": "1", "post": "yes"}
        client.post(f"{url}?specialty__id__exact={other.specialty.pk}", data)
        client.post(url, {key: value for key, value in data.items() if key != "select_across"})
    other.proposal.refresh_from_db()
    assert other.proposal.state == "open"


def test_question_of_another_specialty_is_proposed_for_by_nobody(client, own, other, liaison):
    fields = {"specialty": own.specialty.pk, "question": other.question.pk, "short_answer": "Yes", "body": ""}
    assert client.post(reverse("admin:specialties_proposal_add"), fields).status_code == 200
    assert not Question.objects.filter(proposals__short_answer="Yes").exists()


def test_sending_a_submission_again_leads_to_ones_own_request_alone(client, own):
    """Who knows the submission_id of another, and not the address it came from, sends a request of their own."""
    make_advisor(own.specialty)
    data = form_data(advisor="", submission_id=str(own.request.submission_id))
    response = client.post(reverse("requests:create", args=["urology"]), data)
    assert own.request.token not in response["Location"]
