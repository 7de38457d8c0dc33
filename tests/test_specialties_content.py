import re
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils.html import strip_tags

from specialties import content_files
from specialties.models import Advisor, Answer, Specialty

PUBLISHED_PAGE = Path(__file__).parent / "pages" / "interventional-radiology.txt"
# Lines of the school's page that were its furniture, not its content.
FURNITURE = {"Skip to main content", "View Profile"}

pytestmark = pytest.mark.django_db


def words(text):
    return " ".join(text.split())


def test_every_line_of_the_published_page_is_on_the_guide(client, guide):
    html = client.get(guide.get_absolute_url()).content.decode()
    text = words(strip_tags(re.sub(r"&(quot|#x27);", lambda m: {"quot": '"', "#x27": "'"}[m[1]], html)))
    lines = [words(line.strip('"—\ufeff ')) for line in PUBLISHED_PAGE.read_text().splitlines()]
    wanted = [line.strip('"') for line in lines if line and line not in FURNITURE]

    assert len(wanted) > 40
    assert [line for line in wanted if line.rstrip(":") not in text] == []


def test_ten_answers_and_one_blank(guide):
    entries = guide.entries()
    assert [entry.question.key for entry in entries if entry.is_blank] == ["chair-letter"]
    assert len(entries) == 11


def test_short_answers_are_those_the_text_gives(guide):
    assert {entry.question.key: entry.short_answer for entry in guide.entries() if entry.short_answer} == {
        "research": "Very helpful, not an absolute necessity",
        "away-rotations": "Helpful, not required",
        "away-count": "1–2",
        "away-timing": "As early as possible in the M4 year",
        "interview-month": "November–December",
        "letters-from-specialty": "No, but at least one or two from IR",
        "letters-other-disciplines": "Surgical services are best",
        "letter-writer-rank": "No, the relationship matters more",
    }


def test_advisor_of_the_guide(guide):
    [advisor] = guide.advisors.all()
    assert (str(advisor), advisor.role, advisor.slug) == ("Kent Sato, MD", "Specialty Career Advisor", "kent-sato")


def test_no_address_is_invented(guide):
    assert list(guide.resources.all()) == []
    assert not any("href" in answer.body for answer in guide.answers.all())
    assert (guide.email, guide.advisors.get().email, guide.advisors.get().profile_url) == ("", "", "")


def test_loading_again_changes_nothing_that_staff_changed(guide, capsys):
    Specialty.objects.update(summary="Changed by staff", is_published=False)
    Answer.objects.filter(question__key="away-count").update(body="<p>Three.</p>", short_answer="3")
    Answer.objects.filter(question__key="research").delete()
    Advisor.objects.update(accepts_requests=False)
    guide.advisors.clear()
    before = (
        list(Answer.objects.order_by("pk").values()),
        list(Specialty.objects.values()),
        list(Advisor.objects.values()),
    )

    call_command("load_guide")

    after = (
        list(Answer.objects.order_by("pk").values()),
        list(Specialty.objects.values()),
        list(Advisor.objects.values()),
    )
    assert after == before
    assert list(guide.advisors.all()) == []
    assert capsys.readouterr().out == "The guide is there already; left as it is.\n"


@pytest.mark.parametrize("changed", [{"slug": "ir"}, {"name": "Vascular and Interventional Radiology"}])
def test_guide_with_another_name_or_address_is_still_that_guide(guide, changed):
    Specialty.objects.update(**changed)
    call_command("load_guide")
    assert Specialty.objects.count() == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("name = ", "cannot be read as a guide"),
        ('name = "No slug"', "cannot be read as a guide"),
        ('name = "A"\nslug = "a"\ncolour = "red"', "cannot be read as a guide"),
        ('name = "A"\nslug = "a b"', "cannot be read as a guide"),
        (f'name = "A"\nslug = "a"\n[answers.research]\nshort_answer = "{"x" * 81}"', "cannot be read as a guide"),
        ('name = "A"\nslug = "a"\n[answers.unheard-of]\nbody = "x"', "answers a question that is not in the bank"),
    ],
)
def test_broken_content_file_loads_nothing(tmp_path, content, message):
    file = tmp_path / "broken.toml"
    file.write_text(content)
    with pytest.raises(CommandError, match=message):
        call_command("load_guide", file)
    assert not Specialty.objects.exists()


def test_missing_content_file_is_named(tmp_path):
    with pytest.raises(CommandError, match=r"nowhere\.toml cannot be read"):
        call_command("load_guide", tmp_path / "nowhere.toml")


def test_plain_text_becomes_paragraphs_and_lists():
    html = content_files.rich_text("One & two\n\n\n\n- Three\n- Four - five\n\nSix\n")
    assert html == "<p>One &amp; two</p><ul><li><p>Three</p></li><li><p>Four - five</p></li></ul><p>Six</p>"
