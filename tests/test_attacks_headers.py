"""What somebody writes or sends along stays text: it is no header, no host name and no address to be led to."""

from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from requests_app.models import AdvisorRequest
from requests_app.outbox import OutgoingEmail
from specialties.models import Specialty
from tests.factories import make_advisor, make_request, make_specialty
from tests.forms_of import Controls
from tests.test_requests_form import form_data
from tests.test_specialties_admin import change_url

pytestmark = pytest.mark.django_db

ELSEWHERE = {
    "x-forwarded-host": "evil.example",
    "x-forwarded-server": "evil.example",
    "x-host": "evil.example",
    "x-original-url": "/admin/",
    "x-rewrite-url": "/admin/",
    "forwarded": "host=evil.example;proto=https",
    "x-forwarded-port": "6666",
    "x-forwarded-prefix": "/evil",
}


@pytest.mark.parametrize("name", ["Urology\nBcc: all@evil.example", "Urology\r\n\r\nNew text", "Urology\tBcc"])
def test_name_of_a_specialty_is_one_line_as_it_is_in_subjects(superuser_client, name):
    specialty = make_specialty("Urology")
    page = superuser_client.get(change_url(specialty))
    response = superuser_client.post(change_url(specialty), Controls(page.content).values | {"name": name})
    assert response.context["adminform"].form.errors["name"] == ["Please write this on one line, without line breaks."]
    assert Specialty.objects.get().name == "Urology"


@pytest.mark.parametrize(
    "injected", ["\nBcc: all@evil.example", "\r\nBcc: all@evil.example", "\r\n\r\n<b>New text</b>"]
)
def test_no_field_of_a_request_becomes_a_header(client, injected):
    specialty = make_specialty("Urology", abbreviation="UR")
    make_advisor(specialty, name=f"Kim Able{injected}")  # as no form takes it
    url = reverse("requests:create", args=["urology"])
    for field in ("name", "email", "class_year", "topics", "advisor", "submission_id"):
        assert client.post(url, form_data(advisor="") | {field: f"{form_data()[field]}{injected}"}).status_code == 422
    client.post(url, form_data(advisor="", message=f"Hello{injected}", availability=f"Tuesday{injected}"))
    stored = AdvisorRequest.objects.get()
    stored.accept(by=stored.advisor)
    messages = [email.as_message().message() for email in OutgoingEmail.objects.all()]
    assert len(messages) == 5
    names = {
        "Subject",
        "From",
        "To",
        "Reply-To",
        "Date",
        "Message-ID",
        "MIME-Version",
        "Content-Type",
        "Auto-Submitted",
    }
    for message in messages:
        assert set(message.keys()) - {"Content-Transfer-Encoding"} == names
        assert "evil" not in message["Subject"] + message["To"] + message["Reply-To"]


def test_names_a_visitor_sends_for_the_site_are_in_no_page_and_no_mail(client, settings):
    specialty = make_specialty("Urology")
    request = make_request(specialty)
    for url in ("/", specialty.get_absolute_url(), "/sitemap.xml", "/feed/", "/robots.txt", "/accounts/login/"):
        response = client.get(url, headers=ELSEWHERE)
        assert response.status_code == 200
        assert "evil" not in response.content.decode() + str(response.headers)
    response = client.post(reverse("requests:create", args=["urology"]), form_data(advisor=""), headers=ELSEWHERE)
    assert response["Location"].startswith("/requests/")
    client.post(reverse("requests:withdraw", args=[request.token]), headers=ELSEWHERE)
    assert not [email for email in OutgoingEmail.objects.all() if "evil" in email.text + email.html]
    assert client.get("/", headers={"host": "evil.example"}).status_code == 400


@pytest.mark.parametrize(
    "place",
    [
        "https://evil.example/",
        "//evil.example/",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "http:evil.example",
        "https:/evil.example",
        "javascript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "/\t/evil.example",
        "\x00//evil.example",
        "http://[::1",
        "http://testserver@evil.example/",
        "http://testserver.evil.example/",
    ],
)
def test_signing_in_leads_nowhere_else(client, place):
    User.objects.create_superuser("staff", password="for-this-test")
    page = client.get(f"{reverse('admin:login')}?{urlencode({'next': place})}", follow=True)
    data = {"username": "staff", "login": "staff", "password": "for-this-test", "next": place}
    response = client.post(f"{page.request['PATH_INFO']}?{page.request['QUERY_STRING']}", data, follow=True)
    assert [to for to, _ in response.redirect_chain if not is_here(to)] == []
    assert response.redirect_chain


def is_here(place):
    """Whether a browser takes an address for one of this site."""
    return place.startswith("/") and place[1:2] not in ("/", "\\") and not {"\r", "\n", "\t"} & set(place)


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example/specialties/urology",
        "//evil.example/admin",
        "/\\evil.example/specialties/urology",
        "//evil.example/admin/specialties/specialty/1/change",
        "/admin//evil.example",
        "/%0d%0aSet-Cookie:%20a=b/specialties/urology",
        "/specialties/urology%0d%0aX-Evil:%201",
        "/admin/specialties/specialty/%0d%0aX-Evil:%201/change/",
    ],
)
def test_no_address_leads_elsewhere(superuser_client, path):
    make_specialty("Urology")
    response = superuser_client.get(path)
    assert is_here(response.headers.get("Location", "/"))
    assert not {"X-Evil", "Set-Cookie"} & set(response.headers)


@pytest.mark.parametrize("query", ["next=//evil.example", "_popup=1&_to_field=token", "back=//evil.example"])
def test_links_back_lead_back(superuser_client, query):
    request = make_request(make_specialty("Urology"))
    for verb in ("close", "note", "offer"):
        url = reverse(f"admin:requests_app_advisorrequest_{verb}", args=[request.pk])
        response = superuser_client.get(f"{url}?{query}")
        assert "evil.example" not in response.content.decode()
    url = reverse("admin:requests_app_advisorrequest_note", args=[request.pk])
    response = superuser_client.post(f"{url}?{query}", {"note": "Called.", "next": "//evil.example"})
    assert response["Location"] == reverse("admin:requests_app_advisorrequest_change", args=[request.pk])
