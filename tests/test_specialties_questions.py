import pytest

from specialties.models import Question
from tests.factories import make_answer, make_full_specialty, make_question, make_specialty, make_stage

pytestmark = pytest.mark.django_db


def test_list_has_each_stages_questions_and_how_many_specialties_answer(client):
    Question.objects.all().delete()
    late, early = make_stage(position=2), make_stage(position=1)
    last, first = make_question(stage=late), make_question(stage=early)
    make_question(stage=early, is_active=False)
    answering, blank = make_specialty(), make_specialty()
    make_question(stage=early, specialty=answering)
    make_answer(answering, first)
    make_answer(blank, first, body="")
    make_answer(make_specialty(is_published=False), first)
    response = client.get("/questions/")
    assert [(q, q.answer_count) for q in response.context["questions"]] == [(first, 1), (last, 0)]
    html = response.content.decode()
    assert "1 of 2 specialties answers" in html
    assert "0 of 2 specialties answer" in html


def test_list_without_questions_says_so(client):
    Question.objects.all().delete()
    assert "No question is asked of the specialties yet." in client.get("/questions/").content.decode()


def test_page_has_every_published_answer_and_the_blanks_at_the_end(client):
    question = make_question("zebra")
    for name, body in {
        "Urology": "<p>Yes, <em>of course</em>.</p>",
        "Anesthesiology": "",
        "Dermatology": "<p>No.</p>",
    }.items():
        make_answer(make_specialty(name), question, body=body)
    make_specialty("Neurology")
    make_answer(make_specialty("Secret", is_published=False), question)
    response = client.get("/questions/zebra/")
    assert [entry.specialty.name for entry in response.context["given"]] == ["Dermatology", "Urology"]
    assert [entry.specialty.name for entry in response.context["blank"]] == ["Anesthesiology", "Neurology"]
    html = response.content.decode()
    assert "<p>Yes, <em>of course</em>.</p>" in html
    assert "2 of 4 specialties answer" in html
    assert 'href="/specialties/urology/#zebra"' in html
    assert "Secret" not in html
    assert html.index(">Urology<") < html.index("No answer from the department yet") < html.index(">Neurology<")


def test_question_nobody_answers_says_so(client, guide):
    html = client.get("/questions/chair-letter/").content.decode()
    assert "No department has answered this yet" in html
    assert 'href="/specialties/interventional-radiology/#chair-letter"' in html


def test_question_that_is_not_asked_of_all_has_no_page(client, guide):
    own = make_question("own", specialty=guide)
    Question.objects.filter(key="research").update(is_active=False)
    for key in (own.key, "research", "nothing-here"):
        assert client.get(f"/questions/{key}/").status_code == 404


def test_guide_leads_from_each_common_answer_to_all_others(client, guide):
    make_question("own", specialty=guide)
    html = client.get(guide.get_absolute_url()).content.decode()
    for question in Question.objects.filter(specialty=None):
        assert html.count(f'href="/questions/{question.key}/"') == 1
    assert "/questions/own/" not in html


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize(("url", "queries"), [("/questions/", 2), ("/questions/zebra/", 3)])
def test_queries_are_flat(client, django_assert_num_queries, url, queries, rows):
    question = make_question("zebra")
    for _ in range(rows):
        make_answer(make_full_specialty(), question)
        make_question()
    with django_assert_num_queries(queries):
        client.get(url)
