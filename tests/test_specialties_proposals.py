from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.utils import timezone

from specialties.differences import differences
from specialties.models import Answer, Proposal, Question
from specialties.models.proposals import Decided, Source, State, WrittenOver, propose
from tests.factories import make_answer, make_question, make_specialty, make_superuser

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 2, 18, tzinfo=UTC)


@pytest.fixture
def answer():
    with time_machine.travel(NOW - timedelta(days=9)):
        return make_answer(make_specialty("Urology"), short_answer="Yes", body="<p>It helps.</p>")


def proposed(answer, **fields):
    fields = {"short_answer": "No", "body": "<p>It does not help.</p>", "source": Source.STAFF} | fields
    return propose(answer.specialty, answer.question, **fields)


def stored(answer):
    answer = Answer.objects.get(specialty=answer.specialty, question=answer.question)
    return answer.short_answer, answer.body


@pytest.mark.parametrize(
    ("old", "new", "html"),
    [
        ("", "", ""),
        ("", "New.", "<ins>New.</ins>"),
        ("Old.", "", "<del>Old.</del>"),
        ("Two aways at most.", "One away at most.", "<del>Two aways </del><ins>One away </ins>at most."),
        ("Same.", "Same.", "Same."),
        (
            "One text of some words.",
            "Quite another of them.",
            "<del>One text of some words.\n</del><ins>Quite another of them.</ins>",
        ),
        ("a < b", "a < <i>", "a &lt; <del>b</del><ins>&lt;i&gt;</ins>"),
    ],
)
def test_differences_are_shown_word_by_word(old, new, html):
    assert differences(old, new) == html


def test_differences_of_very_long_texts_are_shown_line_by_line():
    lines = [f"Line {n} of a long text.\n" for n in range(1000)]
    changed = [*lines[:500], "Another.\n", *lines[501:]]
    html = differences("".join(lines), "".join(changed))
    assert "<del>Line 500 of a long text.\n</del><ins>Another.\n</ins>" in html


class TestProposing:
    def test_changes_nothing_yet(self, answer):
        proposal = proposed(answer)
        assert (proposal.state, proposal.who) == (State.OPEN, "somebody whose account is gone")
        assert stored(answer) == ("Yes", "<p>It helps.</p>")

    def test_what_is_there_already_makes_no_proposal(self, answer):
        assert proposed(answer, short_answer="Yes", body="<p>It helps.</p><script>x</script>") is None
        assert proposed(make_answer(answer.specialty, body=""), short_answer="", body="<p></p>") is None
        assert Proposal.objects.count() == 0

    def test_the_same_twice_is_one_proposal_until_it_is_decided(self, answer):
        first = proposed(answer)
        assert proposed(answer) is None
        first.decline(by=None)
        assert proposed(answer)

    def test_an_unanswered_question_can_be_answered(self):
        specialty, question = make_specialty(), make_question()
        propose(specialty, question, short_answer="Yes", source=Source.IMPORT).accept(by=None)
        assert specialty.answers.get(question=question).short_answer == "Yes"


class TestAccepting:
    def test_puts_the_text_in_force_and_says_who_decided(self, answer):
        user = make_superuser()
        with time_machine.travel(NOW, tick=False):
            proposed(answer).accept(by=user)
        proposal = Proposal.objects.get()
        assert stored(answer) == ("No", "<p>It does not help.</p>")
        assert (proposal.state, proposal.decided_by, proposal.in_force_at) == (State.ACCEPTED, user, NOW)

    def test_never_replaces_a_text_that_is_newer(self, answer):
        first, second = proposed(answer), proposed(answer, short_answer="Perhaps")
        second.accept(by=None)
        with pytest.raises(WrittenOver):
            first.accept(by=None)
        assert stored(answer)[0] == "Perhaps"
        first.refresh_from_db()
        first.accept(by=None, compared_with=first.compared_with)  # by somebody who has seen both
        assert stored(answer)[0] == "No"

    def test_takes_the_text_as_it_was_edited(self, answer):
        proposed(answer).accept(by=None, body="<p>Hardly.</p>")
        assert stored(answer) == ("No", "<p>Hardly.</p>")
        assert Proposal.objects.get().body == "<p>Hardly.</p>"

    def test_happens_once(self, answer):
        proposal, same = proposed(answer), Proposal.objects.get()
        proposal.decline(by=None)
        with pytest.raises(Decided):
            same.accept(by=None)
        assert stored(answer) == ("Yes", "<p>It helps.</p>")

    @pytest.mark.parametrize(
        ("source", "confirmation"),
        [(Source.REVIEW, (date(2026, 3, 2), "Department of Urology")), (Source.STAFF, (None, ""))],
    )
    def test_confirms_only_what_the_department_wrote(self, answer, source, confirmation):
        answer.confirmed_on = "2025-03-01"
        answer.save()
        with time_machine.travel(NOW):
            proposal = proposed(answer, source=source, author_name="Department of Urology")
        proposal.accept(by=None)
        answer.refresh_from_db()
        assert (answer.confirmed_on, answer.confirmed_by) == confirmation

    def test_does_not_confirm_what_others_made_of_it(self, answer):
        proposed(answer, source=Source.REVIEW, author_name="Department of Urology").accept(
            by=None, body="<p>Hardly.</p>"
        )
        answer.refresh_from_db()
        assert (answer.body, answer.confirmed_on, answer.confirmed_by) == ("<p>Hardly.</p>", None, "")
        assert Proposal.objects.get().source == Source.STAFF


class TestScheduling:
    @pytest.fixture
    def scheduled(self, answer):
        with time_machine.travel(NOW):
            proposed(answer).accept(by=None, at=NOW + timedelta(days=1))
        return Proposal.objects.get()

    def test_waits_for_its_time_and_is_done_once(self, answer, scheduled):
        with time_machine.travel(NOW + timedelta(hours=23)):
            assert list(Proposal.objects.due()) == []
        assert stored(answer) == ("Yes", "<p>It helps.</p>")
        with time_machine.travel(NOW + timedelta(days=1)):
            assert list(Proposal.objects.due()) == [scheduled]
            scheduled.take_effect()
            assert list(Proposal.objects.due()) == []
        assert stored(answer) == ("No", "<p>It does not help.</p>")
        answer.refresh_from_db()
        answer.body = "<p>Edited since.</p>"
        answer.save()
        scheduled.take_effect()
        assert stored(answer)[1] == "<p>Edited since.</p>"

    def test_is_put_in_force_by_the_worker(self, answer, scheduled):
        with time_machine.travel(NOW + timedelta(days=1)):
            call_command("work", once=True)
        assert stored(answer) == ("No", "<p>It does not help.</p>")

    def test_asks_again_where_the_answer_was_edited_meanwhile(self, answer, scheduled):
        answer.body = "<p>Edited meanwhile.</p>"
        answer.save()
        scheduled.take_effect()
        assert stored(answer)[1] == "<p>Edited meanwhile.</p>"
        scheduled.refresh_from_db()
        assert (scheduled.state, scheduled.decided_at, scheduled.takes_effect_at) == (State.OPEN, None, None)

    def test_asks_again_where_the_question_was_given_to_another_specialty(self, answer, scheduled):
        Question.objects.update(specialty=make_specialty())
        scheduled.take_effect()
        assert stored(answer) == ("Yes", "<p>It helps.</p>")
        assert Proposal.objects.get().state == State.OPEN

    def test_can_be_called_off(self, answer, scheduled):
        scheduled.decline(by=None)
        with time_machine.travel(NOW + timedelta(days=2)):
            assert list(Proposal.objects.due()) == []
        assert scheduled.state == State.DECLINED
        with pytest.raises(Decided):
            scheduled.decline(by=None)

    def test_time_that_has_passed_is_now(self, answer):
        proposed(answer).accept(by=None, at=timezone.now() - timedelta(days=1))
        assert stored(answer) == ("No", "<p>It does not help.</p>")
