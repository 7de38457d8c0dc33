import re
from datetime import date, timedelta
from pathlib import Path

import pytest
import time_machine
from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.contrib.messages import get_messages
from django.contrib.staticfiles import finders
from django.urls import reverse
from django.utils import timezone

from requests_app.models import AdvisorRequest, LimitReached, OutgoingEmail
from requests_app.verbs import OfferForm
from specialties.models import Advisor
from tests.factories import make_advisor, make_email, make_request, make_specialty, make_staff
from tests.test_requests_models import emails_of, events
from tests.test_specialties_admin import posted

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
        *("see_every_request", "add_advisorrequest", "view_advisorrequest", "change_advisorrequest"),
        *("view_outgoingemail", "change_outgoingemail"),
        username="kim",
    )
    client.force_login(user)
    return user


def test_list_shows_what_decides_what_to_do_next(client, coordinator):
    specialty = make_specialty("Urology")
    waiting, assigned, overdue = (make_request(specialty, name=name) for name in ("Ada", "Ben", "Cem"))
    assigned.assign(make_advisor(specialty, name="Kim Able", credentials="MD"), by=coordinator)
    AdvisorRequest.objects.filter(pk=overdue.pk).update(respond_by="2026-01-02")
    html = client.get(CHANGELIST, {"queue": "all"}).content.decode()
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
    ):
        assert words in html


def test_detail_shows_how_the_student_found_it(client, coordinator):
    stored = make_request()
    stored.assign(make_advisor(stored.specialty), by=coordinator)
    stored.meet(by=coordinator)
    stored.answer_survey(2, "Too short a talk")
    html = client.get(change_url(stored)).content.decode()
    for words in ("Dissatisfied", "Too short a talk"):
        assert words in html


def test_nothing_of_a_request_is_edited_or_deleted_by_hand(client, superuser_client):
    stored = make_request()
    assert superuser_client.post(change_url(stored), {"status": "closed", "name": "X"}).status_code == 403
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


def offered(specialty, by):
    """A request offered to the second of two advisors."""
    make_advisor(specialty)
    stored = make_request(specialty)
    stored.offer(make_advisor(specialty), by=by)
    return stored


def test_offer_asks_the_advisor_and_says_until_when(client, coordinator):
    specialty = make_specialty()
    stored = make_request(specialty)
    advisor = make_advisor(specialty)
    response = client.post(verb_url(stored, "offer"), {"advisor": advisor.pk})
    assert response["Location"] == change_url(stored)
    [message] = told(response)
    assert message.startswith(f"{advisor} is asked until ")
    stored.refresh_from_db()
    assert (stored.status, stored.advisor) == ("offered", advisor)
    assert stored.events.last().user == coordinator


def test_offer_sorts_advisors_by_whether_they_can_and_begins_with_the_wish(client, coordinator):
    specialty = make_specialty()
    make_advisor(specialty, name="Abel", open_requests=2)
    wished = make_advisor(specialty, name="Zora", away_from=date(2026, 1, 1))
    make_advisor(make_specialty())
    stored = make_request(specialty, preferred_advisor=wished)
    form = client.get(verb_url(stored, "offer")).context["form"]
    _, (_, able), (_, others) = form.fields["advisor"].choices
    assert [label for _, label in able] == ["Abel — 2 of 5"]
    assert [label for _, label in others] == ["Zora — away at the moment"]
    assert form["advisor"].value() == wished.pk


def test_specialty_without_advisors_is_told_with_what_to_do(client, superuser_client):
    stored = make_request()
    html = superuser_client.get(verb_url(stored, "offer")).content.decode()
    assert f"{stored.specialty} has no advisors yet." in html
    add = f"/admin/specialties/advisor/add/?specialties={stored.specialty_id}"
    assert f'href="{add}"' in html
    assert f'href="{verb_url(stored, "close")}"' in html
    assert "<select" not in html
    assert f'value="{stored.specialty_id}" selected' in superuser_client.get(add).content.decode()
    make_advisor(stored.specialty)
    assert "has no advisors" not in superuser_client.get(verb_url(stored, "offer")).content.decode()


def test_offer_to_somebody_who_cannot_needs_a_tick_and_is_recorded(client, coordinator):
    specialty = make_specialty()
    stored = make_request(specialty, avoid_selection_committee=True)
    advisor = make_advisor(specialty, on_selection_committee=True)
    refused = client.post(verb_url(stored, "offer"), {"advisor": advisor.pk})
    assert f"{advisor}: on the selection committee." in refused.content.decode()
    assert stored.events.count() == 1
    client.post(verb_url(stored, "offer"), {"advisor": advisor.pk, "all_the_same": "on"})
    stored.refresh_from_db()
    assert (stored.advisor, stored.events.last().note) == (advisor, "All the same: on the selection committee.")


def test_tick_that_is_not_needed_leaves_no_note(client, coordinator):
    specialty = make_specialty()
    stored = make_request(specialty)
    client.post(verb_url(stored, "offer"), {"advisor": make_advisor(specialty).pk, "all_the_same": "on"})
    assert stored.events.last().note == ""


def test_advisor_who_has_agreed_is_not_asked(client, coordinator):
    specialty = make_specialty()
    stored = make_request(specialty)
    advisor = make_advisor(specialty)
    response = client.post(verb_url(stored, "offer"), {"advisor": advisor.pk, "agreed": "on"})
    assert told(response) == [f"{advisor} and the student are told by e-mail."]
    stored.refresh_from_db()
    assert (stored.status, stored.advisor) == ("accepted", advisor)
    assert not stored.emails.filter(kind="offered").exists()


def test_advisor_without_address_can_only_have_agreed_already(client, coordinator):
    specialty = make_specialty()
    stored, advisor = make_request(specialty), make_advisor(specialty, email="")
    refused = client.post(verb_url(stored, "offer"), {"advisor": advisor.pk, "all_the_same": "on"})
    assert "has no e-mail address to ask at" in refused.content.decode()
    response = client.post(verb_url(stored, "offer"), {"advisor": advisor.pk, "agreed": "on"})
    [message] = get_messages(response.wsgi_request)
    assert message.message == f"{advisor} has no e-mail address here: please pass the request on yourself."
    assert message.level_tag == "warning"


def test_all_reasons_against_an_advisor_are_in_sight_and_need_the_tick(client, coordinator):
    specialty = make_specialty()
    advisor = make_advisor(
        specialty, email="", on_selection_committee=True, away_from=date(2026, 1, 1), request_limit=1, open_requests=1
    )
    stored = make_request(specialty, avoid_selection_committee=True)
    form = client.get(verb_url(stored, "offer")).context["form"]
    reasons = "away at the moment, full, on the selection committee"
    assert form.fields["advisor"].choices[2][1] == [(str(advisor.pk), f"{advisor} — has no e-mail address, {reasons}")]
    refused = client.post(verb_url(stored, "offer"), {"advisor": advisor.pk, "agreed": "on"})
    assert f"{advisor}: {reasons}. Choose somebody else" in refused.content.decode()
    client.post(verb_url(stored, "offer"), {"advisor": advisor.pk, "agreed": "on", "all_the_same": "on"})
    assert [note for *_, note in events(stored)][1] == f"All the same: {reasons}."


def test_agreed_still_needs_the_tick_for_somebody_who_cannot(client, coordinator):
    specialty = make_specialty()
    stored, advisor = make_request(specialty), make_advisor(specialty, away_from=date(2026, 1, 1))
    refused = client.post(verb_url(stored, "offer"), {"advisor": advisor.pk, "agreed": "on"})
    assert f"{advisor}: away at the moment." in refused.content.decode()
    assert stored.events.count() == 1


def test_offer_to_an_advisor_of_another_specialty_is_refused(client, coordinator):
    stored = make_request()
    make_advisor(stored.specialty)
    response = client.post(verb_url(stored, "offer"), {"advisor": make_advisor(make_specialty()).pk})
    assert "This person does not advise on this specialty." in response.content.decode()
    stored.refresh_from_db()
    assert stored.status == "waiting"


def test_wish_to_avoid_the_committee_is_in_sight_when_offering(client, coordinator):
    stored = make_request(avoid_selection_committee=True)
    html = client.get(verb_url(stored, "offer")).content.decode()
    assert "nobody on the selection committee, please" in html


def confirm(client, stored, verb, **fields):
    """Open a verb's page and send it as it came, with what is filled in."""
    form = client.get(verb_url(stored, verb)).context["form"]
    shown = {field.name: field.value() for field in form if field.value() is not None}
    return client.post(verb_url(stored, verb), shown | fields)


def test_office_accepts_on_behalf_and_beyond_the_limit_only_on_purpose(client, coordinator):
    stored = offered(make_specialty(), coordinator)
    Advisor.objects.update(request_limit=0)
    full = f"{stored.advisor} has 0 of at most 0 students already."
    assert told(confirm(client, stored, "accept")) == [f"{full} Tick “All the same” if they take it anyway."]
    confirm(client, stored, "accept", all_the_same="on")
    stored.refresh_from_db()
    assert (stored.status, stored.events.last().note) == ("accepted", f"All the same: {full}")


def test_two_that_are_agreed_at_once_stay_within_the_limit(client, coordinator):
    specialty = make_specialty()
    advisor, _ = make_advisor(specialty, request_limit=1), make_advisor(specialty)
    rows = [make_request(specialty) for _ in range(2)]
    forms = [OfferForm({"advisor": advisor.pk, "agreed": "on"}, obj=row, user=coordinator) for row in rows]
    assert [form.is_valid() for form in forms] == [True, True]
    forms[0].apply(rows[0], by=coordinator)
    with pytest.raises(LimitReached):
        forms[1].apply(rows[1], by=coordinator)
    rows[1].refresh_from_db()
    assert (rows[1].status, rows[1].events.count()) == ("waiting", 1)


def test_office_takes_back_and_records_a_meeting(client, coordinator):
    stored = offered(make_specialty(), coordinator)
    stored.accept(by=coordinator)
    confirm(client, stored, "hand_back", note="On leave")
    stored.refresh_from_db()
    assert (stored.status, stored.events.last().note) == ("waiting", "On leave")
    stored.assign(make_advisor(stored.specialty), by=coordinator)
    confirm(client, stored, "meet")
    stored.refresh_from_db()
    assert (stored.status, stored.met_on) == ("met", timezone.localdate())


@pytest.mark.parametrize(("day", "is_taken"), [("2026-03-01", False), ("2026-03-02", True), ("2026-03-07", False)])
def test_meeting_was_on_a_day_since_the_request(client, coordinator, day, is_taken):
    with time_machine.travel("2026-03-02T12:00-06:00"):
        stored = offered(make_specialty(), coordinator)
        stored.accept(by=coordinator)
    with time_machine.travel("2026-03-06T12:00-06:00"):
        client.force_login(coordinator)
        confirm(client, stored, "meet", on=day)
    stored.refresh_from_db()
    assert (stored.status, stored.days_to_meeting) == (("met", 0) if is_taken else ("accepted", None))


@pytest.mark.parametrize("verb", ["accept", "meet", "hand_back"])
def test_page_opened_for_one_advisor_does_nothing_for_another(client, coordinator, verb):
    specialty = make_specialty()
    ann, bob = make_advisor(specialty, name="Ann"), make_advisor(specialty, name="Bob")
    stored = make_request(specialty)
    stored.offer(ann, by=coordinator)
    if verb != "accept":
        stored.accept(by=ann)
    page = client.get(verb_url(stored, verb))
    assert "with Ann" in page.context["summary"]
    stored.take_back(by=coordinator)
    stored.offer(bob, by=coordinator)
    if verb != "accept":
        stored.accept(by=bob)
    before = events(stored)
    shown = {field.name: field.value() for field in page.context["form"] if field.value() is not None}
    response = client.post(verb_url(stored, verb), shown)
    assert told(response) == [f"{stored} is not with this advisor any more."]
    assert events(stored) == before


def test_office_reminds_and_notes(client, coordinator):
    stored = offered(make_specialty(), coordinator)
    client.post(verb_url(stored, "remind"))
    client.post(verb_url(stored, "note"), {"note": "Called <them>"})
    assert [event.kind for event in stored.events.all()][-2:] == ["reminded", "noted"]
    assert "Called &lt;them&gt;" in client.get(change_url(stored)).content.decode()
    page = client.get(stored.get_absolute_url()).content.decode()
    assert "Called" not in page
    assert re.findall(r'class="step">\s*(\w+)', page)[-2:] == ["Robin", "Robin"]  # was reminded, answers; no note


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"reminded_at": timezone.now()}, "was reminded today already"),
        ({"due": "2026-01-02"}, "had until Friday, 2 January"),
    ],
)
def test_reminder_that_makes_no_sense_is_refused(client, coordinator, fields, refusal):
    stored = offered(make_specialty(), coordinator)
    before = events(stored), emails_of(stored)
    stored.offers.update(**fields)
    [message] = told(client.post(verb_url(stored, "remind")))
    assert f"{stored.advisor} {refusal}" in message
    assert (events(stored), emails_of(stored)) == before


def test_advisor_without_address_is_not_said_to_be_reminded(client, coordinator):
    stored = offered(make_specialty(), coordinator)
    Advisor.objects.update(email="")
    assert told(client.post(verb_url(stored, "remind"))) == [f"{stored.advisor} has no e-mail address here."]
    assert stored.events.last().kind == "offered"


def test_verb_on_what_is_not_there_is_not_found(client, coordinator):
    for pk in ("999", "abc"):
        assert client.get(f"{CHANGELIST}{pk}/offer/").status_code == 404


def test_close_needs_a_reason(client, coordinator):
    stored = make_request()
    for reason, answer in ((" ", "Please give the reason."), ("x" * 1001, "1 character too long")):
        response = client.post(verb_url(stored, "close"), {"kind": "other", "reason": reason})
        assert answer in response.content.decode()
    response = client.post(verb_url(stored, "close"), {"kind": "group_session", "reason": "See the one on 3 May."})
    assert told(response) == ["The student is told by e-mail."]
    stored.refresh_from_db()
    assert (stored.status, stored.close_reason) == ("closed", "group_session")
    assert stored.events.last().note == "See the one on 3 May."


def test_close_asks_why_and_guesses_nothing(client, coordinator):
    stored = make_request()
    page = client.get(verb_url(stored, "close"))
    assert page.context["form"]["kind"].value() in (None, "")
    assert '<option value="" selected>' in page.content.decode()
    refused = client.post(verb_url(stored, "close"), {"kind": "", "reason": "Done."})
    assert set(refused.context["form"].errors) == {"kind"}


def test_duplicate_names_the_request_of_the_same_address_that_it_repeats(client, coordinator):
    first, other = make_request(email="ada@example.edu"), make_request()
    stored = make_request(email="Ada@example.edu")
    fields = {"kind": "duplicate", "reason": "We answer you there.", "repeats": first.reference}
    url = verb_url(stored, "close")
    assert list(client.get(url).context["form"].fields["repeats"].queryset) == [first]
    for wrong in ({"repeats": other.reference}, {"kind": "other"}):
        assert set(client.post(url, fields | wrong).context["form"].errors) == {"repeats"}
    client.post(url, fields)
    words = f"We answer you there.\n\nIt repeats your request {first.reference}."
    assert stored.events.last().note == words
    assert words in stored.emails.get(kind="closed").text


@pytest.mark.parametrize("way", ["page", "list"])
def test_advisor_with_requests_is_not_deleted_and_the_page_says_what_to_do(client, superuser, way):
    client.force_login(superuser)
    stored = offered(make_specialty("Urology"), superuser)
    words = f"{stored.advisor} stays, for the history of requests. Hand their requests over instead"
    if way == "page":
        response = client.post(f"/admin/specialties/advisor/{stored.advisor.pk}/delete/", {"post": "yes"})
    else:
        data = {"action": "delete_selected", "_selected_action": [stored.advisor.pk], "post": "yes"}
        response = client.post("/admin/specialties/advisor/", data)
    html = response.content.decode()
    assert words in html
    assert "your account doesn't have permission" not in html.replace("&#x27;", "'")
    assert Advisor.objects.filter(pk=stored.advisor.pk).exists()


def test_advisor_without_requests_is_deleted(client, superuser):
    client.force_login(superuser)
    advisor = make_advisor(make_specialty())
    client.post(f"/admin/specialties/advisor/{advisor.pk}/delete/", {"post": "yes"})
    assert not Advisor.objects.exists()


VERBS = ["offer", "accept", "meet", "remind", "hand_back", "close", "note", "correct_email"]
SHOWN = {
    "waiting": ["offer", "close", "note", "correct_email"],
    "offered": ["offer", "accept", "remind", "close", "note", "correct_email"],
    "accepted": ["meet", "hand_back", "close", "note", "correct_email"],
    "met": ["close", "note", "correct_email"],
    "closed": ["note", "correct_email"],
}


@pytest.mark.parametrize("status", SHOWN)
def test_verbs_are_shown_where_the_status_allows_them(client, coordinator, status):
    stored = make_request() if status == "waiting" else offered(make_specialty(), coordinator)
    if status in ("accepted", "met"):
        stored.accept(by=coordinator)
    if status == "met":
        stored.meet(by=coordinator)
    if status == "closed":
        stored.close("Done.", by=coordinator)
    html = client.get(change_url(stored)).content.decode()
    assert [verb for verb in VERBS if verb_url(stored, verb) in html] == SHOWN[status]
    before = stored.events.count()
    for verb in VERBS:
        opened = client.get(verb_url(stored, verb))
        assert opened.status_code == (200 if verb in SHOWN[status] else 302), verb
        if verb not in SHOWN[status]:
            assert client.post(verb_url(stored, verb))["Location"] == change_url(stored)
            assert "nothing was done" in told(opened)[0]
    assert stored.events.count() == before


@pytest.mark.parametrize("permissions", [[], ["view_advisorrequest"], ["view_advisorrequest", "see_every_request"]])
def test_verbs_need_the_permission(client, permissions):
    client.force_login(make_staff(*permissions))
    stored = make_request()
    for verb in VERBS:
        assert client.post(verb_url(stored, verb), {"kind": "other", "reason": "x", "note": "x"}).status_code == 403
    stored.refresh_from_db()
    assert (stored.status, stored.events.count()) == ("waiting", 1)


@pytest.mark.parametrize("action", ["offer_to_next", "remind_all", "close_all"])
def test_doing_it_to_several_needs_the_permission(client, coordinator, action):
    specialty = make_specialty()
    asked, waiting = offered(specialty, coordinator), make_request(specialty)
    client.force_login(make_staff("view_advisorrequest", "see_every_request", "add_advisorrequest"))
    before = asked.events.count()
    assert bulk(client, action, asked, waiting, kind="other", reason="x").status_code in (200, 302)
    assert (asked.events.count(), waiting.events.count()) == (before, 1)


@pytest.mark.parametrize("action", ["send_again", "dismiss_all"])
def test_doing_it_to_several_emails_needs_the_permission(client, action):
    failed = make_email(next_try=None)
    client.force_login(make_staff("view_outgoingemail", "see_every_request", "change_advisorrequest"))
    client.post(MAIL_CHANGELIST, {"action": action, "_selected_action": [failed.pk]})
    failed.refresh_from_db()
    assert failed.state == "failed"


def test_taking_down_needs_the_permission(client):
    specialty = make_specialty()
    client.force_login(make_staff("view_advisorrequest", "change_advisorrequest", "see_every_request"))
    assert client.get(f"{CHANGELIST}add/").status_code == 403
    assert client.post(f"{CHANGELIST}add/", entry(specialty)).status_code == 403
    assert not AdvisorRequest.objects.exists()


def references(response):
    return {row.reference for row in response.context["cl"].result_list}


def test_list_opens_on_what_needs_the_office(client, coordinator):
    specialty = make_specialty()
    waiting, with_advisor, late, bounced, done = (make_request(specialty) for _ in range(5))
    for row in (with_advisor, late, bounced):
        row.assign(make_advisor(specialty), by=coordinator)
    done.close("Done.", by=coordinator)
    AdvisorRequest.objects.filter(pk=late.pk).update(respond_by="2026-01-02")
    bounced.emails.filter(kind="accepted").update(next_try=None, last_error="550")
    needing = {waiting.reference, late.reference, bounced.reference}
    assert references(client.get(CHANGELIST)) == needing
    assert references(client.get(CHANGELIST, {"queue": "needs_you"})) == needing
    assert references(client.get(CHANGELIST, {"queue": "unmet"})) == {late.reference}
    assert references(client.get(CHANGELIST, {"queue": "overdue"})) == set()
    AdvisorRequest.objects.filter(pk=waiting.pk).update(respond_by="2026-01-02")
    assert references(client.get(CHANGELIST, {"queue": "overdue"})) == {waiting.reference}
    assert references(client.get(CHANGELIST, {"queue": "open"})) == needing | {with_advisor.reference}
    assert references(client.get(CHANGELIST, {"queue": "all"})) == needing | {with_advisor.reference, done.reference}
    assert references(client.get(CHANGELIST, {"q": done.reference})) == {done.reference}
    assert references(client.get(CHANGELIST, {"status__exact": "closed"})) == {done.reference}


def test_queue_begins_with_what_is_due_first(client, coordinator):
    rows = [make_request() for _ in range(3)]
    for row, day in zip(rows, ("2026-03-03", "2026-01-02", "2026-02-02"), strict=True):
        AdvisorRequest.objects.filter(pk=row.pk).update(respond_by=day)
    for parameters in ({}, {"queue": "open"}):
        listed = [row.pk for row in client.get(CHANGELIST, parameters).context["cl"].result_list]
        assert listed == [rows[1].pk, rows[2].pk, rows[0].pk]
    newest_first = [row.pk for row in client.get(CHANGELIST, {"queue": "all"}).context["cl"].result_list]
    assert newest_first == [row.pk for row in reversed(rows)]


@pytest.mark.parametrize("days", ["7", "x", "99999999999999999999"])
def test_list_is_filtered_by_age(client, coordinator, days):
    old, new = make_request(), make_request()
    AdvisorRequest.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=8))
    expected = {"7": {old.reference}, "x": {old.reference, new.reference}}.get(days, set())
    assert references(client.get(CHANGELIST, {"older_than": days})) == expected


def bulk(client, action, *rows, **fields):
    return client.post(
        f"{CHANGELIST}?queue=all", {"action": action, "_selected_action": [row.pk for row in rows], **fields}
    )


def test_several_are_offered_each_to_the_next_who_can(client, coordinator):
    able, unable = make_specialty(), make_specialty()
    make_advisor(able), make_advisor(able)
    one, two, closed = make_request(able), make_request(unable), make_request(able)
    closed.close("Done.", by=coordinator)
    done, *refused = told(bulk(client, "offer_to_next", one, two, closed))
    assert done == f"Offer to the next advisor who can: 1 done, {one}."
    assert sorted(refused) == sorted([f"Nobody can take {two} now.", f"{closed} is closed: nothing was done."])
    assert {row.reference: row.status for row in AdvisorRequest.objects.all()} == {
        one.reference: "offered",
        two.reference: "waiting",
        closed.reference: "closed",
    }


def test_several_are_closed_with_one_reason(client, coordinator):
    one, two, closed = make_request(), make_request(), make_request()
    closed.close("Before.", by=coordinator)
    page = bulk(client, "close_all", one, two, closed)
    assert page.status_code == 200
    html = page.content.decode()
    assert html.count('name="_selected_action"') == 3
    assert AdvisorRequest.objects.open().count() == 2
    assert "Please give the reason." in bulk(client, "close_all", one, two, closed, reason="").content.decode()
    response = bulk(client, "close_all", one, two, closed, kind="group_session", reason="See you at the fair.")
    assert told(response) == [
        f"Close with a reason: 2 done, {two}, {one}.",
        f"{closed} is closed: nothing was done.",
    ]
    assert {row.events.last().note for row in (one, two)} == {"See you at the fair."}
    assert closed.events.last().note == "Before."


def test_all_that_a_filter_finds_are_closed_however_many_there_are(client, coordinator, settings):
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 9
    rows = [make_request() for _ in range(12)]
    page = bulk(client, "close_all", rows[0], select_across=1)
    assert page.context["title"] == "Close 12 requests"
    late = make_request()
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.content.decode()))
    response = client.post(f"{CHANGELIST}?queue=all", {**hidden, "kind": "other", "reason": "Until next year."})
    named = ", ".join(row.reference for row in reversed(rows[2:]))
    assert told(response) == [f"Close with a reason: 12 done, {named} and 2 more."]
    assert [row.reference for row in AdvisorRequest.objects.open()] == [late.reference]


def test_many_refusals_are_told_in_a_few_lines(client, coordinator):
    rows = [make_request() for _ in range(12)]
    *first, rest = told(bulk(client, "remind_all", *rows))
    assert (len(first), rest) == (10, "2 more could not be done either.")


def test_several_are_reminded(client, coordinator):
    rows = [offered(make_specialty(), coordinator) for _ in range(2)]
    assert len(told(bulk(client, "remind_all", *rows, make_request()))) == 2
    assert [row.events.last().kind for row in rows] == ["reminded", "reminded"]


def entry(specialty, **fields):
    return {
        "source": "phone",
        "specialty": specialty.pk,
        "name": "Ada Student",
        "email": "ada@example.edu",
        "class_year": "m3",
        "topics": ["aways"],
        "message": "Called about aways",
    } | fields


def test_request_that_came_by_telephone_is_taken_down_on_one_page(client, coordinator):
    specialty = make_specialty()
    advisor, _ = make_advisor(specialty), make_advisor(specialty)
    assert client.get(f"{CHANGELIST}add/").status_code == 200
    response = client.post(f"{CHANGELIST}add/", entry(specialty))
    stored = AdvisorRequest.objects.get()
    assert response["Location"] == change_url(stored)
    assert (stored.status, stored.source, stored.topics) == ("waiting", "phone", ["aways"])
    assert (stored.events.get().actor, stored.events.get().user) == ("staff", coordinator)
    again = client.post(f"{CHANGELIST}add/", entry(specialty, email="ADA@example.edu"))
    assert f"This address has an open request for this specialty: {stored.reference}." in again.content.decode()

    client.post(f"{CHANGELIST}add/", entry(specialty, email="ben@example.edu", agreed_advisor=advisor.pk))
    accepted = AdvisorRequest.objects.get(email="ben@example.edu")
    assert (accepted.status, accepted.advisor) == ("accepted", advisor)
    assert not accepted.emails.filter(kind="offered").exists()


def test_mails_of_a_request_taken_down_as_accepted_say_so(client, coordinator):
    specialty = make_specialty()
    advisor, _ = make_advisor(specialty, name="Kim Able"), make_advisor(specialty)
    client.post(f"{CHANGELIST}add/", entry(specialty, agreed_advisor=advisor.pk))
    stored = AdvisorRequest.objects.get()
    for kind in ("received", "received_for_office"):
        text = stored.emails.get(kind=kind).text
        assert "Kim Able has agreed" in text
        assert "until" not in text
        assert "asked Kim" not in text


def test_advisor_who_cannot_take_it_is_taken_down_only_with_the_tick_and_recorded(client, coordinator):
    specialty = make_specialty()
    advisor = make_advisor(specialty, on_selection_committee=True, request_limit=0)
    fields = entry(specialty, agreed_advisor=advisor.pk, avoid_selection_committee="on")
    refused = client.post(f"{CHANGELIST}add/", fields)
    reasons = "takes no requests, on the selection committee"
    assert f"{advisor}: {reasons}. Choose somebody else" in refused.content.decode()
    assert not AdvisorRequest.objects.exists()
    client.post(f"{CHANGELIST}add/", {**fields, "all_the_same": "on"})
    stored = AdvisorRequest.objects.get()
    assert stored.status == "accepted"
    assert [note for *_, note in events(stored)][1] == f"All the same: {reasons}."


@pytest.mark.parametrize("field", ["preferred_advisor", "agreed_advisor"])
def test_advisor_of_another_specialty_is_not_taken_down(client, coordinator, field):
    specialty, stranger = make_specialty("Urology"), make_advisor(make_specialty(), name="Sam Other")
    response = client.post(f"{CHANGELIST}add/", entry(specialty, **{field: stranger.pk}))
    assert response.context["form"].errors == {field: ["Sam Other does not advise on Urology."]}
    assert not AdvisorRequest.objects.exists()


def test_request_is_taken_down_by_the_same_rules(client, coordinator):
    response = client.post(f"{CHANGELIST}add/", entry(make_specialty(), name="a\nb", email="x", message=""))
    assert response.status_code == 200
    assert set(response.context["form"].errors) == {"name", "email", "message"}
    assert not AdvisorRequest.objects.exists()


class TestLiaison:
    """Sees the requests of their own specialties, and does nothing to them."""

    @pytest.fixture
    def own(self, client):
        own = make_request(make_specialty("Urology"), name="Own Student")
        user = make_staff("view_advisorrequest", "view_outgoingemail")
        user.liaison_for.create(specialty=own.specialty)
        client.force_login(user)
        return own

    @pytest.fixture
    def other(self):
        return make_request(make_specialty("Surgery"), name="Other Student")

    def test_list_and_search_and_numbers(self, client, own, other):
        for parameters in ({}, {"q": "Student"}, {"queue": "all"}):
            response = client.get(CHANGELIST, parameters)
            assert references(response) == {own.reference}
            assert "Other Student" not in response.content.decode()
            assert response.context["cl"].full_result_count in (None, 1)
        assert ">1<" in "".join(client.get(CHANGELIST).content.decode().split())

    def test_detail_history_and_mail(self, client, own, other):
        assert "Own Student" in client.get(change_url(own)).content.decode()
        for url in (change_url(other), change_url(other, "history"), verb_url(other, "offer")):
            response = client.get(url)
            assert response.status_code in (302, 403, 404)
        mail = {row.request for row in client.get(MAIL_CHANGELIST).context["cl"].result_list}
        assert mail == {own}
        [foreign] = other.emails.filter(kind="received")
        assert client.get(f"{MAIL_CHANGELIST}{foreign.pk}/change/").status_code == 302

    def test_private_links_are_nowhere(self, client, own):
        """Whoever has one acts as the student or as the advisor."""
        own.offer(make_advisor(own.specialty), by=make_staff())
        mails = own.emails.values_list("pk", flat=True)
        own_pages = [change_url(own), change_url(own, "history")]
        for url in (
            f"{CHANGELIST}?queue=all",
            MAIL_CHANGELIST,
            *own_pages,
            *(f"{MAIL_CHANGELIST}{pk}/change/" for pk in mails),
        ):
            html = client.get(url).content.decode()
            assert own.reference in html, url
            assert own.token not in html, url
            assert re.findall(r"/(?:requests|respond|review)/[^/\s<…]+/", html) == [], url

    def test_private_links_cannot_be_guessed_letter_by_letter(self, client, own):
        for url, query in (
            (CHANGELIST, {"token__startswith": own.token[0]}),
            (CHANGELIST, {"token": own.token}),
            (CHANGELIST, {"submission_id__startswith": str(own.submission_id)[0]}),
            (MAIL_CHANGELIST, {"text__contains": own.token[:1]}),
            (MAIL_CHANGELIST, {"html__contains": own.token[:1]}),
            (MAIL_CHANGELIST, {"request__token__startswith": own.token[:1]}),
            (CHANGELIST, {"_to_field": "token", "_popup": "1"}),
        ):
            assert client.get(url, query).status_code == 400, query

    @pytest.fixture
    def may_act(self, client, own):
        """The liaison, where a school lets liaisons do what the office does for their specialty."""
        permissions = ("view_advisorrequest", "add_advisorrequest", "change_advisorrequest", "change_advisor")
        user = make_staff(*permissions, "view_advisor", "view_specialty")
        user.liaison_for.create(specialty=own.specialty)
        client.force_login(user)
        return user

    def test_takes_down_requests_of_their_specialty_only(self, client, own, other, may_act):
        form = client.get(f"{CHANGELIST}add/").context["form"]
        assert list(form.fields["specialty"].queryset) == [own.specialty]
        refused = client.post(f"{CHANGELIST}add/", entry(other.specialty, email=other.email))
        assert list(refused.context["form"].errors) == ["specialty"]
        assert other.reference not in refused.content.decode()
        client.post(f"{CHANGELIST}add/", entry(own.specialty))
        assert AdvisorRequest.objects.get(email="ada@example.edu").specialty == own.specialty

    def test_how_many_requests_an_advisor_has_elsewhere_is_not_told(self, client, own, other, may_act):
        free = make_advisor(own.specialty, name="Abel", open_requests=2)
        make_advisor(own.specialty, name="Zora", open_requests=5)
        form = client.get(verb_url(own, "offer")).context["form"]
        _, (_, able), (_, others) = form.fields["advisor"].choices
        assert [label for _, label in (*able, *others)] == ["Abel", "Zora — full"]
        assert "open / limit" not in client.get("/admin/specialties/advisor/").content.decode()
        assert client.get("/admin/specialties/advisor/", {"open_requests__gt": 1}).status_code == 400
        url = f"/admin/specialties/advisor/{free.pk}/change/"
        response = client.post(url, posted(client.get(url), request_limit=0))
        assert told(response)[0] == "Abel still has open requests: hand them over, if need be."

    def test_autocompletes_name_their_requests(self, client, own, other):
        query = {"app_label": "requests_app", "model_name": "outgoingemail", "field_name": "request", "term": "Student"}
        found = client.get(reverse("admin:autocomplete"), query).json()["results"]
        assert [row["text"] for row in found] == [own.reference]

    def test_request_of_another_specialty_is_no_duplicate_to_name(self, client, own, other, may_act):
        AdvisorRequest.objects.update(email="ada@example.edu")
        assert "repeats" not in client.get(verb_url(own, "close")).context["form"].fields

    def test_filters_name_what_their_requests_have(self, client, own, other, superuser):
        other.offer(make_advisor(other.specialty, name="Elsewhere"), by=superuser)
        for name in ("Here", "There"):
            make_request(own.specialty).offer(make_advisor(own.specialty, name=name), by=superuser)
        user = make_staff("view_advisorrequest")
        for specialty in (own.specialty, make_specialty("Dermatology", is_published=False)):
            user.liaison_for.create(specialty=specialty)
            make_request(specialty)
        client.force_login(user)
        make_specialty("Secret", is_published=False)
        filters = {each.title: each for each in client.get(CHANGELIST).context["cl"].filter_specs}
        assert [name for _, name in filters["specialty"].lookup_choices] == ["Dermatology", "Urology"]
        assert [name for _, name in filters["advisor"].lookup_choices] == ["Here", "There"]

    def test_list_and_detail_are_flat(self, client, own, django_assert_num_queries):
        ContentType.objects.get_for_model(AdvisorRequest)  # Django asks for it once in the life of a process
        advisors = [make_advisor(own.specialty) for _ in range(3)]
        staff = make_staff()
        for advisor in advisors:
            own.offer(advisor, by=staff)
            make_request(own.specialty, preferred_advisor=advisor)
            with django_assert_num_queries(9):
                assert client.get(CHANGELIST, {"queue": "all"}).status_code == 200
            with django_assert_num_queries(9):
                assert client.get(change_url(own)).status_code == 200

    def test_failed_email_needs_only_those_who_can_open_it(self, client, own, superuser):
        own.assign(make_advisor(own.specialty), by=superuser)
        own.emails.filter(kind="accepted").update(next_try=None)
        for permissions, needing in (([], set()), (["view_outgoingemail"], {own.reference})):
            user = make_staff("view_advisorrequest", *permissions)
            user.liaison_for.create(specialty=own.specialty)
            client.force_login(user)
            index = client.get("/admin/")
            assert {row.reference for row in index.context["urgent"]} == needing
            assert ("nothing-waits" in index.content.decode()) == (not needing)
            assert references(client.get(CHANGELIST)) == needing

    def test_without_a_specialty_there_is_nothing(self, client, other):
        client.force_login(make_staff("view_advisorrequest"))
        assert references(client.get(CHANGELIST)) == set()


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
    assert told(response) == [f"Send again: 1 done, {failed}.", f"{fine} cannot be sent again: it is waiting."]
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


def test_failed_email_of_a_closed_request_is_dismissed_and_needs_nobody_any_more(client, coordinator):
    stored = make_request()
    stored.close("Done.", by=coordinator)
    failed = stored.emails.get(kind="closed")
    stored.emails.filter(pk=failed.pk).update(next_try=None, last_error="550")
    assert references(client.get(CHANGELIST)) == {stored.reference}
    url = reverse("admin:requests_app_outgoingemail_dismiss", args=[failed.pk])
    assert url in client.get(f"{MAIL_CHANGELIST}{failed.pk}/change/").content.decode()
    assert told(client.post(url)) == [f"{failed} is dismissed: nobody sends it again."]
    failed.refresh_from_db()
    assert failed.state == "dismissed"
    note = f"E-mail to {stored.email} could not be delivered, and was dismissed: {failed}"
    assert (stored.events.last().note, stored.events.last().user) == (note, coordinator)
    assert references(client.get(CHANGELIST)) == set()
    assert client.get(MAIL_CHANGELIST, {"failed": "yes"}).context["cl"].result_count == 0
    assert told(client.post(url)) == [f"{failed} cannot be dismissed: it is dismissed."]


def test_several_emails_are_dismissed(client, coordinator):
    failed, fine = make_email(next_try=None), make_email()
    response = client.post(MAIL_CHANGELIST, {"action": "dismiss_all", "_selected_action": [failed.pk, fine.pk]})
    states = {email.pk: email.state for email in OutgoingEmail.objects.all()}
    assert states == {failed.pk: "dismissed", fine.pk: "waiting"}
    assert len(told(response)) == 2


class TestEmailThatWasSent:
    """It may be lost all the same, in a spam folder or by a slip: then the office sends it once more."""

    @pytest.fixture
    def sent(self):
        email = make_request(email="ada@example.edu").emails.get(kind="received")
        OutgoingEmail.objects.filter(pk=email.pk).update(sent_at=timezone.now(), next_try=None)
        email.refresh_from_db()
        return email

    def send(self, client, email):
        """Return what the office is told last."""
        return told(client.post(reverse("admin:requests_app_outgoingemail_send_copy", args=[email.pk])))[-1]

    def test_goes_out_once_more_as_a_message_of_its_own(self, client, coordinator, sent):
        assert self.send(client, sent) == f"{sent} goes to ada@example.edu once more."
        copy = sent.request.emails.exclude(pk=sent.pk).get(kind="received")
        assert (copy.to, copy.text, copy.html, copy.state) == (sent.to, sent.text, sent.html, "waiting")
        assert copy.message_id != sent.message_id
        assert copy.message_id.endswith(sent.message_id.partition("@")[2])
        assert self.send(client, sent) == f"{sent} is on its way to ada@example.edu already."
        assert sent.request.emails.filter(kind="received").count() == 2

    def test_goes_to_no_address_that_may_be_a_strangers(self, client, coordinator, sent):
        sent.request.correct_email("ben@example.edu", by=coordinator)
        assert self.send(client, sent) == "ada@example.edu is an old address, so nothing is sent there any more."
        sent.request.correct_email("ada@example.edu", by=coordinator)
        assert self.send(client, sent) == "The link in this e-mail is an old one. A newer e-mail has the right one."

    def test_is_offered_for_sent_ones_alone(self, client, coordinator, sent):
        waiting = sent.request.emails.get(kind="received_for_office")
        assert self.send(client, waiting) == f"{waiting} cannot be sent once more: it is waiting."


def test_dismissed_email_can_be_sent_again_after_all(coordinator):
    email = make_email(next_try=None)
    email.dismiss(by=coordinator)
    email.refresh_from_db()
    email.send_again()
    email.refresh_from_db()
    assert email.state == "waiting"


def test_address_of_a_student_is_corrected_and_what_failed_goes_there(client, coordinator):
    stored = make_request(email="ada@exmaple.edu")
    stored.offer(make_advisor(stored.specialty), by=coordinator)
    stored.emails.filter(kind="received").update(next_try=None, last_error="550")
    stored.emails.filter(kind="offered").update(reply_to="ada@exmaple.edu")
    response = client.post(verb_url(stored, "correct_email"), {"email": "ada@example.edu"})
    assert told(response) == ["The e-mails go to ada@example.edu now, with what could not be delivered."]
    stored.refresh_from_db()
    assert stored.email == "ada@example.edu"
    assert [(email.to, email.state) for email in stored.emails.filter(kind="received")] == [
        ("ada@example.edu", "trying again")
    ]
    assert stored.emails.get(kind="offered").reply_to == "ada@example.edu"
    event = stored.events.last()
    assert (event.kind, event.user, event.new_status) == ("noted", coordinator, "offered")
    assert event.note == "E-mail address corrected, from ada@exmaple.edu to ada@example.edu."


def test_student_who_was_written_to_in_vain_gets_the_link_at_the_right_address(client, coordinator):
    stored = make_request(email="somebody@example.edu")
    stored.emails.update(sent_at=timezone.now(), next_try=None)
    client.post(verb_url(stored, "correct_email"), {"email": "ada@example.edu"})
    links = stored.emails.filter(kind="received").order_by("pk")
    assert [email.to for email in links] == ["somebody@example.edu", "ada@example.edu"]


def test_link_that_went_to_a_wrong_address_opens_nothing_any_more(client, coordinator):
    stored = make_request(email="stranger@example.edu")
    old_page, pending = stored.get_absolute_url(), stored.emails.get(kind="received")
    assert old_page in pending.text
    client.post(verb_url(stored, "correct_email"), {"email": "ada@example.edu"})
    assert client.get(old_page).status_code == 404
    stored.refresh_from_db()
    pending.refresh_from_db()
    assert client.get(stored.get_absolute_url()).status_code == 200
    for body in (pending.text, pending.html):
        assert (old_page in body, stored.get_absolute_url() in body) == (False, True)


@pytest.mark.parametrize("address", ["", "ada", "ada@exämple.edu", "BEN@example.edu"])
def test_address_that_cannot_be_is_refused(client, coordinator, address):
    stored = make_request(email="ada@exmaple.edu")
    make_request(stored.specialty, email="ben@example.edu")
    response = client.post(verb_url(stored, "correct_email"), {"email": address})
    if address.startswith("BEN"):
        assert told(response) == ["This address has an open request for this specialty already."]
    else:
        assert list(response.context["form"].errors) == ["email"]
    stored.refresh_from_db()
    assert (stored.email, stored.events.count()) == ("ada@exmaple.edu", 1)
    assert {email.to for email in stored.emails.exclude(to=settings.OFFICE_EMAIL)} == {"ada@exmaple.edu"}


def test_new_address_of_an_advisor_gets_what_could_not_be_sent(superuser_client, superuser):
    specialty = make_specialty()
    advisor, other = (make_advisor(specialty, email="old@example.edu", slug=slug) for slug in ("kim", "robin"))
    stored, theirs = make_request(specialty), make_request(specialty)
    stored.offer(advisor, by=superuser)
    theirs.offer(other, by=superuser)
    stored.emails.filter(kind="offered").update(next_try=None)
    url = f"/admin/specialties/advisor/{advisor.pk}/change/"
    superuser_client.post(url, posted(superuser_client.get(url), email="new@example.edu"))
    assert stored.emails.get(kind="offered").to == "new@example.edu"
    assert theirs.emails.get(kind="offered").to == "old@example.edu"


def test_mail_to_the_office_stays_with_the_office():
    stored = make_request()
    stored.emails.redirect(settings.OFFICE_EMAIL, "new@example.edu")
    assert not stored.emails.filter(to="new@example.edu").exists()


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
        stored.offer(make_advisor(specialty), by=superuser)
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
