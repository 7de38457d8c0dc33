"""Signing in by SAML, with assertions signed and read for real."""

import re
import zlib
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import SimpleNamespace
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.providers import registry
from allauth.socialaccount.providers.saml.provider import SAMLProvider
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.contrib import admin
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import include, path, reverse
from hypothesis import given
from hypothesis import strategies as st
from onelogin.saml2.utils import OneLogin_Saml2_Utils

from advising import urls
from advising.accounts import tries
from advising.accounts.models import AuditEntry
from advising.accounts.providers import saml
from advising.accounts.urls import saml_urls
from tests import test_attacks_rights as rights
from tests.factories import make_superuser
from tests.test_attacks_input import ANSWERS, FORM, HOSTILE, encoded

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

IDP, UID = "https://idp.example.edu", "urn:oasis:names:tc:SAML:attribute:subject-id"
HOST = "advising.example.edu"
PORTAL = f"http://{HOST}/accounts/saml/school"
MOMENT = "%Y-%m-%dT%H:%M:%SZ"

METADATA = """<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{idp}">
<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><KeyDescriptor use="signing">
<KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>{certificate}</X509Certificate></X509Data>
</KeyInfo></KeyDescriptor><SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
Location="{idp}/slo"/><SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
Location="{idp}/sso"/></IDPSSODescriptor></EntityDescriptor>"""

ASSERTION = """<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_a1" Version="2.0"
 IssueInstant="{now}"><saml:Issuer>{idp}</saml:Issuer><saml:Subject>
<saml:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress">robin@example.edu</saml:NameID>
<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData
 NotOnOrAfter="{end}" Recipient="{portal}/acs/" InResponseTo="{request}"/></saml:SubjectConfirmation></saml:Subject>
<saml:Conditions NotBefore="{begin}" NotOnOrAfter="{end}"><saml:AudienceRestriction>
<saml:Audience>{audience}</saml:Audience></saml:AudienceRestriction></saml:Conditions>
<saml:AuthnStatement AuthnInstant="{now}" SessionIndex="_s1"><saml:AuthnContext><saml:AuthnContextClassRef>
urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>
<saml:AttributeStatement><saml:Attribute Name="{attribute}"><saml:AttributeValue>{uid}</saml:AttributeValue>
</saml:Attribute></saml:AttributeStatement></saml:Assertion>"""

RESPONSE = """<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_r1" Version="2.0"
 IssueInstant="{now}" Destination="{portal}/acs/" InResponseTo="{request}">
<saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">{idp}</saml:Issuer><samlp:Status>
<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>{assertion}</samlp:Response>"""

LOGOUT = """<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_l1" Version="2.0"
 xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" IssueInstant="{now}" Destination="{portal}/sls/">
<saml:Issuer>{idp}</saml:Issuer><saml:NameID>robin@example.edu</saml:NameID></samlp:LogoutRequest>"""

urlpatterns = [path("accounts/", include(saml_urls())), *urls.urlpatterns]


def make_key():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "idp.example.edu")])
    now = datetime.now(UTC)
    certificate = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    return SimpleNamespace(
        private=key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode(),
        certificate=certificate.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode(),
    )


@pytest.fixture(scope="module")
def key():
    return make_key()


@pytest.fixture(scope="module")
def metadata_url(key):
    certificate = "".join(key.certificate.splitlines()[1:-1])

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(METADATA.format(idp=IDP, certificate=certificate).encode())

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/metadata"
        server.shutdown()


@pytest.fixture(autouse=True)
def configured(settings, metadata_url, monkeypatch):
    for module in (admin, admin.sites):  # another list of apps makes unfold put a new, empty site there
        monkeypatch.setattr(module, "site", admin.site)
    settings.SECOND_FACTOR_REQUIRED = settings.SSO_HAS_SECOND_FACTOR = True
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "allauth.socialaccount.providers.saml"]
    settings.ROOT_URLCONF = __name__
    settings.ALLOWED_HOSTS = [HOST]
    settings.SAML_ENTITY_ID = IDP
    settings.SOCIALACCOUNT_PROVIDERS = {
        "saml": saml(metadata_url=metadata_url, entity_id=IDP, name="Example account", uid_attribute=UID)
    }
    registry.load()
    registry.register(SAMLProvider)
    yield
    registry.provider_map.pop("saml", None)


@pytest.fixture
def user():
    user = make_superuser()
    SocialAccount.objects.create(user=user, provider=IDP, uid="id-1@example.edu")
    return user


@pytest.fixture
def client():
    return Client(headers={"host": HOST})


def in_an_hour(hours=1):
    return (datetime.now(UTC) + timedelta(hours=hours)).strftime(MOMENT)


def answer(client, key, signed=True, response=RESPONSE, **changed):
    """Begin at the portal; return what the provider answers, with what is changed in it."""
    page = client.post("/accounts/saml/school/login/?process=login").content.decode()
    [away] = re.findall(r'content="0;url=([^"]+)"', page)
    asked = parse_qs(urlsplit(unescape(away)).query)["SAMLRequest"][0]
    request = re.search(r' ID="([^"]+)"', zlib.decompress(b64decode(asked), -15).decode())[1]
    now = datetime.now(UTC)
    moments = {"now": now, "begin": now - timedelta(minutes=1), "end": now + timedelta(minutes=1)}
    values = {name: moment.strftime(MOMENT) for name, moment in moments.items()}
    values |= {"idp": IDP, "portal": PORTAL, "audience": f"{PORTAL}/metadata/", "request": request}
    values |= {"uid": "id-1@example.edu", "attribute": UID} | changed
    assertion = ASSERTION.format(**values)
    if signed:
        assertion = OneLogin_Saml2_Utils.add_sign(assertion, key.private, key.certificate).decode()
    return response.format(**values, assertion=assertion).encode()


def sign_in(client, key, **changed):
    return come_back(client, answer(client, key, **changed))


def come_back(client, document):
    client.post("/accounts/saml/school/acs/", {"SAMLResponse": b64encode(document).decode()})
    return client.get("/accounts/saml/school/acs/finish/")


def refusals():
    return [*AuditEntry.objects.filter(what="refused").values_list("detail", flat=True)]


def test_connected_account_signs_in_by_its_lasting_id(client, key, user):
    assert sign_in(client, key)["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200


def test_another_id_does_not(client, key, user):
    assert "No staff account is connected with it" in sign_in(client, key, uid="id-2@example.edu").content.decode()
    assert "_auth_user_id" not in client.session


def test_without_the_id_the_name_is_not_taken_in_its_place(client, key):
    SocialAccount.objects.create(user=make_superuser(), provider=IDP, uid="robin@example.edu")
    assert sign_in(client, key, attribute="urn:oid:0.9.2342.19200300.100.1.3").status_code == 403
    assert "_auth_user_id" not in client.session
    assert refusals() == ["single sign-on: the provider sent no lasting id"]


@pytest.mark.parametrize("signed", [False, True], ids=["by nobody", "by somebody else"])
def test_assertion_the_provider_has_not_signed_is_refused(client, user, signed):
    assert sign_in(client, make_key(), signed=signed).status_code == 401
    assert "_auth_user_id" not in client.session
    assert refusals() == ["single sign-on: unknown"]


@pytest.mark.parametrize(
    "changed",
    [
        {"audience": "https://elsewhere.example.edu/metadata/"},
        {"portal": "http://elsewhere.example.edu/accounts/saml/school", "audience": f"{PORTAL}/metadata/"},
        {"idp": "https://elsewhere.example.edu"},
        {"begin": in_an_hour(-2), "end": in_an_hour(-1)},
        {"begin": in_an_hour(1), "end": in_an_hour(2)},
        {"request": "_what_nobody_asked"},
    ],
    ids=["audience", "recipient", "issuer", "over", "to come", "not asked for"],
)
def test_assertion_that_is_not_for_us_or_not_for_now_is_refused(client, key, user, changed):
    assert sign_in(client, key, **changed).status_code == 401
    assert "_auth_user_id" not in client.session
    assert refusals() == ["single sign-on: unknown"]


def test_answer_is_good_once_and_for_the_browser_that_asked(client, key, user):
    document, thief = answer(client, key), Client(headers={"host": HOST})
    assert come_back(thief, document).status_code == 401
    assert come_back(client, document)["Location"] == "/admin/"
    client.logout()
    assert come_back(client, document).status_code == 401
    assert {"_auth_user_id" in browser.session for browser in (client, thief)} == {False}


ENTITIES = {
    "within": '<!ENTITY who "https://idp.example.edu">',
    "in a file": '<!ENTITY who SYSTEM "file://{file}">',
    "of entities": '<!ENTITY a "https://"><!ENTITY b "&a;idp."><!ENTITY who "&b;example.edu">',
    "of parameters": "<!ENTITY % a '<!ENTITY who \"https://idp.example.edu\">'> %a;",
}


@pytest.mark.parametrize("entities", ENTITIES.values(), ids=ENTITIES)
def test_entities_are_never_resolved(client, key, user, tmp_path, entities):
    file = tmp_path / "idp"
    file.write_text(IDP)
    doctype = f"<!DOCTYPE a [{entities.replace('{file}', str(file))}]>"
    response = doctype + RESPONSE.replace("{idp}", "&who;", 1)
    assert sign_in(client, key, response=response).status_code == 401
    assert "_auth_user_id" not in client.session


class SamlWorld(rights.World):
    def address(self, name):
        return reverse(name, args=["school"])


@pytest.fixture
def world(questions, settings):
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    settings.SECOND_FACTOR_REQUIRED = False
    return SamlWorld()


def browsers(world):
    found = {visitor: Client(headers={"host": HOST, "origin": f"http://{HOST}"}) for visitor in world.users}
    for visitor, user in world.users.items():
        if user:
            rights.sign_in(found[visitor], user)
    return found


def test_every_visitor_opens_what_is_theirs_and_changes_nothing(world):
    clients = browsers(world)
    names = [pattern.name for pattern in saml_urls()]
    assert {name: rights.tried(world, clients, name) for name in names} == {
        "saml_login": ("nsflrc", ""),
        "saml_acs": ("", ""),
        "saml_finish_acs": ("", ""),
        "saml_sls": ("", ""),
        "saml_metadata": ("nsflrc", ""),
    }


PARTS = [
    *("<a>", "</a>", "<a/>", "<!--", "-->", "<![CDATA[", "&who;", "&#0;", "\0", "é"),
    "<a>" * 300,
    LOGOUT,
    RESPONSE,
]
DOCUMENTS = st.lists(st.sampled_from(PARTS), max_size=6).map("".join).map(str.encode) | st.binary(max_size=60)
MESSAGES = HOSTILE | (DOCUMENTS | DOCUMENTS.map(lambda xml: zlib.compress(xml)[2:-4])).map(b64encode).map(bytes.decode)
SIGNED = [{}, {"Signature": "AAAA"}, {"Signature": "é", "SigAlg": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"}]


def test_whatever_is_sent_is_answered_and_begins_and_ends_no_session(world, monkeypatch):
    monkeypatch.setitem(tries.MOST, "single sign-on from a place", 10_000)
    clients = browsers(world)

    @given(MESSAGES, st.sampled_from("nlS"), st.sampled_from(["SAMLRequest", "SAMLResponse"]), st.sampled_from(SIGNED))
    def send(text, visitor, name, signature):
        client, fields = clients[visitor], {name: text, "RelayState": "https://evil.example/", "process": text}
        assert client.post(world.address("saml_acs"), encoded(fields), content_type=FORM).status_code == 302
        assert client.post(world.address("saml_login"), encoded(fields), content_type=FORM).status_code in ANSWERS
        for address in ("saml_finish_acs", "saml_sls", "saml_metadata"):
            response = client.get(f"{world.address(address)}?{encoded(fields | signature)}")
            assert response.status_code in ANSWERS - {301, 302}, address
        assert client.get("/admin/").status_code == (302 if visitor == "n" else 200)

    send()


def test_answers_of_a_provider_are_kept_for_one_place_so_many_times_and_never_large_ones(client, monkeypatch):
    monkeypatch.setitem(tries.MOST, "single sign-on from a place", 2)
    acs, large = reverse("saml_acs", args=["school"]), {"SAMLResponse": "A" * 100_000}
    assert [client.get(acs).status_code, client.post(acs, large).status_code] == [405, 413]
    assert [client.post(acs).status_code for _ in range(4)] == [302, 302, 429, 429]
    assert Session.objects.count() == 1  # the browser brings back the first one
    assert refusals() == ["too many tries: single sign-on from a place"]


def message(key=None):
    """Return what ends a session by the provider's word, signed or not, as browsers bring it."""
    document = LOGOUT.format(now=in_an_hour(0), portal=PORTAL, idp=IDP).encode()
    query = {"SAMLRequest": b64encode(zlib.compress(document)[2:-4]).decode(), "RelayState": "https://evil.example/"}
    if key:
        query["SigAlg"] = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
        query["Signature"] = b64encode(OneLogin_Saml2_Utils.sign_binary(urlencode(query), key.private)).decode()
    return query


def test_provider_signs_out_and_nobody_in_its_place(client, key, user):
    sign_in(client, key)
    for forged in (message(), message(make_key()), message(key) | {"RelayState": "https://evil.example/else"}):
        assert client.get(reverse("saml_sls", args=["school"]), forged).status_code in (400, 401)
        assert client.get("/admin/").status_code == 200
    response = client.get(reverse("saml_sls", args=["school"]), message(key))
    assert response["Location"].startswith(f"{IDP}/slo?SAMLResponse=")
    assert "_auth_user_id" not in client.session
    assert AuditEntry.objects.filter(what="signed_out", who=user).count() == 1


def test_provider_out_of_reach_is_told_on_a_page(client, settings):
    away = saml(metadata_url="http://127.0.0.1:9/", entity_id=IDP, name="Example account", uid_attribute=UID)
    settings.SOCIALACCOUNT_PROVIDERS = {"saml": away}
    assert client.post(reverse("saml_login", args=["school"])).status_code == 401
    assert client.get(reverse("saml_metadata", args=["school"])).status_code == 401
    assert refusals() == ["single sign-on: unknown"] * 2


def test_portal_tells_providers_about_itself(client):
    metadata = client.get("/accounts/saml/school/metadata/").content.decode()
    assert f'entityID="{PORTAL}/metadata/"' in metadata
    assert f'Location="{PORTAL}/acs/"' in metadata
