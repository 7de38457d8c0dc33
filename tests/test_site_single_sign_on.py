"""Signing in with the school's own account, against a provider that answers over HTTP."""

import html
import re
from urllib.request import HTTPRedirectHandler, build_opener

import pytest
from allauth.mfa.totp.internal import auth as totp
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import User
from django.test import Client

from advising.accounts import providers, tries
from advising.accounts.models import AuditEntry
from tests.factories import make_staff, make_superuser
from tests.oidc_provider import CLIENT, SECRET, Provider

pytestmark = pytest.mark.django_db

EMAIL = "robin@example.edu"


@pytest.fixture(scope="module")
def provider():
    with Provider() as provider:
        yield provider


@pytest.fixture(autouse=True)
def configured(settings, provider):
    settings.SECOND_FACTOR_REQUIRED = True
    settings.SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": providers.oidc(
            issuer=provider.address, name="Example account", client_id=CLIENT, secret=SECRET
        )
    }
    provider.claims = {"sub": "id-1", "email": EMAIL, "email_verified": True}


@pytest.fixture
def user(provider):
    user = make_superuser()
    user.email = EMAIL
    user.set_password("for-this-test")
    user.save()
    totp.TOTP.activate(user, totp.generate_totp_secret())
    return user


@pytest.fixture
def connected(user, provider):
    SocialAccount.objects.create(user=user, provider=name_of(provider), uid="id-1")
    return user


def name_of(provider):
    return f"127-0-0-1-{provider.server_port}"


class StayHere(HTTPRedirectHandler):
    def redirect_request(self, *args):
        return None


def go_through_the_provider(client, provider, process="login"):
    """Press the button, follow to the provider as a browser does, and bring its answer back to the portal."""
    page = client.post(f"/accounts/oidc/{name_of(provider)}/login/?process={process}").content.decode()
    [away] = re.findall(r'content="0;url=([^"]+)"', page)
    opener = build_opener(StayHere)
    try:
        opener.open(html.unescape(away))
    except OSError as answer:
        back = answer.headers["Location"]
    assert back.startswith("http://testserver/accounts/oidc/")
    return client.get(back.removeprefix("http://testserver"))


def is_in(client):
    return client.get("/admin/").status_code == 200


def refusals():
    return [*AuditEntry.objects.filter(what="refused").values_list("detail", flat=True)]


def test_sign_in_page_offers_it_only_where_it_is_set_up(client, settings):
    assert "Sign in with Example account" in client.get("/accounts/login/").content.decode()
    settings.SOCIALACCOUNT_PROVIDERS = {}
    assert "Sign in with" not in client.get("/accounts/login/").content.decode()
    assert client.post("/accounts/oidc/nobody/login/").status_code == 404


def test_only_the_lasting_id_is_asked_for(client, provider):
    go_through_the_provider(client, provider)
    assert provider.asked["scope"] == "openid"
    assert provider.asked["code_challenge_method"] == "S256"


def test_connected_account_signs_in_and_still_shows_the_second_factor(client, provider, connected):
    assert go_through_the_provider(client, provider)["Location"] == "/accounts/2fa/authenticate/"
    assert not is_in(client)


def test_provider_that_asks_for_a_second_factor_itself_spares_ours(client, settings, provider, connected):
    settings.SSO_HAS_SECOND_FACTOR = True
    assert go_through_the_provider(client, provider)["Location"] == "/admin/"
    assert is_in(client)
    assert AuditEntry.objects.get(what="signed_in").detail == "single sign-on"


@pytest.mark.parametrize("has_second_factor", [False, True])
def test_same_email_with_another_id_never_signs_in(client, settings, provider, connected, has_second_factor):
    settings.SSO_HAS_SECOND_FACTOR = has_second_factor
    provider.claims["sub"] = "id-2"
    response = go_through_the_provider(client, provider)
    assert "No staff account is connected with it" in response.content.decode()
    assert "_auth_user_id" not in client.session
    assert (User.objects.count(), SocialAccount.objects.count()) == (1, 1)
    connected.refresh_from_db()
    assert connected.check_password("for-this-test")
    assert refusals() == ["single sign-on: no account here is connected with it"]


def test_id_signs_in_whatever_became_of_the_email(client, settings, provider, connected):
    settings.SSO_HAS_SECOND_FACTOR = True
    provider.claims["email"] = "somebody-else@example.edu"
    go_through_the_provider(client, provider)
    assert client.session["_auth_user_id"] == str(connected.pk)


def test_same_id_of_another_issuer_is_another_person(client, settings, provider, user):
    settings.SSO_HAS_SECOND_FACTOR = True
    SocialAccount.objects.create(user=user, provider="login-elsewhere-example", uid="id-1")
    go_through_the_provider(client, provider)
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize(
    "claims", [{"aud": "another-portal"}, {"iss": "https://elsewhere.example"}, {"exp": 1}], ids=["aud", "iss", "exp"]
)
def test_token_that_is_not_for_us_or_over_is_refused(client, settings, provider, connected, claims):
    settings.SSO_HAS_SECOND_FACTOR = True
    provider.claims |= claims
    assert go_through_the_provider(client, provider).status_code == 401
    assert "_auth_user_id" not in client.session
    assert refusals() == ["single sign-on: unknown"]


def test_answer_that_nobody_asked_for_is_refused(client, provider, connected):
    response = client.get(f"/accounts/oidc/{name_of(provider)}/login/callback/?code=code-0&state=forged")
    assert response.status_code == 401
    assert "_auth_user_id" not in client.session


def test_stranger_who_knocks_again_and_again_does_not_fill_the_audit_list(client, provider, monkeypatch):
    monkeypatch.setitem(tries.MOST, "password from a place", 2)
    for _ in range(4):
        client.get(f"/accounts/oidc/{name_of(provider)}/login/callback/?code=code-0&state=forged")
    assert refusals() == ["single sign-on: unknown"] * 2


@pytest.mark.parametrize("fields", [{"is_staff": False}, {"is_active": False}])
def test_who_left_does_not_sign_in_at_the_provider_either(client, settings, provider, connected, fields):
    settings.SSO_HAS_SECOND_FACTOR = True
    User.objects.filter(pk=connected.pk).update(**fields)
    assert go_through_the_provider(client, provider)["Location"] == "/accounts/inactive/"
    assert "_auth_user_id" not in client.session


def test_second_factor_at_the_provider_counts_for_its_own_user_only(client, settings, provider, connected):
    settings.SSO_HAS_SECOND_FACTOR = True
    User.objects.filter(pk=connected.pk).update(is_staff=False)
    go_through_the_provider(client, provider)
    colleague = make_superuser()
    colleague.set_password("for-this-test")
    colleague.save()
    totp.TOTP.activate(colleague, totp.generate_totp_secret())
    response = client.post("/accounts/login/", {"login": colleague.username, "password": "for-this-test"})
    assert response["Location"] == "/accounts/2fa/authenticate/"


def connect(client, user, provider):
    client.force_login(user)
    session = client.session
    session["second_factor_of"] = user.pk
    session.save()
    response = go_through_the_provider(client, provider, "connect")
    assert response["Location"].startswith("/accounts/reauthenticate/")
    return client.post("/accounts/reauthenticate/", {"password": "for-this-test"})


def test_who_is_signed_in_connects_the_account_with_the_password_once_more(client, provider, user):
    assert connect(client, user, provider)["Location"] == "/accounts/sso/"
    account = SocialAccount.objects.get()
    assert (account.user, account.provider, account.uid) == (user, name_of(provider), "id-1")
    assert AuditEntry.objects.filter(detail=f"single sign-on connected: {name_of(provider)}", who=user).count() == 1
    client.post("/accounts/sso/", {"account": account.pk})
    assert not SocialAccount.objects.exists()


def test_account_of_a_colleague_is_not_taken_over(client, provider, connected):
    colleague = make_staff()
    colleague.set_password("for-this-test")
    colleague.save()
    connect(client, colleague, provider)
    assert SocialAccount.objects.get().user == connected


def test_connecting_comes_after_the_second_factor(client, provider, user):
    client.force_login(user)
    response = client.post(f"/accounts/oidc/{name_of(provider)}/login/?process=connect")
    assert response["Location"].startswith("/accounts/2fa/reauthenticate/")


def test_opening_the_address_alone_leads_nowhere(provider):
    page = Client().get(f"/accounts/oidc/{name_of(provider)}/login/").content.decode()
    assert "http-equiv" not in page
    assert provider.address not in page
