"""The report: what it counts, for whom, what it hides when published, and its downloads."""

import csv
import json
from collections import defaultdict
from datetime import date, datetime, timedelta
from importlib import import_module
from io import BytesIO, StringIO
from itertools import product

import pytest
import time_machine
from django.apps import apps
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from requests_app import report_views
from requests_app.dates import add_working_days, midnight, working_days_before, working_days_between
from requests_app.exports import REQUEST_HEADINGS, table_of
from requests_app.models import AdvisorRequest
from requests_app.publishable import publishable
from requests_app.reports import (
    Table,
    answered_in_time,
    by_class_year,
    by_month,
    by_specialty,
    load_of_advisors,
    ninetieth_percentile,
    outcomes,
    percent,
    satisfaction,
    tables,
    time_to_first_answer,
    time_to_meeting,
)
from specialties.models import Liaison
from specialties.spreadsheets import as_csv, as_xlsx
from tests.factories import make_advisor, make_request, make_specialty, make_staff, make_superuser

pytestmark = pytest.mark.django_db

REPORT = "/admin/report/"
MONDAY = datetime(2026, 11, 23, 12, tzinfo=timezone.get_default_timezone())


def at(days):
    """Noon of the day so many days after Monday, 23 November 2026."""
    return time_machine.travel(MONDAY + timedelta(days=days), tick=False)


def everything():
    return AdvisorRequest.objects.all()


def make_met(specialty, *, accepted_after, met_after=None, received_after=0, **fields):
    """A request accepted, and met, so many days after Monday."""
    with at(received_after):
        stored = make_request(specialty, **fields)
    advisor = specialty.advisors.first() or make_advisor(specialty)
    with at(accepted_after):
        stored.assign(advisor, by=make_superuser())
    if met_after is not None:
        with at(met_after):
            stored.meet(by=advisor)
    return stored


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (date(2026, 11, 23), date(2026, 11, 23), 0),
        (date(2026, 11, 23), date(2026, 11, 30), 5),
        (date(2026, 11, 27), date(2026, 11, 29), 0),
        (date(2026, 11, 28), date(2026, 11, 30), 1),
        (date(2026, 12, 23), date(2026, 12, 28), 2),
        (date(2026, 11, 24), date(2026, 11, 23), 0),
    ],
)
def test_working_days_between(settings, start, end, expected):
    settings.HOLIDAYS = [date(2026, 12, 25)]
    assert working_days_between(start, end) == expected


@given(st.dates(date(2020, 1, 1), date(2040, 1, 1)), st.integers(0, 60))
def test_as_many_working_days_lie_between_as_are_added(start, count):
    assert working_days_between(start, add_working_days(start, count)) == count


@given(st.dates(date(2020, 1, 1), date(2040, 1, 1)), st.integers(0, 60))
def test_from_the_first_date_on_no_more_working_days_have_passed(end, count):
    first = working_days_before(end, count)
    assert working_days_between(first, end) == count
    assert working_days_between(first - timedelta(days=1), end) == count + 1


def test_days_begin_in_the_time_zone_of_the_school():
    assert midnight(date(2026, 7, 1)).isoformat() == "2026-07-01T00:00:00-05:00"
    assert midnight(date(2026, 12, 1)).isoformat() == "2026-12-01T00:00:00-06:00"


def test_requests_are_counted_by_specialty_class_year_and_month():
    urology, surgery = make_specialty("Urology"), make_specialty("Surgery")
    for day, specialty, year in ((0, urology, "m1"), (0, urology, "m3"), (60, surgery, "m3")):
        with at(day):
            make_request(specialty, class_year=year)
    assert by_specialty(everything()).lines == [["Surgery", 1], ["Urology", 2], ["All", 3]]
    years = [["M1", 1], ["M2", 0], ["M3", 2], ["M4", 0], ["Other", 0], ["All", 3]]
    assert by_class_year(everything()).lines == years
    months = [["November 2026", 2], ["December 2026", 0], ["January 2027", 1], ["All", 3]]
    assert by_month(everything()).lines == months


def test_month_is_that_of_the_school_not_of_greenwich():
    with time_machine.travel("2026-11-30T23:30-06:00"):
        make_request()
    assert by_month(everything()).rows == [["November 2026", 1]]


def test_first_answer_is_when_somebody_takes_the_request_or_the_office_answers_it(superuser):
    specialty = make_specialty("Urology")
    advisors = [make_advisor(specialty), make_advisor(specialty)]
    with at(0):
        stored, closed = make_request(specialty), make_request(specialty)
        stored.offer(advisors[0], by=superuser)
    with at(1):
        stored.decline(by=advisors[0])
    with at(2):
        stored.accept(by=advisors[1])
    with at(1):
        closed.close("Done.", by=superuser)
    found = time_to_first_answer(everything())
    assert found.headings == ["Specialty", "Taken or answered", "Median", "90th percentile"]
    assert found.lines == [["Urology", 2, 1.5, 2], ["All", 2, 1.5, 2]]


def test_what_gives_a_student_no_advisor_and_no_answer_is_none(superuser):
    specialty = make_specialty()
    with at(0):
        make_request(specialty, preferred_advisor=make_advisor(specialty)).decline(by=specialty.advisors.get())
        expired = make_request(specialty, preferred_advisor=specialty.advisors.get())
        withdrawn, silent, repeated = (make_request(make_specialty()) for _ in range(3))
    with at(14):
        expired.expire()
        withdrawn.withdraw()
        silent.close("Write again.", by=superuser, reason="silent")
        repeated.close("See the other.", by=superuser, reason="duplicate")
    assert time_to_first_answer(everything()).total == ["All", 0, "–", "–"]
    with at(14):
        assert answered_in_time(everything()).total == ["All", 5, 0]


def test_requests_of_before_are_counted_by_their_history(superuser):
    make_met(make_specialty("Urology"), accepted_after=1, met_after=7)
    with at(0):
        rows = [make_request() for _ in range(4)]
    with at(2):
        rows[0].withdraw()
        rows[1].close("See the other.", by=superuser, reason="duplicate")
        rows[2].close("Done.", by=superuser)
    fields = ["days_to_answer", "days_to_meeting", "days_unanswered"]
    counted = list(everything().order_by("pk").values_list(*fields))
    assert counted == [(1, 5, None), (None, None, 2), (None, None, 2), (2, None, None), (None, None, None)]
    AdvisorRequest.objects.update(**dict.fromkeys(fields))
    import_module("requests_app.migrations.0009_count_days").forwards(apps, None)
    assert list(everything().order_by("pk").values_list(*fields)) == counted


def test_weekends_do_not_count_and_nobody_answered_is_no_figure():
    urology = make_specialty("Urology")
    make_met(urology, received_after=4, accepted_after=7, met_after=8)
    make_met(urology, accepted_after=0)
    make_request(make_specialty("Surgery"))
    assert time_to_first_answer(everything()).lines == [
        ["Surgery", 0, "–", "–"],
        ["Urology", 2, 0.5, 1],
        ["All", 2, 0.5, 1],
    ]
    assert time_to_meeting(everything()).lines == [["Surgery", 0, "–", "–"], ["Urology", 1, 2, 2], ["All", 1, 2, 2]]


def test_day_of_an_answer_is_that_of_the_school(superuser):
    with time_machine.travel("2026-11-23T23:30-06:00"):
        stored = make_request()
    with time_machine.travel("2026-11-24T00:30-06:00"):
        stored.close("Done.", by=superuser)
    assert time_to_first_answer(everything()).total == ["All", 1, 1, 1]


def test_share_in_time_counts_those_who_still_wait_too_long(settings, superuser):
    settings.OFFICE_DAYS = 2
    specialty = make_specialty("Urology")
    make_met(specialty, accepted_after=2)
    make_met(specialty, accepted_after=3)
    with at(0):
        make_request(specialty)
        make_request(specialty).withdraw()
    with at(2):
        found = answered_in_time(everything())
        assert found.headings == ["Specialty", "Taken, answered or late", "Within 2 working days, %"]
        assert found.total == ["All", 2, 50]
    with at(3):
        assert answered_in_time(everything()).total == ["All", 3, 33]


def test_late_stays_late_when_the_student_gives_up(settings):
    settings.OFFICE_DAYS = 2
    with at(0):
        late, in_time, answered = (make_request() for _ in range(3))
    with at(2):
        in_time.withdraw()
    with at(3):
        answered.assign(make_advisor(answered.specialty), by=make_superuser())
        late.withdraw()
        answered.withdraw()
        assert answered_in_time(everything()).total == ["All", 2, 0]
    assert list(everything().order_by("pk").values_list("days_to_answer", "days_unanswered")) == [
        (None, 3),
        (None, 2),
        (3, None),
    ]


@pytest.mark.parametrize(("values", "expected"), [([4], 4), ([1, 9], 9), (range(1, 11), 9), ([5] * 9 + [80], 5)])
def test_ninetieth_percentile_is_what_nine_in_ten_do_not_exceed(values, expected):
    assert ninetieth_percentile(values) == expected


def test_outcomes_come_with_their_reasons(superuser):
    specialty = make_specialty()
    met = make_met(specialty, accepted_after=0, met_after=1)
    met.close("They met.", by=superuser)
    make_request()
    make_request().withdraw()
    make_request().close("See us on Friday.", by=superuser, reason="group_session")
    found = dict(outcomes(everything()).lines)
    assert {label: number for label, number in found.items() if number} == {
        "Open: Waiting for the office": 1,
        "Met": 1,
        "Withdrawn by the student": 1,
        "Closed: Answered by a group session": 1,
        "All": 4,
    }


def test_satisfaction_is_told_by_class_year():
    specialty = make_specialty()
    for year, answer in (("m3", 5), ("m3", 2), ("m3", 4), ("m4", 3), ("m4", None)):
        stored = make_met(specialty, accepted_after=0, met_after=1, class_year=year)
        if answer:
            stored.answer_survey(answer)
    assert satisfaction(everything()).lines == [
        ["M1", 0, "–"],
        ["M2", 0, "–"],
        ["M3", 3, 67],
        ["M4", 1, 0],
        ["Other", 0, "–"],
        ["All", 4, 50],
    ]


def test_load_tells_what_each_advisor_took_and_what_became_of_it(superuser):
    specialty = make_specialty()
    first = make_advisor(specialty, name="Ada First", credentials="MD")
    make_met(specialty, accepted_after=0, met_after=1)
    handed_back = make_met(specialty, accepted_after=0)
    handed_back.hand_back(by=first)
    handed_back.assign(make_advisor(specialty, name="Ben Second"), by=superuser)
    make_advisor(specialty, name="Cem Idle")
    assert load_of_advisors(everything()).lines == [
        ["Ada First, MD", 2, 1, 0],
        ["Ben Second", 1, 0, 1],
        ["All", 3, 1, 1],
    ]


def test_every_table_can_be_made_of_nothing():
    assert [table.rows for table in tables(everything()) if table.title == "Requests by month"] == [[]]
    assert all(table.total[1] == 0 for table in tables(everything()))


def counts(*numbers):
    """A table of groups A, B, C ... with these numbers."""
    rows = [[chr(ord("A") + place), number] for place, number in enumerate(numbers)]
    return Table("Requests", ["Group", "Requests"], rows, ["All", sum(numbers)])


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([7, 0, 9], [["A", 7], ["B", 0], ["C", 9], ["All", 16]]),
        ([3, 9, 2], [["B", 9], ["Groups under five, together", 5], ["All", 14]]),
        ([3, 9, 7], [["By group", "not shown"], ["All", 19]]),
        ([4, 9, 4], [["By group", "not shown"], ["All", 17]]),
        ([1, 2], [["By group", "not shown"], ["All", "under 5"]]),
        ([0, 0], [["A", 0], ["B", 0], ["All", 0]]),
        ([], [["All", 0]]),
    ],
)
def test_small_groups_are_added_together_or_left_out(numbers, expected):
    assert publishable(counts(*numbers)).lines == expected


def sums(total, groups):
    """Yield every way in which so many groups make a total."""
    if groups == 1:
        yield (total,)
    for first in range(total + 1 if groups > 1 else 0):
        yield from ((first, *rest) for rest in sums(total - first, groups - 1))


@pytest.mark.parametrize("lists_nobody", [True, False])
@pytest.mark.parametrize("groups", [1, 2, 3, 4, 5])
def test_no_small_number_can_be_worked_out_by_whoever_knows_the_rule(groups, lists_nobody):
    """Of every table there is: also where a table does not list those who have none, and the reader knows them."""
    read = defaultdict(list)
    for total in range(15):
        for numbers in sums(total, groups):
            table = counts(*numbers)
            rows = [row for row in table.rows if row[1] or lists_nobody]
            read[str(publishable(table._replace(rows=rows)).lines)].append(numbers)
    for tables_read_so in read.values():
        for could_be in map(set, zip(*tables_read_so, strict=True)):
            assert len(could_be) > 1 or not could_be & {1, 2, 3, 4}, tables_read_so


@pytest.mark.parametrize(("groups", "most"), [(2, 12), (3, 9), (4, 7)])
def test_no_share_in_a_small_group_can_be_worked_out_even_with_its_number(groups, most):
    read = defaultdict(list)
    for total in range(most + 1):
        for numbers in sums(total, groups):
            for parts in product(*(range(number + 1) for number in numbers)):
                lines = [
                    [label, number, percent(part, number)]
                    for (label, number), part in zip(counts(*numbers).rows, parts, strict=True)
                ]
                table = Table("Shares", ["Group", "Answers", "%"], lines, ["All", total, percent(sum(parts), total)])
                read[str((numbers, publishable(table).lines))].append((numbers, parts))
    for tables_read_so in read.values():
        [numbers] = {numbers for numbers, _ in tables_read_so}
        for number, could_be in zip(
            numbers, map(set, zip(*(parts for _, parts in tables_read_so), strict=True)), strict=True
        ):
            assert len(could_be) > 1 or number not in (1, 2, 3, 4), tables_read_so


def test_figures_are_of_all_together_where_groups_are_hidden():
    headings = ["Specialty", "Answered", "Median", "90th percentile"]
    table = Table("Days", headings, [["A", 3, 1, 2], ["B", 2, 2, 2], ["C", 9, 4, 5]], ["All", 14, 0, 5])
    assert publishable(table).lines == [
        ["C", 5, "–", "–"],
        ["Groups under five, together", 5, "–", "–"],
        ["All", 10, "–", 5],
    ]


def test_counts_of_the_same_students_are_not_published_beside_each_other():
    table = Table("Load", ["Advisor", "Accepted", "Met", "Open"], [["A", 8, 6, 2]], ["All", 8, 6, 2], counts=3)
    assert publishable(table) == Table("Load", ["Advisor", "Accepted, at least"], [["A", 5]], ["All", 5])


def test_no_small_number_can_be_worked_out_from_two_tables():
    """As how many of a specialty have no answer: those who asked, less those who were answered."""
    read = defaultdict(set)
    for asked in range(30):
        for answered in range(asked + 1):
            requests = Table("Requests", ["Specialty", "Requests"], [["A", asked]], ["All", asked])
            days = Table("Days", ["Specialty", "Answered", "Median"], [["A", answered, 2]], ["All", answered, 2])
            read[str((publishable(requests), publishable(days)))].add((asked, asked - answered))
    for could_be in read.values():
        assert len({less for _, less in could_be}) > 1 or not {less for _, less in could_be} & {1, 2, 3, 4}, could_be


HOSTILE = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1"]
ERRORS = ["#REF!", "#N/A"]


def read_csv(content):
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(StringIO(content.decode("utf-8-sig"), newline="")))


def read_xlsx(content):
    """Return the rows of each sheet, by its title."""
    return {sheet.title: [list(row) for row in sheet.values] for sheet in load_workbook(BytesIO(content))}


def test_files_hold_readable_headings_numbers_and_the_text_as_written():
    one = Table("One", ["Name", "Requests"], [["Ünal\nline two", 3]], ["All", 3])
    two = Table("Two", ["Day", "Days"], [["–", 1.5]], ["All", 1.5])
    assert read_csv(as_csv([one, two])) == [
        *(["One"], ["Name", "Requests"], ["Ünal\nline two", "3"], ["All", "3"], []),
        *(["Two"], ["Day", "Days"], ["–", "1.5"], ["All", "1.5"]),
    ]
    assert read_xlsx(as_xlsx([one, two])) == {
        "One": [["Name", "Requests"], ["Ünal\nline two", 3], ["All", 3]],
        "Two": [["Day", "Days"], ["–", 1.5], ["All", 1.5]],
    }
    [sheet, _] = load_workbook(BytesIO(as_xlsx([one, two])))
    assert [cell.font.bold for cell in (sheet["A1"], sheet["B1"], sheet["A2"])] == [True, True, False]
    assert sheet["A2"].alignment.wrap_text


def test_nothing_in_a_file_is_a_formula():
    table = Table("One", ["=Heading"], [[text] for text in [*HOSTILE, "\x01=1+1", "a=b", *ERRORS, -1]])
    neutral = ["'=Heading", *(f"'{text}" for text in HOSTILE), "'=1+1", "a=b", *ERRORS]
    as_xml = [text.replace("\r", "\n") for text in neutral]
    assert [cell for [cell] in read_csv(as_csv([table]))] == [*neutral, "-1"]
    assert [cell for [cell] in read_xlsx(as_xlsx([table]))["One"]] == [*as_xml, -1]
    assert {cell.data_type for [cell] in load_workbook(BytesIO(as_xlsx([table])))["One"].rows} == {"s", "n"}


def test_letters_no_spreadsheet_can_hold_are_left_out_of_it():
    assert read_xlsx(as_xlsx([Table("One", ["Name"], [["a\x0bb"]])])) == {"One": [["Name"], ["ab"]]}


@pytest.fixture
def surveyed():
    """One request with everything in it, submitted on Monday, accepted on Tuesday and met on Wednesday."""
    stored = make_met(
        make_specialty("Urology"),
        accepted_after=1,
        met_after=2,
        name="Ada Student",
        email="ada@example.edu",
        topics=["aways", "letters"],
        message="=First\nsecond",
        availability="Tuesdays\nafter 4",
    )
    stored.answer_survey(5, "-Thank you")
    return stored


def test_every_request_is_a_row_in_words(surveyed):
    advisor = surveyed.specialty.advisors.get()
    words = ["Urology", "M3", "Away rotations, Letters", "Met", str(advisor)]
    rest = [
        "",
        "Very satisfied",
        "'-Thank you",
        "'=First\nsecond",
        "Tuesdays\nafter 4",
        "Ada Student",
        "ada@example.edu",
    ]
    assert read_csv(as_csv([table_of(everything())])) == [
        REQUEST_HEADINGS,
        [surveyed.reference, *words, "2026-11-23", "1", "2026-11-25", "2", *rest],
    ]
    days = [datetime(2026, 11, 23), 1, datetime(2026, 11, 25), 2]
    [_, row] = read_xlsx(as_xlsx([table_of(everything())]))["Requests"]
    assert row == [surveyed.reference, *words, *days, *(text or None for text in rest)]


@pytest.fixture
def coordinator(client):
    user = make_staff("see_every_request", "view_advisorrequest")
    client.force_login(user)
    return user


def sign_in_liaison(client, specialty):
    user = make_staff("view_advisorrequest")
    Liaison.objects.create(user=user, specialty=specialty)
    client.force_login(user)


def shown(response):
    """Return the lines of the tables of a page, by title."""
    return {table.title: table.lines for table, _ in response.context["tables"]}


def test_page_shows_each_table_with_its_numbers(client, coordinator, surveyed):
    with at(3):
        response = client.get(REPORT)
    assert list(shown(response)) == [
        *("Requests by specialty", "Requests by class year", "Requests by month"),
        *("Working days to first answer", "Answered in time", "Working days to meeting"),
        *("Outcomes", "Satisfaction by class year", "Load of advisors"),
    ]
    assert shown(response)["Working days to meeting"] == [["Urology", 1, 2, 2], ["All", 1, 2, 2]]
    html = response.content.decode()
    assert '<th scope="row">Urology</th><td>1</td><td>2</td><td>2</td>' in html
    assert html.count("<caption>") == 9
    assert "No requests in this time" not in html


def test_page_of_nothing_says_so(client, coordinator):
    assert "<p>No requests in this time.</p>" in client.get(REPORT).content.decode()


def test_days_and_specialty_are_chosen(client, coordinator):
    urology = make_specialty("Urology")
    for day in (0, 1, 2):
        with at(day):
            make_request(urology)
            make_request(make_specialty(f"Surgery {day}"))
    chosen = {"since": "2026-11-24", "until": "2026-11-25", "specialty": "urology"}
    assert shown(client.get(REPORT, chosen))["Requests by specialty"] == [["Urology", 2], ["All", 2]]
    found = shown(client.get(REPORT, {"since": "2026-11-24", "until": "2026-11-24"}))
    assert found["Requests by specialty"] == [["Surgery 1", 1], ["Urology", 1], ["All", 2]]


def test_page_shows_so_many_rows_and_the_download_all(client, coordinator, monkeypatch):
    for name in ("Dermatology", "Surgery", "Urology"):
        make_request(make_specialty(name))
    monkeypatch.setattr(report_views, "ROWS_SHOWN", 2)
    page = client.get(REPORT)
    assert shown(page)["Requests by specialty"] == [["Dermatology", 1], ["Surgery", 1], ["All", 3]]
    assert "1 more in the downloads" in page.content.decode()
    assert b"Urology,1" in client.get(REPORT, {"download": "report.csv"}).content


def test_report_opens_on_the_last_twelve_months(client, coordinator):
    for moment in ("2025-11-22T23:59-06:00", "2025-11-23T00:01-06:00", "2026-11-23T23:59-06:00"):
        with time_machine.travel(moment):
            make_request()
    with time_machine.travel("2026-11-23T12:00-06:00"):
        response = client.get(REPORT)
    assert shown(response)["Outcomes"][-1] == ["All", 2]
    form = response.context["form"]
    assert (form["since"].value(), form["until"].value()) == ("2025-11-23", "2026-11-23")


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("since", "yesterday", "Please write a day like 2026-11-23."),
        ("since", "", "Please choose a day."),
        ("since", "0001-01-01", "Please choose a day from 2000 to 2099."),
        ("until", "9999-12-31", "Please choose a day from 2000 to 2099."),
        ("until", "2026-02-30", "Please write a day like 2026-11-23."),
        ("until", "2001-01-01", "This day is before the first one."),
        ("specialty", "nothing", "There are no requests of this specialty to show you."),
        ("specialty", "nothing\x00", "Null characters are not allowed."),
    ],
)
@pytest.mark.parametrize("download", ["", "report.csv", "requests.xlsx"])
def test_what_cannot_be_chosen_is_said_at_its_field(client, coordinator, field, value, message, download):
    make_request()
    response = client.get(REPORT, {field: value, "download": download})
    assert response.status_code == 422
    assert response.context["form"].errors == {field: [message]}
    assert message in response.content.decode()


def test_unknown_download_is_refused(client, coordinator):
    assert client.get(REPORT, {"download": "report.exe"}).status_code == 422


def test_downloads_hold_what_the_page_shows(client, coordinator, surveyed):
    with at(3):
        lines = shown(client.get(REPORT))
        sheets = read_xlsx(client.get(REPORT, {"download": "report.xlsx"}).content)
        response = client.get(REPORT, {"download": "report.csv"})
    assert {title: rows[1:] for title, rows in sheets.items()} == lines
    assert read_csv(response.content)[:4] == [
        ["Requests by specialty"],
        ["Specialty", "Requests"],
        ["Urology", "1"],
        ["All", "1"],
    ]
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="report-2025-11-26-to-2026-11-26.csv"'
    assert "no-store" in response["Cache-Control"]


def test_publishable_report_masks_the_page_the_charts_and_the_files(client, coordinator):
    for name, number in (("Neurology", 7), ("Surgery", 1), ("Urology", 4)):
        specialty = make_specialty(name)
        for _ in range(number):
            with at(0):
                make_request(specialty)
    year = {"since": "2026-07-01", "until": "2027-06-30", "publishable": "1"}
    with at(220):
        client.force_login(coordinator)  # the session of today is long over
        response = client.get(REPORT, year)
        sheets = read_xlsx(client.get(REPORT, {**year, "download": "report.xlsx"}).content)
    lines = [["Neurology", 7], ["Groups under five, together", 5], ["All", 12]]
    assert shown(response)["Requests by specialty"] == lines
    [chart] = [chart for table, chart in response.context["tables"] if table.title == "Requests by specialty"]
    assert [bars["data"] for bars in json.loads(chart["data"])["datasets"]] == [[7, 5]]
    assert sheets["Requests by specialty"][1:] == lines


@pytest.mark.parametrize(
    "changes",
    [
        {"since": "2026-08-01"},
        {"until": "2027-05-31"},
        {"since": "2025-07-01"},
        {"since": "2026-01-01", "until": "2026-12-31"},
        {"since": "2027-07-01", "until": "2028-06-30"},
        {"specialty": "urology"},
    ],
)
def test_reports_that_could_be_subtracted_from_each_other_are_not_published(client, coordinator, changes):
    with at(0):
        make_request(make_specialty("Urology"))
    year = {"since": "2026-07-01", "until": "2027-06-30", "publishable": "1"}
    with time_machine.travel("2027-07-01T12:00-05:00"):
        client.force_login(coordinator)
        assert client.get(REPORT, year).status_code == 200
        response = client.get(REPORT, year | changes)
        assert client.get(REPORT, year | changes | {"download": "report.csv"}).status_code == 422
    assert response.status_code == 422
    [message] = response.context["form"].errors["publishable"]
    assert message == (
        "Only all specialties together, in a whole academic year that is over, the last from 2026-07-01 "
        "until 2027-06-30: others overlap, and can be subtracted from each other."
    )
    with time_machine.travel("2027-06-30T12:00-05:00"):
        assert client.get(REPORT, year).status_code == 422


def test_names_are_not_published(client, coordinator):
    make_request()
    response = client.get(REPORT, {"publishable": "1", "download": "requests.csv"})
    assert response.status_code == 422
    message = "Every request is listed with its name, which is not to be published."
    assert response.context["form"].errors == {"publishable": [message]}


def test_report_is_for_those_who_may_see_requests_and_of_these(client):
    mine, other = make_request(make_specialty("Urology")), make_request(make_specialty("Surgery"))

    def answers():
        found = client.get(REPORT, {"download": "requests.csv"})
        rows = read_csv(found.content)[1:] if found.status_code == 200 else []
        return found.status_code, sorted(row[0] for row in rows)

    assert answers() == (302, [])
    client.force_login(make_staff("see_every_request", "view_specialty", "view_outgoingemail"))
    assert answers() == (403, [])
    client.force_login(make_staff("see_every_request", "view_advisorrequest"))
    assert answers() == (200, sorted([mine.reference, other.reference]))
    sign_in_liaison(client, mine.specialty)
    assert answers() == (200, [mine.reference])
    assert shown(client.get(REPORT))["Requests by specialty"] == [["Urology", 1], ["All", 1]]
    assert client.get(REPORT, {"specialty": "surgery"}).status_code == 422
    assert "Surgery" not in client.get(REPORT).content.decode()
    sign_in_liaison(client, make_specialty())
    assert answers() == (200, [])


def test_report_only_answers_to_get(client, coordinator):
    assert client.post(REPORT).status_code == 405


def test_menu_leads_to_the_report_for_those_who_may_open_it(client, coordinator):
    link = 'href="/admin/report/"'
    assert link in client.get("/admin/requests_app/advisorrequest/").content.decode()
    client.force_login(make_staff("view_specialty"))
    assert link not in client.get("/admin/specialties/specialty/").content.decode()


@pytest.mark.parametrize(
    ("query", "queries"), [({}, 19), ({"download": "report.xlsx"}, 18), ({"download": "requests.xlsx"}, 6)]
)
@pytest.mark.parametrize("is_liaison", [True, False])
def test_report_is_flat(client, django_assert_num_queries, query, queries, is_liaison):
    specialty = make_specialty()
    user = make_staff("view_advisorrequest", *([] if is_liaison else ["see_every_request"]))
    Liaison.objects.create(user=user, specialty=specialty)
    client.force_login(user)
    for more in (1, 2):
        for _ in range(more):
            stored = make_met(specialty, accepted_after=0, met_after=1, preferred_advisor=make_advisor(specialty))
            stored.answer_survey(4)
        with at(2), django_assert_num_queries(queries):
            assert client.get(REPORT, query).status_code == 200
