import re
from pathlib import Path

import pytest
from django.contrib.contenttypes.models import ContentType
from django.contrib.messages import get_messages
from django.contrib.staticfiles import finders
from django.urls import reverse
from django.utils import timezone

from requests_app.models import AdvisorRequest
from tests.factories import make_advisor, make_email, make_request, make_specialty, make_staff

pytestmark = pytest.mark.django_db

CHANGELIST = "/admin/requests_app/advisorrequest/"
MAIL_CHANGELIST = "/admin/requests_app/outgoingemail/"


def change_url(advisor_request, verb="change"):
    return f"{CHANGELIST}{advisor_request.pk}/{verb}/"


def verb_url(advisor_request, verb):
    return reverse(f"admin:requests_app_advisorrequest_{verb}", args=[advisor_request.pk])


def told(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


@pytest.fixture
def coordinator(client):
    user = make_staff(
        "view_advisorrequest", "change_advisorrequest", "view_outgoingemail", "change_outgoingemail", username="kim"
    )
    client.force_login(user)
    return user


def test_list_shows_what_decides_what_to_do_next(client, coordinator):
    specialty = make_specialty("Urology")
    waiting, assigned = make_request(specialty, name="Ada"), make_request(specialty, name="Ben")
    assigned.assign(make_advisor(specialty, name="Kim Able", credentials="MD"), by=coordinator)
    overdue = make_request(specialty, name="Cem")
    AdvisorRequest.objects.filter(pk=overdue.pk).update(respond_by="2026-01-02")
    html = client.get(CHANGELIST).content.decode()
    for words in (waiting.reference, "Ada", "Urology", "Waiting for the office", "Kim Able, MD", "With an advisor"):
        assert words in html
    assert "Waiting for the office, overdue" in html


def test_detail_shows_what_the_student_wrote_the_history_and_the_emails(client, coordinator):
    stored = make_request(message="First line\n<b>second</b>", availability="Tuesdays", topics=["aways"])
    html = client.get(change_url(stored)).content.decode()
    for words in (
        "First line<br>&lt;b&gt;second&lt;/b&gt;",
        "Tuesdays",
        "Away rotations",
        stored.email,
        "Asked for an advisor",
        f"[{stored.reference}] We have your request",
        f'href="{stored.get_absolute_url()}"',
    ):
        assert words in html


def test_nothing_of_a_request_is_edited_added_or_deleted_by_hand(client, superuser_client):
    stored = make_request()
    assert superuser_client.post(change_url(stored), {"status": "closed", "name": "X"}).status_code == 403
    assert superuser_client.get(f"{CHANGELIST}add/").status_code == 403
    assert superuser_client.post(change_url(stored, "delete"), {"post": "yes"}).status_code == 403
    stored.refresh_from_db()
    assert (stored.status, stored.events.count()) == ("waiting", 1)


def test_text_of_an_email_keeps_its_lines(client, coordinator):
    email = make_email(text="Dear Ada,\n\nwe have it.\nYours, the <office>")
    html = client.get(f"{MAIL_CHANGELIST}{email.pk}/change/").content.decode()
    assert "<p>Dear Ada,</p>\n\n<p>we have it.<br>Yours, the &lt;office&gt;</p>" in html


def test_only_one_thing_on_the_page_is_called_close(client, coordinator):
    html = client.get(change_url(make_request())).content.decode()
    assert re.findall(r">\s*(Close[^<]*?)\s*<", html) == ["Close with a reason"]


def test_assign_leaves_an_event_of_who_did_it(client, coordinator):
    specialty = make_specialty()
    stored, advisor = make_request(specialty), make_advisor(specialty)
    response = client.post(verb_url(stored, "assign"), {"advisor": advisor.pk})
    assert response["Location"] == change_url(stored)
    assert told(response) == [f"{advisor} and the student are told by e-mail."]
    stored.refresh_from_db()
    assert (stored.status, stored.advisor) == ("accepted", advisor)
    assert stored.events.last().user == coordinator


def test_assign_offers_the_advisors_of_the_specialty_and_begins_with_the_wish(client, coordinator):
    specialty = make_specialty()
    first, wished = make_advisor(specialty, name="Abel"), make_advisor(specialty, name="Zora")
    make_advisor(make_specialty())
    stored = make_request(specialty, preferred_advisor=wished)
    form = client.get(verb_url(stored, "assign")).context["form"]
    assert list(form.fields["advisor"].queryset) == [first, wished]
    assert form["advisor"].value() == wished.pk


def test_assign_to_someone_without_address_says_what_is_left_to_do(client, coordinator):
    specialty = make_specialty()
    stored, advisor = make_request(specialty), make_advisor(specialty, email="")
    response = client.post(verb_url(stored, "assign"), {"advisor": advisor.pk})
    [message] = get_messages(response.wsgi_request)
    assert message.message == f"{advisor} has no e-mail address here: please pass the request on yourself."
    assert message.level_tag == "warning"


def test_assign_to_an_advisor_of_another_specialty_is_refused(client, coordinator):
    stored = make_request()
    response = client.post(verb_url(stored, "assign"), {"advisor": make_advisor(make_specialty()).pk})
    assert response.status_code == 200
    assert "This person does not advise on this specialty." in response.content.decode()
    stored.refresh_from_db()
    assert stored.status == "waiting"


def test_wish_to_avoid_the_committee_is_in_sight_when_assigning(client, coordinator):
    specialty = make_specialty()
    make_advisor(specialty, on_selection_committee=True)
    html = client.get(verb_url(make_request(specialty, avoid_selection_committee=True), "assign")).content.decode()
    assert "nobody on the selection committee, please" in html
    assert "Taking requests, on the selection committee" in html


def test_wish_to_avoid_the_committee_is_gone_against_only_on_purpose(client, coordinator):
    specialty = make_specialty()
    advisor = make_advisor(specialty, on_selection_committee=True)
    stored = make_request(specialty, avoid_selection_committee=True)
    refused = client.post(verb_url(stored, "assign"), {"advisor": advisor.pk})
    assert "on the selection committee, which the student asked to avoid" in refused.content.decode()
    stored.refresh_from_db()
    assert (stored.status, stored.events.count()) == ("waiting", 1)
    client.post(verb_url(stored, "assign"), {"advisor": advisor.pk, "all_the_same": "on"})
    stored.refresh_from_db()
    assert (stored.advisor, stored.events.last().note) == (
        advisor,
        "On the selection committee, assigned all the same.",
    )


def test_without_the_wish_nothing_has_to_be_ticked(client, coordinator):
    specialty = make_specialty()
    advisor = make_advisor(specialty, on_selection_committee=True)
    stored = make_request(specialty)
    assert list(client.get(verb_url(stored, "assign")).context["form"].fields) == ["advisor"]
    client.post(verb_url(stored, "assign"), {"advisor": advisor.pk})
    assert stored.events.last().note == ""


def test_tick_for_the_committee_leaves_others_without_a_note(client, coordinator):
    stored = make_request(avoid_selection_committee=True)
    advisor = make_advisor(stored.specialty)
    client.post(verb_url(stored, "assign"), {"advisor": advisor.pk, "all_the_same": "on"})
    assert stored.events.last().note == ""


def test_verb_on_what_is_not_there_is_not_found(client, coordinator):
    for pk in ("999", "abc"):
        assert client.get(f"{CHANGELIST}{pk}/assign/").status_code == 404


def test_close_needs_a_reason(client, coordinator):
    stored = make_request()
    for reason, answer in ((" ", "Please give the reason."), ("x" * 1001, "1 character too long")):
        assert answer in client.post(verb_url(stored, "close"), {"reason": reason}).content.decode()
    response = client.post(verb_url(stored, "close"), {"reason": "Answered by phone."})
    assert told(response) == ["The student is told by e-mail."]
    stored.refresh_from_db()
    assert (stored.status, stored.events.last().note) == ("closed", "Answered by phone.")


def test_verb_on_a_closed_request_is_a_message_and_no_event(client, coordinator):
    specialty = make_specialty()
    stored, advisor = make_request(specialty), make_advisor(specialty)
    stored.close("Done.", by=coordinator)
    response = client.post(verb_url(stored, "assign"), {"advisor": advisor.pk})
    assert told(response) == [f"{stored.reference} is already closed."]
    assert stored.events.count() == 2


def test_verbs_are_offered_where_the_status_allows_them(client, coordinator):
    stored = make_request()
    verbs = [verb_url(stored, verb) for verb in ("assign", "close")]
    html = client.get(change_url(stored)).content.decode()
    assert [url for url in verbs if url in html] == verbs
    stored.close("Done.", by=coordinator)
    html = client.get(change_url(stored)).content.decode()
    assert [url for url in verbs if url in html] == []


@pytest.mark.parametrize("verb", ["assign", "close"])
def test_page_of_a_verb_is_not_shown_for_a_closed_request(client, coordinator, verb):
    stored = make_request()
    stored.close("Done.", by=coordinator)
    response = client.get(verb_url(stored, verb))
    assert response["Location"] == change_url(stored)
    assert told(response) == [f"{stored.reference} is already closed."]


def test_opening_a_verb_changes_nothing(client, coordinator):
    stored = make_request()
    for verb in ("assign", "close"):
        assert client.get(verb_url(stored, verb)).status_code == 200
    assert stored.events.count() == 1


@pytest.mark.parametrize("permissions", [[], ["view_advisorrequest"]])
def test_verbs_need_the_permission(client, permissions):
    client.force_login(make_staff(*permissions))
    stored = make_request()
    for verb, data in (("assign", {"advisor": make_advisor(stored.specialty).pk}), ("close", {"reason": "x"})):
        assert client.post(verb_url(stored, verb), data).status_code == 403
    stored.refresh_from_db()
    assert stored.status == "waiting"


def test_failed_email_shows_its_error_and_is_sent_again(client, coordinator):
    failed = make_email(next_try=None, attempts=1, last_error="550 No such user here")
    fine = make_email()
    html = client.get(MAIL_CHANGELIST).content.decode()
    assert "550 No such user here" in html
    assert "failed" in html
    assert client.get(MAIL_CHANGELIST, {"failed": "yes"}).context["cl"].result_count == 1

    response = client.post(
        MAIL_CHANGELIST, {"action": "send_again", "_selected_action": [failed.pk, fine.pk], "index": 0}
    )
    assert sorted(told(response)) == [f"{failed} is being sent again.", f"{fine} cannot be sent again: it is waiting."]
    failed.refresh_from_db()
    assert failed.state == "trying again"


def test_email_is_sent_again_from_its_own_page(client, coordinator):
    failed = make_email(next_try=None)
    assert client.get(f"{MAIL_CHANGELIST}{failed.pk}/change/").status_code == 200
    client.post(reverse("admin:requests_app_outgoingemail_send_this_again", args=[failed.pk]))
    failed.refresh_from_db()
    assert failed.state == "waiting"


def test_opening_the_page_that_sends_again_sends_nothing(client, coordinator):
    failed = make_email(next_try=None)
    client.get(reverse("admin:requests_app_outgoingemail_send_this_again", args=[failed.pk]))
    failed.refresh_from_db()
    assert failed.state == "failed"


@pytest.mark.parametrize(
    ("state", "fields"),
    [
        ("waiting", {}),
        ("being sent", {"attempts": 1}),
        ("trying again", {"attempts": 1, "last_error": "451"}),
        ("failed", {"attempts": 1, "last_error": "550", "next_try": None}),
        ("sent", {"attempts": 1, "next_try": None, "sent_at": timezone.now()}),
    ],
)
def test_only_email_in_trouble_offers_to_be_sent_again(client, coordinator, state, fields):
    email = make_email(**fields)
    assert email.state == state
    url = reverse("admin:requests_app_outgoingemail_send_this_again", args=[email.pk])
    in_trouble = state in ("trying again", "failed")
    assert (url in client.get(f"{MAIL_CHANGELIST}{email.pk}/change/").content.decode()) == in_trouble
    response = client.get(url)
    assert response.status_code == (200 if in_trouble else 302)
    assert told(response) == ([] if in_trouble else [f"{email} cannot be sent again: it is {state}."])


def test_view_on_site_of_django_gives_no_private_link_away(client):
    stored = make_request()
    client.force_login(make_staff())
    content_type = ContentType.objects.get_for_model(stored)
    assert client.get(f"/admin/r/{content_type.pk}/{stored.pk}/").status_code == 404


@pytest.mark.parametrize(("url", "queries"), [(CHANGELIST, 7), (MAIL_CHANGELIST, 6)])
def test_changelists_are_flat(client, superuser, coordinator, django_assert_num_queries, url, queries):
    def fill():
        specialty = make_specialty()
        make_request(specialty, preferred_advisor=make_advisor(specialty)).assign(make_advisor(specialty), by=superuser)
        make_request(specialty)

    for _ in range(2):
        fill()
        client.force_login(superuser)
        with django_assert_num_queries(queries):
            assert client.get(url).status_code == 200


def test_detail_is_flat(client, superuser, django_assert_num_queries):
    client.force_login(superuser)
    ContentType.objects.get_for_model(AdvisorRequest)  # Django asks for it once in the life of a process
    specialty = make_specialty()
    stored = make_request(specialty, preferred_advisor=make_advisor(specialty))
    for _ in range(2):
        stored.assign(make_advisor(specialty), by=superuser)
        with django_assert_num_queries(7):
            client.get(change_url(stored))


def test_menu_counts_what_waits_for_those_who_may_see_it(client, coordinator):
    make_request()
    make_request()
    assert ">2<" in "".join(client.get(CHANGELIST).content.decode().split())
    client.force_login(make_staff("view_specialty"))
    assert "Advisor requests" not in client.get("/admin/specialties/specialty/").content.decode()


def test_menu_has_no_number_where_nothing_waits(client, coordinator):
    menu = client.get(CHANGELIST).content.decode()
    assert 'class="nothing-waits"' in menu
    make_request()
    assert "nothing-waits" not in client.get(CHANGELIST).content.decode()
    assert "span:has(> .nothing-waits) { display: none; }" in Path(finders.find("css/admin.css")).read_text()
