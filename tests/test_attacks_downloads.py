"""What is downloaded or read by programs is no page, whatever somebody wrote, and no formula."""

import pytest

from tests.filled import fill_all
from tests.test_attacks_rights import World
from tests.test_requests_reports import read_csv, read_xlsx

pytestmark = pytest.mark.django_db

FORMULA = "=HYPERLINK(1)"
PAGE = "<svg onload=alert(1)>"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CHOICES = "app_label=specialties&model_name=advisor&field_name=stand_in&term=svg"
FILES = {
    "report?download=report.csv": "text/csv",
    "report?download=requests.csv": "text/csv",
    "report?download=report.xlsx": XLSX,
    "report?download=requests.xlsx": XLSX,
    "admin:specialties_specialty_spreadsheet?download=csv": "text/csv",
    "admin:specialties_specialty_spreadsheet?download=xlsx": XLSX,
    "admin:specialties_advisor_spreadsheet?download=csv": "text/csv",
    "admin:specialties_advisor_spreadsheet?download=xlsx": XLSX,
    "requests:calendar": "text/calendar",
}
DATA = {
    "specialties:feed": "application/atom+xml",
    "specialties:sitemap": "application/xml",
    f"admin:autocomplete?{CHOICES}": "application/json",
    "admin:jsi18n": "text/javascript",
    "theme": "text/css",
    "robots": "text/plain",
}


@pytest.fixture
def world(questions):
    return World()


def get(client, world, address):
    name, _, query = address.partition("?")
    client.force_login(world.users["S"])
    return client.get(f"{world.address(name)}?{query}")


def kept_as(response):
    """Return what a browser takes it for, whether it may think otherwise, and what it does with it."""
    kind, disposition = response["Content-Type"].partition(";")[0], response.get("Content-Disposition", "")
    return response.status_code, kind, response["X-Content-Type-Options"], disposition.partition(";")[0]


@pytest.mark.parametrize("address", FILES | DATA)
def test_what_is_no_page_is_never_taken_for_one(client, world, address):
    fill_all(PAGE, link=PAGE)
    response = get(client, world, address)
    how = "attachment" if address in FILES else ""
    assert kept_as(response) == (200, (FILES | DATA)[address], "nosniff", how)


@pytest.mark.parametrize("address", [address for address in FILES if "download" in address])
def test_no_download_holds_a_formula(client, world, address):
    fill_all(FORMULA, link=FORMULA)
    content = get(client, world, address).content
    sheets = {"": read_csv(content)} if address.endswith("csv") else read_xlsx(content)
    cells = [str(cell) for lines in sheets.values() for line in lines for cell in line]
    assert [cell for cell in cells if cell.startswith(f"'{FORMULA}")]
    assert [cell for cell in cells if cell.startswith(("=", "+", "@", "\t"))] == []
