"""Tables as files for a spreadsheet program. What people wrote is never run there as a formula."""

import csv
from io import BytesIO, StringIO

from django.utils import timezone
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from specialties.charts import Table

BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")
REQUEST_HEADINGS = [
    *("Reference", "Specialty", "Class year", "Topics", "Status", "Advisor"),
    *(
        "Received",
        "Working days to first answer",
        "Met on",
        "Working days to meeting",
        "Closed because",
        "Satisfaction",
        "In the student's words",
    ),
    *("Message", "Could meet", "Name", "E-mail"),
]


def table_of(requests):
    """Return a table with a row for each request; its rows can be read once."""
    rows = requests.select_related("specialty", "advisor").iterator(chunk_size=1000)
    return Table("Requests", REQUEST_HEADINGS, map(request_row, rows))


def request_row(row):
    return [
        *(row.reference, row.specialty.name, row.get_class_year_display(), ", ".join(row.topic_labels)),
        *(row.get_status_display(), str(row.advisor or "")),
        timezone.localdate(row.created_at),
        *(row.days_to_answer, row.met_on, row.days_to_meeting),
        *(row.get_close_reason_display(), row.get_satisfaction_display(), row.survey_comment),
        *(row.message, row.availability, row.name, row.email),
    ]


def harmless(cell):
    """Return what a cell holds; a text that a program would take for a formula has an apostrophe before it.

    What no file can hold goes first, or a formula would hide behind it.
    """
    if not isinstance(cell, str):
        return cell
    text = ILLEGAL_CHARACTERS_RE.sub("", cell)
    return f"'{text}" if text.startswith(BEGINS_A_FORMULA) else text


def as_csv(tables):
    """Return the bytes of one file, whose mark tells Excel that it is UTF-8; of several tables, each has its title."""
    file = StringIO(newline="")
    writer = csv.writer(file)
    for table in tables:
        if table is not tables[0]:
            writer.writerow([])
        if len(tables) > 1:
            writer.writerow([table.title])
        writer.writerows([harmless(cell) for cell in line] for line in (table.headings, *table.lines))
    return file.getvalue().encode("utf-8-sig")


def as_xlsx(tables):
    """Return the bytes of one file with a sheet for each table."""
    book = Workbook(write_only=True)
    for table in tables:
        sheet = book.create_sheet(table.title)
        sheet.freeze_panes = "A2"
        for column, heading in enumerate(table.headings, start=1):
            sheet.column_dimensions[get_column_letter(column)].width = 40 if column == 1 else max(len(heading) + 2, 14)
        sheet.append([xlsx_cell(sheet, heading, font=Font(bold=True)) for heading in table.headings])
        for line in table.lines:
            sheet.append([xlsx_cell(sheet, cell) for cell in line])
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def xlsx_cell(sheet, value, font=None):
    cell = WriteOnlyCell(sheet, harmless(value))
    if isinstance(value, str):
        cell.data_type = "s"  # openpyxl takes "#REF!" for an error
    if isinstance(value, str) and "\n" in value:
        cell.alignment = Alignment(wrap_text=True, vertical="top")  # without it a program shows one long line
    if font:
        cell.font = font
    return cell
