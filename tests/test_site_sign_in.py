"""How staff get in, and how everybody else does not."""

import re
import time
from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from advising.accounts import tries
from advising.accounts.models import AuditEntry
from tests.factories import make_request, make_specialty, make_staff, make_superuser

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"
LOGIN, SET_UP, SHOW = "/accounts/login/", "/accounts/2fa/", "/accounts/2fa/reauthenticate/"
SECRET = totp.generate_totp_secret()
TOO_OFTEN = "There were more tries to sign in than we take. Please try again after 12:15 p.m."
WRONG = "The username and/or password you specified are not correct."


@pytest.fixture(autouse=True)
def as_in_production(settings):
    settings.SECOND_FACTOR_REQUIRED = True
    settings.TIME_ZONE = "UTC"
    settings.SESSION_COOKIE_AGE = 3600
    cache.clear()  # where allauth keeps the codes it has seen


@pytest.fixture
def user():
    user = make_superuser()
    user.set_password(PASSWORD)
    user.save()
    return user


@pytest.fixture
def with_app(user):
    totp.TOTP.activate(user, SECRET)
    RecoveryCodes.activate(user)
    return user


@pytest.fixture
def noon():
    with time_machine.travel(datetime(2026, 11, 24, 12, 1, tzinfo=UTC), tick=False) as clock:
        yield clock


def code(steps=0):
    return totp.format_hotp_value(totp.hotp_value(SECRET, int(time.time()) // 30 + steps))


def sign_in(client, user, password=PASSWORD, **extra):
    data = {"login": getattr(user, "username", user), "password": password}
    return client.post(f"{LOGIN}?next=/admin/report/", data, **extra)


def show(client, given, page="authenticate"):
    return client.post(f"/accounts/2fa/{page}/", {"code": given, "next": "/admin/report/"})


def errors(response):
    form = response.context["form"]
    return [message for messages in form.errors.values() for message in messages]


def refused_for_now(response):
    """Whether it is the page for those who try too often, which says until when: here another 14 minutes."""
    told = response.status_code, response["Retry-After"], response["Cache-Control"].split(", ")[-1]
    return told == (429, "840", "private") and TOO_OFTEN in response.content.decode()


def is_in(client):
    return client.get("/admin/").status_code == 200


def test_without_a_second_factor_a_password_leads_to_setting_one_up(client, user):
    assert sign_in(client, user).status_code == 302
    response = client.get("/admin/report/?since=2026-01-01")
    assert (response.status_code, response["Location"]) == (
        302,
        f"{SET_UP}?next=%2Fadmin%2Freport%2F%3Fsince%3D2026-01-01",
    )
    assert "One step before you start" in client.get(SET_UP).content.decode()


@pytest.mark.django_db(transaction=True)  # allauth tells of it after the commit
def test_app_set_up_lets_in_and_shows_recovery_codes_once(client, user):
    sign_in(client, user)
    set_up = reverse("mfa_activate_totp")
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    secret = client.get(set_up).context["form"].secret
    given = totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30))
    response = client.post(set_up, {"code": given})
    assert response["Location"] == reverse("mfa_view_recovery_codes")
    shown = re.findall(r"<code>(\d{8})</code>", client.get(response["Location"]).content.decode())
    assert shown == Authenticator.objects.get(type="recovery_codes").wrap().generate_codes()
    assert not re.search(r"<code>\d", client.get(response["Location"]).content.decode())
    assert is_in(client)


def test_password_and_code_let_in(client, with_app):
    assert sign_in(client, with_app)["Location"] == reverse("mfa_authenticate")
    assert not is_in(client)
    assert show(client, code())["Location"] == "/admin/report/"
    assert is_in(client)


def test_recovery_code_lets_in_once(client, with_app):
    given = Authenticator.objects.get(type="recovery_codes").wrap().generate_codes()[0]
    sign_in(client, with_app)
    show(client, given)
    assert is_in(client)
    again = Client()
    sign_in(again, with_app)
    assert errors(show(again, given)) == ["Incorrect code."]
    assert not is_in(again)


def test_code_of_the_app_lets_in_once_also_in_another_process(client, with_app):
    given = code()
    sign_in(client, with_app)
    show(client, given)
    assert is_in(client)
    cache.clear()  # what another process does not know
    again = Client()
    sign_in(again, with_app)
    assert errors(show(again, given)) == ["Incorrect code."]
    assert not is_in(again)


def test_code_that_was_used_before_midnight_is_not_good_after_it(client, with_app, noon):
    noon.move_to(datetime(2026, 11, 24, 23, 59, 55, tzinfo=UTC))
    given = code()
    sign_in(client, with_app)
    show(client, given)
    assert is_in(client)
    cache.clear()
    noon.shift(10)  # it is still valid
    again = Client()
    sign_in(again, with_app)
    assert errors(show(again, given)) == ["Incorrect code."]


def pages_of_the_admin(user):
    """One address of each kind the admin has, and our own beside it."""
    client = Client()
    client.force_login(user)
    advisor_request = make_request(make_specialty())
    yield from ("/admin/", "/admin/report/", "/admin/needs-work/", "/admin/password_change/", "/admin/jsi18n/")
    yield from ("/admin/autocomplete/", "/admin/search/", "/admin/specialties/specialty/spreadsheet/?download=csv")
    for model in ("requests_app_advisorrequest", "auth_user", "accounts_auditentry", "specialties_specialty"):
        yield reverse(f"admin:{model}_changelist")
    for page in ("change", "history", "delete", "offer", "close"):
        yield reverse(f"admin:requests_app_advisorrequest_{page}", args=[advisor_request.pk])
    yield from ("/accounts/sso/", "/accounts/2fa/webauthn/", "/accounts/2fa/recovery-codes/generate/")


@pytest.mark.parametrize("has_one", [False, True])
@pytest.mark.parametrize("method", ["get", "post"])
def test_no_page_of_staff_answers_before_the_second_factor(client, user, has_one, method):
    client.force_login(user)
    if has_one:
        totp.TOTP.activate(user, SECRET)
    pages = list(pages_of_the_admin(user))
    answers = [getattr(client, method)(page) for page in pages]
    assert [(answer.status_code, answer["Location"].split("?")[0]) for answer in answers] == [
        (302, SHOW if has_one else SET_UP)
    ] * len(pages)


def test_password_alone_adds_no_second_factor_beside_the_one_there_is(client, with_app):
    client.force_login(with_app)  # a session from before it was set up
    for page in ("mfa_activate_totp", "mfa_add_webauthn", "account_reauthenticate", "mfa_index"):
        response = client.post(reverse(page), {"password": PASSWORD})
        assert response["Location"].split("?")[0] == SHOW
    show(client, code(), "reauthenticate")
    assert is_in(client)


def test_while_developing_a_password_is_enough(client, settings, user):
    settings.SECOND_FACTOR_REQUIRED = False
    assert sign_in(client, user)["Location"] == "/admin/report/"
    assert is_in(client)


@pytest.mark.parametrize("fields", [{"is_staff": False}, {"is_active": False}])
def test_who_is_no_active_staff_is_not_let_in(client, user, fields):
    type(user).objects.filter(pk=user.pk).update(**fields)
    sign_in(client, user)
    assert "_auth_user_id" not in client.session
    assert AuditEntry.objects.filter(what="refused").count() == 1


def test_session_without_staff_status_is_refused_without_going_in_circles(client, settings):
    settings.SECOND_FACTOR_REQUIRED = False
    user = make_staff()
    client.force_login(user)
    type(user).objects.filter(pk=user.pk).update(is_staff=False)
    assert client.get("/admin/login/?next=/admin/").status_code == 403


def test_admin_has_no_sign_in_of_its_own(client, user):
    response = client.post("/admin/login/?next=/admin/report/", {"username": user.username, "password": PASSWORD})
    assert (response.status_code, response["Location"]) == (302, f"{LOGIN}?next=/admin/report/")
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize(
    "page", ["signup/", "email/", "password/reset/", "password/change/", "confirm-email/", "sso/signup/", "login/code/"]
)
def test_strangers_find_nothing_but_the_sign_in(client, page):
    assert client.get(f"/accounts/{page}").status_code == 404


def test_foreign_address_is_not_gone_to_after_signing_in(client, settings, user):
    settings.SECOND_FACTOR_REQUIRED = False
    response = client.post(f"{LOGIN}?next=https://elsewhere.example/", {"login": user.username, "password": PASSWORD})
    assert response["Location"] == "/admin/"


def test_password_of_a_name_is_tried_so_often_and_no_more(client, user, noon):
    for _ in range(10):
        assert errors(sign_in(client, user, "wrong")) == [WRONG]
    for name in (user.username, user.username.upper()):
        assert refused_for_now(sign_in(client, name))
    noon.move_to(datetime(2026, 11, 24, 12, 15, tzinfo=UTC))
    assert sign_in(client, user).status_code == 302


def test_right_password_begins_the_count_anew(client, user, noon):
    for _ in range(3):
        for _ in range(9):
            sign_in(Client(), user, "wrong")
        assert sign_in(Client(), user).status_code == 302


def test_passwords_from_a_place_are_tried_so_often_whatever_the_names(client, user, noon, monkeypatch):
    monkeypatch.setitem(tries.MOST, "password from a place", 3)
    for n in range(3):
        assert errors(sign_in(client, f"name-{n}", "wrong")) == [WRONG]
    assert refused_for_now(sign_in(client, user))
    assert sign_in(client, user, REMOTE_ADDR="192.0.2.7").status_code == 302


def test_old_password_is_tried_so_often_and_no_more_by_whoever_finds_a_session(client, settings, user, noon):
    settings.SECOND_FACTOR_REQUIRED = False
    client.force_login(user)

    def change(old):
        new = {f"new_password{n}": "another horse battery" for n in (1, 2)}
        return client.post(reverse("admin:password_change"), {"old_password": old} | new)

    for _ in range(10):
        assert errors(change("wrong")) == ["Your old password was entered incorrectly. Please enter it again."]
    assert refused_for_now(change(PASSWORD))
    user.refresh_from_db()
    assert user.check_password(PASSWORD)
    told = AuditEntry.objects.filter(what="refused", who=user.username).values_list("detail", flat=True)
    assert sorted(told) == ["password"] * 10 + ["too many tries: password of a name"]
    noon.move_to(datetime(2026, 11, 24, 12, 15, tzinfo=UTC))
    assert change(PASSWORD)["Location"] == reverse("admin:password_change_done")


@pytest.mark.parametrize("page", ["authenticate", "reauthenticate"])
def test_codes_are_tried_so_often_and_no_more(client, with_app, noon, page):
    if page == "reauthenticate":
        client.force_login(with_app)
    else:
        sign_in(client, with_app)
    for n in range(5):
        assert errors(show(client, f"{n:06}", page)) == ["Incorrect code."]
    assert refused_for_now(show(client, code(), page))
    assert not is_in(client)


@pytest.mark.django_db(transaction=True)
def test_limit_is_exact_when_many_try_at_once(user):
    refused = []

    def try_one():
        try:
            tries.count("password of a name", "somebody")
        except Exception as error:
            refused.append(error)
        finally:
            connection.close()

    threads = [Thread(target=try_one) for _ in range(15)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 5


def test_unlock_lets_in_at_once_who_tried_too_often(client, with_app, noon, capsys):
    for _ in range(11):
        sign_in(client, with_app, "wrong")
    for _ in range(5):
        tries.count("second factor", with_app.pk)
    call_command("unlock", with_app.username)
    assert capsys.readouterr().out == f"{with_app.username}: tries forgotten.\n"
    sign_in(client, with_app)
    show(client, code())
    assert is_in(client)


def test_unlock_takes_a_lost_second_factor_away(client, with_app, capsys):
    call_command("unlock", with_app.username, "--second-factor")
    assert capsys.readouterr().out == f"{with_app.username}: tries forgotten, second factor taken away.\n"
    sign_in(client, with_app)
    assert client.get("/admin/")["Location"].startswith(SET_UP)


def test_unlock_says_whom_it_does_not_know():
    with pytest.raises(CommandError, match=r"No account is named nobody\."):
        call_command("unlock", "nobody")


def test_session_ends_after_idle_time_and_not_while_one_works(client, settings, user, noon):
    settings.SECOND_FACTOR_REQUIRED = False
    idle = timedelta(seconds=settings.SESSION_COOKIE_AGE)
    sign_in(client, user)
    for _ in range(3):
        noon.shift(idle - timedelta(minutes=2))
        assert is_in(client)
    noon.shift(idle + timedelta(seconds=1))
    assert client.get("/admin/")["Location"] == "/admin/login/?next=/admin/"


def test_work_is_noted_at_most_once_a_minute(client, settings, user, noon, django_assert_num_queries):
    settings.SECOND_FACTOR_REQUIRED = False
    sign_in(client, user)
    noon.shift(59)
    with django_assert_num_queries(2):  # the session, the user
        client.get("/admin/login/")
    noon.shift(1)
    client.get("/admin/login/")
    assert client.session["used_at"] == int(time.time())


def test_cookie_of_the_session_goes_with_the_browser(client, user):
    sign_in(client, user)
    assert client.cookies["sessionid"]["max-age"] == ""
    assert client.cookies["sessionid"]["httponly"] is True


def test_pages_of_signing_in_have_the_strict_policy_and_are_kept_nowhere(client, user):
    responses = [client.get(LOGIN)]
    sign_in(client, user)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    responses += [client.get(reverse(name)) for name in ("mfa_index", "mfa_activate_totp", "mfa_add_webauthn")]
    for response in responses:
        assert response.status_code == 200
        assert "unsafe" not in response["Content-Security-Policy"]
        assert "no-store" in response["Cache-Control"]
        assert not re.search(r"<style|style=|onclick=|<script>|src=.data:", response.content.decode())
