"""Tables as files for a spreadsheet program, and such files as tables. What people wrote is never run as a formula."""

import csv
import re
import zipfile
from datetime import datetime
from io import BytesIO, StringIO
from itertools import islice

from defusedxml.ElementTree import fromstring
from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

BEGINS_A_FORMULA = tuple("=+-@\t\r\n＝＋－＠")  # programs set to Japanese take the wide ones too
HARMLESS = re.compile(f"'+[{re.escape(''.join(BEGINS_A_FORMULA))}]")
LARGEST_FILE = 5_000_000  # bytes
LARGEST_CELLS = 8_000_000  # bytes of the cells of an XLSX file, unpacked: to read them takes many times that
LARGEST_REST = 400_000  # bytes of its other parts, of which its styles take over a hundred times that
CELLS = re.compile(r"xl/worksheets/[^/]+|xl/sharedStrings\.xml")
MOST_LINES = 10_000
MOST_COLUMNS = 40
LONGEST_CELL = 32_767  # characters that a spreadsheet program keeps


csv.field_size_limit(LARGEST_FILE)


class Unreadable(Exception):
    """Not a table that could be read, with the reason."""


class Formula(str):
    """A cell that a spreadsheet program works out."""


def harmless(cell):
    """Return what a cell holds; a text that a program would take for a formula has an apostrophe before it.

    What no file can hold goes first, or a formula would hide behind it.
    """
    if not isinstance(cell, str):
        return cell
    text = ILLEGAL_CHARACTERS_RE.sub("", cell)
    return f"'{text}" if text.lstrip("'").startswith(BEGINS_A_FORMULA) else text


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


FILES = {
    "csv": (as_csv, "text/csv; charset=utf-8"),
    "xlsx": (as_xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}


def lines_of(content):
    """Return the lines of a CSV or XLSX file, each a list of cells: texts, Formula or datetime. Raises Unreadable."""
    if len(content) > LARGEST_FILE:
        raise Unreadable(f"This file is larger than {LARGEST_FILE // 1_000_000} MB. Do it in parts.")
    read = lines_of_xlsx if content.startswith(b"PK") else lines_of_csv
    try:
        lines = list(islice(read(content), MOST_LINES + 1))
    except Unreadable:
        raise
    except Exception as error:  # whatever a damaged file makes zipfile, openpyxl and csv raise
        raise Unreadable("This file is damaged, or it is neither CSV nor XLSX.") from error
    if len(lines) > MOST_LINES:
        raise Unreadable(f"This file has more than {MOST_LINES:,} lines. Do it in parts.")
    return lines


def lines_of_csv(content):
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("windows-1252")  # what Excel calls CSV without UTF-8
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)  # a matter of the country
    for line in csv.reader(StringIO(text, newline=""), delimiter=delimiter):
        yield line[:MOST_COLUMNS]


def lines_of_xlsx(content):
    check_parts(content)
    book = load_workbook(BytesIO(content), read_only=True, keep_links=False)
    sheet = book.worksheets[0]
    sheet.reset_dimensions()  # a file may claim any size
    for line in sheet.iter_rows(max_col=MOST_COLUMNS):
        cells = [content_of(cell) for cell in line]
        while cells and cells[-1] == "":
            cells.pop()
        yield cells


def check_parts(content):
    """Refuse what takes too much memory to read. A part is one of cells only where the file says it is that alone."""
    with zipfile.ZipFile(BytesIO(content)) as archive:
        parts = archive.infolist()
        types = archive.getinfo("[Content_Types].xml")
        kinds = fromstring(archive.read(types)) if types.file_size <= LARGEST_REST else []
    of_cells, of_others = set(), set()
    for part in kinds:
        is_of_cells = part.get("ContentType", "").endswith(("worksheet+xml", "sharedStrings+xml"))
        (of_cells if is_of_cells else of_others).add(part.get("PartName", "").lstrip("/"))
    cells = {name for name in of_cells - of_others if CELLS.fullmatch(name)}
    size_of_cells = sum(part.file_size for part in parts if part.filename in cells)
    size_of_rest = sum(part.file_size for part in parts if part.filename not in cells)
    if size_of_cells > LARGEST_CELLS or size_of_rest > LARGEST_REST:
        raise Unreadable("This file is too large when it is unpacked. Do it in parts, and leave pictures out.")


def content_of(cell):
    if cell.value is None:
        return ""
    if cell.data_type == "f":
        return Formula(cell.value)
    if isinstance(cell.value, bool):
        return "yes" if cell.value else "no"
    if isinstance(cell.value, float) and cell.value.is_integer():
        return str(int(cell.value))
    return cell.value if isinstance(cell.value, datetime) else str(cell.value)


def without_apostrophe(text):
    """Return what a text was before harmless()."""
    return text[1:] if HARMLESS.match(text) else text
