"""Signing in by SAML, with assertions signed and read for real."""

import re
import zlib
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.providers import registry
from allauth.socialaccount.providers.saml.provider import SAMLProvider
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client
from django.urls import include, path

from advising import urls
from advising.accounts.models import AuditEntry
from advising.accounts.providers import saml
from advising.accounts.urls import saml_urls
from tests.factories import make_superuser

utils = pytest.importorskip("onelogin.saml2.utils", reason="requirements-saml.txt is not installed")

pytestmark = pytest.mark.django_db

IDP, UID = "https://idp.example.edu", "urn:oasis:names:tc:SAML:attribute:subject-id"
HOST = "advising.example.edu"
PORTAL = f"http://{HOST}/accounts/saml/school"
MOMENT = "%Y-%m-%dT%H:%M:%SZ"

METADATA = """<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{idp}">
<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><KeyDescriptor use="signing">
<KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>{certificate}</X509Certificate></X509Data>
</KeyInfo></KeyDescriptor><SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
Location="{idp}/sso"/></IDPSSODescriptor></EntityDescriptor>"""

ASSERTION = """<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_a1" Version="2.0"
 IssueInstant="{now}"><saml:Issuer>{idp}</saml:Issuer><saml:Subject>
<saml:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress">robin@example.edu</saml:NameID>
<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData
 NotOnOrAfter="{end}" Recipient="{portal}/acs/" InResponseTo="{request}"/></saml:SubjectConfirmation></saml:Subject>
<saml:Conditions NotBefore="{begin}" NotOnOrAfter="{end}"><saml:AudienceRestriction>
<saml:Audience>{portal}/metadata/</saml:Audience></saml:AudienceRestriction></saml:Conditions>
<saml:AuthnStatement AuthnInstant="{now}" SessionIndex="_s1"><saml:AuthnContext><saml:AuthnContextClassRef>
urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>
<saml:AttributeStatement><saml:Attribute Name="{attribute}"><saml:AttributeValue>{uid}</saml:AttributeValue>
</saml:Attribute></saml:AttributeStatement></saml:Assertion>"""

RESPONSE = """<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_r1" Version="2.0"
 IssueInstant="{now}" Destination="{portal}/acs/" InResponseTo="{request}">
<saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">{idp}</saml:Issuer><samlp:Status>
<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>{assertion}</samlp:Response>"""

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
def configured(settings, metadata_url):
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


def sign_in(client, key, uid="id-1@example.edu", attribute=UID, signed=True):
    page = client.post("/accounts/saml/school/login/?process=login").content.decode()
    [away] = re.findall(r'content="0;url=([^"]+)"', page)
    asked = parse_qs(urlsplit(unescape(away)).query)["SAMLRequest"][0]
    request = re.search(r' ID="([^"]+)"', zlib.decompress(b64decode(asked), -15).decode())[1]
    now = datetime.now(UTC)
    moments = {"now": now, "begin": now - timedelta(minutes=1), "end": now + timedelta(minutes=1)}
    values = {name: moment.strftime(MOMENT) for name, moment in moments.items()}
    values |= {"idp": IDP, "portal": PORTAL, "request": request, "uid": uid, "attribute": attribute}
    assertion = ASSERTION.format(**values)
    if signed:
        assertion = utils.OneLogin_Saml2_Utils.add_sign(assertion, key.private, key.certificate).decode()
    response = RESPONSE.format(**values, assertion=assertion)
    client.post("/accounts/saml/school/acs/", {"SAMLResponse": b64encode(response.encode()).decode()})
    return client.get("/accounts/saml/school/acs/finish/")


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
    assert AuditEntry.objects.get(what="refused").detail == "single sign-on: the provider sent no lasting id"


@pytest.mark.parametrize("signed", [False, True], ids=["by nobody", "by somebody else"])
def test_assertion_the_provider_has_not_signed_is_refused(client, user, signed):
    assert sign_in(client, make_key(), signed=signed).status_code == 401
    assert "_auth_user_id" not in client.session


def test_portal_tells_providers_about_itself(client):
    metadata = client.get("/accounts/saml/school/metadata/").content.decode()
    assert f'entityID="{PORTAL}/metadata/"' in metadata
    assert f'Location="{PORTAL}/acs/"' in metadata
