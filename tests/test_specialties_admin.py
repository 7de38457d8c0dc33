import re
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.db.models.fields.files import FieldFile
from django.db.models.signals import post_save, pre_save
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import strip_tags
from PIL import Image

from advising.middleware import PUBLIC_BODY_LIMIT
from specialties.models import Advisor, Answer, Question, Resource, SearchEntry, Specialty, Stage
from tests.factories import (
    make_advisor,
    make_answer,
    make_full_specialty,
    make_question,
    make_resource,
    make_specialty,
    make_staff,
    make_stage,
    make_superuser,
    make_synonym,
)

pytestmark = pytest.mark.django_db

STORED = "Stored now: “{}”. Saved again, yours takes its place."
CHANGED = "Changed meanwhile. This is what is stored now."
CHANGELISTS = ["specialty", "advisor", "question", "stage", "synonym"]


def change_url(obj):
    return reverse(f"admin:specialties_{obj._meta.model_name}_change", args=[obj.pk])


def posted(response, **changes):
    """What a browser sends back from the change page `response`, with the fields in `changes` filled in anew."""
    admin_form = response.context["adminform"].form
    forms = [admin_form]
    data = {}
    for inline in response.context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    for form in forms:
        for name, field in form.fields.items():
            value = form[name].value()
            sent = {form.add_prefix(name): value}
            if field.show_hidden_initial:
                initial = form.add_initial_prefix(name)
                sent[initial] = form._widget_data_value(field.hidden_widget(), initial) if form.is_bound else value
            for key, value in sent.items():
                if not (value is None or value is False or isinstance(value, FieldFile)):
                    data[key] = value if isinstance(value, list) else getattr(value, "pk", value)
    return data | changes


def prefix_of(response, question):
    [prefix] = [
        form.prefix
        for inline in response.context["inline_admin_formsets"]
        for form in inline.formset.forms
        if getattr(form, "asked_question", None) == question
    ]
    return prefix


def errors_of(response, question):
    [answers] = [
        inline.formset for inline in response.context["inline_admin_formsets"] if inline.formset.model is Answer
    ]
    [form] = [form for form in answers.forms if form.asked_question == question]
    return dict(form.errors)


def test_every_question_is_on_the_page_in_order_answered_or_not(superuser_client, guide):
    Answer.objects.filter(question__key="research").delete()
    html = superuser_client.get(change_url(guide)).content.decode()
    places = [html.index(f">{question.text}<") for question in Question.objects.all()]
    assert len(places) == 11
    assert places == sorted(places)


def test_answer_is_written_changed_and_emptied_on_the_specialtys_page(superuser_client, guide):
    blank, written, emptied = (
        Question.objects.get(key=key) for key in ("chair-letter", "away-count", "interview-month")
    )
    page = superuser_client.get(change_url(guide))
    response = superuser_client.post(
        change_url(guide),
        posted(
            page,
            **{
                f"{prefix_of(page, blank)}-body": "<p>Not required.</p>",
                f"{prefix_of(page, written)}-short_answer": "Two",
                f"{prefix_of(page, emptied)}-body": "",
                f"{prefix_of(page, emptied)}-short_answer": "",
            },
        ),
    )
    assert response.status_code == 302
    answers = {answer.question.key: answer for answer in guide.answers.select_related("question")}
    assert answers["chair-letter"].body == "<p>Not required.</p>"
    assert answers["away-count"].short_answer == "Two"
    assert answers["away-count"].body == "<p>One to two away rotations should be sufficient.</p>"
    assert answers["interview-month"].is_blank


def test_editor_is_told_which_confirmations_a_new_text_took_back(superuser_client, guide):
    guide.answers.filter(question__key__in=["away-count", "research"]).update(confirmed_on="2026-03-02")
    page = superuser_client.get(change_url(guide))
    changed, confirmed_anew, never_confirmed = (
        prefix_of(page, Question.objects.get(key=key)) for key in ("away-count", "research", "electives")
    )
    data = posted(
        page,
        **{
            f"{changed}-short_answer": "Two",
            f"{confirmed_anew}-short_answer": "Yes, new",
            f"{confirmed_anew}-confirmed_on": "2026-11-02",
            f"{never_confirmed}-short_answer": "New",
        },
    )
    response = superuser_client.post(change_url(guide), data, follow=True)
    warnings = [str(message) for message in response.context["messages"] if message.level_tag == "warning"]
    assert warnings == ["A new text took the confirmation back: How many aways. Ask the department whether it holds."]


def test_saving_without_a_change_changes_no_answer(superuser_client, guide):
    before = list(guide.answers.order_by("pk").values())
    page = superuser_client.get(change_url(guide))
    assert superuser_client.post(change_url(guide), posted(page)).status_code == 302
    assert list(guide.answers.order_by("pk").values()) == before
    guide.refresh_from_db()
    assert guide.is_published


def test_guide_is_saved_though_a_question_it_answers_is_not_asked_any_more(superuser_client, guide):
    Question.objects.filter(key="away-count").update(is_active=False)
    page = superuser_client.get(change_url(guide))
    assert superuser_client.post(change_url(guide), posted(page, summary="New")).status_code == 302
    guide.refresh_from_db()
    assert guide.summary == "New"
    assert guide.answers.get(question__key="away-count").short_answer == "1–2"


def test_answer_another_editor_wrote_meanwhile_is_not_overwritten(superuser_client, guide):
    question = Question.objects.get(key="chair-letter")
    page = superuser_client.get(change_url(guide))
    data = posted(page, **{f"{prefix_of(page, question)}-body": "<p>Mine.</p>"})
    make_answer(guide, question, body="<p>Theirs.</p>")
    response = superuser_client.post(change_url(guide), data)
    assert response.status_code == 200
    assert errors_of(response, question)["body"] == [STORED.format("Theirs.")]
    assert guide.answers.get(question=question).body == "<p>Theirs.</p>"
    assert superuser_client.post(change_url(guide), posted(response)).status_code == 302
    assert guide.answers.get(question=question).body == "<p>Mine.</p>"


def test_answer_two_changed_is_stored_when_the_second_has_seen_both(superuser_client, guide):
    question = Question.objects.get(key="away-count")
    answer = guide.answers.get(question=question)
    page = superuser_client.get(change_url(guide))
    mine = prefix_of(page, question)
    with time_machine.travel("2026-11-20T10:00-06:00"):
        answer.short_answer, answer.body = "Theirs", "<p>Theirs, too.</p>"
        answer.save()

    response = superuser_client.post(change_url(guide), posted(page, **{f"{mine}-short_answer": "Mine"}))
    assert response.status_code == 200
    errors = errors_of(response, question)
    assert errors.pop("__all__")[0].startswith("The portal saved this meanwhile, on 20 November 2026, 10:00.")
    assert errors == {"short_answer": [STORED.format("Theirs")], "body": [CHANGED]}
    assert guide.answers.get(question=question).short_answer == "Theirs"

    again = posted(response)
    assert (again[f"{mine}-short_answer"], again[f"{mine}-body"]) == ("Mine", "<p>Theirs, too.</p>")
    assert superuser_client.post(change_url(guide), again).status_code == 302
    answer.refresh_from_db()
    assert (answer.short_answer, answer.body) == ("Mine", "<p>Theirs, too.</p>")


def test_text_that_changed_meanwhile_is_read_before_it_is_confirmed(superuser_client, guide):
    question = Question.objects.get(key="away-count")
    page = superuser_client.get(change_url(guide))
    guide.answers.filter(question=question).update(body="<p>Theirs.</p>")

    data = posted(page, **{f"{prefix_of(page, question)}-confirmed_on": "2026-11-02"})
    response = superuser_client.post(change_url(guide), data)
    assert errors_of(response, question)["body"] == [CHANGED]
    answer = guide.answers.get(question=question)
    assert (answer.body, answer.confirmed_on) == ("<p>Theirs.</p>", None)

    assert superuser_client.post(change_url(guide), posted(response)).status_code == 302
    answer.refresh_from_db()
    assert (answer.body, answer.confirmed_on) == ("<p>Theirs.</p>", date(2026, 11, 2))


def test_answer_a_second_editor_emptied_meanwhile_is_stored_as_nothing(superuser_client, guide):
    question = Question.objects.get(key="away-count")
    page = superuser_client.get(change_url(guide))
    guide.answers.filter(question=question).update(short_answer="")
    data = posted(page, **{f"{prefix_of(page, question)}-short_answer": "Mine"})
    response = superuser_client.post(change_url(guide), data)
    assert errors_of(response, question)["short_answer"] == ["Stored now: nothing. Saved again, yours takes its place."]


def test_same_question_sent_twice_is_refused(superuser_client, guide):
    guide.answers.filter(question__key__in=["chair-letter", "research"]).delete()
    page = superuser_client.get(change_url(guide))
    one, other = (
        prefix_of(page, question) for question in Question.objects.filter(key__in=["chair-letter", "research"])
    )
    twice = {f"{prefix}-body": "<p>Mine.</p>" for prefix in (one, other)}
    twice |= {f"{other}-question": posted(page)[f"{one}-question"]}
    assert superuser_client.post(change_url(guide), posted(page, **twice)).status_code == 200
    assert not guide.answers.filter(body="<p>Mine.</p>").exists()


def test_text_of_the_guide_two_changed_is_shown_to_the_second(superuser_client, guide):
    page = superuser_client.get(change_url(guide))
    Specialty.objects.update(quote="Theirs", address="Their\naddress")
    response = superuser_client.post(change_url(guide), posted(page, quote="Mine"))
    errors = response.context["adminform"].form.errors
    assert (errors["quote"], errors["address"]) == ([STORED.format("Theirs")], [CHANGED])
    assert Specialty.objects.get().quote == "Theirs"
    assert superuser_client.post(change_url(guide), posted(response)).status_code == 302
    assert Specialty.objects.values_list("quote", "address").get() == ("Mine", "Their\naddress")


def test_form_sent_twice_and_line_ends_of_a_browser_are_no_conflict(superuser_client, guide):
    Specialty.objects.update(address="Line 1\nLine 2")
    page = superuser_client.get(change_url(guide))
    data = posted(
        page, **{f"{prefix_of(page, Question.objects.get(key='away-count'))}-short_answer": "Two"}, quote="New"
    )
    data |= dict.fromkeys(["address", "initial-address"], "Line 1\r\nLine 2")
    for _ in range(2):
        assert superuser_client.post(change_url(guide), data).status_code == 302
    assert Specialty.objects.get().quote == "New"


def test_answer_another_editor_changed_meanwhile_stays_where_this_one_changed_nothing(superuser_client, guide):
    page = superuser_client.get(change_url(guide))
    mine = prefix_of(page, Question.objects.get(key="away-count"))
    assert f'name="initial-{mine}-short_answer"' in page.content.decode()
    Answer.objects.filter(question__key="research").update(body="<p>Theirs.</p>")

    response = superuser_client.post(change_url(guide), posted(page, **{f"{mine}-short_answer": "Mine"}))

    assert response.status_code == 302
    assert guide.answers.get(question__key="away-count").short_answer == "Mine"
    assert guide.answers.get(question__key="research").body == "<p>Theirs.</p>"


def test_answer_to_a_question_of_another_specialty_is_refused(superuser_client, guide):
    foreign = make_question(specialty=make_specialty())
    page = superuser_client.get(change_url(guide))
    prefix = prefix_of(page, Question.objects.get(key="chair-letter"))
    data = posted(page, **{f"{prefix}-body": "<p>Mine.</p>", f"{prefix}-question": foreign.pk})
    assert superuser_client.post(change_url(guide), data).status_code == 200
    assert not guide.answers.filter(question=foreign).exists()


def test_save_without_a_change_is_no_edit(superuser_client, guide):
    before = guide.last_edited(guide.entries())
    superuser_client.post(change_url(guide), posted(superuser_client.get(change_url(guide))))
    guide.refresh_from_db()
    assert guide.last_edited(guide.entries()) == before


@pytest.mark.parametrize(
    ("change", "is_edit"),
    [
        ({"quote": "New"}, True),
        ({"recommendations": "<p>New</p>"}, True),
        ({"phone": "312-555-0100"}, True),
        ({"slug": "new"}, False),
        ({"is_published": "on"}, False),
    ],
)
def test_guide_is_edited_when_a_word_of_it_changes(superuser_client, change, is_edit):
    specialty = make_specialty(is_published=False)
    before = specialty.updated_at
    page = superuser_client.get(change_url(specialty))
    assert superuser_client.post(change_url(specialty), posted(page, **change)).status_code == 302
    assert (Specialty.objects.get().updated_at > before) == is_edit


def test_guide_is_edited_when_a_resource_of_it_changes(superuser_client):
    specialty = make_specialty()
    make_resource(specialty)
    before = specialty.updated_at
    page = superuser_client.get(change_url(specialty))
    superuser_client.post(change_url(specialty), posted(page))
    assert Specialty.objects.get().updated_at == before
    superuser_client.post(change_url(specialty), posted(page, **{"resources-0-label": "Another"}))
    assert Specialty.objects.get().updated_at > before


def test_nobody_confirms_what_is_not_there(superuser_client, guide):
    question = Question.objects.get(key="chair-letter")
    page = superuser_client.get(change_url(guide))
    mine = prefix_of(page, question)
    data = posted(page, **{f"{mine}-body": "<p></p>", f"{mine}-confirmed_on": "2026-11-02"})
    response = superuser_client.post(change_url(guide), data)
    assert errors_of(response, question)["confirmed_on"] == ["There is no answer here that could be confirmed."]


def test_markup_that_is_not_offered_does_not_get_in(superuser_client, guide):
    page = superuser_client.get(change_url(guide))
    prefix = prefix_of(page, Question.objects.get(key="chair-letter"))
    bad = '<p>Yes<script>alert(1)</script><img src=x onerror=alert(1)></p><h1 style="color:red">Big</h1>'
    superuser_client.post(change_url(guide), posted(page, recommendations=bad, **{f"{prefix}-body": bad}))
    guide.refresh_from_db()
    assert guide.recommendations == "<p>Yes</p>Big"
    assert guide.answers.get(question__key="chair-letter").body == "<p>Yes</p>Big"


def test_new_resource_comes_last(superuser_client):
    specialty = make_specialty()
    make_resource(specialty, label="First", position=5)
    page = superuser_client.get(change_url(specialty))
    data = posted(page) | {
        "resources-TOTAL_FORMS": 2,
        "resources-1-specialty": specialty.pk,
        "resources-1-label": "Second",
        "resources-1-url": "https://example.org/",
        "resources-1-position": 0,
    }
    assert superuser_client.post(change_url(specialty), data).status_code == 302
    assert [resource.label for resource in specialty.resources.all()] == ["First", "Second"]


def test_resource_with_a_script_for_address_is_refused(superuser_client):
    specialty = make_specialty()
    page = superuser_client.get(change_url(specialty))
    data = posted(page) | {
        "resources-TOTAL_FORMS": 1,
        "resources-0-specialty": specialty.pk,
        "resources-0-label": "Bad",
        "resources-0-url": "javascript:alert(1)",
        "resources-0-position": 0,
    }
    assert superuser_client.post(change_url(specialty), data).status_code == 200
    assert not Resource.objects.exists()


def test_new_question_and_stage_come_last(superuser_client):
    stage = Stage.objects.last()
    superuser_client.post(
        reverse("admin:specialties_question_add"),
        {"stage": stage.pk, "key": "shadowing", "text": "May I shadow?", "label": "Shadowing", "is_active": "on"},
    )
    superuser_client.post(reverse("admin:specialties_stage_add"), {"name": "Residents", "slug": "residents"})
    assert Question.objects.last().key == "shadowing"
    assert Stage.objects.last().slug == "residents"


def test_dragging_questions_writes_their_places_alone(superuser_client, guide):
    page = superuser_client.get(reverse("admin:specialties_question_changelist"))
    formset = page.context["cl"].formset
    data = {f"form-{key}": value for key, value in formset.management_form.initial.items()}
    for place, form in enumerate(reversed(formset.forms)):
        data |= {f"{form.prefix}-id": form.instance.pk, f"{form.prefix}-position": place}
    saved, found = [], [*SearchEntry.objects.values_list("pk")]

    def note(update_fields, **kwargs):
        saved.append(update_fields)

    post_save.connect(note, sender=Question)
    superuser_client.post(reverse("admin:specialties_question_changelist"), data | {"_save": "Save"})
    post_save.disconnect(note, sender=Question)
    assert saved == [{"position"}] * len(saved)
    assert [*SearchEntry.objects.values_list("pk")] == found  # the search is not written anew
    places = Question.objects.order_by("position").values_list("pk", flat=True)
    assert list(places) == [form.instance.pk for form in reversed(formset.forms)]


def test_row_that_is_dragged_keeps_its_key_however_that_is_written(superuser_client):
    changelist = reverse("admin:specialties_stage_changelist")
    formset = superuser_client.get(changelist).context["cl"].formset
    data = {f"form-{key}": value for key, value in formset.management_form.initial.items()}
    for form in formset.forms:
        data |= {f"{form.prefix}-id": f"0{form.instance.pk}", f"{form.prefix}-position": 7}
    before = {*Stage.objects.values_list("pk", "name")}
    assert superuser_client.post(changelist, data | {"_save": "Save"}).status_code == 302
    assert {*Stage.objects.values_list("pk", "name")} == before
    assert {*Stage.objects.values_list("position", flat=True)} == {7}


def test_key_of_a_question_is_not_rewritten_with_its_label(superuser_client):
    page = superuser_client.get(change_url(Question.objects.first()))
    assert page.context["adminform"].prepopulated_fields == []


def test_photo_becomes_small_and_loses_where_it_was_taken(
    superuser_client, settings, tmp_path, django_capture_on_commit_callbacks
):
    settings.MEDIA_ROOT = tmp_path
    advisor = make_advisor(make_specialty())
    picture, exif = BytesIO(), Image.Exif()
    exif[0x010F] = "Camera of a private person"
    Image.effect_noise((1600, 900), 90).save(picture, "JPEG", exif=exif)
    assert len(picture.getvalue()) > PUBLIC_BODY_LIMIT
    page = superuser_client.get(change_url(advisor))
    data = posted(page, photo=SimpleUploadedFile("me.jpg", picture.getvalue()))
    assert superuser_client.post(change_url(advisor), data).status_code == 302

    advisor.refresh_from_db()
    with Image.open(advisor.photo.path) as stored:
        assert (stored.format, stored.size, dict(stored.getexif())) == ("JPEG", (480, 480), {})
    first = advisor.photo.path
    page = superuser_client.get(change_url(advisor))
    with django_capture_on_commit_callbacks(execute=True):
        superuser_client.post(change_url(advisor), {**posted(page), "photo-clear": "on"})
    assert not Path(first).exists()


@pytest.fixture
def request_accepted_while_saving():
    """Another step takes a request between the reading of an advisor's form and the writing of its row."""

    def accept(instance, **kwargs):
        Advisor.objects.filter(pk=instance.pk).update(open_requests=3)

    pre_save.connect(accept, sender=Advisor)
    yield
    pre_save.disconnect(accept, sender=Advisor)


def test_saving_an_advisor_leaves_the_number_of_their_requests_alone(superuser_client, request_accepted_while_saving):
    specialty, advisor = make_specialty(), make_advisor()
    page = superuser_client.get(change_url(advisor))
    data = posted(page, bio="New", request_limit=0, specialties=[specialty.pk])
    response = superuser_client.post(change_url(advisor), data, follow=True)
    advisor.refresh_from_db()
    assert (advisor.bio, list(advisor.specialties.all()), advisor.open_requests) == ("New", [specialty], 3)
    assert f"{advisor} still has open requests" in response.content.decode()


def test_photo_is_on_the_site(client, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    (tmp_path / "advisors").mkdir()
    (tmp_path / "advisors" / "me.jpg").write_bytes(b"picture")
    (tmp_path / "secret.txt").write_text("secret")
    response = client.get("/media/advisors/me.jpg")
    assert (response["Content-Type"], b"".join(response)) == ("image/jpeg", b"picture")
    for path in ("/media/secret.txt", "/media/advisors/../secret.txt", "/media/advisors/%2e%2e/secret.txt"):
        assert client.get(path).status_code == 404


def test_damaged_picture_is_refused(superuser_client):
    picture = BytesIO()
    Image.effect_noise((400, 400), 90).save(picture, "JPEG")
    advisor = make_advisor()
    page = superuser_client.get(change_url(advisor))
    damaged = SimpleUploadedFile("me.jpg", picture.getvalue()[:3000])
    response = superuser_client.post(change_url(advisor), posted(page, photo=damaged))
    assert "This picture is damaged" in response.content.decode()


@pytest.mark.parametrize("content", [b"<svg onload='alert(1)'></svg>", b"no picture", b""])
def test_file_that_is_no_picture_is_refused(superuser_client, content):
    advisor = make_advisor()
    page = superuser_client.get(change_url(advisor))
    response = superuser_client.post(change_url(advisor), posted(page, photo=SimpleUploadedFile("me.svg", content)))
    assert response.status_code == 200
    assert "photo" in response.context["adminform"].form.errors
    assert not Advisor.objects.get().photo


def test_view_on_site_leads_to_what_is_on_the_site(superuser_client):
    published, draft = make_specialty("Published"), make_specialty("Draft", is_published=False)
    seen, unseen = make_advisor(published), make_advisor(draft)
    for obj, url in (
        (published, "/specialties/published/"),
        (draft, None),
        (seen, f"/advisors/{seen.slug}/"),
        (unseen, None),
        (make_question("asked"), "/questions/asked/"),
        (make_question(specialty=published), None),
        (make_question(is_active=False), None),
    ):
        assert superuser_client.get(change_url(obj)).context["absolute_url"] == url


def test_no_in_a_list_is_a_word_and_no_alarm(superuser_client):
    make_specialty(is_published=False)
    html = superuser_client.get(reverse("admin:specialties_specialty_changelist")).content.decode()
    [cell] = re.findall(r"<td[^>]*field-is_published[^>]*>(.*?)</td>", html, re.DOTALL)
    assert strip_tags(cell).strip() == "No"
    assert "red" not in cell


@pytest.mark.parametrize("model", CHANGELISTS)
def test_changelists_are_flat(superuser_client, django_assert_num_queries, model):
    queries = {"specialty": 6, "advisor": 8, "question": 7, "stage": 6, "synonym": 6}[model]
    url = reverse(f"admin:specialties_{model}_changelist")
    for _ in range(2):
        make_question(specialty=make_full_specialty())
        with django_assert_num_queries(queries):
            assert superuser_client.get(url).status_code == 200
        make_full_specialty()
        make_stage()
        make_synonym()


@pytest.mark.parametrize("model", CHANGELISTS)
def test_staff_without_permission_see_nothing(client, model):
    client.force_login(make_staff())
    obj = {
        "specialty": make_specialty,
        "advisor": make_advisor,
        "question": make_question,
        "stage": Stage.objects.first,
        "synonym": make_synonym,
    }
    for url in (reverse(f"admin:specialties_{model}_changelist"), change_url(obj[model]())):
        assert client.get(url).status_code == 403


def test_staff_who_may_only_see_change_nothing(client, guide):
    client.force_login(make_staff("see_every_guide", "view_specialty", "view_answer"))
    response = client.get(change_url(guide))
    assert response.status_code == 200
    assert client.post(change_url(guide), {"name": "Mine"}).status_code == 403
    assert Specialty.objects.get().name == "Interventional Radiology"


def test_new_specialty_offers_all_questions(superuser_client):
    page = superuser_client.get(reverse("admin:specialties_specialty_add"))
    question = Question.objects.get(key="away-count")
    data = posted(page, name="Urology", slug="urology", **{f"{prefix_of(page, question)}-body": "<p>Three.</p>"})
    assert superuser_client.post(reverse("admin:specialties_specialty_add"), data).status_code == 302
    [answer] = Specialty.objects.get(slug="urology").answers.all()
    assert (answer.question, answer.body) == (question, "<p>Three.</p>")


@pytest.mark.parametrize("keys", [["away-count"], ["away-count", "research", "electives"]])
def test_saving_a_guide_looks_only_through_what_changed(superuser_client, guide, keys):
    page = superuser_client.get(change_url(guide))
    changes = {f"{prefix_of(page, Question.objects.get(key=key))}-short_answer": "New" for key in keys}
    with CaptureQueriesContext(connection) as queries:
        assert superuser_client.post(change_url(guide), posted(page, **changes)).status_code == 302
    statements = [query["sql"] for query in queries if "SAVEPOINT" not in query["sql"]]
    before_writing = [statement.startswith("UPDATE") for statement in statements].index(True)
    key_and_constraint = 2
    assert before_writing == 15 + key_and_constraint * len(keys)


@pytest.mark.django_db(transaction=True)
def test_guide_saved_by_several_at_once_is_saved_by_each_who_has_seen_what_the_others_wrote(guide):
    user = make_superuser()

    def save(number):
        try:
            client = Client()
            client.force_login(user)
            page = client.get(change_url(guide))
            changes = {
                f"{prefix_of(page, Question.objects.get(key=key))}-short_answer": f"Number {number}"
                for key in ("away-count", "research")
            }
            # Half of them change the guide's own row too, so that rows are written in different orders.
            changes |= {"summary": "Odd"} if number % 2 else {}
            response = client.post(change_url(guide), posted(page, **changes))
            while response.status_code == 200:
                response = client.post(change_url(guide), posted(response))
            return response
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(save, range(6)))
    assert {answer.status_code for answer in answers} == {302}
    entries = SearchEntry.objects.filter(specialty=guide, question__key="away-count")
    assert entries.get().short_answer == guide.answers.get(question__key="away-count").short_answer


def test_page_that_asks_before_deleting_names_no_rows_of_the_search(superuser_client, guide):
    html = superuser_client.get(f"/admin/specialties/specialty/{guide.pk}/delete/").content.decode()
    assert "Interventional Radiology" in html
    assert "earch entr" not in html
    assert superuser_client.post(f"/admin/specialties/specialty/{guide.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not SearchEntry.objects.exists()


@pytest.mark.parametrize(
    ("changes", "confirmations"),
    [
        ({"text": "Does your specialty advise against research?"}, [(None, "")]),
        ({"text": "How important is research?", "means_the_same": "on"}, [(date(2026, 3, 2), "Department")]),
        ({"label": "Research before"}, [(date(2026, 3, 2), "Department")]),
    ],
)
def test_answer_is_not_confirmed_to_another_question(superuser_client, guide, changes, confirmations):
    guide.answers.filter(question__key="research").update(confirmed_on="2026-03-02", confirmed_by="Department")
    question = Question.objects.get(key="research")
    url = change_url(question)
    response = superuser_client.post(url, posted(superuser_client.get(url), **changes), follow=True)
    assert [*question.answers.values_list("confirmed_on", "confirmed_by")] == confirmations
    message = "The new wording took confirmations back: 1."
    assert (message in response.content.decode()) == (confirmations == [(None, "")])


def test_new_question_does_not_ask_whether_it_means_the_same(superuser_client):
    assert "means_the_same" not in superuser_client.get(reverse("admin:specialties_question_add")).content.decode()
