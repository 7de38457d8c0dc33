"""What the portal says it stores of people, and that it says it of every table."""

import re

import pytest
from django.apps import apps

pytestmark = pytest.mark.django_db

STORED = {
    "requests_app.AdvisorRequest": "Name, e-mail address, message",
    "requests_app.RequestEvent": "the notes of the office and the advisor",
    "requests_app.Offer": "advisor, days, outcome",
    "requests_app.OutgoingEmail": "The e-mails about it",
    "specialties.Feedback": "Your vote, and the words you add",
    "specialties.Allowance": "A digest of the network address",
    "specialties.Advisor": "An advisor’s name, role, photo",
    "specialties.HistoricalAdvisor": "with earlier versions",
    "specialties.Specialty": "A department’s address",
    "specialties.HistoricalSpecialty": "A department’s address",
    "specialties.Answer": "who confirmed an answer",
    "specialties.HistoricalAnswer": "who confirmed an answer",
    "specialties.Review": "who confirmed an answer",
    "specialties.Proposal": "or proposed another",
    "specialties.SearchEntry": "An advisor’s name, role, photo",
    "auth.User": "Accounts of staff",
    "mfa.Authenticator": "their second factors",
    "socialaccount.SocialAccount": "Accounts of staff",
    "admin.LogEntry": "what they changed",
    "sessions.Session": "second factors and sessions",
    "accounts.AuditEntry": "who signed in or exported something",
}
OF_NOBODY = {
    *("account.EmailAddress", "account.EmailConfirmation", "socialaccount.SocialApp", "socialaccount.SocialToken"),
    *("auth.Permission", "auth.Group", "contenttypes.ContentType"),
    "specialties.Revision",
    *("specialties.LinkCheck", "specialties.Stage", "specialties.Question", "specialties.Resource"),
    *("specialties.Synonym", "specialties.ImportedPage", "specialties.Liaison"),
    *(f"specialties.Historical{name}" for name in ("Stage", "Question", "Resource", "Synonym")),
    "specialties.HistoricalAdvisor_specialties",
}


def test_every_table_that_holds_something_of_people_is_on_the_page(client):
    assert {model._meta.label for model in apps.get_models()} == {*STORED, *OF_NOBODY}
    text = " ".join(client.get("/privacy/").content.decode().split())
    assert [words for words in STORED.values() if words not in text] == []


def test_page_tells_the_months_of_the_setting(client, settings):
    settings.RETENTION_MONTHS = 7
    text = client.get("/privacy/").content.decode()
    assert set(re.findall(r"\d+ months?", text)) == {"7 months"}
    settings.RETENTION_MONTHS = 1
    assert set(re.findall(r"\d+ months?", client.get("/privacy/").content.decode())) == {"1 month"}


def test_every_page_leads_to_it(client):
    assert '<a href="/privacy/">Privacy</a>' in client.get("/").content.decode()
