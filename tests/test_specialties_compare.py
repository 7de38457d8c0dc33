import pytest

from specialties.models import Question
from tests.factories import (
    make_advisor,
    make_answer,
    make_full_specialty,
    make_question,
    make_specialty,
    make_stage,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def fields():
    """Specialties with the slugs a to f; f is a draft."""
    return [make_specialty(name, is_published=name != "F") for name in "ABCDEF"]


def compared(client, *slugs):
    """The names shown side by side, and what the page says of the choice."""
    response = client.get("/compare/", {"s": slugs})
    assert response.status_code == 200
    comparison = response.context["comparison"]
    html = response.content.decode()
    assert ("<table" in html) == comparison.is_complete
    assert html.count('class="message"') == len(list(comparison.messages))
    return [specialty.name for specialty in comparison.specialties], list(comparison.messages)


def test_two_to_four_are_shown_in_the_order_asked_for(client, fields):
    assert compared(client, "b", "a") == (["B", "A"], [])
    assert compared(client, "d", "c", "b", "a") == (["D", "C", "B", "A"], [])


@pytest.mark.parametrize(
    ("slugs", "names", "messages"),
    [
        ([], [], []),
        (["a"], ["A"], []),
        (["a", "zzz", "b"], ["A", "B"], ["One guide was asked for that is not here."]),
        (["a", "f", "b"], ["A", "B"], ["One guide was asked for that is not here."]),
        (["a", "zzz", "f", "", "\0"], ["A"], ["4 guides were asked for that are not here."]),
        (["a", "b", "a"], ["A", "B"], ["A was chosen twice and is shown once."]),
        (["a", "a"], ["A"], ["A was chosen twice and is shown once."]),
        (["a", "b", "c", "d", "e"], ["A", "B", "C", "D"], ["At most 4 fit side by side, so this is left out: E."]),
        (["a"] * 500 + ["b"], ["A", "B"], ["A was chosen twice and is shown once."]),
    ],
)
def test_choice_that_cannot_be_is_told_and_the_rest_is_shown(client, fields, slugs, names, messages):
    assert compared(client, *slugs) == (names, messages)


def test_draft_is_not_named(client, fields):
    assert ">F<" not in client.get("/compare/?s=a&s=f").content.decode()


def test_questions_go_down_and_answers_across(client):
    Question.objects.all().delete()
    early, late = make_stage(position=1, name="Early"), make_stage(position=2, name="Late")
    one, two = make_specialty("One"), make_specialty("Two")
    second = make_question(stage=late, label="Second")
    first = make_question(stage=early, label="First")
    own = make_question(stage=late, label="Own", specialty=two)
    make_answer(one, first, body="<p>One on the first.</p>")
    make_answer(two, own, short_answer="Only two")
    response = client.get("/compare/?s=one&s=two")
    rows = [
        (question, [(specialty, answer and answer.is_blank) for specialty, answer in cells])
        for question, cells in response.context["rows"]
    ]
    assert rows == [
        (first, [(one, False), (two, True)]),
        (second, [(one, True), (two, True)]),
        (own, [(one, None), (two, False)]),
    ]
    html = response.content.decode()
    assert html.index(">Early<") < html.index(">First<") < html.index(">Late<") < html.index(">Second<")
    for question in (first, second, own):  # a short answer alone may mislead
        assert html.count(f'<p class="note">{question.text}</p>') == 1
    assert html.count("No answer from the department yet") == 3
    assert html.count("Not asked") == 1
    assert html.count('<p class="cell-name">One</p>') == html.count('<p class="cell-name">Two</p>') == 4


def test_advisors_and_requests_are_at_the_foot(client, fields):
    make_advisor(fields[0], name="Kim Full", request_limit=1, open_requests=1)
    foot = client.get("/compare/?s=a&s=b").content.decode().split("<tfoot")[1]
    assert "Kim Full" in foot
    assert "Full at the moment" in foot
    assert "No advisor named yet" in foot
    assert 'href="/specialties/a/request/"' in foot
    assert 'href="/specialties/b/request/"' in foot


def test_one_is_taken_out_and_another_added_by_links_alone(client, fields):
    html = client.get("/compare/?s=a&s=b&s=c").content.decode()
    assert 'href="/compare/?s=a&amp;s=c" aria-label="Leave out B"' in html
    assert 'href="#choose"' in html
    assert 'href="#choose"' not in client.get("/compare/?s=a&s=b&s=c&s=d").content.decode()
    assert 'value="b" checked' in html
    assert 'value="d" checked' not in html


def test_list_and_guide_lead_to_the_comparison(client, fields):
    assert '<input type="checkbox" name="s" value="a">' in client.get("/").content.decode()
    assert 'href="/compare/?s=a"' in client.get("/specialties/a/").content.decode()


def test_one_guide_alone_cannot_be_compared(client):
    make_specialty()
    assert "There are not two guides yet to compare." in client.get("/compare/").content.decode()
    assert 'type="checkbox"' not in client.get("/").content.decode()


@pytest.mark.parametrize("rows", [2, 3, 4])
def test_queries_are_flat(client, django_assert_num_queries, rows):
    slugs = [make_full_specialty().slug for _ in range(rows)]
    with django_assert_num_queries(4):
        client.get("/compare/", {"s": slugs})


def test_one_chosen_is_told_that_another_is_needed(client, fields):
    assert "Choose at least one more beside A" in client.get("/compare/?s=a").content.decode()
    assert "Choose two to four" in client.get("/compare/").content.decode()
