"""Departments are asked whether their answers still hold: by the worker when it is time, by staff at a press."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.db import connection
from django.urls import reverse

from requests_app import emails
from requests_app.deadlines import take_due_steps
from requests_app.models import OutgoingEmail
from specialties.models import Answer, Question, Review, Specialty
from specialties.models.reviews import NotNow, shown_as, to_ask
from tests.factories import make_answer, make_question, make_review, make_specialty, make_staff, make_superuser

pytestmark = pytest.mark.django_db

NOW = "2026-05-04T12:00-05:00"
DEPARTMENT, OFFICE = "urology@example.edu", "office@example.edu"


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def urology(clock):
    """A guide of one question, answered today, whose department has an address."""
    Question.objects.update(is_active=False)  # those a new portal begins with
    specialty = make_specialty("Urology", email=DEPARTMENT, department="Department of Urology")
    make_answer(specialty, make_question("old", label="Old one"))
    return specialty


def work(clock, days=0):
    """What the worker writes after so many more days: kinds and addressees, in order."""
    before = set(OutgoingEmail.objects.values_list("pk", flat=True))
    clock.shift(timedelta(days=days))
    take_due_steps()
    take_due_steps()
    return list(OutgoingEmail.objects.exclude(pk__in=before).order_by("pk").values_list("kind", "to"))


ASKED, REMINDER = ("review_asked", DEPARTMENT), ("review_reminder", DEPARTMENT)
UNANSWERED, ENDED = ("review_unanswered", OFFICE), ("review_ended", OFFICE)


def test_department_is_asked_thirty_days_before_an_answer_is_due(clock, urology):
    assert work(clock, days=334) == []
    assert work(clock, days=1) == [ASKED]
    review, email = Review.objects.get(), OutgoingEmail.objects.get()
    assert email.subject == "Is what students read about Urology still right?"
    assert email.reply_to == OFFICE
    assert (
        "Urology: of its 1 question, 1 has an answer to confirm. Until Thursday, 3 June, on this page:\n" in email.text
    )
    assert f"http://testserver{review.get_absolute_url()}\n" in email.text
    assert (review.asked_by, review.state) == (None, "open")


def test_one_mail_tells_of_all_answers(clock, urology):
    for _ in range(2):
        make_answer(urology)
        make_question()
    assert work(clock, days=340) == [ASKED]
    words = "of its 5 questions, 3 have an answer to confirm, and 2 have no answer yet."
    assert words in OutgoingEmail.objects.get().text


def test_department_of_a_published_guide_is_asked_at_once_for_what_is_blank(clock, urology):
    make_question()
    assert work(clock) == [ASKED]


@pytest.mark.parametrize("fields", [{"is_published": False}, {"is_sample": True}, {"email": ""}])
def test_nobody_is_asked_for_drafts_samples_and_without_an_address(clock, urology, fields):
    Specialty.objects.update(**fields)
    make_question()
    assert work(clock, days=400) == []
    assert not to_ask().exists()  # nor is it tried every second


def test_department_whose_review_was_finished_a_moment_ago_is_not_asked_by_a_slower_worker(clock, urology):
    make_question()
    [found] = to_ask()
    work(clock)
    confirm_all(Review.objects.get())
    with pytest.raises(NotNow):
        Review.objects.begin_in_time(found)


@pytest.mark.parametrize("fields", [{"is_active": False}, {"specialty": "another"}])
def test_question_that_is_not_asked_here_is_no_blank(clock, urology, fields):
    if "specialty" in fields:
        fields = {"specialty": make_specialty()}
    make_question(**fields)
    assert work(clock) == []


def test_answer_somebody_confirmed_is_due_a_year_after_that_day(clock, urology):
    Answer.objects.update(confirmed_on="2026-09-01", edited_at="2024-01-01T00:00-06:00")
    assert work(clock, days=454) == []  # 1 August 2027
    assert work(clock, days=1) == [ASKED]


def test_days_are_a_setting_and_none_turn_it_off(clock, urology, settings):
    make_question()
    settings.REVIEW_DAYS = 0
    assert work(clock, days=400) == []
    settings.REVIEW_DAYS = 20
    assert work(clock) == [ASKED]


def test_silent_department_is_reminded_once_then_the_office_is_told_once_then_the_link_ends(clock, urology):
    assert work(clock, days=335) == [ASKED]
    assert work(clock, days=13) == []
    assert work(clock, days=1) == [REMINDER]
    assert work(clock, days=13) == []
    assert work(clock, days=1) == [UNANSWERED]
    assert work(clock, days=31) == []
    assert work(clock, days=1) == [ENDED]
    assert Review.objects.get().state == "run_out"
    texts = {email.kind: email for email in OutgoingEmail.objects.all()}
    assert "It has not answered. The address is urology@example.edu" in texts["review_unanswered"].text
    assert texts["review_ended"].subject == "Review not finished in time: Urology"
    assert "Nothing said:\n- Old one" in texts["review_ended"].text
    assert Answer.objects.get().confirmed_on is None
    assert Specialty.objects.get().is_published


def test_department_that_works_on_it_is_left_in_peace(clock, urology):
    make_answer(urology)
    assert work(clock, days=335) == [ASKED]
    clock.shift(timedelta(days=10))
    Review.objects.get().introduce(name="Dr. B")
    assert work(clock, days=13) == []
    assert work(clock, days=1) == [REMINDER]


def test_silent_department_that_lost_its_address_is_told_to_the_office(clock, urology):
    work(clock, days=335)
    Specialty.objects.update(email="")
    assert work(clock, days=14) == [UNANSWERED]
    assert "There is no e-mail address of the department any more." in OutgoingEmail.objects.first().text


def test_silent_department_is_asked_again_a_year_after_it_was_asked(clock, urology):
    assert work(clock, days=335) == [ASKED]
    work(clock, days=60)
    assert work(clock, days=304) == []
    assert work(clock, days=1) == [ASKED]


@pytest.mark.parametrize("later", [31, 90])
def test_one_mail_tells_of_all_that_falls_due_before_the_next_can_go_out(clock, urology, later):
    clock.shift(timedelta(days=later))
    make_answer(urology)
    assert work(clock, days=335 - later) == [ASKED]
    assert "of its 2 questions, 2 have an answer to confirm. " in OutgoingEmail.objects.get().text
    confirm_all(Review.objects.get(), *Question.objects.filter(is_active=True).values_list("key", flat=True))
    assert work(clock, days=334) == [ENDED]
    assert work(clock, days=1) == [ASKED]


def test_department_is_asked_again_in_three_months_at_the_earliest_and_thirty_days_before_it_is_due(clock, urology):
    clock.shift(timedelta(days=91))
    make_answer(urology)
    assert work(clock, days=244) == [ASKED]
    assert "of its 2 questions, 1 has an answer to confirm. " in OutgoingEmail.objects.get().text
    confirm_all(Review.objects.get(), "old")
    assert work(clock, days=90) == [ENDED]
    assert work(clock, days=1) == [ASKED]


def test_department_with_several_guides_gets_one_mail_and_one_reminder_with_a_link_to_each(clock, urology):
    clock.shift(timedelta(days=90))
    second = make_specialty("Vascular", email="Urology@Example.edu")
    make_answer(second, Question.objects.get(key="old"))
    for name, fields in {"Draft": {"is_published": False}, "Elsewhere": {"email": "else@example.edu"}}.items():
        make_answer(make_specialty(name, **{"email": DEPARTMENT} | fields), Question.objects.get(key="old"))
    assert work(clock, days=245) == [ASKED]
    first, second = (Review.objects.get(specialty__name=name) for name in ("Urology", "Vascular"))
    email = OutgoingEmail.objects.get()
    assert email.subject == "Is what students read in your 2 guides still right?"
    words = "of its 1 question, 1 has an answer to confirm. Until Thursday, 3 June, on this page:"
    for review in (first, second):
        line = f"{review.specialty}: {words}\nhttp://testserver{review.get_absolute_url()}\n"
        assert line in email.text
    assert work(clock, days=14) == [REMINDER]
    reminder = OutgoingEmail.objects.get(kind="review_reminder")
    assert [review.get_absolute_url() in reminder.text for review in (first, second)] == [True, True]
    assert work(clock, days=14) == [UNANSWERED, UNANSWERED]


@pytest.mark.parametrize("why", ["nothing to confirm", "asked lately"])
def test_guide_with_nothing_to_confirm_or_asked_lately_is_not_in_the_mail(clock, urology, why):
    make_answer(make_specialty("Vascular", email=DEPARTMENT), Question.objects.get(key="old"))
    clock.shift(timedelta(days=330))
    if why == "asked lately":
        review = make_review(urology)
        review.finish(name="Dr. B")
        Specialty.objects.update(email=DEPARTMENT)
    else:
        urology.answers.update(confirmed_on="2027-03-30")
    work(clock, days=5)
    assert [review.specialty.name for review in Review.objects.open()] == ["Vascular"]
    email = OutgoingEmail.objects.get(kind="review_asked")
    assert email.subject == "Is what students read about Vascular still right?"


def test_department_that_went_through_one_of_its_guides_is_reminded_of_the_other(clock, urology):
    second = make_specialty("Vascular", email=DEPARTMENT)
    make_answer(second, Question.objects.get(key="old"))
    assert work(clock, days=335) == [ASKED]
    review = urology.reviews.get()
    confirm_all(review, "old")
    assert work(clock, days=14) == [REMINDER, ENDED]
    text = OutgoingEmail.objects.get(kind="review_reminder").text
    assert (review.get_absolute_url() in text, second.reviews.get().get_absolute_url() in text) == (False, True)


def confirm_all(review, *keys):
    review.confirm_all({e.question.key: shown_as(e) for e in review.entries() if e.question.key in keys}, name="Dr. B")
    review.finish(name="Dr. B")


def test_office_is_told_what_the_department_said(clock, urology):
    others = [make_question(label=f"Other {n}") for n in range(2)]
    work(clock)
    review = Review.objects.get()
    entries = {entry.question: shown_as(entry) for entry in review.entries()}
    review.confirm("old", entries[Question.objects.get(key="old")], name="Dr. B")
    review.propose(others[0].key, entries[others[0]], name="Dr. B", short_answer="", typed="New.")
    review.finish(name="Dr. B")
    assert work(clock) == [ENDED]
    email = OutgoingEmail.objects.first()
    assert email.subject == "Reviewed by the department: Urology"
    assert email.reply_to == DEPARTMENT
    assert (
        "Dr. B has gone through the guide to Urology.\n\nStill right:\n- Old one\n\n"
        "Another text proposed:\n- Other 0\n\nNothing said:\n- Other 1 (no answer yet)\n"
    ) in email.text
    assert f"/admin/specialties/proposal/?state__exact=open&specialty__id__exact={urology.pk}\n" in email.text
    assert work(clock, days=300) == []


def test_step_that_is_cut_off_leaves_nothing_behind_and_is_taken_later(clock, urology, monkeypatch):
    def die(*args):
        raise SystemExit

    make_question()
    with monkeypatch.context() as patched:
        patched.setattr(emails, "review_asked", die)
        with pytest.raises(SystemExit):
            take_due_steps()
    assert not Review.objects.exists()
    assert work(clock) == [ASKED]


@pytest.mark.django_db(transaction=True)
def test_several_workers_take_each_step_once(questions):
    with time_machine.travel(NOW, tick=False):
        for name in ("asked", "reminded", "unanswered", "run-out", "finished"):
            make_specialty(name, email=f"{name}@example.edu")
        for name in ("asked", "reminded"):
            make_specialty(f"another {name}", email=f"{name}@example.edu")
        for name, fields in {
            "reminded": {"worked_on_at": "2026-04-20T11:00-05:00"},
            "unanswered": {"worked_on_at": "2026-04-01T12:00-05:00", "reminded_at": "2026-04-15T12:00-05:00"},
            "run-out": {"asked_at": "2026-03-01T12:00-05:00"},
            "finished": {"state": "finished", "ended_at": NOW},
        }.items():
            for specialty in Specialty.objects.filter(email=f"{name}@example.edu"):
                make_review(specialty, **fields)
                Specialty.objects.filter(pk=specialty.pk).update(email=f"{name}@example.edu")

        def work(_):
            try:
                return take_due_steps()
            finally:
                connection.close()

        with ThreadPoolExecutor(4) as threads:
            assert sum(threads.map(work, range(4))) in (5, 6)  # what ran out is told in this pass or the next
        take_due_steps()
    written = sorted((email.kind, str(email.subject).split()[-1]) for email in OutgoingEmail.objects.all())
    assert [kind for kind, _ in written] == [
        *("review_asked", "review_ended", "review_ended", "review_reminder", "review_unanswered"),
    ]
    assert Review.objects.count() == 7
    for kind in ("review_asked", "review_reminder"):
        assert OutgoingEmail.objects.get(kind=kind).text.count("/review/") == 2


# Staff


@pytest.fixture
def coordinator(client):
    user = make_staff()
    user.groups.add(Group.objects.get(name="Coordinators"))
    client.force_login(user)
    return user


def button(specialty):
    return reverse("admin:specialties_specialty_ask_for_review", args=[specialty.pk])


def test_coordinator_starts_a_review_and_sees_who_was_asked_when(client, coordinator, urology):
    change = reverse("admin:specialties_specialty_change", args=[urology.pk])
    assert button(urology) in client.get(change).content.decode()
    assert "urology@example.edu gets one e-mail" in client.get(button(urology)).content.decode()
    assert not Review.objects.exists()
    response = client.post(button(urology), follow=True)
    assert [str(message) for message in response.context["messages"]] == [
        "The department is asked by e-mail at urology@example.edu."
    ]
    review = Review.objects.get()
    assert (review.asked_by, list(OutgoingEmail.objects.values_list("kind", "to"))) == (coordinator, [ASKED])
    html = client.get(change).content.decode()
    assert str(coordinator) in html.split('id="reviews-group"')[1]
    assert review.get_absolute_url() not in html


def test_coordinator_asks_once_more(client, coordinator, urology, clock):
    client.post(button(urology))
    assert "Asked on 4 May, and not finished" in client.get(button(urology)).content.decode()
    clock.shift(timedelta(days=2))
    Specialty.objects.update(email="another@example.edu")
    client.post(button(urology))
    assert set(OutgoingEmail.objects.values_list("kind", "to")) == {ASKED, ("review_reminder", "another@example.edu")}
    assert work(clock, days=12) == []  # reminded by the office
    assert work(clock, days=2) == [UNANSWERED]


def test_draft_can_be_reviewed_by_a_press(client, coordinator, urology):
    Specialty.objects.update(is_published=False)
    client.post(button(urology))
    assert Review.objects.count() == 1


def test_without_an_address_the_office_is_told(client, coordinator, urology):
    Specialty.objects.update(email="")
    assert "No address to ask" in client.get(button(urology)).content.decode()
    response = client.post(button(urology), follow=True)
    assert [message.level_tag for message in response.context["messages"]] == ["error"]
    assert not OutgoingEmail.objects.exists()
    needs = {need.title: need for need in client.get("/admin/").context["needs"]}
    need = needs["Guides with no address to ask"]
    assert need.number == 1
    assert client.get(need.url).context["cl"].result_count == 1


def test_dashboard_tells_of_departments_that_do_not_answer(client, coordinator, urology):
    make_review(urology, escalated_at=NOW)
    make_review(make_specialty("Other"))
    needs = {need.title: need for need in client.get("/admin/").context["needs"]}
    need = needs["Departments that do not answer"]
    assert need.number == 1
    assert [row.name for row in client.get(need.url).context["cl"].result_list] == ["Urology"]


@pytest.mark.parametrize("permissions", [[], ["view_specialty", "change_specialty"], ["add_review"]])
def test_review_is_started_by_whoever_may(client, urology, permissions):
    client.force_login(make_staff(*permissions))
    assert client.post(button(urology)).status_code == 403
    assert not Review.objects.exists()


def test_link_of_a_review_is_not_shown_to_staff(client, urology):
    client.force_login(make_superuser())
    client.post(button(urology))
    email = OutgoingEmail.objects.get()
    html = client.get(reverse("admin:requests_app_outgoingemail_change", args=[email.pk])).content.decode()
    assert "/review/…" in html
    assert Review.objects.get().get_absolute_url() not in html
