"""Answers and advisors as spreadsheets, out and in again."""

import csv
import zipfile
from datetime import datetime
from io import BytesIO, StringIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from hypothesis import example, given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from specialties.bulk_edits import AdvisorSheet, AnswerSheet
from specialties.models import Advisor, Answer, Liaison, Question, Specialty
from specialties.spreadsheets import (
    LARGEST_FILE,
    LONGEST_CELL,
    MOST_LINES,
    Unreadable,
    as_csv,
    as_xlsx,
    harmless,
    lines_of,
    without_apostrophe,
)
from tests.factories import make_advisor, make_answer, make_question, make_specialty, make_staff, make_superuser

pytestmark = pytest.mark.django_db

ANSWERS = reverse("admin:specialties_specialty_spreadsheet")
ADVISORS = reverse("admin:specialties_advisor_spreadsheet")
TOO_LARGE = "This file is too large when it is unpacked. Do it in parts, and leave pictures out."
EDITED_SINCE = "Somebody edited this after the export. Export anew, and edit that."
LIAISON = [f"{verb}_{model}" for verb in ("view", "add", "change") for model in ("specialty", "answer", "advisor")]
WRITE = {"csv": as_csv, "xlsx": as_xlsx}


@pytest.fixture
def urology(db):
    Question.objects.all().delete()
    return make_specialty("Urology")


def exported(user, sheet=AnswerSheet, kind="csv"):
    """What a download holds, as lines."""
    return lines_of(WRITE[kind]([sheet(user).table()]))


def edit(lines, row, **cells):
    """Change cells of a line, by the heading with an underscore for each space."""
    for heading, cell in cells.items():
        lines[row][lines[0].index(heading.replace("_", " "))] = cell
    return lines


def file_of(lines):
    file = StringIO()
    csv.writer(file).writerows(lines)
    return file.getvalue().encode()


def upload(client, url, content, name="table.csv"):
    return client.post(url, {"file": SimpleUploadedFile(name, content)})


def write(client, url, lines):
    """Upload, look through and store; return the messages."""
    preview = upload(client, url, file_of(lines))
    response = client.post(url, {"lines": preview.context["lines"]}, follow=True)
    return [str(message) for message in response.context["messages"]]


def errors(client, url, lines):
    response = upload(client, url, file_of(lines))
    assert response.status_code == 422
    return {line.number: line.errors for line in response.context["wrong"]}


def make_liaison(*specialties, permissions=LIAISON):
    user = make_staff(*permissions)
    for specialty in specialties:
        Liaison.objects.create(user=user, specialty=specialty)
    return user


def changed(part, old, new, content=b""):
    """A workbook, of one cell where none is given, with other bytes in one of its parts."""
    if not content:
        book, file = Workbook(), BytesIO()
        book.active.append(["text"])
        book.save(file)
        content = file.getvalue()
    file = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as source, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in source.namelist():
            xml = source.read(name)
            assert name != part or old in xml
            archive.writestr(name, xml.replace(old, new) if name == part else xml)
    return file.getvalue()


class TestFiles:
    def test_every_question_of_every_guide_is_a_line(self, superuser, guide):
        lines = exported(superuser)
        assert lines[0] == [
            *("specialty", "question", "wording", "short answer", "full text", "confirmed on", "confirmed by"),
            "last edited",
        ]
        assert [line[:2] for line in lines[1:]] == [
            ["interventional-radiology", question.key] for question in Question.objects.all()
        ]
        [blank] = [line for line in lines if line[1] == "chair-letter"]
        assert blank[3:] == ["", "", "", "", ""]

    @pytest.mark.parametrize("kind", ["csv", "xlsx"])
    def test_is_downloaded(self, superuser_client, superuser, guide, kind):
        response = superuser_client.get(ANSWERS, {"download": kind})
        assert lines_of(response.content) == exported(superuser, kind=kind)
        assert response.headers["Content-Disposition"].endswith(f'.{kind}"')

    def test_no_text_is_a_formula(self, superuser, urology):
        make_answer(urology, short_answer='=HYPERLINK("https://example.org")', body="+1")
        assert exported(superuser)[1][3:5] == ['\'=HYPERLINK("https://example.org")', "'+1"]
        [_, row] = load_workbook(BytesIO(as_xlsx([AnswerSheet(superuser).table()])))["Answers"].rows
        assert {cell.data_type for cell in row} == {"inlineStr", "s"}

    @example("''=1")
    @given(st.text(alphabet=st.characters(exclude_categories=["Cc", "Cs"]) | st.sampled_from("=+-@'\t\r\n")))
    def test_apostrophe_goes_as_it_came(self, text):
        assert without_apostrophe(harmless(text)) == text

    def test_csv_of_another_country_is_read(self):
        assert lines_of("specialty;short answer\r\nurology;Ja, größer".encode("windows-1252")) == [
            ["specialty", "short answer"],
            ["urology", "Ja, größer"],
        ]

    def test_cells_of_a_spreadsheet_program_are_read_as_text(self):
        book = Workbook()
        book.active.append([1, 2.0, 2.5, True, None, "text", datetime(2026, 3, 4)])
        file = BytesIO()
        book.save(file)
        assert lines_of(file.getvalue()) == [["1", "2", "2.5", "yes", "", "text", datetime(2026, 3, 4)]]


class TestRefused:
    def refusal(self, content):
        with pytest.raises(Unreadable) as refused:
            lines_of(content)
        return str(refused.value)

    def test_file_that_is_too_large(self):
        assert self.refusal(b"a" * (LARGEST_FILE + 1)) == "This file is larger than 5 MB. Do it in parts."

    def test_too_many_lines(self):
        assert self.refusal(b"a\n" * (MOST_LINES + 1)) == "This file has more than 10,000 lines. Do it in parts."

    @pytest.mark.parametrize(
        ("part", "end", "filling"),
        [
            ("xl/worksheets/sheet1.xml", b"</sheetData>", b"<row><c><v>1</v></c></row>"),
            ("xl/styles.xml", b"</cellXfs>", b"<xf/>"),
            ("[Content_Types].xml", b"</Types>", b"<Override/>"),
        ],
    )
    def test_bomb(self, part, end, filling):
        bomb = changed(part, end, filling * (10_000_000 // len(filling)) + end)
        assert len(bomb) < 200_000
        assert self.refusal(bomb) == TOO_LARGE

    def test_bomb_that_calls_itself_cells(self):
        styles = b'PartName="/xl/styles.xml" ContentType="'
        kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
        bomb = changed("xl/styles.xml", b"</cellXfs>", b"<xf/>" * 1_000_000 + b"</cellXfs>")
        bomb = changed("[Content_Types].xml", b"</Types>", b"<Override " + styles + kind + b'"/></Types>', bomb)
        assert self.refusal(bomb) == TOO_LARGE

    def test_entities_that_expand(self):
        bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><worksheet'
        content = changed("xl/worksheets/sheet1.xml", b"<worksheet", bomb)
        assert self.refusal(content) == "This file is damaged, or it is neither CSV nor XLSX."

    @pytest.mark.parametrize("content", [b"PK\x03\x04 no archive", b"\x81\x00\x8d", b'a,"b\x00\n'])
    def test_damaged_file(self, superuser_client, content):
        assert upload(superuser_client, ANSWERS, content).status_code == 422

    def test_picture_in_the_page(self, superuser_client):
        response = upload(superuser_client, ANSWERS, b"GIF89a", "picture.gif")
        assert response.context["form"].errors["file"] == [
            "Missing: column specialty, question, last edited. Export the table and edit that."
        ]

    @pytest.mark.parametrize(
        ("headings", "problem"),
        [
            (["specialty", "question"], "Missing: column last edited."),
            (["specialty", "question", "last edited", "anwser"], "Unknown: column anwser."),
            (["specialty", "question", "last edited", "", "short answer"], "Unknown: column without a name."),
            (["specialty", "specialty", "question", "last edited"], "Twice in the file: column specialty."),
        ],
    )
    def test_columns_that_are_not_those_of_the_table(self, superuser_client, headings, problem):
        response = upload(superuser_client, ANSWERS, file_of([headings]))
        assert response.context["form"].errors["file"] == [f"{problem} Export the table and edit that."]

    def test_too_many_changes(self, superuser_client, superuser, urology, monkeypatch):
        monkeypatch.setattr("specialties.bulk_admin.MOST_CHANGES", 1)
        for _ in range(2):
            make_answer(urology)
        lines = edit(edit(exported(superuser), 1, short_answer="New"), 2, short_answer="New")
        response = upload(superuser_client, ANSWERS, file_of(lines))
        assert response.context["form"].errors["file"] == ["This changes too much at once. Do it in parts."]

    def test_empty_file(self, superuser_client):
        assert upload(superuser_client, ANSWERS, b"\n").status_code == 422


ODD = [
    ("=1+1", "<p>Yes</p>"),
    ("'=1+1", "<p>Yes,\n“curly” &amp; <strong>bold</strong></p>"),
    ("''-2", "- no list, and no tag"),
    ("@you", "<p>1 &lt; 2</p>"),
    ("3-4", "Q&amp;A"),
    ("2026-03-04", "<ul><li><p>One</p></li></ul>"),
    ("TRUE", f"<p>{'long ' * 9000}</p>"),
    ("N/A", "<p>a\tb</p>"),
]


class TestRoundTrip:
    @pytest.mark.parametrize("kind", ["csv", "xlsx"])
    @pytest.mark.parametrize(("short_answer", "body"), ODD)
    def test_what_was_not_edited_changes_nothing(self, superuser_client, superuser, urology, kind, short_answer, body):
        make_answer(urology, short_answer=short_answer, body=body, confirmed_on="2026-03-02", confirmed_by="-Dana")
        make_question()
        before = list(Answer.objects.values())
        response = upload(superuser_client, ANSWERS, WRITE[kind]([AnswerSheet(superuser).table()]), f"table.{kind}")
        assert (response.status_code, response.context["number"]) == (200, 0)
        assert response.context["lines"] == ""
        assert list(Answer.objects.values()) == before
        assert Answer.history.count() == 1

    def test_program_that_takes_the_apostrophe_changes_nothing(self, superuser_client, superuser, urology):
        make_answer(urology, short_answer="=1+1")
        response = upload(superuser_client, ANSWERS, file_of(edit(exported(superuser), 1, short_answer="=1+1")))
        assert response.context["number"] == 0

    def test_real_guide_and_its_advisor_change_nothing(self, superuser_client, superuser, guide):
        make_advisor(guide, name="=cmd", stand_in=Advisor.objects.first(), away_from="2026-03-02", bio="- one\n- two")
        for url, sheet in ((ANSWERS, AnswerSheet), (ADVISORS, AdvisorSheet)):
            for kind in WRITE:
                response = upload(superuser_client, url, WRITE[kind]([sheet(superuser).table()]))
                assert (response.status_code, response.context["number"]) == (200, 0)


class TestAnswers:
    def test_are_looked_through_and_then_stored(self, superuser_client, superuser, urology):
        answer = make_answer(urology, short_answer="Yes", body="<p>One or two.</p>")
        lines = edit(exported(superuser), 1, short_answer="'=Two", full_text="<p>One or three.</p><script>x</script>")
        preview = upload(superuser_client, ANSWERS, file_of(lines))
        assert [list(line.differences) for line in preview.context["changed"]] == [
            [
                ("short answer", "<del>Yes\n</del><ins>=Two</ins>"),
                ("full text", "One or <del>two.</del><ins>three.</ins>"),
            ]
        ]
        answer.refresh_from_db()
        assert answer.short_answer == "Yes"
        assert write(superuser_client, ANSWERS, lines) == ["1 of the answers changed."]
        answer.refresh_from_db()
        assert (answer.short_answer, answer.body) == ("=Two", "<p>One or three.</p>")
        newest = answer.history.latest("history_id")
        assert (newest.history_user, newest.history_change_reason) == (superuser, "spreadsheet")

    def test_blank_is_filled_and_other_blanks_stay(self, superuser_client, superuser, guide):
        lines = exported(superuser)
        row = [line[1] for line in lines].index("chair-letter")
        write(superuser_client, ANSWERS, edit(lines, row, full_text="Not required.\n\nAsk < us."))
        assert guide.answers.get(question__key="chair-letter").body == "<p>Not required.</p><p>Ask &lt; us.</p>"
        assert guide.answers.count() == 11

    def test_blank_cell_makes_an_answer_blank_and_takes_its_confirmation(self, superuser_client, superuser, urology):
        answer = make_answer(urology, short_answer="Yes", confirmed_on="2026-03-02", confirmed_by="Dana")
        lines = exported(superuser)
        assert errors(superuser_client, ANSWERS, edit(lines, 1, short_answer="", full_text="")) == {
            2: ["confirmed on: There is no answer here that could be confirmed."]
        }
        write(superuser_client, ANSWERS, edit(lines, 1, confirmed_on="", confirmed_by=""))
        answer.refresh_from_db()
        assert (answer.is_blank, answer.confirmed_on) == (True, None)

    def test_columns_and_lines_that_are_left_out_stay(self, superuser_client, superuser, urology):
        make_answer(urology, short_answer="Kept")
        changed = make_answer(urology, short_answer="Old", body="<p>Kept.</p>")
        lines = [
            [line[0], line[1], line[3], line[-1]]
            for line in exported(superuser)
            if line[1] in ("question", changed.question.key)
        ]
        assert write(superuser_client, ANSWERS, edit(lines, 1, short_answer="New")) == ["1 of the answers changed."]
        assert list(Answer.objects.order_by("pk").values_list("short_answer", flat=True)) == ["Kept", "New"]
        changed.refresh_from_db()
        assert changed.body == "<p>Kept.</p>"

    @pytest.mark.parametrize(
        ("cells", "error"),
        [
            ({"specialty": "astrology"}, "There is no specialty “astrology” that you work with."),
            ({"question": "shoe-size"}, "There is no question “shoe-size”."),
            ({"question": "own"}, "The question “own” is not asked of this specialty."),
            (
                {"short_answer": "x" * 81},
                "short answer: Ensure this value has at most 80 characters (it has 81).",
            ),
            ({"confirmed_on": "2099-01-01"}, "confirmed on: This day is still to come."),
            ({"confirmed_on": "soon"}, "confirmed on: Enter a valid date."),
            ({"confirmed_by": "Dana", "confirmed_on": ""}, "confirmed on: Say when it was confirmed, too."),
            ({"full_text": "x" * LONGEST_CELL}, "full text: longer than a cell can be. Edit it in the staff pages."),
            ({"short_answer": "New", "last_edited": ""}, EDITED_SINCE),
            ({"short_answer": "New", "last_edited": "24.11.2026"}, EDITED_SINCE),
        ],
    )
    def test_one_wrong_line_stops_all(self, superuser_client, superuser, urology, cells, error):
        make_question("own", specialty=make_specialty("Other"), position=999)
        make_answer(urology, make_question(position=1), short_answer="Old")
        make_answer(urology, make_question(position=2), short_answer="Old")
        lines = [line for line in exported(superuser) if line[0] in ("specialty", "urology")]
        lines = edit(edit(lines, 1, short_answer="New"), 2, **cells)
        assert errors(superuser_client, ANSWERS, lines) == {3: [error]}
        assert list(Answer.objects.values_list("short_answer", flat=True)) == ["Old", "Old"]

    def test_every_error_of_a_line_is_told_at_once(self, superuser_client, superuser, urology):
        make_answer(urology)
        lines = edit(exported(superuser), 1, short_answer="x" * 81, confirmed_on="2099-01-01", last_edited="")
        assert errors(superuser_client, ANSWERS, lines) == {
            2: [
                "short answer: Ensure this value has at most 80 characters (it has 81).",
                "confirmed on: This day is still to come.",
                EDITED_SINCE,
            ]
        }

    def test_line_that_comes_twice_is_refused(self, superuser_client, superuser, urology):
        make_answer(urology)
        lines = exported(superuser)
        assert errors(superuser_client, ANSWERS, [*lines, lines[1]]) == {3: ["This is in the file twice."]}

    def test_formulas_and_dates_of_a_program_are_no_words(self, superuser, urology):
        make_answer(urology)
        book = Workbook()
        lines = edit(exported(superuser), 1, short_answer="=1+1", full_text=datetime(2026, 3, 4))
        for line in lines:
            book.active.append(line)
        file = BytesIO()
        book.save(file)
        [line] = AnswerSheet(superuser).check(lines_of(file.getvalue()))
        assert line.errors == [
            "short answer: this is a formula. Write what it comes to, as text.",
            "full text: a spreadsheet program made a date of this. Format the cell as text, and write it anew.",
        ]

    def test_what_was_edited_since_the_export_is_not_overwritten(self, superuser_client, superuser, urology):
        answer = make_answer(urology, short_answer="Old", confirmed_on="2026-03-02")
        lines = exported(superuser)
        answer.refresh_from_db()
        answer.confirmed_on = "2026-04-02"
        answer.save()
        assert upload(superuser_client, ANSWERS, file_of(lines)).status_code == 422  # it would bring the old day back
        assert errors(superuser_client, ANSWERS, edit(lines, 1, short_answer="New")) == {2: [EDITED_SINCE]}

    def test_what_was_edited_since_the_preview_is_not_overwritten(self, superuser_client, superuser, urology):
        answer = make_answer(urology, short_answer="Old")
        lines = edit(exported(superuser), 1, short_answer="New")
        preview = upload(superuser_client, ANSWERS, file_of(lines))
        answer.short_answer = "Edited"
        answer.save()
        response = superuser_client.post(ANSWERS, {"lines": preview.context["lines"]})
        assert [line.errors for line in response.context["wrong"]] == [[EDITED_SINCE]]
        answer.refresh_from_db()
        assert answer.short_answer == "Edited"

    def test_preview_of_somebody_else_is_not_stored(self, client, superuser_client, superuser, urology):
        make_answer(urology, short_answer="Old")
        lines = edit(exported(superuser), 1, short_answer="New")
        packed = upload(superuser_client, ANSWERS, file_of(lines)).context["lines"]
        client.force_login(make_superuser())
        assert client.post(ANSWERS, {"lines": packed}).status_code == 403
        assert client.post(ANSWERS, {"lines": "x"}).status_code == 403
        assert Answer.objects.get().short_answer == "Old"


class TestAdvisors:
    def test_are_edited_and_added(self, superuser_client, superuser, urology):
        other = make_specialty("Dermatology")
        stand_in = make_advisor(slug="stand-in")
        advisor = make_advisor(urology, slug="robin", open_requests=3)
        lines = exported(superuser, AdvisorSheet)
        row = [line[0] for line in lines].index("robin")
        edit(
            lines,
            row,
            specialties="dermatology, urology",
            takes_requests="no",
            request_limit="2",
            stand_in="stand-in",
            away_from="2026-03-02",
        )
        new = dict.fromkeys(lines[0], "") | {"advisor": "dana", "name": "Dana New", "role": "Advisor"}
        new |= {"show e-mail": "no", "takes requests": "Yes", "request limit": "1", "specialties": "urology"}
        new["on the residency selection committee"] = "no"
        assert write(superuser_client, ADVISORS, [*lines, list(new.values())]) == ["2 of the advisors changed."]
        advisor.refresh_from_db()
        assert (advisor.accepts_requests, advisor.request_limit, advisor.stand_in) == (False, 2, stand_in)
        assert (str(advisor.away_from), advisor.open_requests) == ("2026-03-02", 3)
        assert set(advisor.specialties.all()) == {urology, other}
        dana = Advisor.objects.get(slug="dana")
        assert (dana.name, dana.accepts_requests, list(dana.specialties.all())) == ("Dana New", True, [urology])

    @pytest.mark.parametrize(
        ("cells", "error"),
        [
            ({"takes_requests": ""}, "takes requests: Say yes or no. A blank is neither."),
            ({"takes_requests": "maybe"}, "takes requests: Say yes or no. A blank is neither."),
            ({"name": ""}, "name: This field is required."),
            ({"e-mail": "nobody"}, "e-mail: Enter a valid email address."),
            ({"request_limit": "-1"}, "request limit: Ensure this value is greater than or equal to 0."),
            (
                {"specialties": "astrology"},
                "specialties: Select a valid choice. astrology is not one of the available choices.",
            ),
            (
                {"stand_in": "robin"},
                "stand in: Nobody can stand in for themselves.",
            ),
            (
                {"away_from": "2026-03-02", "away_until": "2026-03-01"},
                "away until: The last day away is before the first.",
            ),
            (
                {"stand_in": "astrology"},
                "stand in: Select a valid choice. astrology is not one of the available choices.",
            ),
            ({"advisor": "nobody"}, "There is no advisor “nobody” that you work with."),
            ({"profile_elsewhere": "javascript:alert(1)"}, "profile elsewhere: Enter a valid URL."),
        ],
    )
    def test_one_wrong_line_stops_all(self, superuser_client, superuser, urology, cells, error):
        make_advisor(urology, slug="robin")
        lines = edit(exported(superuser, AdvisorSheet), 1, **cells)
        assert errors(superuser_client, ADVISORS, lines) == {2: [error]}


class TestAccess:
    def test_liaison_exports_and_imports_their_own_specialties_alone(self, client, superuser, urology):
        other = make_specialty("Dermatology")
        question = make_question()
        own, others = make_answer(urology, question), make_answer(other, question)
        liaison = make_liaison(urology)
        assert [line[0] for line in exported(liaison)] == ["specialty", "urology"]
        client.force_login(liaison)
        both = exported(superuser)
        edit(edit(both, 1, short_answer="New"), 2, short_answer="New")
        assert errors(client, ANSWERS, both) == {2: ["There is no specialty “dermatology” that you work with."]}
        assert write(client, ANSWERS, [both[0], both[2]]) == ["1 of the answers changed."]
        own.refresh_from_db()
        others.refresh_from_db()
        assert (own.short_answer, others.short_answer) == ("New", "")

    def test_liaison_gives_advisors_their_own_specialties_alone(self, client, urology):
        make_specialty("Dermatology")
        make_advisor(urology, make_specialty("Neurology"), slug="shared")
        make_advisor(Specialty.objects.get(name="Dermatology"), slug="not-theirs")
        liaison = make_liaison(urology)
        client.force_login(liaison)
        lines = exported(liaison, AdvisorSheet)
        assert [line[0] for line in lines[1:]] == ["shared"]
        assert errors(client, ADVISORS, edit(lines, 1, specialties="dermatology, neurology, urology")) == {
            2: ["specialties: you do not work with dermatology."]
        }
        assert errors(client, ADVISORS, edit(lines, 1, specialties="urology")) == {
            2: ["specialties: you do not work with neurology."]
        }
        assert errors(client, ADVISORS, edit(lines, 1, advisor="not-theirs")) == {
            2: ["There is no advisor “not-theirs” that you work with."]
        }
        assert write(client, ADVISORS, edit(exported(liaison, AdvisorSheet), 1, specialties="neurology")) == [
            "1 of the advisors changed."
        ]

    def test_reader_exports_and_imports_nothing(self, client, superuser, urology):
        make_answer(urology)
        client.force_login(make_liaison(urology, permissions=["view_specialty", "view_answer"]))
        page = client.get(ANSWERS)
        assert (page.status_code, 'type="file"' in page.content.decode()) == (200, False)
        assert upload(client, ANSWERS, file_of(exported(superuser))).status_code == 403

    def test_answers_that_may_not_be_added_are_refused(self, client, urology):
        make_question()
        liaison = make_liaison(urology, permissions=["view_specialty", "view_answer", "change_answer"])
        client.force_login(liaison)
        assert errors(client, ANSWERS, edit(exported(liaison), 1, short_answer="New")) == {
            2: ["You may not change this."]
        }

    def test_others_are_sent_away(self, client):
        client.force_login(make_staff("view_specialty"))
        assert [client.get(url).status_code for url in (ANSWERS, ADVISORS)] == [403, 403]


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize(("url", "queries"), [(ANSWERS, 6), (ADVISORS, 5)])  # the last is of the audit list
@pytest.mark.parametrize("is_liaison", [False, True])
def test_queries_of_an_export_are_flat(client, django_assert_num_queries, rows, url, queries, is_liaison):
    specialties = [make_specialty() for _ in range(rows)]
    for specialty in specialties:
        make_answer(specialty)
        make_advisor(specialty, stand_in=make_advisor())
    client.force_login(make_liaison(*specialties) if is_liaison else make_superuser())
    with django_assert_num_queries(queries + is_liaison * 2):
        client.get(url, {"download": "csv"})


@pytest.mark.parametrize("rows", [1, 3])
def test_queries_of_a_preview_without_changes_are_flat(superuser_client, superuser, django_assert_num_queries, rows):
    for _ in range(rows):
        make_answer(make_specialty())
    content = file_of(exported(superuser))
    upload(superuser_client, ANSWERS, content)
    with django_assert_num_queries(6):
        upload(superuser_client, ANSWERS, content)


@pytest.mark.parametrize(
    ("sheet", "url", "is_liaison", "queries"),
    [
        (AnswerSheet, ANSWERS, False, 6),
        (AnswerSheet, ANSWERS, True, 7),
        (AdvisorSheet, ADVISORS, False, 8),
        (AdvisorSheet, ADVISORS, True, 9),
    ],
)
def test_queries_of_a_preview_with_changes_are_flat(
    client, urology, django_assert_num_queries, sheet, url, is_liaison, queries
):
    for _ in range(3):
        make_answer(urology)
        make_advisor(urology, stand_in=make_advisor(urology))
    user = make_liaison(urology) if is_liaison else make_superuser()
    client.force_login(user)
    client.get(url)
    changes = {
        AnswerSheet: {"short_answer": "New", "confirmed_on": "2026-03-02", "confirmed_by": "Dana"},
        AdvisorSheet: {"specialties": "", "stand_in": "other", "away_from": "2026-03-02", "away_until": "2026-03-03"},
    }
    make_advisor(urology, slug="other")
    lines = exported(user, sheet)[:4]
    new = {"advisor": "new", "name": "Kim New", "last_edited": ""} if sheet is AdvisorSheet else {}
    for number in (1, 3):
        part = [[*line] for line in lines[: number + 1]]
        for row in range(1, number + 1):
            edit(part, row, **changes[sheet])
        part += edit([part[0], [*part[1]]], 1, **new)[1:] * bool(new)
        with django_assert_num_queries(queries):
            response = upload(client, url, file_of(part))
        assert [bool(line.changes) for line in response.context["changed"]] == [True] * (number + bool(new))
