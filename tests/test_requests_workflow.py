"""The steps of a request: what each needs, leaves behind and tells whom; and that no other step is possible."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import partial

import pytest
import time_machine
from django.db import connection
from django.db.models import ProtectedError

from requests_app.choices import NEXT_STATUS, OPEN_STATUSES, Status
from requests_app.models import AdvisorRequest, AlreadyOpen, IllegalMove, LimitReached, Offer
from requests_app.steps import Steps
from specialties.models import Advisor, Specialty
from tests.factories import make_advisor, make_request, make_specialty, make_superuser
from tests.test_requests_models import emails_of, events

pytestmark = pytest.mark.django_db

MONDAY = "2026-11-23T12:00-06:00"


@pytest.fixture
def specialty():
    return make_specialty()


@pytest.fixture
def advisors(specialty):
    """Two, so that nobody is asked by itself."""
    return [make_advisor(specialty, name=f"Advisor {letter}") for letter in "AB"]


def fresh(advisor_request):
    return AdvisorRequest.objects.get(pk=advisor_request.pk)


def in_status(status, user, specialty, advisors):
    """A request in the given status that is, or was, with the first of the advisors."""
    advisor_request, advisor = make_request(specialty), advisors[0]
    if status in (Status.OFFERED, Status.ACCEPTED, Status.MET):
        advisor_request.offer(advisor, by=user)
    if status in (Status.ACCEPTED, Status.MET):
        advisor_request.accept(by=advisor)
    if status == Status.MET:
        advisor_request.meet(by=advisor)
    if status == Status.CLOSED:
        advisor_request.close("Done.", by=user)
    if status == Status.WITHDRAWN:
        advisor_request.withdraw()
    assert fresh(advisor_request).status == status
    return advisor_request


# Each verb: from where it is legal, where it leads, and how it is called on a request that is with an advisor.
VERBS = {
    "offer": ({"waiting": "offered"}, lambda row, advisor, user: row.offer(advisor, by=user)),
    "accept": ({"offered": "accepted"}, lambda row, advisor, user: row.accept(by=user)),
    "decline": ({"offered": "waiting"}, lambda row, advisor, user: row.decline(by=user)),
    "hand back": ({"accepted": "waiting"}, lambda row, advisor, user: row.hand_back(by=user)),
    "take back": (
        {"offered": "waiting", "accepted": "waiting"},
        lambda row, advisor, user: row.take_back(by=user),
    ),
    "meet": ({"accepted": "met"}, lambda row, advisor, user: row.meet(by=user)),
    "withdraw": (dict.fromkeys(OPEN_STATUSES, "withdrawn"), lambda row, advisor, user: row.withdraw()),
    "close": (
        dict.fromkeys([*OPEN_STATUSES, "met"], "closed"),
        lambda row, advisor, user: row.close("Because.", by=user),
    ),
    "expire": ({}, lambda row, advisor, user: row.expire()),
}

# Those that are no step of the graph: they keep the status, or are two steps at once.
OTHER_VERBS = {
    "assign": (
        {"waiting": "accepted", "offered": "accepted"},
        lambda row, advisor, user: row.assign(advisor, by=user),
    ),
    "remind": ({"offered": "offered"}, lambda row, advisor, user: row.remind(by=user)),
    "remind in time": ({}, lambda row, advisor, user: row.remind_in_time()),
    "ask about meeting": ({}, lambda row, advisor, user: row.ask_about_meeting()),
    "answer survey": ({"met": "met"}, lambda row, advisor, user: row.answer_survey(3)),
    "correct email": (
        {status: status for status in Status},
        lambda row, advisor, user: row.correct_email("right@example.edu", by=user),
    ),
    "add note": ({status: status for status in Status}, lambda row, advisor, user: row.add_note("A note", by=user)),
}


def test_every_verb_is_in_these_tables():
    verbs = {name for name, verb in vars(Steps).items() if hasattr(verb, "__wrapped__")} - {"erase", "erase_in_time"}
    assert {verb.replace(" ", "_") for verb in VERBS | OTHER_VERBS} == verbs  # erasing: test_requests_retention.py


@pytest.mark.parametrize("verb", VERBS | OTHER_VERBS)
@pytest.mark.parametrize("old", Status)
def test_status_graph(superuser, specialty, advisors, old, verb):
    Advisor.objects.update(accepts_requests=False)  # so that nothing is passed on by itself
    advisor_request = in_status(old, superuser, specialty, advisors)
    before = events(advisor_request), emails_of(advisor_request), list(advisor_request.offers.values())
    leads_to, call = (VERBS | OTHER_VERBS)[verb]

    if old in leads_to:
        call(fresh(advisor_request), advisors[0], superuser)
        assert fresh(advisor_request).status == leads_to[old]
        new = events(advisor_request)[len(before[0]) :]
        assert (new[0][1], new[-1][2]) == (old, leads_to[old])
        if verb in VERBS:
            assert len(new) == 1
            assert leads_to[old] in NEXT_STATUS[old]
    else:
        with pytest.raises(IllegalMove):
            call(fresh(advisor_request), advisors[0], superuser)
        assert fresh(advisor_request).status == old
        assert (events(advisor_request), emails_of(advisor_request), list(advisor_request.offers.values())) == before


def test_every_step_of_the_graph_has_a_verb():
    steps = {(old, new) for leads_to, _ in VERBS.values() for old, new in leads_to.items()}
    assert {(old, new) for old, following in NEXT_STATUS.items() for new in following} - steps == {
        ("offered", "offered")
    }


@time_machine.travel(MONDAY, tick=False)
def test_offer_has_a_date_a_reminder_half_way_and_a_mail_with_its_link(settings, superuser, specialty, advisors):
    settings.HOLIDAYS = [date(2026, 11, 26)]
    advisor_request = make_request(specialty)
    advisor_request.offer(advisors[0], by=superuser)
    offer = advisor_request.offers.get()
    assert (fresh(advisor_request).advisor, fresh(advisor_request).respond_by) == (advisors[0], date(2026, 12, 1))
    assert (offer.due, offer.remind_on) == (date(2026, 12, 1), date(2026, 11, 25))
    assert emails_of(advisor_request) == [("offered", advisors[0].email), ("asked", advisor_request.email)]
    mail = advisor_request.emails.get(kind="offered")
    assert f"http://testserver{offer.get_absolute_url()}" in mail.text
    assert "by Tuesday, 1 December" in mail.text
    assert "Could we talk?" in mail.text
    assert advisor_request.token not in mail.text
    told = advisor_request.emails.get(kind="asked").text
    assert "have asked Advisor A to advise you on" in told
    assert "until Tuesday, 1 December" in told


def test_offer_to_another_takes_the_first_back(superuser, specialty, advisors):
    first, second = advisors
    advisor_request = make_request(specialty)
    advisor_request.offer(first, by=superuser)
    advisor_request.offer(second, by=superuser)
    assert [(offer.advisor, offer.state) for offer in advisor_request.offers.all()] == [
        (first, "taken_back"),
        (second, "open"),
    ]
    assert emails_of(advisor_request)[2:] == [
        ("no_longer_yours", first.email),
        ("offered", second.email),
        ("asked", advisor_request.email),
    ]
    with pytest.raises(IllegalMove, match="offered to Advisor B already"):
        advisor_request.offer(second, by=superuser)


@time_machine.travel(MONDAY, tick=False)
def test_accept_tells_both_how_to_reach_the_other(superuser, specialty, advisors):
    advisor, _ = advisors
    advisor_request = in_status(Status.OFFERED, superuser, specialty, advisors)
    advisor_request.accept(by=advisor)
    assert fresh(advisor_request).respond_by == date(2026, 12, 7)
    assert events(advisor_request)[-1] == ("accepted", "offered", "accepted", "advisor", None, "")
    assert advisor_request.events.last().advisor == advisor
    assert emails_of(advisor_request)[2:] == [("accepted", advisor_request.email), ("accepted_by_you", advisor.email)]
    to_student, to_advisor = (advisor_request.emails.get(kind=kind) for kind in ("accepted", "accepted_by_you"))
    assert advisor.email in to_student.text
    assert advisor_request.email in to_advisor.text
    assert to_advisor.reply_to == advisor_request.email
    assert advisor_request.offers.get().get_absolute_url() in to_advisor.text
    assert advisor_request.token not in to_advisor.text


def test_assign_without_an_address_tells_the_student_that_the_office_passes_it_on(superuser, specialty):
    advisor = make_advisor(specialty, email="")
    advisor_request = make_request(specialty)
    advisor_request.assign(advisor, by=superuser, note="By telephone")
    assert emails_of(advisor_request) == [("accepted", advisor_request.email)]
    text = advisor_request.emails.get(kind="accepted").text
    assert "The advising office passes your message" in text
    assert "They have your message" not in text
    assert [(kind, note) for kind, *_, note in events(advisor_request)[1:]] == [
        ("offered", "By telephone"),
        ("accepted", ""),
    ]


def test_decline_asks_the_next_who_can_and_tells_the_student(superuser, specialty, advisors):
    first, second = advisors
    advisor_request = in_status(Status.OFFERED, superuser, specialty, advisors)
    advisor_request.decline(by=first, note="On leave soon")
    now = fresh(advisor_request)
    assert (now.status, now.advisor) == ("offered", second)
    assert [(kind, actor, note) for kind, _, _, actor, _, note in events(advisor_request)[2:]] == [
        ("declined", "advisor", "On leave soon"),
        ("offered", "portal", ""),
    ]
    assert emails_of(advisor_request)[2:] == [("offered", second.email), ("moved_on", advisor_request.email)]
    moved_on = advisor_request.emails.get(kind="moved_on").text
    assert "Advisor A cannot advise you" in moved_on
    assert "asked Advisor B" in moved_on
    assert "On leave" not in moved_on

    advisor_request.decline(by=second)
    assert fresh(advisor_request).status == "waiting"
    assert emails_of(advisor_request)[4:] == [
        ("back_with_office", "office@example.edu"),
        ("moved_on", advisor_request.email),
    ]


def test_hand_back_goes_to_the_office_with_a_new_date(superuser, specialty, advisors):
    advisor_request = in_status(Status.ACCEPTED, superuser, specialty, advisors)
    AdvisorRequest.objects.update(respond_by="2026-01-02")
    advisor_request.hand_back(by=advisors[0], note="No time")
    now = fresh(advisor_request)
    assert (now.status, now.advisor, now.is_overdue) == ("waiting", None, False)
    assert advisor_request.offers.get().state == "handed_back"
    assert emails_of(advisor_request)[4:] == [
        ("moved_on", advisor_request.email),
        ("back_with_office", "office@example.edu"),
    ]


def test_meeting_asks_the_student_how_it_went_once(superuser, specialty, advisors):
    advisor_request = in_status(Status.MET, superuser, specialty, advisors)
    assert emails_of(advisor_request)[-1] == ("how_was_it", advisor_request.email)
    advisor_request.answer_survey(4, "Kind")
    assert (fresh(advisor_request).satisfaction, fresh(advisor_request).survey_comment) == (4, "Kind")
    with pytest.raises(IllegalMove):
        fresh(advisor_request).answer_survey(1)
    assert fresh(advisor_request).satisfaction == 4
    assert [kind for kind, *_ in events(advisor_request)].count("surveyed") == 1


def test_survey_before_a_meeting_is_refused(superuser, specialty, advisors):
    advisor_request = in_status(Status.ACCEPTED, superuser, specialty, advisors)
    with pytest.raises(IllegalMove):
        advisor_request.answer_survey(5)


@pytest.mark.parametrize("status", [Status.OFFERED, Status.ACCEPTED])
def test_withdrawing_tells_the_advisor_and_frees_the_address(superuser, specialty, advisors, status):
    advisor_request = in_status(status, superuser, specialty, advisors)
    advisor_request.withdraw()
    assert emails_of(advisor_request)[-2:] == [
        ("withdrawn", advisor_request.email),
        ("no_longer_yours", advisors[0].email),
    ]
    assert advisor_request.offers.get().state == "withdrawn"
    assert make_request(specialty, email=advisor_request.email).status == "waiting"


def test_close_tells_the_student_the_reason_and_the_advisor_that_it_is_over(superuser, specialty, advisors):
    advisor_request = in_status(Status.ACCEPTED, superuser, specialty, advisors)
    advisor_request.close("Answered by a group session.", by=superuser, reason="group_session")
    assert events(advisor_request)[-1] == (
        "closed",
        "accepted",
        "closed",
        "staff",
        superuser.username,
        "Answered by a group session.",
    )
    assert fresh(advisor_request).close_reason == "group_session"
    assert emails_of(advisor_request)[-2:] == [
        ("closed", advisor_request.email),
        ("no_longer_yours", advisors[0].email),
    ]
    assert "Answered by a group session." in advisor_request.emails.get(kind="closed").text


def test_advisor_who_has_it_no_more_can_do_nothing(superuser, specialty, advisors):
    first, second = advisors
    advisor_request = in_status(Status.OFFERED, superuser, specialty, advisors)
    advisor_request.offer(second, by=superuser)
    for verb in ("accept", "decline", "hand_back", "meet"):
        with pytest.raises(IllegalMove, match="not with you any more"):
            getattr(fresh(advisor_request), verb)(by=first)
    assert fresh(advisor_request).status == "offered"


def test_limit_is_checked_again_when_an_advisor_accepts(superuser, specialty, advisors):
    advisor, _ = advisors
    Advisor.objects.update(request_limit=1)
    one, two = (in_status(Status.OFFERED, superuser, specialty, advisors) for _ in range(2))
    one.accept(by=advisor)
    with pytest.raises(LimitReached, match="You have 1 of at most 1 students already"):
        two.accept(by=advisor)
    assert fresh(two).status == "offered"
    with pytest.raises(LimitReached, match="Advisor A has 1 of at most 1 students already"):
        two.assign(advisor, by=superuser)
    two.accept(by=superuser, despite_limit=True)
    assert fresh(two).status == "accepted"
    assert events(two)[-1][-1] == "All the same: Advisor A has 1 of at most 1 students already."


def test_advisors_open_requests_are_counted_with_every_step(superuser, specialty, advisors):
    def counts():
        return [Advisor.objects.get(pk=advisor.pk).open_requests for advisor in advisors]

    one, two = make_request(specialty), make_request(specialty)
    one.offer(advisors[0], by=superuser)
    two.offer(advisors[0], by=superuser)
    assert counts() == [2, 0]
    one.offer(advisors[1], by=superuser)
    assert counts() == [1, 1]
    two.accept(by=advisors[0])
    assert counts() == [1, 1]
    two.meet(by=advisors[0])
    assert counts() == [0, 1]
    one.withdraw()
    assert counts() == [0, 0]


@pytest.mark.parametrize("status", OPEN_STATUSES)
def test_second_request_of_an_address_is_refused_as_long_as_the_first_is_open(superuser, specialty, advisors, status):
    first = in_status(status, superuser, specialty, advisors)
    with pytest.raises(AlreadyOpen):
        make_request(specialty, email=first.email.upper())


def test_note_changes_nothing_but_the_history(superuser, specialty, advisors):
    advisor_request = in_status(Status.OFFERED, superuser, specialty, advisors)
    advisor_request.add_note("Called them", by=superuser)
    assert events(advisor_request)[-1] == ("noted", "offered", "offered", "staff", superuser.username, "Called them")
    assert fresh(advisor_request).status == "offered"


def test_a_stale_copy_writes_what_is_true_now(superuser, specialty, advisors):
    first, second = advisors
    row = in_status(Status.OFFERED, superuser, specialty, advisors)
    stale = [fresh(row) for _ in range(2)]
    row.accept(by=first)
    stale[0].add_note("Called them", by=superuser)
    assert events(row)[-1] == ("noted", "accepted", "accepted", "staff", superuser.username, "Called them")
    assert stale[0].status == "accepted"
    stale[1].withdraw()
    assert row.events.last().advisor == first

    row = in_status(Status.OFFERED, superuser, specialty, advisors)
    stale = fresh(row)
    row.offer(second, by=superuser)
    stale.assign(first, by=superuser)
    assert (fresh(row).status, fresh(row).advisor) == ("accepted", first)
    stale = fresh(row)
    row.hand_back(by=first)
    row.offer(second, by=superuser)
    stale.withdraw()
    assert row.events.last().advisor == second


def at_the_same_moment(*steps):
    """Take steps, each by a connection of its own; return the names of the exceptions, "" for a step taken."""

    def take(step):
        try:
            step()
            return ""
        except IllegalMove as refusal:
            return type(refusal).__name__
        finally:
            connection.close()

    with ThreadPoolExecutor(len(steps)) as threads:
        return list(threads.map(take, steps))


@pytest.mark.django_db(transaction=True)
def test_two_accepted_at_the_same_moment_never_exceed_the_limit():
    specialty, user = make_specialty(), make_superuser()
    advisor = make_advisor(specialty, request_limit=1)
    make_advisor(specialty)
    for _ in range(5):
        rows = [make_request(specialty) for _ in range(4)]
        for row in rows:
            row.offer(advisor, by=user)
        answers = at_the_same_moment(*(partial(fresh(row).accept, by=advisor) for row in rows))
        assert sorted(answers) == ["", "LimitReached", "LimitReached", "LimitReached"]
        assert advisor.requests.filter(status="accepted").count() == 1
        for row in rows:
            fresh(row).withdraw()
        advisor.refresh_from_db()
        assert advisor.open_requests == 0


@pytest.mark.django_db(transaction=True)
def test_student_who_withdraws_while_the_advisor_accepts_leaves_one_story():
    specialty = make_specialty()
    advisor = make_advisor(specialty)
    for _ in range(6):
        row = make_request(specialty)
        assert row.status == "offered"
        answers = at_the_same_moment(fresh(row).withdraw, partial(fresh(row).accept, by=advisor))
        assert answers[0] == ""  # before or after the advisor accepted
        assert fresh(row).status == "withdrawn"
        kinds = [kind for kind, *_ in events(row)]
        assert kinds in (["submitted", "offered", "withdrawn"], ["submitted", "offered", "accepted", "withdrawn"])
        assert row.offers.get().state == "withdrawn"


@pytest.mark.django_db(transaction=True)
def test_student_who_withdraws_while_it_moves_on_frees_whoever_was_asked_next():
    specialty, user = make_specialty(), make_superuser()
    first, second = (make_advisor(specialty, request_limit=99) for _ in range(2))
    for _ in range(8):
        row = make_request(specialty)
        row.offer(first, by=user)
        declined, withdrawn = at_the_same_moment(partial(fresh(row).decline, by=first), fresh(row).withdraw)
        assert (declined, withdrawn) in [("", ""), ("IllegalMove", "")]
        assert emails_of(row)[-1] == ("no_longer_yours", (first if declined else second).email)
    assert list(Advisor.objects.values_list("open_requests", flat=True)) == [0, 0]


@pytest.mark.django_db(transaction=True)
def test_double_click_accepts_once():
    specialty = make_specialty()
    advisor = make_advisor(specialty)
    row = make_request(specialty)
    answers = at_the_same_moment(*(partial(fresh(row).accept, by=advisor) for _ in range(3)))
    assert sorted(answers) == ["", "IllegalMove", "IllegalMove"]
    assert [kind for kind, _ in emails_of(row)] == ["offered", "accepted", "accepted_by_you"]


def test_an_advisor_with_requests_is_not_deleted(superuser, specialty, advisors):
    in_status(Status.OFFERED, superuser, specialty, advisors)
    with pytest.raises(ProtectedError):
        advisors[0].delete()
    assert Offer.objects.get().advisor == advisors[0]


@pytest.mark.django_db(transaction=True)
def test_students_ask_while_the_guide_is_being_saved():
    """Both write rows that name the specialty and its advisor, and lock one of the two."""
    specialty = make_specialty()
    advisor = make_advisor(specialty, request_limit=1000)

    def ask():
        for _ in range(15):
            make_request(specialty, preferred_advisor=advisor)

    def save():
        for _ in range(30):
            Specialty.objects.get().save()

    assert at_the_same_moment(ask, ask, save) == ["", "", ""]
    advisor.refresh_from_db()
    assert advisor.open_requests == 30


@pytest.mark.django_db(transaction=True)
def test_two_who_decline_at_once_each_to_the_other_do_not_block_each_other():
    specialty, user = make_specialty(), make_superuser()
    first, second = (make_advisor(specialty, request_limit=99) for _ in range(2))
    for _ in range(12):
        rows = [make_request(specialty) for _ in range(2)]
        for row, advisor in zip(rows, (first, second), strict=True):
            row.offer(advisor, by=user)
        declines = [partial(fresh(row).decline, by=row.advisor) for row in rows]
        assert at_the_same_moment(*declines) == ["", ""]
        assert [fresh(row).advisor for row in rows] == [second, first]


@pytest.mark.django_db(transaction=True)
def test_workers_who_expire_at_once_do_not_block_one_another():
    specialty, user = make_specialty(), make_superuser()
    advisors = [make_advisor(specialty, request_limit=99) for _ in range(3)]
    for _ in range(3):
        rows = [make_request(specialty) for _ in range(9)]
        for position, row in enumerate(rows):
            row.offer(advisors[position % 3], by=user)
        Offer.objects.open().update(due="2026-01-01")
        expire = [partial(fresh(row).expire) for row in rows]
        assert at_the_same_moment(*expire, *reversed(expire)).count("") == 9
        assert all(fresh(row).status == "offered" for row in rows)
        for row in rows:
            row.withdraw()
