import pytest
from django.urls import reverse

from specialties.models import Question
from tests.factories import make_advisor, make_answer, make_full_specialty, make_question, make_resource, make_specialty

pytestmark = pytest.mark.django_db


def text_of(client, url):
    response = client.get(url)
    assert response.status_code == 200
    return response.content.decode()


def test_list_shows_published_specialties_by_name(client):
    make_specialty("Urology")
    make_specialty("Anesthesiology")
    make_specialty("Dermatology", is_published=False)
    response = client.get("/")
    assert [specialty.name for specialty in response.context["shown"]] == ["Anesthesiology", "Urology"]
    assert "Dermatology" not in response.content.decode()


def test_list_without_guides_says_so(client):
    assert "No guide has been published yet" in text_of(client, "/")


def test_list_names_up_to_two_advisors_and_counts_more(client):
    one, three = make_specialty("One"), make_specialty("Three")
    make_specialty("None at all")
    make_advisor(one, name="Kim Alone", credentials="MD")
    for _ in range(3):
        make_advisor(three)
    html = text_of(client, "/")
    assert "Kim Alone, MD" in html
    assert "3 advisors" in html
    assert "No advisor named yet" in html


def test_list_says_how_many_questions_are_answered(client, guide):
    make_specialty("Urology")
    html = text_of(client, "/")
    assert "10 of 11 questions answered" in html
    assert "0 of 11 questions answered" in html


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["Away", "Complete", "Full", "Open"]),
        ("?advisor=available", ["Complete", "Open"]),
        ("?answers=all", ["Away", "Complete"]),
        ("?advisor=available&answers=all", ["Complete"]),
    ],
)
def test_list_is_filtered_by_what_is_true_now(client, query, names):
    questions = [make_question(), make_question()]
    away, complete, full, with_room = (make_specialty(name) for name in ("Away", "Complete", "Full", "Open"))
    for question in questions:
        make_answer(away, question)
        make_answer(complete, question)
    make_answer(full, questions[0])
    make_advisor(away, away_from="2026-01-01")
    make_advisor(complete)
    make_advisor(full, request_limit=1, open_requests=1)
    make_advisor(with_room, away_from="2026-01-01")
    make_advisor(with_room)
    Question.objects.exclude(pk__in=[question.pk for question in questions]).update(is_active=False)
    assert [specialty.name for specialty in client.get(f"/{query}").context["shown"]] == names


def test_filter_that_leaves_nothing_leads_back_to_all(client):
    make_specialty(), make_specialty()
    html = text_of(client, "/?advisor=available")
    assert "No guide is like that." in html
    assert '<a href="/">Show all 2</a>' in html


def test_sample_guidance_is_marked_wherever_its_words_are(client):
    question = make_question("what")
    sample, real = make_specialty("Sampled", is_sample=True), make_specialty("Real")
    for specialty in (sample, real):
        make_answer(specialty, question, short_answer="Zebra")
    make_specialty("Unanswered", is_sample=True)
    for url, count in {
        "/": 2,
        sample.get_absolute_url(): 1,
        real.get_absolute_url(): 0,
        "/questions/what/": 2,
        "/search/?q=zebra": 1,
        # at the head, with each answer and with the advisors; and twice in the list to choose from
        "/compare/?s=sampled&s=real": 4 + Question.objects.count(),
    }.items():
        assert text_of(client, url).count("Sample guidance") == count, url


def test_guide_answers_have_their_questions_key_as_anchor(client, guide):
    html = text_of(client, guide.get_absolute_url())
    for entry in guide.entries():
        assert html.count(f'id="{entry.question.key}"') == 1


def test_blank_answer_says_so_and_never_no(client):
    specialty = make_specialty()
    question = make_question(key="letter-question")
    make_answer(specialty, question, body="")
    html = text_of(client, specialty.get_absolute_url())
    section = html.split('<section class="entry" id="letter-question"')[1].split("</section>")[0]
    assert "No answer from the department yet" in section
    assert 'class="prose"' not in section


def test_guide_with_nothing_in_it_names_what_is_missing(client):
    specialty = make_specialty(department="")
    html = text_of(client, specialty.get_absolute_url())
    for words in (
        "No answer from the department yet",
        "No links from the department yet",
        "No advisor named by the department yet",
        "No contact from the department yet",
    ):
        assert words in html


def test_guide_escapes_what_is_not_rich_text(client):
    specialty = make_full_specialty(name="<b>Bold</b>", slug="bold", quote="<script>q</script>", department="<i>D</i>")
    make_resource(specialty, label="<u>R</u>", note="<u>N</u>")
    html = text_of(client, specialty.get_absolute_url())
    for markup in ("<b>", "<script>", "<i>", "<u>"):
        assert markup not in html


def test_draft_and_unknown_guide_are_not_found(client):
    draft = make_specialty(is_published=False)
    for url in (draft.get_absolute_url(), "/specialties/nothing-here/"):
        response = client.get(url)
        assert response.status_code == 404
        assert "There is no such page" in response.content.decode()


def test_last_edited_is_the_day_of_the_latest_change(client):
    specialty = make_specialty()
    answer = make_answer(specialty)
    type(specialty).objects.update(updated_at="2026-01-05T12:00Z")
    type(answer).objects.update(edited_at="2026-02-06T12:00Z")
    html = text_of(client, specialty.get_absolute_url())
    assert html.count("Last edited") == 1
    assert "6 February 2026" in html
    assert "Confirmed" not in html


def test_guide_says_since_when_it_is_confirmed_and_where_an_answer_differs(client):
    specialty = make_specialty()
    type(specialty).objects.update(updated_at="2026-01-05T12:00Z")
    make_answer(specialty, make_question("first"), confirmed_on="2026-03-02")
    make_answer(specialty, make_question("second"), confirmed_on="2026-04-01")
    html = text_of(client, specialty.get_absolute_url())
    assert "Last edited" not in html
    head, first, second = (
        html.split(start)[1].split("</section>")[0] for start in ("<h1>", 'id="first"', 'id="second"')
    )
    assert "2 March 2026" in head
    assert "Confirmed" not in first
    assert "Confirmed by the department on" in second
    assert "1 April 2026" in second


def test_guide_confirmed_in_part_says_so_at_the_answer_only(client):
    specialty = make_specialty()
    make_answer(specialty, make_question("first"), confirmed_on="2026-03-02")
    make_answer(specialty, make_question("second"))
    html = text_of(client, specialty.get_absolute_url())
    assert html.count("Confirmed by the department on") == 1
    assert "Confirmed by the department on" in html.split('id="first"')[1].split("</section>")[0]
    assert "Last edited" in html.split("<h1>")[1].split("</header>")[0]


def test_advisor_page_shows_published_specialties_and_hides_the_email(client):
    advisor = make_advisor(
        make_specialty("Urology"), make_specialty("Secret", is_published=False), email="me@example.edu"
    )
    html = text_of(client, advisor.get_absolute_url())
    assert "Urology" in html
    assert "Secret" not in html
    assert "me@example.edu" not in html


def test_advisor_page_shows_the_email_where_the_advisor_wants_it(client):
    advisor = make_advisor(make_specialty(), email="me@example.edu", show_email=True)
    assert "me@example.edu" in text_of(client, advisor.get_absolute_url())


def test_advisor_of_drafts_only_is_not_found(client):
    advisor = make_advisor(make_specialty(is_published=False))
    assert client.get(advisor.get_absolute_url()).status_code == 404


def test_advisor_who_takes_no_requests_is_not_preselected(client):
    advisor = make_advisor(make_specialty(), request_limit=0)
    html = text_of(client, advisor.get_absolute_url())
    assert "Not taking requests at the moment" in html
    assert f"?advisor={advisor.slug}" not in html


@pytest.mark.parametrize(("rows", "queries"), [(1, 3), (3, 3)])
def test_list_queries_are_flat(client, django_assert_num_queries, rows, queries):
    for _ in range(rows):
        make_full_specialty()
    with django_assert_num_queries(queries):
        client.get("/")


@pytest.mark.parametrize(("rows", "queries"), [(1, 5), (3, 5)])
def test_guide_queries_are_flat(client, django_assert_num_queries, rows, queries):
    specialty = make_full_specialty()
    for _ in range(rows):
        make_answer(specialty)
        make_advisor(specialty)
        make_resource(specialty)
    with django_assert_num_queries(queries):
        client.get(specialty.get_absolute_url())


@pytest.mark.parametrize(("rows", "queries"), [(1, 2), (3, 2)])
def test_advisor_page_queries_are_flat(client, django_assert_num_queries, rows, queries):
    advisor = make_advisor(*(make_full_specialty() for _ in range(rows)), stand_in=make_advisor())
    with django_assert_num_queries(queries):
        client.get(advisor.get_absolute_url())


def test_public_pages_refuse_other_methods_than_reading(client, guide):
    for url in ("/", guide.get_absolute_url(), reverse("specialties:advisor", args=["kent-sato"])):
        assert client.post(url).status_code == 405


@pytest.mark.parametrize("on_committee", [True, False])
def test_selection_committee_is_named_only_where_somebody_is_known_to_be_on_it(client, on_committee):
    advisor = make_advisor(make_specialty(), on_selection_committee=on_committee)
    form = reverse("requests:create", args=[advisor.specialties.get().slug])
    assert ("Residency selection committee" in text_of(client, advisor.get_absolute_url())) == on_committee
    assert ("· On the residency selection committee" in text_of(client, form)) == on_committee
