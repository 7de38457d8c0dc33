from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils.timezone import localtime

from specialties.importing import read_for_guide
from specialties.importing.content import content_of
from specialties.models import Answer, ImportedPage, Proposal, Question, Specialty
from specialties.models.proposals import Source, State, propose
from tests.factories import make_advisor, make_answer, make_question, make_specialty
from tests.test_specialties_imported_pages import PAGE
from tests.test_specialties_roles import member_of

pytestmark = pytest.mark.django_db

MORE = (
    PAGE.replace(
        "Does your specialty require",
        """Does the academic rank of the letter writer matter?
No.
How important is a research experience in your specialty?
Very.
Does your specialty require""",
    )
    + "Is it hard?\nYes.\nIs it long?\nYes.\n"
)
ADD = reverse("admin:specialties_importedpage_add")
ACCEPT = "specialties_proposal_accept"  # the button


@pytest.fixture
def urology(questions):
    return make_specialty("Urology")


def change_url(row):
    return reverse(f"admin:specialties_{row._meta.model_name}_change", args=[row.pk])


def imported(client, **data):
    response = client.post(ADD, {"text": PAGE} | data)
    page = ImportedPage.objects.get()
    assert response.headers["Location"] == change_url(page)
    return page


def decide(client, page, decision, **data):
    response = client.post(change_url(page), {"decision": decision} | data, follow=True)
    return [str(message) for message in response.context["messages"]]


def seen(page):
    """What the preview sends back of its proposals: the ticks, and what each was compared with."""
    proposals = page.proposals.open()
    return {"proposal": [each.pk for each in proposals]} | {f"seen-{each.pk}": each.compared_with for each in proposals}


def errors(client, **data):
    response = client.post(ADD, data)
    assert response.status_code == 422
    return [error for messages in response.context["form"].errors.values() for error in messages]


def test_page_is_looked_through_before_anything_is_stored(superuser_client, urology):
    page = imported(superuser_client)
    assert page.specialty == urology
    html = superuser_client.get(change_url(page)).content.decode()
    for part in ("<ins>Shadow early.</ins>", "What do you wear in the clinic?", "A Guide to Specialties, p. 4."):
        assert part in html
    assert not Answer.objects.exists()
    assert decide(superuser_client, page, "accept", **seen(page)) == ["2 accepted."]
    assert Answer.objects.count() == 2
    assert decide(superuser_client, page, "accept") == ["Nothing was ticked."]


def test_page_that_is_imported_as_of_another_specialty_says_so(superuser_client, questions):
    page = imported(superuser_client, specialty=make_specialty("Dermatology").pk)
    html = superuser_client.get(change_url(page)).content.decode()
    assert "The page calls itself “Urology”, and is imported as Dermatology." in html


def test_some_are_accepted_and_others_declined(superuser_client, urology):
    page = imported(superuser_client)
    first, second = page.proposals.all()
    assert decide(superuser_client, page, "accept", proposal=[first.pk]) == ["1 accepted."]
    assert decide(superuser_client, page, "decline", proposal=[first.pk, second.pk]) == [
        f"{first}: somebody decided that before.",
        "1 declined.",
    ]
    assert list(Answer.objects.values_list("question__key", flat=True)) == [first.question.key]


def test_all_are_accepted_for_a_time_to_come(superuser_client, urology):
    page = imported(superuser_client)
    assert decide(superuser_client, page, "accept", at="soon", **seen(page)) == ["Enter a valid date/time."]
    assert decide(superuser_client, page, "accept", at="2099-07-01T08:00", **seen(page)) == ["2 accepted."]
    times = {localtime(proposal.takes_effect_at).isoformat()[:16] for proposal in Proposal.objects.scheduled()}
    assert (times, Answer.objects.count()) == ({"2099-07-01T08:00"}, 0)


def test_answer_that_was_edited_meanwhile_is_not_overwritten(superuser_client, urology):
    page = imported(superuser_client)
    data = seen(page)
    proposal = page.proposals.first()
    make_answer(urology, proposal.question, body="<p>Written meanwhile.</p>")
    assert decide(superuser_client, page, "accept", **data) == [
        f"{proposal}: the answer was edited meanwhile. Look at the difference again.",
        "1 accepted.",
    ]
    assert Answer.objects.get(question=proposal.question).body == "<p>Written meanwhile.</p>"


def test_part_that_was_edited_meanwhile_is_not_overwritten(superuser_client, urology):
    page = imported(superuser_client)
    part, _ = page.parts
    assert f'name="seen-quote" value="{part.compared_with}"' in superuser_client.get(change_url(page)).content.decode()
    Specialty.objects.update(quote="Written meanwhile.")
    [message] = decide(superuser_client, page, "take_over", part=["quote"], **{"seen-quote": part.compared_with})
    assert "It is “Written meanwhile.” now; the page says “Urology looks" in message
    shown = {"part": ["quote"], "seen-quote": page.reread().parts[0].compared_with}
    assert decide(superuser_client, page, "take_over", **shown) == ["What you ticked is in the guide now."]


def test_unmatched_question_is_matched_kept_or_left_out(superuser_client, urology):
    page = imported(superuser_client)
    number = page.unmatched[0].number
    assert decide(superuser_client, page, f"match:{number}") == ["Please choose the question of the bank that it is."]
    assert decide(superuser_client, page, f"match:{number}", **{f"question-{number}": "research"}) == [
        "Taken for “Research”, and its wording is remembered."
    ]
    assert page.proposals.filter(question__key="research").exists()


def test_question_is_kept_once(superuser_client, urology):
    page = imported(superuser_client)
    number = page.unmatched[0].number
    assert decide(superuser_client, page, f"keep:{number}") == [
        "“What do you wear in the clinic?” is a question of this specialty alone now."
    ]
    assert decide(superuser_client, page, f"keep:{number}") == []
    assert urology.own_questions.count() == 1


def test_question_that_is_too_long_to_be_kept_is_not_cut(superuser_client, urology):
    wording = f"What do you wear in the clinic, {'and what on the ward, ' * 13}and why?"
    page = imported(superuser_client, text=PAGE.replace("What do you wear in the clinic?", wording))
    [entry] = page.unmatched
    reason = (
        f"This question has {len(wording)} characters, and there is room for 300: it cannot be kept as a question of "
        "its own. Take it for one of the bank, or leave it out."
    )
    html = superuser_client.get(change_url(page)).content.decode()
    assert reason in html
    assert f'value="keep:{entry.number}"' not in html
    assert decide(superuser_client, page, f"keep:{entry.number}") == [reason]
    assert not urology.own_questions.exists()


def test_question_that_the_page_answers_elsewhere_is_not_matched_twice(superuser_client, urology):
    page = imported(superuser_client)
    number = page.unmatched[0].number
    assert decide(superuser_client, page, f"match:{number}", **{f"question-{number}": "away-rotations"}) == [
        "The page has another answer to “Away rotations”. Leave one of them out."
    ]
    assert page.proposals.count() == 2


@pytest.mark.parametrize(
    "decision", ["", "match", "match:99", "keep:x", "burn", "begin", "accept:1", "match:²", "skip:" + "9" * 5000]
)
def test_odd_decisions_change_nothing(superuser_client, urology, decision):
    page = imported(superuser_client)
    decide(superuser_client, page, decision, proposal=["9" * 30, "x"])
    assert not Answer.objects.exists()
    assert Proposal.objects.filter(state=State.OPEN).count() == 2


def test_page_of_a_new_specialty_is_begun_as_a_draft(superuser_client, questions):
    page = imported(superuser_client)
    assert "Make a draft guide of it" in superuser_client.get(change_url(page)).content.decode()
    assert decide(superuser_client, page, "begin") == [
        "A draft guide of Urology was made. Nobody sees it before it is published."
    ]
    assert Specialty.objects.get().answers.count() == 2
    assert decide(superuser_client, page, "begin") == []
    assert Specialty.objects.count() == 1


def test_page_joins_the_draft_that_was_begun_meanwhile(superuser_client, questions):
    first = imported(superuser_client)
    superuser_client.post(ADD, {"text": PAGE.replace("Shadow early.", "Shadow late.")})
    second = ImportedPage.objects.exclude(pk=first.pk).get()
    decide(superuser_client, first, "begin")
    assert decide(superuser_client, second, "begin") == [
        "There is a guide of Urology meanwhile. The page is compared with it now."
    ]
    second = second.reread()
    assert second.specialty == Specialty.objects.get()
    assert [(str(entry), entry.state) for entry in second.to_decide] == [("Early advice", "changed")]
    assert Answer.objects.get(question__key="early-advice").body == "<p>Shadow early.</p>"
    assert decide(superuser_client, second, "accept", **seen(second)) == ["1 accepted."]


def test_page_joins_no_draft_that_is_not_theirs_to_edit(client, questions):
    user = member_of("Liaisons", make_specialty())
    user.user_permissions.add(Permission.objects.get(codename="add_specialty"))
    client.force_login(user)
    page = imported(client)
    make_specialty("Urology")
    assert decide(client, page, "begin") == ["There is a guide of Urology meanwhile, which is not yours to edit."]
    assert page.reread().specialty is None
    assert not Proposal.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_who_begin_one_guide_at_the_same_moment_make_one(superuser):
    pages = [
        ImportedPage.objects.keep(content_of(read_for_guide(text)[0]), name=text[:9], specialty=None, by=superuser)
        for text in (PAGE, PAGE + "\nIs it long?\nYes.\n")
    ]
    both = Barrier(2)

    def begin(page):
        client = Client()
        client.force_login(superuser)
        both.wait()
        try:
            return client.post(change_url(page), {"decision": "begin"}).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        assert [*threads.map(begin, pages)] == [302, 302]
    assert Specialty.objects.filter(name="Urology").count() == 1


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ({}, "Paste the page, or choose its file: one of the two."),
        (
            {"text": PAGE, "file": SimpleUploadedFile("page.txt", PAGE.encode())},
            "Paste the page, or choose its file: one of the two.",
        ),
        (
            {"file": SimpleUploadedFile("page.pdf", b"%PDF-1.7")},
            "This file is a PDF; open it, copy its text and paste that. Text, HTML and Word (.docx) can be imported.",
        ),
        ({"file": SimpleUploadedFile("page.txt", b"")}, "The submitted file is empty."),
    ],
)
def test_page_that_cannot_be_read_is_refused_with_the_reason(superuser_client, questions, data, error):
    assert error in errors(superuser_client, **data)
    assert not ImportedPage.objects.exists()


def test_file_is_read_like_a_paste(superuser_client, urology):
    page = imported(superuser_client, text="", file=SimpleUploadedFile("urology.txt", PAGE.encode()))
    assert page.name == "Urology, urology.txt"
    assert page.proposals.count() == 2


@pytest.mark.parametrize("key", ["abc", "9" * 30])
def test_page_that_never_was_is_not_found(superuser_client, key):
    for name in ("importedpage_change", "specialty_preview"):
        assert superuser_client.get(reverse(f"admin:specialties_{name}", args=[key])).status_code == 404


def test_liaison_adds_no_question_and_no_advisor_by_an_import(client, urology):
    client.force_login(member_of("Liaisons", urology))
    page = imported(client, text=f"{PAGE}\nSpecialty Career Advisor:\nJo Advisor, MD\n")
    number = page.unmatched[0].number
    for decision in (f"match:{number}", f"keep:{number}"):
        assert decide(client, page, decision, **{f"question-{number}": "research"}) == [
            "Only the office says which question this is, or adds one. You can leave it out."
        ]
    decide(client, page, "take_over", part=["advisors", "quote"])
    urology.refresh_from_db()
    assert urology.quote
    assert not urology.advisors.exists()
    assert "clinic" not in Question.objects.get(key="research").other_wordings


class TestProposal:
    @pytest.fixture
    def proposal(self, urology):
        question = Question.objects.get(key="research")
        make_answer(urology, question, body="<p>It helps.</p>")
        return propose(urology, question, body="<p>It helps much.</p>", source=Source.STAFF)

    def test_is_edited_and_accepted_in_one_step(self, superuser_client, proposal):
        html = superuser_client.get(change_url(proposal)).content.decode()
        assert "It <del>helps.</del><ins>helps much.</ins>" in html
        edited = {"short_answer": "Yes", "body": "<p>It helps a little.</p>", "initial-body": proposal.body}
        superuser_client.post(change_url(proposal), edited | {ACCEPT: "1"})
        answer = Answer.objects.get()
        assert (answer.short_answer, answer.body) == ("Yes", "<p>It helps a little.</p>")

    def test_is_not_accepted_over_an_edit_that_was_not_seen(self, superuser_client, proposal):
        seen = proposal.compared_with
        answer = Answer.objects.get()
        answer.body = "<p>Edited meanwhile.</p>"
        answer.save()
        data = {f"seen-{proposal.pk}": seen, "short_answer": "", "body": "<p>New.</p>", ACCEPT: "1"}
        superuser_client.post(change_url(proposal), data)
        assert Answer.objects.get().body == "<p>Edited meanwhile.</p>"

    def test_to_a_question_of_another_specialty_by_now_is_refused(self, superuser_client, urology, proposal):
        other = propose(urology, Question.objects.get(key="chair-letter"), body="<p>No.</p>", source=Source.STAFF)
        Question.objects.filter(key="research").update(specialty=make_specialty())
        refusal = "Urology: Research: only another specialty is asked this now. You can decline the text."
        html = superuser_client.get(change_url(proposal)).content.decode()
        assert "<ins>It helps much.</ins>" in html
        response = superuser_client.post(change_url(proposal), {"body": proposal.body, ACCEPT: "1"}, follow=True)
        assert refusal in map(str, response.context["messages"])
        data = {"action": "accept_ticked", "_selected_action": [proposal.pk, other.pk]}
        response = superuser_client.post(reverse("admin:specialties_proposal_changelist"), data, follow=True)
        assert sorted(map(str, response.context["messages"])) == ["1 accepted.", refusal]
        assert {answer.question.key: answer.body for answer in Answer.objects.all()} == {
            "research": "<p>It helps.</p>",
            "chair-letter": "<p>No.</p>",
        }

    def test_is_accepted_for_a_time_to_come(self, superuser_client, proposal):
        data = {"body": proposal.body, "takes_effect_at_0": "2099-01-02", "takes_effect_at_1": "08:00", ACCEPT: "1"}
        superuser_client.post(change_url(proposal), data)
        assert Answer.objects.get().body == "<p>It helps.</p>"
        assert list(Proposal.objects.scheduled()) == [proposal]

    def test_that_is_decided_is_only_read(self, superuser_client, proposal):
        proposal.decline(by=None)
        superuser_client.post(change_url(proposal), {"body": "<p>Other.</p>", ACCEPT: "1"})
        proposal.refresh_from_db()
        assert (proposal.state, proposal.body) == (State.DECLINED, "<p>It helps much.</p>")

    def test_is_written_by_staff(self, superuser_client, superuser, urology):
        question = Question.objects.get(key="chair-letter")
        data = {"specialty": urology.pk, "question": question.pk, "short_answer": "Yes", "body": ""}
        response = superuser_client.post(reverse("admin:specialties_proposal_add"), data)
        assert response.status_code == 302
        proposal = Proposal.objects.get()
        assert (proposal.source, proposal.author) == (Source.STAFF, superuser)


def test_question_of_another_specialty_is_not_answered(superuser_client, urology):
    question = make_question(specialty=make_specialty())
    data = {"specialty": urology.pk, "question": question.pk, "short_answer": "Yes", "body": ""}
    response = superuser_client.post(reverse("admin:specialties_proposal_add"), data)
    assert response.context["adminform"].form.errors == {"question": ["Only another specialty is asked this."]}


@pytest.mark.parametrize(("short_answer", "warned"), [("No", True), ("", False)])
def test_short_answer_that_stays_above_a_new_text_is_pointed_out(superuser_client, urology, short_answer, warned):
    make_answer(urology, Question.objects.get(key="away-rotations"), short_answer=short_answer, body="<p>No.</p>")
    page = imported(superuser_client)
    proposal = page.proposals.get(question__key="away-rotations")
    for row in (page, proposal):
        html = superuser_client.get(change_url(row)).content.decode()
        assert ("The short answer stays “No”. See whether the new text still agrees with it." in html) == warned


def test_short_answer_that_changes_with_its_text_is_not_pointed_out(urology):
    answer = make_answer(urology, Question.objects.get(key="research"), short_answer="No", body="<p>No.</p>")
    texts = [("Yes", "<p>Yes.</p>"), ("Yes", "<p>No.</p>"), ("No", "<p>Never.</p>")]
    proposals = [
        propose(urology, answer.question, short_answer=short, body=body, source=Source.STAFF) for short, body in texts
    ]
    assert [bool(proposal.caution) for proposal in proposals] == [False, False, True]


@pytest.mark.parametrize("is_liaison", [False, True])
@pytest.mark.parametrize("text", [PAGE, MORE])
def test_queries_of_a_page_are_flat(client, superuser, django_assert_num_queries, urology, text, is_liaison):
    user = member_of("Liaisons", urology) if is_liaison else superuser
    client.force_login(user)
    names = ["Jo Advisor"] if text == PAGE else ["Jo Advisor", "Robin Advisor", "Sam Advisor"]
    for name in names:
        make_advisor(urology, name=name)
    advisors = "".join(f"{name}, MD\n{name.split()[0]}@example.edu\n" for name in names)
    page = imported(client, text=f"{text}\nSpecialty Career Advisor:\n{advisors}")
    client.get(change_url(page))
    assert len(page.new_advisors) == len(names)
    assert page.proposals.count() == (2 if text == PAGE else 4)
    with django_assert_num_queries(13 if is_liaison else 11):
        client.get(change_url(page))


@pytest.mark.parametrize("rows", [1, 3])
def test_queries_are_flat(superuser_client, django_assert_num_queries, questions, rows):
    for number in range(rows):
        specialty = make_specialty()
        for question in Question.objects.all()[: number + 1]:
            propose(specialty, question, body="<p>New.</p>", source=Source.STAFF)
    superuser_client.get(reverse("admin:specialties_proposal_changelist"))
    with django_assert_num_queries(7):
        superuser_client.get(reverse("admin:specialties_proposal_changelist"))
