import re

import pytest
from django.db import connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from specialties import revision
from specialties.indexing import LONGEST_TEXT
from specialties.models import Answer, Question, SearchEntry, Specialty, Synonym
from specialties.query import Query
from specialties.search import MOST_HITS, search
from specialties.words import excerpt, indexed, marked, words_of
from tests.factories import make_advisor, make_answer, make_question, make_specialty, make_stage, make_synonym

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_questions_but_our_own(synonyms):
    """The bank's would be found in every guide, unanswered."""
    Question.objects.all().delete()


def addresses(text, **narrowing):
    """Where a search leads, best first within each guide."""
    results = search(Query(text, Synonym.objects.all()), **narrowing)
    return [hit.entry.get_absolute_url() for group in results.groups for hit in group.hits]


def answered(text, *, specialty=None, question=None, **fields):
    """Return the address of a new answer with this text, among words that are nobody else's."""
    question = question or make_question(text="Zzz?", label="Zzz")
    return make_answer(specialty or make_specialty(), question, body=f"<p>{text}</p>", **fields).get_absolute_url()


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("applying", "You apply in September."),
        ("apply", "Before applying, wait."),
        ("ELECTIVES", "One elective."),
        ("resume", "Bring a résumé."),
        ("résumé", "Bring a resume."),
        ("Muller", "As Müller showed."),
        ("procedur", "Many procedures."),
        ("lette", "A letter."),
        ("LOR", "Two letters of recommendation."),
        ("letters of recommendation", "Two LORs."),
        ("audition rotations", "Two aways."),
        ("aways", "Two audition rotations."),
        ("chair letter", "A letter from the chairman."),
        ("letter from the chairman", "The chair writes a letter."),
        ("sub-I", "A subinternship."),
        ("acting internship", "One sub-I in the fall."),
        ("EM", "Rotate through emergency medicine."),
        ("emergency medicine", "Rotate through EM."),
        ("OB/GYN", "Obstetrics and gynecology."),
        ("how many letters should I ask for", "Ask for three letters."),
        ("M4", "In the M4 year."),
        ("M3", "M2s/M3s can choose."),
        ("subI", "One sub-internship."),
        ("Dr. Zebra", "Ask Kim Zebra, MD."),
        ("aways", "Two 𝐀𝐰𝐚𝐲 rotations."),
    ],
)
def test_word_finds(query, text):
    address = answered(text)
    assert addresses(query) == [address]


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("IR", "That is irrelevant."),
        ("letter chairman", "A letter, and no more."),
        ("or", "Orthopaedic surgery."),
        ("rotation", "Two aways."),
        ("elective", "Residency selection."),
    ],
)
def test_word_does_not_find(query, text):
    answered(text)
    results = search(Query(query, Synonym.objects.all()))
    assert not results.has_every_term or results.groups == []


def test_search_covers_every_part_of_a_guide():
    stage = make_stage()
    specialty = make_specialty(
        "Aardvarkology", abbreviation="AAV", summary="Burrows", quote="Quotable", recommendations="<p>Recommendable</p>"
    )
    advisor = make_advisor(specialty, name="Kim Snoutworthy", bio="Termites")
    question = make_question("how", text="Snuffling how?", label="Digging", other_wordings="Tunnelling", stage=stage)
    answer = make_answer(specialty, question, short_answer="Nocturnally", body="<ul><li>Ants</li></ul>")
    guide = specialty.get_absolute_url()
    for words, address in {
        "aardvarkology burrows": guide,
        "aav quotable": guide,
        "recommendable": f"{guide}#recommendations",
        "snoutworthy": advisor.get_absolute_url(),
        "termites": advisor.get_absolute_url(),
        "snuffling": answer.get_absolute_url(),
        "digging": answer.get_absolute_url(),
        "tunnelling": answer.get_absolute_url(),
        "nocturnally": answer.get_absolute_url(),
        "ants": answer.get_absolute_url(),
    }.items():
        assert addresses(words) == [address], words


def test_question_is_a_better_hit_than_a_mention():
    specialty = make_specialty()
    mention = answered("Research, research and research; nothing else but research.", specialty=specialty)
    asked = answered("It helps.", specialty=specialty, question=make_question(text="Is research important?"))
    assert addresses("research") == [asked, mention]


def test_blank_answer_is_found_by_its_question_after_all_others():
    question = make_question(text="Is a zebra required?")
    blank = make_specialty("Blank").get_absolute_url() + f"#{question.key}"
    given = answered("It is.", specialty=make_specialty("Given"), question=question)
    assert addresses("zebra") == [given, blank]


def test_hits_are_grouped_by_guide_and_a_long_group_is_cut():
    one, many = make_specialty("One"), make_specialty("Many")
    answered("Zebra.", specialty=one)
    for _ in range(6):
        answered("Zebra.", specialty=many)
    groups = {group.specialty.name: group for group in search(Query("zebra")).groups}
    assert (len(groups["One"].hits), groups["One"].more) == (1, 0)
    assert (len(groups["Many"].hits), groups["Many"].more) == (4, 2)
    [group] = search(Query("zebra"), specialty=many).groups
    assert (len(group.hits), group.more) == (6, 0)


def test_more_than_can_be_shown_is_said():
    question = make_question(text="Zebra?")
    Specialty.objects.bulk_create(
        Specialty(name=f"S{n}", slug=f"s{n}", is_published=True) for n in range(MOST_HITS + 1)
    )
    question.save()
    results = search(Query("zebra"))
    assert results.is_cut
    assert results.count == MOST_HITS


def test_search_is_narrowed_to_a_specialty_and_a_stage():
    early, late, here, there = make_stage(), make_stage(), make_specialty(), make_specialty()
    wanted = answered("Zebra.", specialty=here, question=make_question(stage=early))
    elsewhere = answered("Zebra.", specialty=there, question=make_question(stage=early))
    later = answered("Zebra.", specialty=here, question=make_question(stage=late))
    assert set(addresses("zebra", specialty=here)) == {wanted, later}
    assert set(addresses("zebra", stage=early)) == {wanted, elsewhere}
    assert addresses("zebra", specialty=here, stage=early) == [wanted]


def test_where_nothing_has_all_words_some_are_enough():
    specialty = make_specialty()
    answered("Zebra.", specialty=specialty)
    results = search(Query("zebra unicorn"))
    assert not results.has_every_term
    assert [group.specialty for group in results.groups] == [specialty]


def test_what_has_more_of_the_words_comes_first():
    specialty = make_specialty()
    make_advisor(specialty, name="Kim Unicorn")
    more = answered("Zebra and giraffe, and much else that nobody asked about.", specialty=specialty)
    assert addresses("zebra giraffe unicorn")[0] == more


def test_draft_is_never_found_and_a_published_one_at_once():
    specialty = make_specialty(is_published=False)
    address = answered("Zebra.", specialty=specialty)
    assert addresses("zebra") == []
    specialty.is_published = True
    specialty.save()
    assert addresses("zebra") == [address]
    Specialty.objects.update(is_published=False)
    assert addresses("zebra") == []


class TestEditIsFoundInTheNextSearch:
    def test_of_an_answer(self):
        address = answered("Zebra.")
        answer = Answer.objects.get()
        answer.body = "<p>Giraffe.</p>"
        answer.save()
        assert (addresses("zebra"), addresses("giraffe")) == ([], [address])
        answer.delete()
        assert addresses("giraffe") == []

    def test_of_a_question(self):
        address = answered("It is.", question=make_question(text="Zebra?"))
        question = Question.objects.get(text="Zebra?")
        question.text = "Giraffe?"
        question.save()
        assert (addresses("zebra"), addresses("giraffe")) == ([], [address])
        question.is_active = False
        question.save()
        assert addresses("giraffe") == []

    def test_of_a_specialty(self):
        specialty = make_specialty("Zebralogy")
        specialty.name = "Giraffology"
        specialty.save()
        assert (addresses("zebralogy"), addresses("giraffology")[0]) == ([], specialty.get_absolute_url())

    def test_of_an_advisor(self):
        specialty, other = make_specialty(), make_specialty()
        advisor = make_advisor(specialty, name="Kim Zebra")
        advisor.name = "Kim Giraffe"
        advisor.save()
        assert (addresses("zebra"), addresses("giraffe")) == ([], [advisor.get_absolute_url()])
        advisor.specialties.add(other)
        assert len(addresses("giraffe")) == 2
        specialty.advisors.remove(advisor)
        assert len(addresses("giraffe")) == 1
        other.advisors.clear()
        assert addresses("giraffe") == []
        advisor.specialties.add(other)
        advisor.specialties.clear()
        assert addresses("giraffe") == []

    def test_of_a_synonym(self):
        address = answered("Zebra.")
        make_synonym("striped horse, zebra")
        assert addresses("striped horse") == [address]

    def test_of_a_wording_in_two_rows(self):
        make_synonym("striped horse, zebra")
        make_synonym("striped horse, okapi")
        specialty = make_specialty()
        both = {answered("Zebra.", specialty=specialty), answered("Okapi.", specialty=specialty)}
        assert set(addresses("striped horse")) == both

    def test_that_is_rolled_back_is_not(self):
        with transaction.atomic():
            answered("Zebra.")
            transaction.set_rollback(True)
        assert addresses("zebra") == []

    def test_of_what_is_deleted(self):
        specialty, question = make_specialty(), make_question()
        answered("Zebra.", specialty=specialty, question=question)
        make_question(specialty=specialty, text="Zebra?")
        make_advisor(specialty, name="Kim Zebra").delete()
        assert len(addresses("zebra")) == 2
        Answer.objects.all().delete()
        question.delete()
        assert len(addresses("zebra")) == 1
        Specialty.objects.all().delete()
        assert addresses("zebra") == []
        assert SearchEntry.objects.count() == 0


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL searches a column of the row itself")
def test_what_is_searched_does_not_outlive_its_row():
    answered("Zebra.")
    Answer.objects.get().save()
    Specialty.objects.all().delete()
    answered("Giraffe.")
    with connection.cursor() as cursor:
        cursor.execute("SELECT rowid FROM specialties_search ORDER BY rowid")
        assert [key for [key] in cursor.fetchall()] == [
            *SearchEntry.objects.order_by("pk").values_list("pk", flat=True)
        ]


def test_rows_of_a_table_made_anew_are_found(transactional_db):
    """On SQLite every altered column makes a new table of the old rows."""
    address = answered("Zebra.")
    field = SearchEntry._meta.get_field("heading")
    wider = type(field)(max_length=400)
    wider.set_attributes_from_name("heading")
    triggers = revision.DATABASES[connection.vendor]()
    triggers.drop()  # as before a migration
    with connection.schema_editor() as editor:
        editor.alter_field(SearchEntry, field, wider)
    try:
        assert addresses("zebra") == [address]
        again = answered("Giraffe.")
        assert addresses("giraffe") == [again]
    finally:
        with connection.schema_editor() as editor:
            editor.alter_field(SearchEntry, wider, field)
        triggers.renew()


def test_matching_words_are_marked_and_nothing_else_is_markup():
    query = Query("applying <b> aways", Synonym.objects.all())
    html = marked("Apply <b>twice</b> & mind audition rotations, home rotations.", query.find)
    assert html == (
        "<mark>Apply</mark> &lt;<mark>b</mark>&gt;twice&lt;/<mark>b</mark>&gt; &amp; mind "
        "<mark>audition</mark> <mark>rotations</mark>, home rotations."
    )


def test_accents_are_marked_whole_however_they_are_written():
    assert marked("Re\u0301sume\u0301s.", Query("resume").find) == "<mark>R\u00e9sum\u00e9s</mark>."


def test_excerpt_is_the_part_around_the_first_match():
    text = "One two three. " * 40 + "Here is the zebra at last. " + "Four five six. " * 40
    part = excerpt(text, Query("zebra").find)
    assert part.startswith("… ")
    assert part.endswith(" …")
    assert "Here is the zebra at last." in part
    assert len(part) < 260
    assert excerpt("Short zebra.", Query("zebra").find) == "Short zebra."


def test_words_are_folded_and_stems_come_with_them():
    assert words_of("Élan_vital, don't! ﬁne") == ["elan", "vital", "don", "t", "fine"]
    assert indexed("Applying early") == "applying early appli earli"


def test_word_is_cut_where_it_folds_into_very_many_letters():
    letter_of_a_sentence = "\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}"
    answered(f"Zebra {200 * letter_of_a_sentence}")
    assert len(addresses("zebra")) == 1
    assert len(addresses(200 * letter_of_a_sentence)) == 1


def test_very_long_text_is_found_by_what_it_begins_with():
    address = answered("Zebra. " + "word " * 20_000 + "Giraffe.")
    assert (addresses("zebra"), addresses("giraffe")) == ([address], [])
    assert len(SearchEntry.objects.get(question__answers__isnull=False).text) == LONGEST_TEXT


class TestAnyQuery(TestCase):
    @settings(max_examples=150)
    @given(st.text(max_size=60), st.text(max_size=60))
    def test_gives_results_and_whole_text(self, text, other):
        query = Query(text)
        search(query)
        assert re.sub("</?mark>", "", marked(other, query.find)) == marked(other, lambda words: set())
