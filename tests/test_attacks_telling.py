"""What the form tells of who has asked already: no more than SECURITY.md says, neither in words nor by its work."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from requests_app.outbox import OutgoingEmail
from specialties.models import Specialty
from tests.factories import make_request, make_specialty
from tests.test_requests_form import form_data

pytestmark = pytest.mark.django_db


@pytest.fixture
def url(db):
    return reverse("requests:create", args=[make_specialty("Urology").slug])


def work_of(client, url, email):
    """Return what is answered to an address but for the token, and what each statement does with which table."""
    with CaptureQueriesContext(connection) as queries:
        response = client.post(url, form_data(advisor="", email=email))
    start = re.compile(r"RELEASE|SAVEPOINT|UPDATE \S+|\s*\w+.*?(FROM|INTO) \S+", re.DOTALL)
    statements = [start.match(query["sql"])[0] for query in queries]
    return response.status_code, re.sub(r"[\w-]{32}", "", response["Location"]), statements


def test_address_with_requests_elsewhere_is_answered_as_an_unknown_one(client, url, superuser):
    """In as many and the same statements, so that neither answer takes longer."""
    make_request(make_specialty("Surgery"), email="known@example.edu")
    make_request(Specialty.objects.get(slug="urology"), email="closed@example.edu").close("Answered.", by=superuser)
    work_of(client, url, "first@example.edu")  # the first from a place begins what is counted of it
    unknown = work_of(client, url, "new@example.edu")
    assert unknown[0] == 302
    assert work_of(client, url, "known@example.edu") == unknown
    assert work_of(client, url, "closed@example.edu") == unknown


def test_to_ask_for_somebody_else_is_never_silent(client, url):
    """Whoever tries whether an address has an open request tells it so, be the answer yes or no."""
    for email in ("known@example.edu", "unknown@example.edu"):
        told = OutgoingEmail.objects.filter(to=email)
        if email.startswith("known"):
            client.post(url, form_data(advisor="", email=email))
        before = told.count()
        client.post(url, form_data(advisor="", email=email))
        assert told.count() == before + 1
