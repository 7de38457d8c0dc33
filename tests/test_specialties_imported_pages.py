from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command

from specialties.importing import read_for_guide
from specialties.importing.content import content_of
from specialties.models import Advisor, ImportedPage, Proposal, Question, Specialty, Stage
from tests.factories import make_advisor, make_specialty, make_superuser

pytestmark = pytest.mark.django_db

PAGE = """
Urology
"Urology looks after the urinary tract, and after those who live with what goes wrong in it."
— A Guide to Specialties, p. 4.
M1 and M2 Students
What advice would you offer first- and second-year students who are interested in pursuing your specialty?
Shadow early.
M3 and M4 Students
Does your specialty recommend doing away rotations?
Yes, one.
Does your specialty require a letter from the chairman?
What do you wear in the clinic?
Scrubs are fine.
"""


def kept(text=PAGE, specialty=None):
    page, _ = read_for_guide(text, specialty.name if specialty else "")
    return ImportedPage.objects.keep(content_of(page), name="A page", specialty=specialty, by=make_superuser())


def states(page):
    return {entry.key or entry.wording: entry.state for entry in page.reread().entries}


def answers(specialty):
    return {answer.question.key: answer.body for answer in specialty.answers.select_related("question")}


@pytest.fixture
def urology(questions):
    return make_specialty("Urology")


def test_page_changes_nothing_until_it_is_accepted(urology):
    page = kept(specialty=urology)
    assert states(page) == {
        "early-advice": "new",
        "away-rotations": "new",
        "chair-letter": "blank",
        "What do you wear in the clinic?": "unmatched",
    }
    assert answers(urology) == {}
    for proposal in Proposal.objects.all():
        proposal.accept(by=None)
    assert answers(urology) == {"early-advice": "<p>Shadow early.</p>", "away-rotations": "<p>Yes, one.</p>"}
    assert states(page)["early-advice"] == "same"


def test_same_page_twice_is_one_page_and_proposes_nothing_twice(urology):
    assert kept(specialty=urology) == kept(specialty=urology)
    assert Proposal.objects.count() == 2


def test_page_of_a_guide_that_has_it_all_already_proposes_nothing(guide):
    seed = Path("tests/pages/interventional-radiology.txt").read_bytes()
    page = kept(seed, specialty=guide)
    assert set(states(page).values()) == {"same", "blank"}
    assert Proposal.objects.count() == 0
    assert [*page.parts] == []
    assert page.vanished == []


LINKED = '<p>Yes, <a href="https://example.edu/aways">one</a>.</p>'


@pytest.mark.parametrize(
    ("present", "found", "state"),
    [
        (LINKED, LINKED, "same"),
        (LINKED, LINKED.replace("aways", "visits"), "changed"),
        ("<p>Yes, one.</p>", LINKED, "changed"),
        (LINKED, "<p>Yes, one.</p>", "same"),
        ("<ul><li><p>Yes, <strong>one</strong>.</p></li></ul>", "<p>Yes, one.</p>", "same"),
    ],
)
def test_answer_with_a_link_elsewhere_is_changed(urology, present, found, state):
    question = Question.objects.get(key="away-rotations")
    urology.answers.create(question=question, body=present)
    page = kept(f"<h3>{question.text}</h3>{found}<h3>Does class rank matter?</h3><p>No.</p>", specialty=urology)
    assert states(page)["away-rotations"] == state
    assert [proposal.body for proposal in page.proposals.all()] == ([found] if state == "changed" else [])


def test_change_of_a_link_is_shown_with_both_addresses(urology):
    question = Question.objects.get(key="away-rotations")
    urology.answers.create(question=question, body=LINKED)
    page = kept(f"<h3>{question.text}</h3>{LINKED.replace('aways', 'visits')}", specialty=urology)
    shown = "Yes, one <del>(https://example.edu/aways).</del><ins>(https://example.edu/visits).</ins>"
    assert [page.entries[0].differences, page.proposals.get().body_differences] == [shown, shown]


def test_short_answer_of_the_guide_stays(urology):
    question = Question.objects.get(key="away-rotations")
    urology.answers.create(question=question, short_answer="Yes", body="<p>Yes.</p>")
    page = kept(specialty=urology)
    assert states(page)["away-rotations"] == "changed"
    page.proposals.get(question=question).accept(by=None)
    answer = urology.answers.get(question=question)
    assert (answer.short_answer, answer.body) == ("Yes", "<p>Yes, one.</p>")


def test_answers_that_the_page_no_longer_has_are_named(urology):
    question = Question.objects.get(key="research")
    answer = urology.answers.create(question=question, body="<p>Yes.</p>")
    assert kept(specialty=urology).vanished == [answer]


def test_declined_text_is_offered_again_only_when_the_page_changed(urology):
    page = kept(specialty=urology)
    Proposal.objects.get(question__key="away-rotations").decline(by=None)
    for again in (page, kept(specialty=urology)):
        assert states(again)["away-rotations"] == "declined"
    assert [proposal.question.key for proposal in Proposal.objects.open()] == ["early-advice"]
    changed = kept(PAGE.replace("Yes, one.", "Yes, one or two."), specialty=urology)
    assert states(changed)["away-rotations"] == "new"


def test_unmatched_question_is_matched_and_the_wording_is_remembered(urology):
    page = kept(specialty=urology)
    [entry] = page.unmatched
    research = Question.objects.get(key="research")
    entry.match(research)
    research.refresh_from_db()
    assert "What do you wear in the clinic?" in research.other_wordings.splitlines()
    assert states(page)["research"] == "new"
    assert Proposal.objects.get(question=research).body == "<p>Scrubs are fine.</p>"
    again = kept(PAGE + "\n", specialty=make_specialty("Other"))
    assert states(again)["research"] == "new"


def test_unmatched_question_is_kept_as_the_specialtys_own(urology):
    page = kept(specialty=urology)
    [entry] = page.unmatched
    entry.keep(Stage.objects.last(), by=None)
    question = Question.objects.get(specialty=urology)
    assert (question.text, question.label) == ("What do you wear in the clinic?", "What do you wear in the clini…")
    assert answers(urology) == {question.key: "<p>Scrubs are fine.</p>"}
    assert page.reread().unmatched == []


def test_kept_question_is_recognised_when_its_page_comes_again(urology, tmp_path):
    page = kept(specialty=urology)
    page.unmatched[0].keep(Stage.objects.last(), by=None)
    for proposal in page.proposals.open():
        proposal.accept(by=None)
    assert kept(specialty=urology) == page
    [own] = urology.own_questions.all()
    assert states(kept(f"{PAGE} Always.\n", specialty=urology))[own.key] == "changed"
    file = tmp_path / "urology.txt"
    file.write_text(PAGE)
    call_command("import_guide", file, "--specialty", "urology")
    assert ImportedPage.objects.count() == 2
    assert page.reread().unmatched == page.reread().to_decide == []
    assert page.proposals.count() == 3


def test_page_that_comes_again_is_compared_with_the_bank_as_it_is_now(urology):
    page = kept(specialty=urology)
    Question.objects.filter(key="research").update(other_wordings="What do you wear in the clinic?")
    assert kept(specialty=urology) == page
    assert states(page)["research"] == "new"


def test_unmatched_question_is_skipped(urology):
    page = kept(specialty=urology)
    page.unmatched[0].skip()
    assert states(page)["What do you wear in the clinic?"] == "skipped"
    assert page.reread().unmatched == []


def test_other_parts_are_taken_over_one_by_one(urology):
    page = kept(specialty=urology)
    assert [(name, text) for name, _, text, _ in page.parts] == [
        (
            "quote",
            "<ins>Urology looks after the urinary tract, and after those who live with what goes wrong in it.</ins>",
        ),
        ("quote_source", "<ins>A Guide to Specialties, p. 4.</ins>"),
    ]
    page.take_over(["quote"])
    urology.refresh_from_db()
    assert (urology.quote, urology.quote_source) == (
        "Urology looks after the urinary tract, and after those who live with what goes wrong in it.",
        "",
    )


def test_part_that_was_edited_meanwhile_is_not_overwritten(urology):
    page = kept(specialty=urology)
    shown = {part.name: part.compared_with for part in page.parts}
    urology.quote = "Written meanwhile."
    urology.save()
    for compared_with in ({}, shown):
        with pytest.raises(ValidationError) as refusal:
            page.take_over(["quote", "quote_source"], compared_with)
        assert refusal.value.messages == [
            "Quote: edited meanwhile. It is “Written meanwhile.” now; the page says “Urology looks after the urinary "
            "tract, and after those who live with what goes wrong in it.”.",
            "Nothing was taken over. Look at the differences again.",
        ]
    urology.refresh_from_db()
    assert (urology.quote, urology.quote_source) == ("Written meanwhile.", "")
    shown = {part.name: part.compared_with for part in page.reread().parts}
    for _ in range(2):  # the second finds it in place
        page.take_over(["quote", "quote_source"], shown)
    urology.refresh_from_db()
    assert (urology.quote[:7], urology.quote_source) == ("Urology", "A Guide to Specialties, p. 4.")


def test_page_that_comes_again_may_replace_what_was_in_place_by_then(urology):
    kept(specialty=urology)
    urology.quote = "Written meanwhile."
    urology.save()
    kept(specialty=Specialty.objects.get()).take_over(["quote"])
    urology.refresh_from_db()
    assert urology.quote[:7] == "Urology"


class TestAdvisors:
    """Those a page names, and whom the portal knows by the name or the address."""

    def page(self, urology, *lines):
        return kept("\n".join([PAGE, "Specialty Career Advisor:", *lines, ""]), specialty=urology)

    def lines(self, page):
        return [str(named) for named in page.new_advisors]

    def test_address_decides_who_it_is(self, urology):
        jo = make_advisor(name="Josephine Advisor", email="Jo@example.edu")
        page = self.page(urology, "Jo Advisor, MD", "jo@example.edu")
        assert self.lines(page) == ["Jo Advisor, MD, jo@example.edu (in the portal as Josephine Advisor)"]
        page.take_over(["advisors"])
        assert (list(urology.advisors.all()), list(Advisor.objects.all())) == ([jo], [jo])
        assert self.lines(self.page(urology, "Jo Advisor, MD", "JO@example.edu")) == []

    def test_same_name_with_another_address_is_somebody_else(self, urology):
        other = make_advisor(name="Jo Advisor", email="other@example.edu")
        page = self.page(urology, "Jo Advisor, MD", "jo@example.edu")
        assert self.lines(page) == [
            "Jo Advisor, MD, jo@example.edu (same name, other address: somebody new beside the one in the portal)"
        ]
        page.take_over(["advisors"])
        assert list(other.specialties.all()) == []
        assert [advisor.email for advisor in urology.advisors.all()] == ["jo@example.edu"]

    def test_same_name_is_the_same_where_one_has_no_address(self, urology):
        jo = make_advisor(name="Jo Advisor", email="")
        self.page(urology, "Jo Advisor, MD", "jo@example.edu").take_over(["advisors"])
        assert list(urology.advisors.all()) == [jo]
        jo.refresh_from_db()
        assert jo.email == ""

    def test_name_alone_that_several_have_is_left_to_staff(self, urology):
        for name in ("one", "two"):
            make_advisor(name="Jo Advisor", email=f"{name}@example.edu")
        page = self.page(urology, "Jo Advisor, MD")
        assert self.lines(page) == ["Jo Advisor, MD (several advisors could be meant: add the right one by hand)"]
        page.take_over(["advisors"])
        assert list(urology.advisors.all()) == []

    def test_somebody_new_who_is_named_twice_is_one(self, urology):
        page = self.page(urology, "Jo Advisor, MD", "jo@example.edu", "Jo Advisor, MD", "jo@example.edu")
        assert self.lines(page) == ["Jo Advisor, MD, jo@example.edu (new to the portal)"] * 2
        page.take_over(["advisors"])
        assert [advisor.name for advisor in urology.advisors.all()] == ["Jo Advisor"]


def test_two_who_decide_at_once_lose_nothing(urology):
    page = kept(f"{PAGE}Does class rank matter?\nYes.\n", specialty=urology)
    [clinic, hard], [same, _] = page.reread().unmatched, page.reread().unmatched
    clinic.match(Question.objects.get(key="research"))
    with pytest.raises(ValidationError, match="The page has another answer to “Research”"):
        hard.match(Question.objects.get(key="research"))
    hard.skip()
    assert (states(page)["research"], states(page)["Does class rank matter?"]) == ("new", "skipped")
    for again in (same.skip, lambda: same.keep(Stage.objects.last(), by=None)):
        with pytest.raises(ValidationError, match="somebody decided that before"):
            again()
    assert not urology.own_questions.exists()


def test_page_of_a_new_specialty_becomes_a_draft_at_one_word(questions):
    page = kept(Path("tests/pages/interventional-radiology.txt").read_bytes())
    assert Specialty.objects.count() == Proposal.objects.count() == 0
    page.begin_guide(by=None)
    specialty = Specialty.objects.get()
    assert (specialty.name, specialty.is_published) == ("Interventional Radiology", False)
    assert len(answers(specialty)) == 10
    assert [advisor.name for advisor in specialty.advisors.all()] == ["Kent Sato"]
    assert specialty.department == "Department of Radiology"
    assert specialty.phone == "312-695-5753"
    assert specialty.address.splitlines()[-1] == "Chicago, IL 60611-2923"
    assert set(states(page).values()) == {"same", "blank"}
