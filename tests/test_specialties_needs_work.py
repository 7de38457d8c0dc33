"""What needs work: what each rule finds and what it leaves alone, who sees it, and that the page stays quick."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from specialties.models import Feedback, Liaison, LinkCheck, Question, Specialty
from specialties.needs_work import RULES, cycle, guides_of
from tests.factories import (
    make_advisor,
    make_answer,
    make_feedback,
    make_question,
    make_resource,
    make_specialty,
    make_staff,
)

pytestmark = pytest.mark.django_db

PAGE = "/admin/needs-work/"
NOW = datetime(2026, 11, 23, 18, tzinfo=UTC)


@pytest.fixture(autouse=True)
def today():
    with time_machine.travel(NOW):
        yield


@pytest.fixture
def urology():
    """A guide to fill: of the questions a portal begins with, only those a test adds are asked."""
    Question.objects.update(is_active=False)
    return make_specialty("Urology")


def found(title):
    """Return what the rule of that title finds in all guides: (where, words) each."""
    [rule] = [rule for rule in RULES if rule.title == title]
    guides = guides_of(Specialty.objects.all())
    return [(finding.where, finding.words) for guide in guides for finding in rule.look(guide)]


def answer(specialty, label="Pay", **fields):
    fields = {"body": "", "confirmed_on": "2026-11-01"} | fields
    return make_answer(specialty, make_question(label=label), **fields)


def ask_again(key):
    question = Question.objects.get(key=key)
    question.is_active = True
    question.save()
    return question


def test_blank_answers(urology):
    answer(urology, "Given", body="<p>Yes.</p>")
    answer(urology, "Emptied", confirmed_on=None)
    make_question(label="Never answered")
    make_question(label="Of a draft", specialty=make_specialty("Zoology", is_published=False))
    of_urology, of_zoology = ["Emptied", "Never answered"], ["Given", "Emptied", "Never answered", "Of a draft"]
    assert [where for where, _ in found("Blank answers")] == of_urology + of_zoology


@pytest.mark.parametrize(
    ("short_answer", "body", "is_found"),
    [
        ("N/A", "", True),
        ("n/a", "<p>Ask your advisor.</p>", True),
        ("", "<p>Not applicable.</p>", True),
        ("", "<p>TBD</p>", True),
        ("–", "", True),
        ("", "<p>Please talk to your specialty adviser about this.</p>", True),
        ("", "<p>Contact the department.</p>", True),
        ("None", "", True),
        ("", "<p>None are required, but two help.</p>", False),
        ("N/A", "<p>There are no letters to ask for.</p>", False),
        ("2–3", "<p>Ask your advisor.</p>", False),
        ("", "<p>No.</p>", False),
        ("", f"<p>Ask your advisor early. {'Then apply to what you both agree on. ' * 3}</p>", False),
        ("", "<p>Find a mentor.</p>", False),
    ],
)
def test_answers_that_say_nothing(urology, short_answer, body, is_found):
    answer(urology, short_answer=short_answer, body=body)
    assert bool(found("Answers that say nothing")) == is_found


def test_the_same_text_under_two_questions(urology):
    answer(urology, "First", body="<p>Meet us early in your third year.</p>")
    answer(urology, "Second", body="<ul><li>Meet us <em>early</em> in your Third year</li></ul>")
    answer(urology, "Other", short_answer="Yes", body="<p>Yes.</p>")
    answer(make_specialty("Surgery"), "Elsewhere", body="<p>Meet us early in your third year.</p>")
    assert found("The same text under two questions") == [
        ("First", "the same as Second"),
        ("Second", "the same as First"),
    ]


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("See the website for details", True),
        ("See the website", True),
        ("Please visit our web page.", True),
        ("Contact Dr. Sato", True),
        ("Details are on our site", True),
        ("One of the attendings will know you best", True),
        ("Yes", False),
        ("3", False),
        ("Yes, if you have the time", False),
        ("At least one, at most three", False),
        ("Strongly recommended but not required", False),
        ("We like to see two", False),
    ],
)
def test_the_same_short_answer_under_two_questions(urology, text, is_found):
    answer(urology, "First", short_answer=text)
    answer(urology, "Second", short_answer=f" {text.upper()}.", body="<p>And some other words.</p>")
    answer(urology, "Third", body=f"<p>{text}</p>")
    same = [("First", "Second, Third"), ("Second", "First, Third"), ("Third", "First, Second")]
    expected = [(where, f"the same as {others}") for where, others in same] if is_found else []
    assert found("The same text under two questions") == expected


@pytest.mark.parametrize(
    ("whether", "count", "words"),
    [
        ("", "1–2", "Blank; Number of aways: 1–2"),
        ("No", "Two", "No; Number of aways: Two"),
        ("Not recommended", "1 at most", "Not recommended; Number of aways: 1 at most"),
        ("No", "None", None),
        ("No", "0", None),
        ("No", "", None),
        ("", "", None),
        ("No more than two", "2", None),
        ("Helpful, not required", "1–2", None),
        ("Rarely", "1", "Rarely; Number of aways: 1"),
        ("Discouraged", "1", "Discouraged; Number of aways: 1"),
        ("We do not recommend away rotations", "2", "We do not recommend away rotations; Number of aways: 2"),
        ("Away rotations are not necessary.", "2", "Away rotations are not necessary.; Number of aways: 2"),
        ("We don’t usually advise them", "2", "We don’t usually advise them; Number of aways: 2"),
        ("Aways are strongly discouraged", "2", "Aways are strongly discouraged; Number of aways: 2"),
        ("We advise against them", "2", "We advise against them; Number of aways: 2"),
        ("No longer recommended", "2", "No longer recommended; Number of aways: 2"),
        ("Not usually", "2", "Not usually; Number of aways: 2"),
        ("None are required", "2", "None are required; Number of aways: 2"),
        ("No away rotations are needed", "2", "No away rotations are needed; Number of aways: 2"),
        ("No more than two recommended", "2", None),
        ("We recommend 2; do not do more than 3", "2", None),
        ("We do not recommend more than two", "2", None),
        ("We do not recommend a third", "2", None),
        ("Not required but strongly encouraged", "2", None),
        ("Strongly recommended, not required", "2", None),
        ("Not necessary if you have a home program", "1", None),
        ("Not only helpful, expected", "1", None),
        ("Do not be discouraged by the cost", "1", None),
        ("They help. A third is not necessary.", "2", None),
        ("No limit", "3", None),
    ],
)
def test_answers_that_contradict_each_other(urology, whether, count, words):
    label = ask_again("away-count").label
    if whether or words:
        make_answer(urology, ask_again("away-rotations"), short_answer=whether, body="")
    make_answer(urology, Question.objects.get(key="away-count"), short_answer=count, body="")
    expected = [("Away rotations", words.replace("Number of aways", label))] if words else []
    assert found("Answers that contradict each other") == expected


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("In 2019 most matched.", "2019"),
        ("In 2024 most matched.", "2024"),
        ("In 2025 and 2026 most matched.", None),
        ("The 2023–2024 season.", "2024"),
        ("The 2024-25 season.", None),
        ("The 2019/20 season.", "20"),
        ("Call 312-695-2013.", None),
        ("About $2000, or 2,015.50.", None),
        ("Since 06/2018.", "2018"),
        ("In 2026, as in 2017.", "2017"),
    ],
)
def test_years_long_gone(urology, text, year):
    answer(urology, body=f"<p>{text}</p>")
    assert [words for _, words in found("Years long gone")] == ([text] if year else [])


def test_words_around_a_find_are_cut_between_words_on_its_line(urology):
    answer(urology, short_answer="Yes", body=f"<p>{'word ' * 20}in 2019 {'then ' * 20}</p>")
    words = "word " * 7 + "in 2019" + " then" * 7
    assert found("Years long gone") == [("Pay", f"…{words}…")]


def test_cycle_turns_in_july():
    with time_machine.travel("2026-06-30 18:00"):
        assert cycle() == 2026
    with time_machine.travel("2026-07-01 18:00"):
        assert cycle() == 2027


@pytest.mark.parametrize(
    ("title", "text", "is_found"),
    [
        ("Scores of Step 1", "A Step 1 score over 230 helps.", True),
        ("Scores of Step 1", "Aim for 240 on Step I.", True),
        ("Scores of Step 1", "Scores of USMLE Step One matter.", True),
        ("Scores of Step 1", "Step 1 is pass/fail, so Step 2 CK scores matter.", False),
        ("Scores of Step 1", "Take Step 1 early. Scores of Step 2 CK matter.", False),
        ("Scores of Step 1", "As a next step, I looked at 200 programs.", False),
        ("Step 2 CS", "Pass Step 2 CS by then.", True),
        ("Step 2 CS", "Step 2 Clinical Skills is taken in Chicago.", True),
        ("Step 2 CS", "Step 2 CK by then.", False),
        ("COVID-19", "Because of Covid-19 there are no aways.", True),
        ("COVID-19", "Since the pandemic, by video.", True),
        ("COVID-19", "Infectious diseases.", False),
    ],
)
def test_what_is_out_of_date(urology, title, text, is_found):
    answer(urology, body=f"<p>{text}</p>")
    assert bool(found(title)) == is_found


def test_recommendations_are_looked_through_too(urology):
    urology.recommendations = "<p>Step 2 CS is a must.</p>"
    urology.save()
    assert found("Step 2 CS") == [("Overall recommendations", "Step 2 CS is a must.")]


def test_links_that_lead_nowhere(urology):
    dead, fine = "https://example.edu/?a=1&b=2", "https://example.edu/fine"
    LinkCheck.objects.create(url=dead, host="example.edu", problem="the server answers 404", checked_at=NOW)
    LinkCheck.objects.create(url=fine, host="example.edu", checked_at=NOW)
    make_resource(urology, label="Society", url=dead)
    make_resource(urology, url=fine)
    make_advisor(urology, name="Kim Alone", profile_url=dead)
    answer(urology, body='<p><a href="https://example.edu/?a=1&amp;b=2">Here</a></p>')
    words = f"{dead}: the server answers 404 on 23 November 2026"
    assert found("Links that lead nowhere") == [("Pay", words), ("Society", words), ("Kim Alone", words)]


def test_advisors_who_no_longer_take_requests(urology):
    make_advisor(urology)
    make_advisor(urology, name="Out", request_limit=0)
    make_advisor(urology, name="Paused", accepts_requests=False)
    make_advisor(urology, name="Away", away_from="2026-01-01")
    names = [where for where, _ in found("Advisors who no longer take requests")]
    assert names == ["Out", "Paused"]


def test_confirmations(urology):
    answer(urology, "Lately", body="<p>Yes.</p>", confirmed_on="2025-11-23")
    answer(urology, "Long ago", body="<p>Yes.</p>", confirmed_on="2025-11-22")
    answer(urology, "Never", body="<p>Yes.</p>", confirmed_on=None)
    answer(urology, "Blank", confirmed_on=None)
    assert found("Confirmed over a year ago") == [("Long ago", "22 November 2025")]
    assert found("Never confirmed") == [("Never", "")]


def test_answers_that_did_not_help_the_least_helpful_first(urology):
    def voted(label, noes, yeses):
        row = answer(urology, label, body="<p>Yes.</p>")
        for is_helpful in [False] * noes + [True] * yeses:
            make_feedback(row, is_helpful=is_helpful)
        return row

    voted("Half", 2, 2)
    voted("All", 3, 0)
    voted("Two in three", 2, 1)
    voted("Few", 2, 0)
    voted("Helpful", 1, 2)
    with time_machine.travel(NOW + timedelta(days=1)):
        rewritten = voted("Rewritten", 3, 0)
        rewritten.edited_at = NOW + timedelta(days=2)
        rewritten.save()
    assert found("Readers say it did not help") == [
        ("All", "3 of 3 say no (100%)"),
        ("Two in three", "2 of 3 say no (67%)"),
        ("Half", "2 of 4 say no (50%)"),
    ]


def test_real_guide_has_one_blank_and_is_to_be_confirmed(guide):
    [found] = guides_of(Specialty.objects.all())
    numbers = {rule.title: len(findings) for rule, findings in found.findings().items()}
    assert numbers == {"Blank answers": 1, "Never confirmed": 10}


class TestPage:
    @pytest.fixture
    def client(self, client):
        client.force_login(make_staff("view_answer", "see_every_guide"))
        return client

    def parts(self, response):
        return {part["rule"].title: part["number"] for part in response.context["parts"]}

    def test_leads_to_the_very_answer(self, client, urology):
        row = answer(urology, body="<p>Step 2 CS.</p>")
        html = client.get(PAGE).content.decode()
        link = f"/admin/specialties/specialty/{urology.pk}/change/#answer-{row.question.key}"
        assert f'<li><a href="{link}">Pay</a> <span>Step 2 CS.</span></li>' in html
        assert "This examination was given up in January 2021. Take it out." in html

    def test_shows_how_far_guides_are_answered_and_confirmed(self, client, urology):
        answer(urology, body="<p>Yes.</p>")
        answer(urology, body="<p>Yes.</p>", confirmed_on="2020-01-01")
        answer(urology)
        make_question()
        response = client.get(PAGE)
        assert [row[1:] for row in response.context["table"].rows] == [[50, 25, 3]]
        assert '<a href="/admin/needs-work/?specialty=urology">Urology</a>' in response.content.decode()
        datasets = json.loads(response.context["chart"]["data"])["datasets"]
        assert [(dataset["label"], dataset["data"]) for dataset in datasets] == [
            ("Answered, %", [50]),
            ("Confirmed, %", [25]),
        ]

    def test_of_one_department_is_of_it_alone(self, client, urology):
        answer(urology, body="<p>Step 2 CS.</p>")
        answer(make_specialty("Surgery", is_published=False), body="<p>Covid.</p>")
        html = client.get(f"{PAGE}?specialty=urology").content.decode()
        assert "Step 2 CS." in html
        assert "Covid." not in html
        assert '<details class="part-of-work" open>' in html

    def test_of_a_liaison_is_of_their_departments_alone(self, client, urology):
        other = make_specialty("Surgery")
        answer(urology, body="<p>Step 2 CS.</p>")
        make_feedback(answer(other, body="<p>Covid.</p>"), words="Unread.")
        liaison = make_staff("view_answer", "view_specialty")
        Liaison.objects.create(user=liaison, specialty=urology)
        client.force_login(liaison)
        response = client.get(PAGE)
        assert self.parts(response) == {"Blank answers": 1, "Step 2 CS": 1}
        assert "Surgery" not in response.content.decode()
        assert client.get(f"{PAGE}?specialty=surgery").status_code == 404
        client.force_login(make_staff("view_answer", "view_specialty"))
        assert "There is no specialty you work with yet" in client.get(PAGE).content.decode()

    def test_says_how_many_words_wait_to_be_read(self, client, urology):
        row = answer(urology, body="<p>Yes.</p>")
        make_feedback(row, words="More.")
        make_feedback(row, words="Less.", state=Feedback.State.KEPT_BACK)
        assert "Feedback of readers to read" not in client.get(PAGE).content.decode()
        client.force_login(make_staff("view_answer", "see_every_guide", "view_feedback", "moderate_feedback"))
        assert "Feedback of readers to read: 1" in client.get(PAGE).content.decode()

    def test_escapes_what_it_shows(self, client, urology):
        answer(urology, body="<p>Step 2 CS &lt;script&gt;</p>")
        html = client.get(PAGE).content.decode()
        assert "Step 2 CS &lt;script&gt;" in html

    def test_is_paged(self, client, urology):
        Specialty.objects.bulk_create(Specialty(name=f"A {n:03}", slug=f"a-{n}") for n in range(150))
        html = client.get(PAGE).content.decode()
        assert "Specialties 1 to 50 of 151" in html
        assert [row[0].count("Urology") for row in client.get(f"{PAGE}?page=4").context["table"].rows[-1:]] == [1]
        assert client.get(f"{PAGE}?page=nonsense").status_code == 200

    def test_is_only_looked_at(self, client):
        assert client.post(PAGE).status_code == 405

    def test_menu_leads_to_it_for_those_who_may_open_it(self, client):
        link = f'href="{PAGE}"'
        assert link in client.get("/admin/").content.decode()
        client.force_login(make_staff("view_specialty"))
        assert link not in client.get("/admin/").content.decode()

    @pytest.mark.parametrize("is_liaison", [True, False])
    def test_is_flat(self, client, django_assert_num_queries, is_liaison):
        user = make_staff("view_answer", "view_specialty", *([] if is_liaison else ["see_every_guide"]))
        client.force_login(user)
        LinkCheck.objects.create(url="https://example.edu/", host="example.edu", problem="no answer", checked_at=NOW)
        for number in (1, 2):
            for _ in range(number):
                specialty = make_specialty(recommendations="<p>In 2010.</p>")
                Liaison.objects.create(user=user, specialty=specialty)
                make_feedback(answer(specialty, body="<p>Step 2 CS.</p>", confirmed_on=None))
                make_advisor(
                    specialty, accepts_requests=False, stand_in=make_advisor(), profile_url="https://example.edu/"
                )
                make_resource(specialty, url="https://example.edu/")
                make_question(specialty=specialty)
            with django_assert_num_queries(11):
                assert client.get(PAGE).status_code == 200
