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


def test_what_is_no_page_is_never_taken_for_one(client, world):
    fill_all(PAGE, link=PAGE)
    kept = {address: kept_as(get(client, world, address)) for address in FILES | DATA}
    attached = {address: (200, kind, "nosniff", "attachment") for address, kind in FILES.items()}
    assert kept == attached | {address: (200, kind, "nosniff", "") for address, kind in DATA.items()}


def test_no_download_holds_a_formula(client, world):
    fill_all(FORMULA, link=FORMULA)
    for address in filter(lambda address: "download" in address, FILES):
        content = get(client, world, address).content
        sheets = {"": read_csv(content)} if address.endswith("csv") else read_xlsx(content)
        cells = [str(cell) for lines in sheets.values() for line in lines for cell in line]
        assert [cell for cell in cells if cell.startswith(f"'{FORMULA}")], address
        assert [cell for cell in cells if cell.startswith(("=", "+", "@", "\t"))] == [], address
