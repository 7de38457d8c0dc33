import io
import json
import os
import re
import subprocess
import sys
import time
import tomllib
import zipfile
from collections import Counter
from contextlib import suppress
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from specialties.charts import Table
from specialties.importing import Bank, Refused, document_of, read
from specialties.importing.content import content_of
from specialties.importing.documents import INVISIBLE
from specialties.models import Answer, ImportedPage, Proposal, Specialty
from specialties.spreadsheets import as_xlsx
from specialties.words import words_of

PAGES = Path(__file__).parent / "pages"
EXPECTED = sorted(PAGES.glob("*.toml"))  # beside each page: what a careful person copies from it; no answer is a blank
AWAYS = "Does your specialty recommend doing away rotations?"
COUNT = "If your specialty recommends doing away rotations, how many “aways” do you recommend?"
RANK = "Does the academic rank of the letter writer matter?"

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


@pytest.fixture
def bank(questions):
    return Bank.of_portal()


def page_of(expected):
    [page] = (path for path in PAGES.glob(f"{expected.stem}.*") if path != expected)
    return page


def answers(page):
    return {entry.question: entry.answer for entry in page.entries}


def imported(bank, content):
    return read(document_of(content), bank)


def printed(capsys, *arguments):
    call_command("import_guide", *map(str, arguments), "--dry-run", "--json")
    return json.loads(capsys.readouterr().out)


def word_file(*paragraphs, parts=()):
    """Return a .docx of paragraphs, each its text and whether it is bold, with further parts by name."""
    runs = "".join(
        f"<w:p><w:r>{'<w:rPr><w:b/></w:rPr>' if bold else ''}<w:t>{text}</w:t></w:r></w:p>" for text, bold in paragraphs
    )
    main = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    relations = "http://schemas.openxmlformats.org/package/2006/relationships"
    files = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{relations}"><Relationship Id="a" Type="{office}/officeDocument" '
        'Target="word/document.xml"/></Relationships>',
        "word/document.xml": f'<w:document xmlns:w="{main}"><w:body>{runs}</w:body></w:document>',
        **dict(parts),
    }
    return zipped(files)


def zipped(files):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


# Pages


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda path: path.stem)
def test_page_is_read_as_a_careful_person_reads_it(bank, capsys, expected):
    wanted = tomllib.loads(expected.read_text(encoding="utf-8"))
    if reason := wanted.get("refused"):
        with pytest.raises(CommandError, match=reason):
            printed(capsys, page_of(expected))
        assert capsys.readouterr().out == ""
        return
    found = printed(capsys, page_of(expected))
    assert found == {
        "specialty": wanted["specialty"],
        "quote": wanted.get("quote", ""),
        "quote_source": wanted.get("quote_source", ""),
        "recommendations": wanted.get("recommendations", ""),
        "entries": [
            {"stage": None, "key": None, "answer": "", "blank": "answer" not in entry} | entry
            for entry in wanted["entries"]
        ],
        "advisors": [{"credentials": "", "role": "", "email": ""} | advisor for advisor in wanted.get("advisors", [])],
        "resources": wanted.get("resources", []),
        "contact": wanted.get("contact", ""),
        "warnings": wanted.get("warnings", []),
    }


def test_each_page_has_what_is_expected_of_it_beside_it():
    pages = Counter(path.stem for path in PAGES.iterdir())
    assert len(pages) > 20
    assert set(pages.values()) == {2}


def test_dry_run_writes_nothing(bank, capsys):
    printed(capsys, PAGES / "interventional-radiology.txt")
    assert [model.objects.count() for model in (Specialty, Answer, ImportedPage, Proposal)] == [0, 0, 0, 0]


# Questions and the bank


@pytest.mark.parametrize(
    ("wording", "key"),
    [
        ("Are audition rotations recommended?", "away-rotations"),
        ("Should students do away rotations?", "away-rotations"),
        ("How important are away rotations in this specialty?", "away-rotations"),
        ("How many aways should I do?", "away-count"),
        ("When should away rotations be completed?", "away-timing"),
        ("When are most interviews?", "interview-month"),
        ("What month is best to take off for interviews?", "interview-month"),
        ("Is a chairperson's letter needed?", "chair-letter"),
        ("Do all LORs need to be written by members of this specialty?", "letters-from-specialty"),
        ("What advice would you give to M1 and M2 students interested in this specialty?", "early-advice"),
        ("Is research important?", "research"),
        ("Do applicants need research?", "research"),
        ("What electives would you recommend during fourth year?", "electives"),
        ("Does research experience need to be in the specialty itself?", "research"),
        ("Are letters from away institutions important?", None),
        ("How do letters from away rotations count?", None),
        ("When should I apply for away rotations?", None),
        ("Why are away rotations recommended?", None),
        ("Do I need to do an away rotation? If so, how many?", None),
        ("Can I take two away rotations?", None),
        ("What M1 electives would you recommend?", None),
        ("What advice would you offer fourth-year students?", None),
        ("Does class rank matter?", None),
        ("How many letters do you need?", None),
        ("Does your department offer research?", None),
        ("Does the chair write letters?", None),
        ("?", None),
    ],
)
def test_question_is_one_of_the_bank_only_where_it_means_the_same(bank, wording, key):
    found = bank.question_for(wording)
    assert (found and found.key) == key


@pytest.mark.parametrize(("stage", "key"), [(None, "electives"), ("m3-m4", "electives"), ("m1-m2", None)])
def test_question_for_some_years_is_none_that_a_page_asks_of_others(bank, stage, key):
    found = bank.question_for("What electives are useful?", stage)
    assert (found and found.key) == key


def test_half_of_a_question_is_not_it_where_the_page_asks_the_other_half(bank):
    page = imported(
        bank,
        "Is research important?\nYes.\nDoes research experience need to be in the specialty itself?\nNo.\n",
    )
    assert [entry.key for entry in page.entries] == ["research", None]


def test_second_question_of_the_same_meaning_is_left_to_staff(bank):
    page = imported(bank, f"{AWAYS}\nYes.\n\nAre audition rotations needed?\nNo.\n")
    assert [(entry.key, entry.answer) for entry in page.entries] == [("away-rotations", "Yes."), (None, "No.")]
    assert page.warnings == (
        "The specialty is not named.",
        "“Are audition rotations needed?” asks the same as another question of the page.",
    )


def test_wording_added_by_staff_is_recognised(bank):
    question = bank.question_for(AWAYS)
    question.other_wordings = "Thoughts on visiting elsewhere?"
    question.save()
    assert Bank.of_portal().question_for("Thoughts on  visiting elsewhere") == question


@pytest.mark.parametrize(
    ("heading", "stage"),
    [
        ("M1 and M2 Students", "m1-m2"),
        ("MS1/MS2", "m1-m2"),
        ("MS-1 & MS-2 Students", "m1-m2"),
        ("MS I and MS II", "m1-m2"),
        ("First-Year Students", "m1-m2"),
        ("FIRST AND SECOND YEAR STUDENTS", "m1-m2"),
        ("Years 1 and 2", "m1-m2"),
        ("Preclinical", "m1-m2"),
        ("Pre-clerkship Years:", "m1-m2"),
        ("Advice for MS3 and MS4 Students", "m3-m4"),
        ("M4 Students", "m3-m4"),
        ("3rd- and 4th-Year Students", "m3-m4"),
        ("Third Year", "m3-m4"),
        ("Clinical Years", "m3-m4"),
        ("Clinical", "m3-m4"),
        ("Years Three and Four", "m3-m4"),
        ("M3/M4 FAQ", "m3-m4"),
        ("MS III–IV", "m3-m4"),
        ("MS3/MS4 Advice - Urology", "m3-m4"),
        ("What third- and fourth-year students should know", "m3-m4"),
        ("Freshman and Sophomore Years", "m1-m2"),
        ("Junior/Senior Medical Students", "m3-m4"),
        ("Juniors and Seniors", "m3-m4"),
        ("Senior Year", "m3-m4"),
        ("Rising M4s", "m3-m4"),
        ("OMS-I and OMS-II", "m1-m2"),
        ("M2 and M3 Students", None),
        ("MS1", "m1-m2"),
        ("M4:", "m3-m4"),
    ],
)
def test_stage_is_found_in_many_spellings(bank, heading, stage):
    page = imported(bank, f"Urology\n\n{heading}\n\n{AWAYS}\nYes.\n{RANK}\nNo.\n")
    assert [(entry.stage, entry.answer) for entry in page.entries] == [(stage, "Yes."), (stage, "No.")]


def test_year_alone_begins_the_next_stage_where_another_stands_above(bank):
    page = imported(bank, f"M1 and M2 Students\n{RANK}\nNo.\nM4\n{AWAYS}\nYes.\n{COUNT}\nTwo\n")
    assert [(entry.stage, entry.answer) for entry in page.entries] == [
        ("m1-m2", "No."),
        ("m3-m4", "Yes."),
        ("m3-m4", "Two"),
    ]


# Blanks and answers


@pytest.mark.parametrize(
    "nothing", ["", "\n\n", " \n", "-\n", "•\n", "\u200b\n", "Specialty Career Advisor:\nJo Advisor, MD\n"]
)
def test_blank_stays_blank(bank, nothing):
    page = imported(bank, f"{AWAYS}\n{nothing}{COUNT}\nN/A\n")
    assert [(entry.answer, entry.blank) for entry in page.entries] == [("", True), ("N/A", False)]


@pytest.mark.parametrize("nothing", ["[blank]", "(no response)", "No answer given.", "[Not answered]", "– blank –"])
def test_what_a_form_prints_for_a_blank_is_blank(bank, nothing):
    page = imported(bank, f"{AWAYS} {nothing}\n{RANK}\n{nothing}\n{COUNT}\nNo response is late.\n")
    assert [entry.answer for entry in page.entries] == ["", "", "No response is late."]


def test_answer_glued_to_its_question_and_repeated_is_stored_once(bank):
    page = imported(bank, f"{AWAYS}Yes. One or two.\n\nYes.\nOne or two.\n{COUNT} Two.\nTwo.\n")
    assert answers(page) == {AWAYS: "Yes.\nOne or two.", COUNT: "Two."}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            f"Q1. Who should write my letters? Must they be urologists?\nA1. One should be.\nQ2. {RANK}\nA2. No.\n",
            {"Who should write my letters? Must they be urologists?": "One should be.", RANK: "No."},
        ),
        (
            f"{AWAYS}\nYes. Go.\n\nLetters of Recommendation\n\n{RANK}\nA little.\n"
            "Does it matter whether they are a professor?\nNo.\n",
            {AWAYS: "Yes. Go.", RANK: "A little.", "Does it matter whether they are a professor?": "No."},
        ),
        (f"{AWAYS}\nYes.\nWhen?\nIn July.\n", {AWAYS: "Yes.", "When?": "In July."}),
        (f"{AWAYS}Yes, two.{COUNT}Two.{RANK}\nNo.\n", {AWAYS: "Yes, two.", COUNT: "Two.", RANK: "No."}),
        (
            f"Is research needed? Can it be elsewhere?\nYes.\n{RANK}\nNo.\n",
            {"Is research needed? Can it be elsewhere?": "Yes.", RANK: "No."},
        ),
        (
            f"{AWAYS}\nYes.\nAway Rotations\n{COUNT}\nTwo.\nLetters\n{RANK}\nInterviews\nWhen?\nMay.\n",
            {AWAYS: "Yes.", COUNT: "Two.", RANK: "", "When?": "May."},
        ),
        (f"{AWAYS}\nYes. Why? It is small.\nWhy?\nIt is.\n", {AWAYS: "Yes. Why? It is small.\nWhy?\nIt is."}),
        (
            f"{AWAYS}\nM3 or M4\nWhen is it best?\nM4\n{RANK}\nA: M3:\nNo.\n",
            {AWAYS: "M3 or M4", "When is it best?": "M4", RANK: "M3:\nNo."},
        ),
        (
            f"{AWAYS}\nYes.\nIs it possible to switch?\nIt is.\nWhat if I do not match?\nCall.\nAnything else?\nNo.\n",
            {
                AWAYS: "Yes.",
                "Is it possible to switch?": "It is.",
                "What if I do not match?": "Call.",
                "Anything else?": "No.",
            },
        ),
        (
            f"{AWAYS}\nYes.\nWhich research is most valued?\nClinical\n{RANK}\nNo.\n",
            {AWAYS: "Yes.", "Which research is most valued?": "Clinical", RANK: "No."},
        ),
        (
            f"{AWAYS}\n1. Do one at home\n2. Do research\n3. If possible, have fun\n{COUNT} More.\n{RANK}\nNo.\n",
            {AWAYS: "1. Do one at home\n2. Do research\n3. If possible, have fun", COUNT: "More.", RANK: "No."},
        ),
        (
            f"{AWAYS}\nM3 students:\nNo.\nM4 students:\nYes.\nClinical Years\n{RANK}\nNo.\n",
            {AWAYS: "M3 students:\nNo.\nM4 students:\nYes.", RANK: "No."},
        ),
        (f"{AWAYS}: Yes\n{COUNT} – Two\n{RANK} (Yes/No)\nNo\n", {AWAYS: "Yes", COUNT: "Two", RANK: "No"}),
        (
            f"{AWAYS}\nYes\nAny other advice that you would like to give to somebody who applies?\n",
            {AWAYS: "Yes", "Any other advice that you would like to give to somebody who applies?": ""},
        ),
        (
            f"{AWAYS}\nYes.\nIs urology right for me?\nAsk.\nWhom can students talk to?\nJo Advisor, MD\njo@a.edu\n"
            "How importa",
            {
                AWAYS: "Yes.",
                "Is urology right for me?": "Ask.",
                "Whom can students talk to?": "Jo Advisor, MD\njo@a.edu",
                "How importa": "",
            },
        ),
        (
            "Urology\n1. Research: Useful\n2. Chair letter:\n3. Interviews: In May\n",
            {"Research": "Useful", "Chair letter": "", "Interviews": "In May"},
        ),
        (
            "Urology\nMS3\nResearch\nUseful\nMS4\nActing internship\nIn July\n",
            {"Research": "Useful", "Acting internship": "In July"},
        ),
        (
            "Urology\nResearch\nUseful.\nAdvice for M3 and M4 students\nDo well in surgery, and in medicine too.\n",
            {"Research": "Useful.", "Advice for M3 and M4 students": "Do well in surgery, and in medicine too."},
        ),
        (f"{AWAYS}\n{RANK}no\n{COUNT}2\n", {AWAYS: "", RANK: "no", COUNT: "2"}),
        (
            f"{AWAYS}Yes.\n{RANK}No.\n{COUNT}2\nDo you have any other advice for them?Be kind.\nDo you thi",
            {
                AWAYS: "Yes.",
                RANK: "No.",
                COUNT: "2",
                "Do you have any other advice for them?": "Be kind.",
                "Do you thi": "",
            },
        ),
        (
            f"<h1>Urology</h1><h4>{AWAYS}</h4><p>Shadow.</p><p>Research</p><p>Go to conferences of ours.</p>"
            f"<h4>{RANK}</h4><p>No.</p><h4>{COUNT}</h4><p>2</p>",
            {AWAYS: "Shadow.\nResearch\nGo to conferences of ours.", RANK: "No.", COUNT: "2"},
        ),
        (f"{AWAYS}\nResponse: Yes\n{COUNT}\nResponse:\n{RANK}\nA: No\n", {AWAYS: "Yes", COUNT: "", RANK: "No"}),
        (
            f"{AWAYS}\nYes.\nClerkship grades: do they matter? A little.\n{RANK}\nNo.\n",
            {AWAYS: "Yes.\nClerkship grades: do they matter? A little.", RANK: "No."},
        ),
        (f"{AWAYS}\nAnything else?Be kind.\n{RANK}\nNo.\n", {AWAYS: "", "Anything else?": "Be kind.", RANK: "No."}),
        (
            f"What should I be doing now?Read.\n{AWAYS}Yes.\n{COUNT}Two.\n",
            {"What should I be doing now?": "Read.", AWAYS: "Yes.", COUNT: "Two."},
        ),
    ],
)
def test_text_goes_below_the_question_it_answers(bank, text, expected):
    assert answers(imported(bank, text)) == expected


def test_heading_with_nothing_below_it_is_blank_also_above_one_that_asks(bank):
    asked = {"Letters of recommendation": "Three.", "Letter from the chair": "", AWAYS: "Yes.", "Research": "Useful."}
    page = "".join(f"<h3>{heading}</h3><p>{answer}</p>" for heading, answer in asked.items())
    assert answers(imported(bank, f"<h1>Urology</h1>{page}")) == asked


def test_question_of_a_table_whose_other_cell_is_empty_is_blank(bank):
    rows = {AWAYS: "Yes.", "Does it need to be elsewhere?": "", COUNT: "Two."}
    cells = "".join(f"<tr><td>{question}</td><td>{answer}</td></tr>" for question, answer in rows.items())
    assert answers(imported(bank, f"<h1>Urology</h1><table>{cells}</table>")) == rows


@pytest.mark.parametrize("cut", ["Doe", "If aw", "If away rotations are necessary,", "Q:", "Q"])
def test_beginning_of_a_question_in_which_a_page_ends_fills_no_blank(bank, cut):
    page = imported(bank, f"{AWAYS}\n\nYes.\n\n{RANK}\n\nNo.\n\n{COUNT}\n\n\n{cut}")
    assert [entry.answer for entry in page.entries][:3] == ["Yes.", "No.", ""]


def test_beginning_of_a_heading_in_which_a_page_ends_is_no_answer(bank):
    assert answers(imported(bank, f"{AWAYS}\n\nYes.\n\n{RANK}\n\nNo.\n\nOv")) == {AWAYS: "Yes.", RANK: "No."}


@pytest.mark.parametrize("cut", ["Do a sub-internship in", "Have a second plan read"])
def test_advice_in_which_a_page_ends_asks_nothing(bank, cut):
    assert answers(imported(bank, f"{RANK}\nNo.\n{AWAYS}\nYes.\n{cut}"))[AWAYS] == f"Yes.\n{cut}"


@pytest.mark.parametrize(
    ("cut", "key"),
    [
        ("What electives would you recommend for someone going into this spec", "electives"),
        ("If aways are necessary, when should they be compl", "away-timing"),
        ("Does your specialty recommen", None),
        ("Does your specialty recommend doing rese", None),
    ],
)
def test_question_cut_off_is_the_one_it_is_the_beginning_of(bank, cut, key):
    page = imported(bank, f"{RANK}\nNo.\n{cut}")
    assert [(entry.key, entry.blank) for entry in page.entries] == [("letter-writer-rank", False), (key, True)]


@pytest.mark.parametrize(
    ("end", "contact"),
    [
        ("Questions? Write to desk@example.edu.\n", "Write to desk@example.edu."),
        ("Any other questions?\nCall us.\n", "Call us."),
        ("Questions? Call 555-0100.\n", "Call 555-0100."),
        ("Many thanks,\nJo\n", ""),
        ("Contacts\nCall 555-0100.\n", "Call 555-0100."),
        ("Faculty Advisor: Jo Longname Advisor, MD\njo@example.edu\n", ""),
        ("Follow the School on\nFacebook\nSite Map\n", ""),
        ("All Students\n", ""),
    ],
)
def test_end_of_a_page_is_no_part_of_the_last_answer(bank, end, contact):
    page = imported(bank, f"{AWAYS}\nYes.\n{RANK}\nNo.\n\n{end}")
    assert (answers(page), page.contact) == ({AWAYS: "Yes.", RANK: "No."}, contact)


@pytest.mark.parametrize(
    "name",
    [
        "Career Advising: Urology",
        "Urology: Advice for Students",
        "Urology (URO)",
        "Frequently Asked Questions: Urology",
        "Hi Jo,\nUrology Career Advising\nMS-I and MS-II",
    ],
)
def test_specialty_is_named_beside_other_words(bank, name):
    assert imported(bank, f"{name}\n{AWAYS}\nYes.\n{RANK}\nNo.\n").specialty == "Urology"


@pytest.mark.parametrize(
    ("written", "name"), [("OB/GYN", "OB/GYN"), ("EMERGENCY MEDICINE", "Emergency Medicine"), ("OBGYN", "OBGYN")]
)
def test_short_name_in_capitals_keeps_them(bank, written, name):
    assert imported(bank, f"{written}\n{AWAYS}\nYes.\n{RANK}\nNo.\n").specialty == name


def test_label_above_the_first_question_is_left_out_with_a_warning(bank):
    quoted = '"Urology: it looks after the urinary tract, from one end to the other."\n— A Guide: Specialties, p. 4.\n'
    page = imported(bank, f"Specialty: Urology\n{quoted}Length of training: 5-6 years\n{AWAYS}\nYes.\n{RANK}\nNo.\n")
    assert page.warnings == ("Left out, as it belongs to no question: “Length of training: 5-6 years”",)


def test_question_of_a_menu_above_the_first_stage_is_none_of_the_page(bank):
    menu = "How do I choose a specialty?\nHow competitive are you for residency?\nUrology\n"
    assert answers(imported(bank, f"{menu}M1 and M2 Students\n{RANK}\nNo.\n{AWAYS}\nYes.\n")) == {
        RANK: "No.",
        AWAYS: "Yes.",
    }


@pytest.mark.parametrize("form", ["{}\n\n{}\n\n", "<h3>{}</h3><p>{}</p>"])
def test_heading_of_other_words_is_one_as_those_beside_it_are(bank, form):
    headings = ["Early Preparation", "Research", "Letters of Recommendation", "Finding Your People"]
    said = {heading: f"This is what we say about number {at}." for at, heading in enumerate(headings)}
    assert answers(imported(bank, "".join(form.format(*pair) for pair in said.items()))) == said


@pytest.mark.parametrize("source", ["<cite>A Book, p. 3</cite>", "<footer>— A Book, p. 3</footer>"])
def test_quotation_of_a_page_has_its_source_below(bank, source):
    quote = "Urology looks after the urinary tract, and those who live with it."
    page = imported(bank, f"<blockquote>“{quote}”{source}</blockquote><h3>{AWAYS}</h3><p>Yes.</p><footer>No.</footer>")
    assert (page.quote, page.quote_source) == (quote, "A Book, p. 3")
    assert answers(page) == {AWAYS: "Yes."}


def test_buttons_and_cells_beside_a_question_are_no_part_of_it(bank):
    page = imported(
        bank, f"<p>{AWAYS} <i>+</i> Expand</p><p>Yes.</p><table><tr><td>{RANK}<td>No.<td>Never.</tr></table>"
    )
    assert answers(page) == {AWAYS: "Yes.", RANK: "No. | Never."}


@pytest.mark.parametrize("button", ["Show Answer", "Hide answers", "View all", "[+] Expand"])
def test_button_leaves_a_blank_blank(bank, button):
    page = imported(bank, f"{AWAYS}\n{button}\n{COUNT} {button}\nTwo.\n")
    assert answers(page) == {AWAYS: "", COUNT: "Two."}


def test_questions_of_a_table_may_be_numbered(bank):
    asked = {AWAYS: "Yes.", COUNT: "", RANK: "No."}
    rows = "".join(f"<tr><td>{n}<td>{asked}<td>{answer}</tr>" for n, (asked, answer) in enumerate(asked.items(), 1))
    assert answers(imported(bank, f"<table><tr><th>No.<th>Question<th>Answer</tr>{rows}</table>")) == asked


def test_marks_of_a_reply_are_no_part_of_it(bank):
    page = imported(bank, f"> {AWAYS}\nYes.\n>\n>> What Step 2 score do I need?\n> 240\n")
    assert answers(page) == {AWAYS: "Yes.", "What Step 2 score do I need?": "> 240"}


def test_advisor_may_be_a_heading_below_that_of_advisors(bank):
    people = "<h2>Advisors</h2><h3>Jo Advisor, MD</h3><p>jo@example.edu</p><h3>Bo Advisor, DO</h3><p>Professor</p>"
    page = imported(bank, f"<h1>Urology</h1><h3>{AWAYS}</h3><p>Yes.</p><h3>{RANK}</h3><p>No.</p>{people}")
    assert [(advisor.name, advisor.email) for advisor in page.advisors] == [
        ("Jo Advisor", "jo@example.edu"),
        ("Bo Advisor", ""),
    ]


def test_blank_cell_beside_a_label_stays_blank(bank):
    page = imported(bank, "Urology\n\nResearch\tHelpful\nChair letter\t\nInterviews\tIn May\nAways\tTwo\n")
    assert answers(page) == {"Research": "Helpful", "Chair letter": "", "Interviews": "In May", "Aways": "Two"}


@pytest.mark.parametrize("numbers", ["1. 2.", "(1) (2)", "1) 2)", "#1 #2", "1 2", "I. II.", "Q1: Q2:"])
def test_number_before_a_question_is_no_part_of_it(bank, numbers):
    first, second = numbers.split()
    page = imported(bank, f"{first} How do I find a mentor?\nAsk.\n{second} {RANK}\nNo.\n")
    assert answers(page) == {"How do I find a mentor?": "Ask.", RANK: "No."}


def test_same_label_below_two_headings_is_asked_twice(bank):
    page = imported(bank, "Urology\nResearch\nRequired? Yes\nAway Rotations\nRequired? Yes\nHow many? 2\n")
    assert [(entry.question, entry.answer) for entry in page.entries] == [
        ("Required?", "Yes"),
        ("Required?", "Yes"),
        ("How many?", "2"),
    ]


def test_specialty_is_named_with_a_dash(bank):
    page = imported(bank, f"OTOLARYNGOLOGY – HEAD AND NECK SURGERY\n{AWAYS}\nYes.\n{RANK}\nNo.\n")
    assert page.specialty == "Otolaryngology – Head and Neck Surgery"


def test_answer_is_stored_with_its_lists_and_links_and_nothing_else(bank):
    page = imported(
        bank,
        f"<p><b>{AWAYS}</b></p><p onclick='x()'>Yes, <a href='https://example.edu/a?b=1'>two</a>.</p>"
        "<ul><li>Home</li><li><a href='javascript:x()'>Away</a><script>x()</script></li></ul><style>p{}</style>",
    )
    [entry] = page.entries
    assert entry.body == (
        '<p>Yes, <a href="https://example.edu/a?b=1">two</a>.</p><ul><li><p>Home</p></li><li><p>Away</p></li></ul>'
    )
    assert entry.answer == "Yes, two.\nHome\nAway"


# Files


def test_word_file_is_read(bank):
    content = word_file(
        ("Urology", True), (AWAYS, True), ("Yes &amp; no.", False), (COUNT, True), (RANK, True), ("No", False)
    )
    page = imported(bank, content)
    assert answers(page) == {AWAYS: "Yes & no.", COUNT: "", RANK: "No"}
    assert page.specialty == "Urology"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "windows-1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_text_in_any_usual_encoding(bank, encoding, end):
    page = imported(bank, f"{COUNT}\nOne – or “two”.\n".replace("\n", end).encode(encoding))
    assert answers(page) == {COUNT: "One – or “two”."}


def test_characters_nobody_sees_are_dropped(bank):
    page = imported(bank, f"\u200b{AWAYS}\0\n\u00a0Y\u00ades,\u202f\x07o\u200bne.\u2028Two.\n")
    assert answers(page) == {AWAYS: "Yes, one.\nTwo."}


def test_what_word_and_outlook_leave_behind_is_dropped(bank):
    page = imported(
        bank,
        "<html xmlns:o='x'><!--[if gte mso 9]><xml><o:x>false</o:x></xml><![endif]--><style>p.MsoNormal{}</style>"
        f"<p class=MsoNormal><b>{AWAYS}<o:p></o:p></b></p><p class=MsoListParagraph style='mso-list:l0'>"
        "<![if !supportLists]><span>·<span>&nbsp; </span></span><![endif]>Yes<o:p></o:p></p><p><o:p>&nbsp;</o:p></p>",
    )
    assert answers(page) == {AWAYS: "Yes"}


def bomb():
    return word_file((AWAYS, True), parts=[("word/styles.xml", " " * 50_000_000)])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "There is no text in this."),
        (" \n\u200b".encode(), "There is no text in this."),
        (b"%PDF-1.7 ...", "This file is a PDF"),
        (b"\x89PNG\r\n", "This file is a picture"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "This file is an old Word file"),
        (b"{\\rtf1 }", "This file is a rich text file"),
        (bytes(range(256)) * 9, "This is not a text."),
        (b"PK\x03\x04 torn", "This Word file is damaged."),
        (zipped({"a.txt": "text"}), "This is not a Word file."),
        (word_file(("A", False), parts=[("word/vbaProject.bin", "x")]), "This Word file has macros."),
        (word_file(parts=[("word/styles.xml", '<!DOCTYPE x [<!ENTITY a "b">]><x/>')]), "This Word file has parts"),
        (bomb(), "This is too large."),
        (word_file((AWAYS, True), parts=[(f"word/{n}.xml", "") for n in range(5_000)]), "This is too large."),
        (word_file(*[("A", False)] * 20_000), "This is too large."),
        (b"a" * 2_000_001, "This is too large."),
        (b"<p>" * 100_001, "This page has too many tags"),
        (
            "\n".join(f"Is thing {n} of the specialty needed?\nYes." for n in range(5_000)).encode(),
            "This has more than 200 questions",
        ),
    ],
)
def test_what_is_no_page_is_refused_with_the_reason(bank, content, reason):
    with pytest.raises(Refused, match=reason):
        imported(bank, content)


# The command


def test_exit_status(bank, tmp_path):
    call_command("import_guide", PAGES / "feinberg_dermatology.txt", "--dry-run")
    with pytest.raises(CommandError) as refused:
        call_command("import_guide", PAGES / "example_prose.txt")
    with pytest.raises(CommandError) as unreadable:
        call_command("import_guide", tmp_path / "absent.txt")
    assert (refused.value.returncode, unreadable.value.returncode) == (1, 2)


def test_specialty_can_be_named(bank, capsys):
    found = printed(capsys, PAGES / "feinberg_dermatology.txt", "--specialty", "Dermatology and Venereology")
    assert found["specialty"] == "Dermatology and Venereology"


@pytest.mark.parametrize(
    ("name", "warned"),
    [("Anesthesiology", True), ("dermatology", False), ("Dermatology and Venereology", False), ("Derm", False)],
)
def test_page_that_is_imported_as_of_another_specialty_says_so(bank, capsys, name, warned):
    warning = f"The page calls itself “Dermatology”, and is imported as {name}."
    found = printed(capsys, PAGES / "feinberg_dermatology.txt", "--specialty", name)
    assert (warning in found["warnings"]) == warned
    call_command("import_guide", PAGES / "feinberg_dermatology.txt", "--specialty", name, "--dry-run")
    assert (warning in capsys.readouterr().out) == warned


def test_new_specialty_becomes_a_draft_with_the_answers_that_are_in_the_bank(bank):
    call_command("import_guide", PAGES / "wright_neurology_blanks.txt")
    specialty = Specialty.objects.get()
    assert (specialty.name, specialty.slug, specialty.is_published) == ("Neurology", "neurology", False)
    assert {answer.question.key: answer.body for answer in specialty.answers.all()} == {
        "research": "<p>Yes, but not required.</p>",
        "letters-from-specialty": "<p>No, but usually at least two come from neurologists.</p>",
    }


def test_specialty_that_is_there_is_left_as_it_is_and_gets_proposals(bank):
    specialty = Specialty.objects.create(name="Neurology", slug="neurology")
    call_command("import_guide", PAGES / "wright_neurology_blanks.txt")
    assert list(Specialty.objects.all()) == [specialty]
    assert (specialty.answers.count(), Specialty.objects.get().quote) == (0, "")
    proposed = {proposal.question.key for proposal in specialty.proposals.open()}
    assert proposed == {"research", "letters-from-specialty"}
    call_command("import_guide", PAGES / "wright_neurology_blanks.txt")
    assert specialty.proposals.count() == 2


@pytest.mark.parametrize("options", [[], ["--dry-run"]])
def test_page_with_a_value_no_form_would_take_is_refused_whole(bank, options):
    with pytest.raises(CommandError, match="at most 100 characters"):
        call_command("import_guide", PAGES / "wright_neurology_blanks.txt", "--specialty", "N" * 101, *options)
    assert (Specialty.objects.count(), Answer.objects.count()) == (0, 0)


def test_page_that_names_no_specialty_is_shown_and_not_stored(bank, capsys, tmp_path):
    page = tmp_path / "page.txt"
    page.write_text(f"{AWAYS}\nYes.\n")
    assert printed(capsys, page)["warnings"] == ["The specialty is not named."]
    with pytest.raises(CommandError, match="does not name its specialty"):
        call_command("import_guide", page)


# Anything at all

PIECES = st.one_of(
    st.sampled_from(
        [AWAYS, COUNT, RANK, "Q: ", "1) ", "• ", "\n", "\n\n", "\t", "?", "Yes. ", "Research", "M1 and M2 Students"]
    ),
    st.sampled_from(
        ["Specialty Career Advisor:", "Jo Advisor, MD", "Overall Recommendations", "“", "— ", "https://a.edu/?b"]
    ),
    st.sampled_from(
        ["<p>", "</p>", "<script>", "alert(1)</script>", "<!--", "-->", "<![", "]>", "<a href=javascript:x>"]
    ),
    st.sampled_from(
        ["<table><tr><td>", "</td><td>", "<li>", "</ul>", "<b>", "<h2>", "</h2>", "&#x3c;", "&lt;script&gt;", "<"]
    ),
    st.sampled_from(
        [
            "<a href='https://a.edu/'>",
            '<a href="data:text/html,x">',
            "</a>",
            "<img src=x onerror=x()>",
            " onclick='x()'",
        ]
    ),
    st.sampled_from(["Resources", "For More Information", "jo@example.edu", "javascript:x()", "JaVaScRiPt&#58;x()"]),
    st.text(max_size=8),
)


class Tags(HTMLParser):
    """Collects the tags of what a browser is sent, with their attributes."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, attrs))


def harmful_in(html):
    """Return the tags that the editor does not offer, and those with more than a harmless address."""
    tags = Tags()
    tags.feed(html)
    tags.close()
    offered = {"p", "ul", "ol", "li", "strong", "em", "br", "a"}
    return [
        (tag, attrs)
        for tag, attrs in tags.found
        if tag not in offered
        or any(name not in ("href", "rel", "title") for name, _ in attrs)
        or not re.match(r"https?:|mailto:|$", dict(attrs).get("href", ""))
    ]


anything = st.lists(PIECES, max_size=40).map("".join)
fuzzed = settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@fuzzed
@given(anything)
@example("<![endif")
@example(f"<h3>{AWAYS}</h3><p>Yes</p><h3>Resources</h3><p><a href='javascript:x()'>a</a> <a href='data:x'>b</a></p>")
@example(f"<h3>{AWAYS}</h3><p>Yes</p><h3>Overall Recommendations</h3><p><a href='javascript:x()'>a</a>&lt;img&gt;</p>")
@example("<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>" + AWAYS + "<script>Yes</script><p>No")
def test_nothing_but_a_refusal_is_raised_and_no_script_survives(bank, text):
    for content in (text, text.encode(), text.encode("utf-16")):
        try:
            page = imported(bank, content)
        except Refused:
            continue
        content = content_of(page)
        for html in [content["recommendations"], *(entry["body"] for entry in content["entries"])]:
            assert harmful_in(html) == []
        assert [
            each for each in content["resources"] if not re.match(r"https?://\S+$", each["url"], re.IGNORECASE)
        ] == []
        assert [each for each in page.advisors if not re.fullmatch(r"[^\s<>:]*", each.email)] == []
        texts = [page.quote, page.quote_source, page.contact, *(advisor.name for advisor in page.advisors)]
        assert [text for text in texts if INVISIBLE.search(text)] == []


@fuzzed
@given(anything)
@example("<a href='jav&#x09;ascript:x()'>a</a>")
@example("<svg><script>x()</script><p onclick=x()>a")
@example("<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=x()&gt;'>")
def test_rich_text_as_it_is_stored_runs_nothing(text):
    assert harmful_in(Answer._meta.get_field("body").cleaned(text)) == []


@fuzzed
@given(st.lists(PIECES.filter(lambda piece: "<" not in piece), max_size=40).map("".join))
def test_words_of_every_answer_are_the_pages_own_in_their_order(bank, text):
    try:
        page = imported(bank, text)
    except Refused:
        return
    words = iter(words_of(" ".join(line.text for line in document_of(text).lines)))
    for entry in page.entries:
        assert all(word in words for word in words_of(entry.answer))


@fuzzed
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(bank, content):
    try:
        imported(bank, content)
    except Refused:
        return


repeated = pytest.mark.parametrize(
    "unit",
    [
        f"{AWAYS}\nYes.\n",
        "<p><b>Research</b></p><p>Yes</p>",
        "<![",
        "“a ",
        "a@",
        "Jo Advisor, MD\n",
        "<b id=1>",
        "<a ",
        "<a x='>",
        "<!--",
        "(Source: ",
        "__a ",
        "**Is it?** Yes.\n",
    ],
)


def work(bank, text):
    """Return how often reading a text calls or returns from a function."""
    calls = Counter()
    sys.setprofile(lambda frame, event, argument: calls.update([event]))
    try:
        imported(bank, text)
    except Refused:
        pass
    finally:
        sys.setprofile(None)
    return calls.total()


@repeated
def test_twice_the_page_is_about_twice_the_work(bank, unit):
    assert work(bank, unit * 2_000) < 2.2 * work(bank, unit * 1_000) + 1_000  # what is read for the first time


@pytest.mark.parametrize("form", ["{question}\n{line}\n", "<h3>{question}</h3><p>{line}</p>"])
def test_megabyte_is_about_four_times_the_work_of_a_quarter(bank, form):
    def page(size):
        sentence = "It does matter, in many ways. "
        answer = [sentence * 16] * (size // 150 // 16 // len(sentence))
        line = ("</p><p>" if "<" in form else "\n").join(answer)
        return "".join(form.format(question=f"Does thing number {n} matter?", line=line) for n in range(150))

    assert len(page(1_000_000)) > 900_000
    assert len(imported(bank, page(1_000_000)).entries) == 150
    assert work(bank, page(1_000_000)) < 5 * work(bank, page(250_000))


@repeated
def test_time_within_patterns_grows_with_the_page_too(bank, unit):
    """What a count of calls does not see. Only the ratio is looked at: a square would be sixteen times the time."""

    def seconds(size):
        text, taken = unit * (size // len(unit)), []
        for _ in range(3):
            start = time.process_time()
            with suppress(Refused):
                imported(bank, text)
            taken.append(time.process_time() - start)
        return min(taken)

    assert seconds(60_000) < 8 * seconds(15_000)


READ_AND_MEASURE = """
import re, sys
from pathlib import Path
import django
django.setup()
from specialties import spreadsheets
from specialties.importing import Bank, document_of, read
from specialties.importing.content import content_of
for path in map(Path, sys.argv[1:]):
    content = path.read_bytes()
    if path.suffix == ".xlsx":
        print(len(spreadsheets.lines_of(content)))
    else:
        print(len(content_of(read(document_of(content), Bank([], [])))["entries"]))
print(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells how much memory it took")
def test_memory_stays_below_200_mb(tmp_path):
    questions = [f"Does thing number {n} of your specialty matter?" for n in range(150)]
    text = "".join(f"{question}\n{'It does matter, in many ways.' * 400}\n" for question in questions)
    tags = "".join(f"<h3>{question}</h3>{'<p>It <b>does</b> matter.' * 120}" for question in questions)
    blocks = [block for question in questions for block in [(question, True)] + [("It does matter.", False)] * 59]
    pictures = [(f"word/media/{n}.png", os.urandom(1_900_000)) for n in range(10)]
    lines = [[f"{n} {part} matters a lot" for part in "abc"] for n in range(9_000)]
    pages = {
        "page.docx": word_file(*blocks, parts=pictures),
        "page.html": tags.encode(),
        "page.txt": text.encode(),
        "table.xlsx": as_xlsx([Table("One", list("abc"), lines)]),
    }
    for name, content in pages.items():
        (tmp_path / name).write_bytes(content)
    command = [sys.executable, "-c", READ_AND_MEASURE, *(tmp_path / name for name in pages)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    *read, kilobytes = map(int, done.stdout.split())
    assert read == [150, 150, 150, 9_001]
    assert kilobytes < 200_000
