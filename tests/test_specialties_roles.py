"""What coordinators, liaisons and readers see and may do in the admin, by the groups a new portal begins with."""

from itertools import product

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from specialties import filters
from specialties.models import Advisor, ImportedPage, Proposal, Specialty, Stage
from specialties.models.proposals import Source, propose
from tests.factories import (
    make_advisor,
    make_answer,
    make_question,
    make_resource,
    make_specialty,
    make_staff,
    make_stage,
    make_synonym,
)
from tests.test_specialties_admin import posted
from tests.test_specialties_imported_pages import PAGE

pytestmark = pytest.mark.django_db

MODELS = ["specialty", "proposal", "importedpage"]
NOTHING = dict.fromkeys(["specialty", "quote", "quote_source", "recommendations", "contact"], "")
NOTHING |= {name: [] for name in ("entries", "advisors", "resources", "warnings")}


class World:
    """Two guides, with a proposal and an imported page each; the liaison's is Urology."""

    def __init__(self):
        self.own, self.other = make_specialty("Urology"), make_specialty("Surgery")
        self.rows = {}
        for specialty in (self.own, self.other):
            make_answer(specialty), make_resource(specialty), make_advisor(specialty)
            page = ImportedPage.objects.create(name="A page", specialty=specialty, content=NOTHING, fingerprint="x")
            proposal = propose(specialty, make_question(), body="<p>New.</p>", source=Source.STAFF)
            self.rows[specialty] = {"specialty": specialty, "proposal": proposal, "importedpage": page}


@pytest.fixture
def world(questions):
    return World()


def member_of(name, *specialties):
    user = make_staff()
    user.groups.add(Group.objects.get(name=name))
    for specialty in specialties:
        user.liaison_for.create(specialty=specialty)
    return user


@pytest.fixture
def liaison(client, world):
    user = member_of("Liaisons", world.own)
    client.force_login(user)
    return user


def url(name, *args):
    return reverse(f"admin:specialties_{name}", args=args)


def listed(client, model):
    return [*client.get(url(f"{model}_changelist")).context["cl"].queryset]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(("group", "sees_all"), [("Coordinators", True), ("Readers", True), ("Liaisons", False)])
def test_lists_hold_the_guides_that_are_ones_own(client, world, model, group, sees_all):
    client.force_login(member_of(group, *([] if sees_all else [world.own])))
    own, other = world.rows[world.own][model], world.rows[world.other][model]
    assert set(listed(client, model)) == ({own, other} if sees_all else {own})


def test_liaison_without_a_specialty_sees_none(client, world):
    client.force_login(member_of("Liaisons"))
    assert [listed(client, model) for model in MODELS] == [[], [], []]


@pytest.mark.parametrize("page", ["change", "history", "preview"])
def test_guide_of_another_department_is_not_there_for_a_liaison(client, world, liaison, page):
    assert client.get(url(f"specialty_{page}", world.own.pk)).status_code == 200
    assert client.get(url(f"specialty_{page}", world.other.pk)).status_code in (302, 404)


@pytest.mark.parametrize("model", ["proposal", "importedpage"])
def test_nothing_of_another_departments_is_decided_by_a_liaison(client, world, liaison, model):
    row = world.rows[world.other][model]
    data = {"decision": "accept", "proposal": [row.pk], "body": "<p>x</p>", "specialties_proposal_accept": "1"}
    assert client.post(url(f"{model}_change", row.pk), data).status_code in (302, 404)
    action = {"action": "accept_ticked", "_selected_action": [row.pk]}
    client.post(url("proposal_changelist"), action)
    assert not world.other.answers.filter(body="<p>New.</p>").exists()
    assert Proposal.objects.open().count() == 2


def test_autocompletes_offer_a_liaison_their_own_guides(client, world, liaison):
    query = {"app_label": "specialties", "model_name": "proposal", "field_name": "specialty"}
    found = client.get(reverse("admin:autocomplete"), query).json()["results"]
    assert [row["text"] for row in found] == ["Urology"]


@pytest.mark.parametrize(
    ("model", "field"), [("proposal", "specialty"), ("importedpage", "specialty"), ("advisor", "specialties")]
)
@pytest.mark.parametrize(
    ("group", "named"), [("Coordinators", ["Andrology", "Surgery", "Urology"]), ("Liaisons", ["Andrology", "Urology"])]
)
def test_filters_of_lists_name_no_guide_of_another_department(client, world, model, field, group, named):
    own = make_specialty("Andrology", is_published=False)
    Specialty.objects.filter(pk=world.other.pk).update(is_published=False)
    client.force_login(member_of(group, *([own, world.own] if group == "Liaisons" else [])))
    make_advisor(world.own, world.other)
    filters = client.get(url(f"{model}_changelist")).context["cl"].filter_specs
    [choices] = [each.lookup_choices for each in filters if getattr(each, "field_path", "") == field]
    assert [name for _, name in choices] == named


def test_filter_of_more_names_than_a_page_has_room_for_names_the_chosen_one(client, world, monkeypatch):
    monkeypatch.setattr(filters, "MOST_NAMES", 1)
    client.force_login(member_of("Coordinators"))
    changelist = client.get(url("importedpage_changelist"), {"specialty__id__exact": world.own.pk}).context["cl"]
    [by_specialty] = changelist.filter_specs
    assert [name for _, name in by_specialty.lookup_choices] == ["Urology"]
    assert [page.specialty for page in changelist.result_list] == [world.own]


@pytest.mark.parametrize("group", ["Coordinators", "Liaisons"])
def test_questions_of_another_department_are_not_told(client, world, group):
    is_liaison = group == "Liaisons"
    client.force_login(member_of(group, *([world.own] if is_liaison else [])))
    every, own, other = (
        make_question(f"q-{n}", text="Asked?", specialty=each) for n, each in enumerate([None, world.own, world.other])
    )
    seen = {every, own} if is_liaison else {every, own, other}
    assert {*listed(client, "question")} & {every, own, other} == seen
    query = {"app_label": "specialties", "model_name": "proposal", "field_name": "question", "term": "Asked?"}
    found = client.get(reverse("admin:autocomplete"), query).json()["results"]
    assert {int(row["id"]) for row in found} == {question.pk for question in seen}
    page = client.get(url("question_change", other.pk))
    assert page.status_code == (302 if is_liaison else 200)


def test_liaison_proposes_for_their_own_guide_only(client, world, liaison):
    data = {"question": make_question().pk, "short_answer": "Yes", "body": ""}
    assert client.post(url("proposal_add"), data | {"specialty": world.other.pk}).status_code == 200
    assert client.post(url("proposal_add"), data | {"specialty": world.own.pk}).status_code == 302
    assert Proposal.objects.filter(author=liaison).get().specialty == world.own


def test_liaison_imports_pages_of_their_own_guide_only(client, world, liaison):
    def refusal(text, **data):
        response = client.post(url("importedpage_add"), {"text": text} | data)
        return [*response.context["form"].non_field_errors()] if response.status_code == 422 else []

    assert refusal(PAGE) == []
    assert refusal(PAGE.replace("Urology", "Surgery")) == [
        "This is a page of Surgery, whose guide is not yours to edit."
    ]
    assert refusal(PAGE.replace("Urology", "Dermatology")) == [
        "There is no guide of Dermatology yet. The office can begin one."
    ]
    assert client.post(url("importedpage_add"), {"text": PAGE, "specialty": world.other.pk}).status_code == 422


def test_liaison_edits_the_guide_and_does_not_publish_it(client, world, liaison):
    Specialty.objects.filter(pk=world.own.pk).update(is_published=False)
    page = client.get(url("specialty_change", world.own.pk))
    data = posted(page, quote="A new quote.", is_published="on")
    assert client.post(url("specialty_change", world.own.pk), data).status_code == 302
    world.own.refresh_from_db()
    assert (world.own.quote, world.own.is_published) == ("A new quote.", False)


@pytest.mark.parametrize("model", ["question", "stage", "synonym", "specialty", "advisor"])
def test_liaison_adds_no_questions_and_no_guides(client, world, liaison, model):
    assert client.get(url(f"{model}_add")).status_code == 403
    assert client.get(url("question_change", make_question().pk)).context["has_change_permission"] is False


def test_reader_sees_everything_and_changes_nothing(client, world):
    client.force_login(member_of("Readers"))
    for model, row in world.rows[world.own].items():
        assert client.get(url(f"{model}_change", row.pk)).status_code == 200
        assert client.post(url(f"{model}_change", row.pk), {"decision": "accept"}).status_code == 403
    assert client.get(url("importedpage_add")).status_code == 403
    assert client.get(url("proposal_add")).status_code == 403


@pytest.mark.parametrize("page", ["changelist", "change"])
@pytest.mark.parametrize(
    ("model", "group"),
    [
        *product([*MODELS, "advisor", "question"], ["Coordinators", "Liaisons"]),
        *product(["stage", "synonym"], ["Coordinators"]),
    ],
)
def test_pages_are_flat(client, world, model, page, group):
    user = member_of(group, *([world.own] if group == "Liaisons" else []))
    client.force_login(user)
    row = {
        **world.rows[world.own],
        "advisor": make_advisor(world.own, name="A", stand_in=make_advisor(world.own, name="B")),
        "question": make_question(specialty=world.own),
        "stage": Stage.objects.first(),
        "synonym": make_synonym(),
    }[model]
    address = url(f"{model}_changelist") if page == "changelist" else url(f"{model}_change", row.pk)
    assert client.get(address).status_code == 200
    before = queries_of(client, address)
    for _ in range(2):
        more(world, row, user if group == "Liaisons" else None)
    assert queries_of(client, address) == before


def queries_of(client, address):
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


def more(world, row, liaison):
    """A further row of every kind, in the guide that is there and in a new one of the same staff's."""
    new = make_specialty()
    if liaison:
        liaison.liaison_for.create(specialty=new)
    make_stage(), make_synonym(), make_question(specialty=new)
    for specialty in (world.own, new):
        make_answer(specialty), make_resource(specialty)
        make_advisor(specialty, stand_in=make_advisor(specialty))
        page = ImportedPage.objects.create(name="A page", specialty=specialty, content=NOTHING, fingerprint=new.slug)
        propose(specialty, make_question(), body="<p>New.</p>", source=Source.IMPORT, author=liaison, page=page)
    if isinstance(row, Advisor):
        row.specialties.add(new)


def test_list_of_advisors_names_no_draft_of_elsewhere(liaison, client, world):
    advisor = make_advisor(world.own)
    published, draft = make_specialty("Pathology"), make_specialty("Secret draft", is_published=False)
    advisor.specialties.add(published, draft)
    html = client.get(reverse("admin:specialties_advisor_changelist")).content.decode()
    assert ("Pathology" in html, "Secret draft" in html) == (True, False)
