import re

import pytest

from specialties.models import Advisor, Synonym
from specialties.query import LONGEST_QUERY, Query
from specialties.search import search
from tests.factories import make_advisor, make_answer, make_specialty
from tests.test_specialties_admin import change_url, posted

pytestmark = pytest.mark.django_db

PAGE_OF_NOTHING = "Nothing in any guide has"


def page(client, **parameters):
    response = client.get("/search/", parameters)
    assert response.status_code == 200
    return response.content.decode()


def test_page_shows_the_hit_with_its_specialty_question_and_answer(client, guide):
    html = page(client, q="cardiology")
    assert re.search(r'<h2 id="in-interventional-radiology">\s*<a [^>]*>Interventional Radiology</a>', html)
    assert 'href="/specialties/interventional-radiology/#letters-other-disciplines"' in html
    assert "<mark>cardiology</mark>" in html
    assert "Surgical services are best" in html
    assert "1 place in 1 specialty" in html


def test_page_leads_to_the_questions_that_match(client, guide):
    assert 'href="/questions/chair-letter/"' in page(client, q="chair letter")
    assert "No answer from the department yet" in page(client, q="chair letter")
    assert "/questions/chair-letter/" not in page(client, q="cardiology")


def test_page_keeps_what_was_asked(client, guide):
    html = page(client, q='"><script>', specialty="interventional-radiology", stage="m3-m4")
    assert 'value="&quot;&gt;&lt;script&gt;"' in html
    assert '<option value="interventional-radiology" selected>' in html
    assert '<option value="m3-m4" selected>' in html


def test_page_without_hits_suggests_and_leads_on(client, guide):
    html = page(client, q="recomendation")
    assert PAGE_OF_NOTHING in html
    assert '<a href="?q=recommendation">recommendation</a>' in html
    assert 'href="/questions/"' in html
    assert 'href="/">the list of specialties</a>' in html


def test_unknown_narrowing_is_none(client, guide):
    assert "1 place in 1 specialty" in page(client, q="cardiology", specialty="nothing\0", stage="'--")


@pytest.mark.parametrize(
    "hostile",
    [
        "",
        " ",
        "C++ AND (",
        "NEAR(",
        "NEAR(a b, 5)",
        '"',
        "'",
        "''; DROP TABLE specialties_searchentry; --",
        "a & | ! :* <-> b",
        "heading: x",
        "-x ^y *",
        "\0",
        "zebra\0",
        "a" * 10_000,
        "a b " * 2_500,
        "\ud7ff\U0001f600 \u0301\u0301",
        "the of and",
        "%s %(x)s {} {0}",
        "\\",
    ],
)
def test_hostile_query_gives_a_page(client, guide, hostile):
    assert "<h1>Search answers</h1>" in page(client, q=hostile)


def test_long_query_is_cut(client):
    assert len(Query("zebra " * 2_000).text) <= LONGEST_QUERY


@pytest.mark.parametrize("rows", [1, 3])
def test_queries_are_flat(client, django_assert_num_queries, rows):
    for _ in range(rows):
        specialty = make_specialty()
        make_answer(specialty, body="<p>Zebra</p>")
        make_advisor(specialty, bio="Zebra")
    with django_assert_num_queries(5):
        client.get("/search/?q=zebra")


def test_admin_inline_of_advisors_is_searched_too(superuser_client, guide):
    advisor = make_advisor(name="Kim Zebra")
    page = superuser_client.get(change_url(guide))
    prefix = next(
        inline.formset.prefix
        for inline in page.context["inline_admin_formsets"]
        if inline.opts.model == Advisor.specialties.through
    )
    data = posted(
        page, **{f"{prefix}-TOTAL_FORMS": 2, f"{prefix}-1-advisor": advisor.pk, f"{prefix}-1-specialty": guide.pk}
    )
    assert superuser_client.post(change_url(guide), data).status_code == 302
    [group] = search(Query("zebra")).groups
    assert [hit.entry.advisor for hit in group.hits] == [advisor]


@pytest.mark.parametrize("query", ["scholarly", "vsas", "research zzzz", "the"])
def test_nothing_far_fetched_is_suggested(client, guide, query):
    assert "Did you mean" not in page(client, q=query)


@pytest.mark.parametrize("words", ["one", ",,", "one,", "One, one"])
def test_synonym_of_nothing_is_refused(superuser_client, words):
    response = superuser_client.post("/admin/specialties/synonym/add/", {"words": words})
    assert "Give at least two wordings" in response.content.decode()
    superuser_client.post("/admin/specialties/synonym/add/", {"words": "zebra, striped horse"})
    assert Synonym.objects.filter(words="zebra, striped horse").exists()
