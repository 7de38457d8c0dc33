"""Setting up and using a second factor in a real browser, under the policy the pages are sent with."""

import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp

from advising.accounts.providers import oidc
from tests.browser.conftest import SCREENS, barriers
from tests.factories import make_superuser
from tests.oidc_provider import CLIENT, SECRET, Provider

pytestmark = pytest.mark.django_db(transaction=True)

PASSWORD = "for-this-test"


@pytest.fixture(autouse=True)
def as_in_production(settings):
    settings.SECOND_FACTOR_REQUIRED = True


@pytest.fixture
def user():
    user = make_superuser()
    user.set_password(PASSWORD)
    user.save()
    return user


def give_password(page, user):
    page.goto("/admin/")
    page.get_by_label("Username").fill(user.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")


def plug_in_security_key(page):
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    key = {"protocol": "ctap2", "transport": "usb", "hasUserVerification": True, "isUserVerified": True}
    session.send(
        "WebAuthn.addVirtualAuthenticator",
        {"options": key | {"hasResidentKey": False, "automaticPresenceSimulation": True}},
    )


def test_security_key_is_set_up_and_then_lets_in(open_page, user):
    page = open_page("/")
    plug_in_security_key(page)
    give_password(page, user)
    page.get_by_role("link", name="Add a security key").click()
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/webauthn/add/")  # loaded: the button does what its script tells it
    page.get_by_role("button", name="Add").click()
    page.get_by_role("link", name="I have kept them: go on").click()
    page.wait_for_url("**/admin/")
    assert [*Authenticator.objects.order_by("type").values_list("type", flat=True)] == ["recovery_codes", "webauthn"]

    page.context.clear_cookies()
    give_password(page, user)
    page.wait_for_url("**/accounts/2fa/authenticate/")
    page.get_by_role("button", name="Use a security key").click()
    page.wait_for_url("**/admin/")


def test_button_leads_to_the_provider_and_back_whatever_its_host(open_page, settings):
    with Provider() as provider:
        settings.SOCIALACCOUNT_PROVIDERS = {
            "openid_connect": oidc(issuer=provider.address, name="Example account", client_id=CLIENT, secret=SECRET)
        }
        provider.claims = {"sub": "id-1"}
        page = open_page("/accounts/login/")
        page.get_by_role("button", name="Sign in with Example account").click()
        page.get_by_role("heading", name="No staff account is connected with it").wait_for()


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_app_is_set_up_by_keyboard_on_pages_without_barriers(open_page, user, width, scheme):
    page = open_page("/accounts/login/", width=width, scheme=scheme)

    def look():
        assert barriers(page) == [], page.url
        assert page.evaluate("document.documentElement.scrollWidth") <= width, page.url

    look()
    page.get_by_label("Username").fill(user.username)
    page.get_by_label("Password").fill("wrong")
    page.keyboard.press("Enter")
    page.get_by_text("are not correct").wait_for()
    look()
    give_password(page, user)
    page.get_by_role("link", name="Set up the app").wait_for()
    look()
    page.get_by_role("link", name="Set up the app").press("Enter")
    page.get_by_label("Password").fill(PASSWORD)
    look()
    page.keyboard.press("Enter")
    secret = page.locator("code").inner_text()
    look()
    page.get_by_label("Authenticator code").fill(code(secret))
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Recovery codes").wait_for()
    look()
    page.goto("/accounts/2fa/")
    look()
    page.context.clear_cookies()
    give_password(page, user)
    page.get_by_role("button", name="Use a security key").wait_for()
    look()


def code(secret):
    return totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30))
