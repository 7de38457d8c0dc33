"""What a page gives to others than its reader: search engines, feed readers, and whoever gets its address."""

import json
import re
from datetime import UTC, datetime
from html import unescape

import pytest
from defusedxml import ElementTree
from django.utils.html import strip_tags

from specialties.fields import plain_text
from specialties.models import Advisor, Answer, Question, Specialty
from tests.factories import make_advisor, make_answer, make_full_specialty, make_question, make_specialty

pytestmark = pytest.mark.django_db

ATOM = {"atom": "http://www.w3.org/2005/Atom"}
SITEMAP = {"map": "http://www.sitemaps.org/schemas/sitemap/0.9"}


def structured_data(html):
    [text] = re.findall(r'<script type="application/ld\+json">(.*?)</script>', html, re.DOTALL)
    return json.loads(text)


def visible_text(html):
    body = html.split("<body")[1]
    return " ".join(unescape(strip_tags(body.replace("</p>", " ").replace("</li>", " "))).split())


def test_guide_gives_its_answers_as_the_page_shows_them(client, guide):
    html = client.get(guide.get_absolute_url()).content.decode()
    data = structured_data(html)
    assert (data["@context"], data["@type"], data["name"]) == (
        "https://schema.org",
        "FAQPage",
        "Interventional Radiology",
    )
    assert len(data["mainEntity"]) == 10  # not the blank one
    text = visible_text(html)
    for question in data["mainEntity"]:
        assert question["@type"] == "Question"
        assert question["name"] in text
        assert question["acceptedAnswer"]["@type"] == "Answer"
        assert " ".join(question["acceptedAnswer"]["text"].split()) in text
        assert f'id="{question["url"].partition("#")[2]}"' in html


def test_guide_without_answers_claims_none(client):
    assert "ld+json" not in client.get(make_specialty().get_absolute_url()).content.decode()


def test_sample_says_so_wherever_its_page_is_spoken_of(client):
    sample = make_full_specialty(name="Urology", is_sample=True)
    html = client.get(sample.get_absolute_url()).content.decode()
    assert structured_data(html)["name"] == "Urology (sample guidance)"
    assert "<title>Urology (sample guidance) ·" in html
    assert '<meta property="og:title" content="Urology (sample guidance)">' in html
    assert html.count('content="Urology (sample guidance): ') == 2  # both descriptions
    feed = ElementTree.fromstring(client.get("/feed/").content)
    assert [title.text for title in feed.findall("atom:entry/atom:title", ATOM)] == [
        "Urology (sample guidance): 2 answers"
    ]


def test_advisor_is_a_person_with_what_the_page_shows(client):
    advisor = make_advisor(
        make_specialty("Urology"),
        make_specialty("Secret", is_published=False),
        name="Kim Able",
        credentials="MD",
        bio="A <b>sober</b> line.",
        email="kim@example.edu",
        profile_url="https://example.edu/kim",
    )
    assert structured_data(client.get(advisor.get_absolute_url()).content.decode()) == {
        "@context": "https://schema.org",
        "@type": "Person",
        "name": "Kim Able",
        "honorificSuffix": "MD",
        "jobTitle": "Specialty Career Advisor",
        "description": "A <b>sober</b> line.",
        "url": f"http://testserver{advisor.get_absolute_url()}",
        "sameAs": "https://example.edu/kim",
        "knowsAbout": ["Urology"],
        "affiliation": {"@type": "CollegeOrUniversity", "name": "Example School of Medicine"},
    }
    Advisor.objects.update(show_email=True)
    assert structured_data(client.get(advisor.get_absolute_url()).content.decode())["email"] == "kim@example.edu"


def test_no_text_ends_the_element_it_is_in(client):
    question = make_question("what", text="</script><script>alert(1)</script>&")
    specialty = make_specialty()
    make_answer(specialty, question, short_answer="</script>")
    html = client.get(specialty.get_absolute_url()).content.decode()
    assert "<script>alert" not in html
    assert structured_data(html)["mainEntity"][0]["name"] == question.text


def test_plain_text_keeps_paragraphs_and_items_apart():
    assert plain_text("<p>One<br>two &amp; <b>three</b></p><ul><li><p>Four</p></li></ul>") == "One\ntwo & three\nFour"


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("/", "/"),
        ("/?advisor=available&utm=x", "/"),
        ("/specialties/interventional-radiology/?x=1", "/specialties/interventional-radiology/"),
        ("/advisors/kent-sato/", "/advisors/kent-sato/"),
        ("/questions/", "/questions/"),
        ("/questions/research/", "/questions/research/"),
        (
            "/compare/?s=urology&s=zzz&s=urology&s=interventional-radiology",
            "/compare/?s=urology&amp;s=interventional-radiology",
        ),
    ],
)
def test_page_names_its_one_address_and_describes_itself(client, guide, url, canonical):
    make_specialty("Urology")
    html = client.get(url).content.decode()
    assert f'<link rel="canonical" href="http://testserver{canonical}">' in html
    assert f'<meta property="og:url" content="http://testserver{canonical}">' in html
    for name in ("og:title", "og:description", "og:image", "og:type", "og:site_name"):
        assert re.search(rf'<meta property="{name}" content="[^"]+">', html), name
    assert re.search(r'<meta name="description" content="[^"]{20,}">', html)


def test_search_pages_and_forms_are_left_out_of_search_engines(client):
    form = f"{make_specialty().get_absolute_url()}request/"
    for url in ("/search/?q=x", form):
        assert '<meta name="robots" content="noindex, follow">' in client.get(url).content.decode()
    robots = client.get("/robots.txt")
    assert robots["Content-Type"] == "text/plain; charset=utf-8"
    assert robots.content.decode().splitlines() == [
        "User-agent: *",
        "Disallow: /admin/",
        "Disallow: /requests/",
        "Disallow: /search/",
        "",
        "Sitemap: http://testserver/sitemap.xml",
    ]


def test_sitemap_has_every_public_page_and_when_its_words_last_changed(client):
    Question.objects.all().delete()
    question = make_question("what")
    specialty, draft = make_specialty("Urology"), make_specialty("Secret", is_published=False)
    advisor = make_advisor(specialty, draft)
    make_advisor(draft)
    make_answer(draft, question)
    answer = make_answer(specialty, question)
    make_question("own", specialty=specialty)
    make_specialty("Blank")
    Specialty.objects.update(updated_at="2026-01-05T12:00Z")
    Answer.objects.filter(pk=answer.pk).update(edited_at="2026-02-06T12:00Z")
    tree = ElementTree.fromstring(client.get("/sitemap.xml").content)
    places = {
        url.findtext("map:loc", namespaces=SITEMAP): url.findtext("map:lastmod", namespaces=SITEMAP)
        for url in tree.findall("map:url", SITEMAP)
    }
    assert places == {
        "http://testserver/": None,
        "http://testserver/questions/": None,
        "http://testserver/compare/": None,
        "http://testserver/specialties/blank/": "2026-01-05",
        "http://testserver/specialties/urology/": "2026-02-06",
        "http://testserver/questions/what/": "2026-02-06",
        f"http://testserver{advisor.get_absolute_url()}": None,
    }


def feed(client):
    response = client.get("/feed/")
    assert response["Content-Type"] == "application/atom+xml; charset=utf-8"
    return ElementTree.fromstring(response.content).findall("atom:entry", ATOM)


def test_feed_has_an_entry_for_each_guide_and_day_newest_first(client):
    first, second = make_question("first", label="First"), make_question("second", label="Second")
    urology, surgery = make_specialty("Urology"), make_specialty("Surgery", department="Surgeons")
    days = {
        make_answer(urology, first, short_answer="Yes & no"): datetime(2026, 3, 2, 18, tzinfo=UTC),
        make_answer(urology, second): datetime(2026, 3, 2, 20, tzinfo=UTC),
        make_answer(surgery, first): datetime(2026, 4, 1, 18, tzinfo=UTC),
    }
    for answer, day in days.items():
        Answer.objects.filter(pk=answer.pk).update(edited_at=day)
    newest, older = feed(client)
    assert newest.findtext("atom:title", namespaces=ATOM) == "Surgery: First"
    assert newest.find("atom:link", ATOM).get("href") == "http://testserver/specialties/surgery/#first"
    assert newest.findtext("atom:author/atom:name", namespaces=ATOM) == "Surgeons"
    assert newest.findtext("atom:updated", namespaces=ATOM).startswith("2026-04-01T")
    assert older.findtext("atom:title", namespaces=ATOM) == "Urology: 2 answers"
    assert older.find("atom:link", ATOM).get("href") == "http://testserver/specialties/urology/"
    assert "Yes &amp; no" in older.findtext("atom:summary", namespaces=ATOM)
    assert newest.findtext("atom:id", namespaces=ATOM) != older.findtext("atom:id", namespaces=ATOM)


def test_feed_has_one_entry_for_what_was_edited_in_turns(client):
    first, second = make_question("first", text="First?", label="First"), make_question(text="Second?")
    urology, surgery = make_specialty("Urology"), make_specialty("Surgery")
    for hour, (specialty, question) in enumerate([(urology, first), (surgery, first), (urology, second)], start=15):
        answer = make_answer(specialty, question)
        Answer.objects.filter(pk=answer.pk).update(edited_at=datetime(2026, 3, 2, hour, tzinfo=UTC))
    titles = {entry.findtext("atom:id", namespaces=ATOM): entry.find("atom:title", ATOM).text for entry in feed(client)}
    assert list(titles.values()) == ["Urology: 2 answers", "Surgery: First"]
    summary = feed(client)[0].findtext("atom:summary", namespaces=ATOM)
    assert summary.index("First?") < summary.index("Second?")


def test_renamed_guide_is_no_news(client):
    answer = make_answer(make_specialty("Urology"))
    [before] = feed(client)
    answer.specialty.slug = "urologic-surgery"
    answer.specialty.save()
    [after] = feed(client)
    assert after.findtext("atom:id", namespaces=ATOM) == before.findtext("atom:id", namespaces=ATOM)


@pytest.mark.parametrize("path", ["/feed/", "/sitemap.xml"])
def test_addresses_do_not_depend_on_the_name_a_page_was_asked_for_by(client, settings, path):
    settings.ALLOWED_HOSTS = ["*"]
    make_full_specialty()
    assert b"elsewhere" not in client.get(path, headers={"host": "elsewhere.example"}).content


def test_feed_tells_of_nothing_that_is_not_on_the_site(client):
    make_answer(make_specialty(is_published=False))
    make_answer(make_specialty(), body="")
    make_answer(make_specialty(), make_question(is_active=False))
    assert feed(client) == []


def test_confirming_an_answer_is_no_news(client):
    answer = make_answer(make_specialty())
    Answer.objects.update(edited_at="2026-03-02T18:00Z")
    answer.refresh_from_db()
    answer.confirmed_on = "2026-04-01"
    answer.save()
    [entry] = feed(client)
    assert entry.findtext("atom:updated", namespaces=ATOM).startswith("2026-03-02T")


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize(("url", "queries"), [("/feed/", 1), ("/sitemap.xml", 6)])
def test_queries_are_flat(client, django_assert_num_queries, url, queries, rows):
    for _ in range(rows):
        make_full_specialty()
    with django_assert_num_queries(queries):
        client.get(url)
