"""What the audit list holds, and that nobody changes it."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django.urls import reverse

from advising.accounts.models import AuditEntry, record
from tests.factories import make_request, make_specialty, make_staff, make_superuser

pytestmark = pytest.mark.django_db

LIST = reverse("admin:accounts_auditentry_changelist")
PASSWORD = "correct horse battery"
SECRETS = ["a-wrong-password", PASSWORD, "Could we talk?"]


@pytest.fixture
def user():
    user = make_superuser()
    user.set_password(PASSWORD)
    user.save()
    AuditEntry.objects.all()._raw_delete("default")
    return user


def entries(*fields):
    return [*AuditEntry.objects.reverse().values_list(*fields or ("who", "what", "detail"))]


def sign_in(client, name, password, **extra):
    return client.post("/accounts/login/", {"login": name, "password": password}, **extra)


def test_signing_in_and_out_and_refusals_are_recorded(client, user):
    name = user.username
    sign_in(client, name, "a-wrong-password")
    sign_in(client, PASSWORD, "typed one field too late")
    sign_in(client, name, PASSWORD, REMOTE_ADDR="192.0.2.7")
    client.post("/admin/logout/")
    assert entries("who", "what", "detail", "address") == [
        (name, "refused", "password", "127.0.0.1"),
        ("", "refused", "password, for a name that no account has", "127.0.0.1"),
        (name, "signed_in", "password", "192.0.2.7"),
        (name, "signed_out", "", "127.0.0.1"),
    ]


def test_second_factor_is_told_whether_it_was_right_or_wrong(client, user):
    TOTP.activate(user, generate_totp_secret())
    sign_in(client, user.username, PASSWORD)
    client.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert entries() == [(user.username, "refused", "second factor")]


def test_too_many_tries_are_told_once(client, user):
    for _ in range(14):
        sign_in(client, user.username, "a-wrong-password")
    assert entries("detail") == [("password",)] * 10 + [("too many tries: password of a name",)]


def test_too_many_codes_are_told_once(client, user):
    TOTP.activate(user, generate_totp_secret())
    sign_in(client, user.username, PASSWORD)
    for _ in range(8):
        client.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert entries("detail") == [("second factor",)] * 5 + [("too many tries: second factor",)]


def test_every_export_is_recorded_and_looking_is_not(client, user):
    client.force_login(user)
    make_request(make_specialty("Urology"))
    exports = [
        "/admin/report/?download=report.csv",
        "/admin/report/?download=requests.xlsx&specialty=urology",
        f"{reverse('admin:specialties_specialty_spreadsheet')}?download=xlsx",
        f"{reverse('admin:specialties_advisor_spreadsheet')}?download=csv",
    ]
    for page in ("/admin/report/", reverse("admin:specialties_specialty_spreadsheet"), *exports):
        assert client.get(page).status_code == 200
    assert [detail for who, what, detail in entries() if what == "exported" and who == user.username] == exports


def test_page_that_is_not_for_somebody_is_recorded(client):
    user = make_staff()
    client.force_login(user)
    client.get("/admin/auth/user/?q=somebody")
    assert entries()[-1] == (user.username, "refused", "/admin/auth/user/")


def test_changes_of_rights_name_who_made_them(client, user):
    colleague, specialty = make_staff(username="robin"), make_specialty("Urology")
    group = Group.objects.create(name="Friends")
    AuditEntry.objects.all()._raw_delete("default")
    client.force_login(user)
    page = reverse("admin:auth_user_change", args=[colleague.pk])
    data = {
        "username": "robin",
        "is_active": "on",
        "is_staff": "on",
        "is_superuser": "on",
        "groups": [group.pk],
        "user_permissions": [Permission.objects.get(codename="view_specialty").pk],
        "date_joined_0": "2026-01-01",
        "date_joined_1": "12:00:00",
        "liaison_for-TOTAL_FORMS": "1",
        "liaison_for-INITIAL_FORMS": "0",
        "liaison_for-0-specialty": specialty.pk,
    }
    assert client.post(page, data).status_code == 302
    assert [entry for entry in entries() if entry[1] == "rights"] == [
        (user.username, "rights", "robin: is_superuser is True"),
        (user.username, "rights", "robin: groups given Friends"),
        (user.username, "rights", "robin: permissions given Guides | specialty | Can view specialty"),
        (user.username, "rights", "robin: liaison for Urology"),
    ]


def test_new_passwords_accounts_and_rights_of_groups_are_recorded(user):
    colleague = User.objects.create_user("robin", is_staff=True)
    colleague.set_password(PASSWORD)
    colleague.save()
    group = Group.objects.create(name="Friends")
    group.permissions.add(Permission.objects.get(codename="view_specialty"))
    group.permissions.clear()
    colleague.groups.add(group)
    colleague.groups.remove(group)
    colleague.liaison_for.create(specialty=make_specialty("Urology"))
    colleague.liaison_for.all().delete()
    colleague.delete()
    group.delete()
    assert entries() == [
        ("", "rights", detail)
        for detail in (
            "robin: account made, is_staff",
            "robin: password changed",
            "Friends: permissions given Guides | specialty | Can view specialty",
            "Friends: permissions all taken",
            "robin: groups given Friends",
            "robin: groups taken Friends",
            "robin: liaison for Urology",
            "robin: no longer liaison for Urology",
            "robin: user deleted",
            "Friends: group deleted",
        )
    ]


def test_all_that_changes_at_once_is_told_in_the_order_of_the_fields(user):
    colleague = User.objects.create_user("robin")
    colleague.is_active, colleague.is_staff, colleague.is_superuser, colleague.username = False, True, True, "rob"
    colleague.set_password(PASSWORD)
    colleague.save()
    colleague.groups.set(Group.objects.bulk_create([Group(name="Zebras"), Group(name="Friends")]))
    assert entries("detail")[1:] == [
        ("robin: password changed, is_superuser is True, username is rob, is_staff is True, is_active is False",),
        ("rob: groups given Friends, Zebras",),
    ]


def test_signing_in_itself_changes_no_rights(client, user, settings):
    before, slower = user.password, "django.contrib.auth.hashers.PBKDF2PasswordHasher"
    settings.PASSWORD_HASHERS = [slower, *settings.PASSWORD_HASHERS]
    sign_in(client, user.username, PASSWORD)
    user.refresh_from_db()
    assert user.password != before
    assert entries("what") == [("signed_in",)]


def test_help_by_command_is_recorded(user):
    call_command("unlock", user.username, "--second-factor")
    told = f"{user.username}: tries forgotten, second factor taken away, by command"
    assert entries("who", "what", "detail", "address") == [("", "sign_in", told, "")]


def test_entry_outlives_its_account(user):
    record(AuditEntry.What.EXPORTED, "/admin/report/", by=user)
    name = user.username
    user.delete()
    assert entries()[0] == (name, "exported", "/admin/report/")


def test_neither_passwords_nor_students_words_are_in_it(client, user):
    make_request(make_specialty("Urology"))
    sign_in(client, "a-wrong-password", "a-wrong-password")
    sign_in(client, user.username, PASSWORD)
    client.get("/admin/report/?download=requests.csv")
    client.post(
        "/admin/password_change/", {f"new_password{n}": f"{PASSWORD}!" for n in (1, 2)} | {"old_password": PASSWORD}
    )
    text = str([*AuditEntry.objects.values()])
    assert len(entries()) >= 4
    assert [secret for secret in SECRETS if secret in text] == []


def test_coordinators_see_the_list_and_nobody_changes_it(client, user):
    record(AuditEntry.What.EXPORTED, "/admin/report/", by=user)
    entry = AuditEntry.objects.get()
    coordinator = make_staff()
    coordinator.groups.add(Group.objects.get(name="Coordinators"))
    page = reverse("admin:accounts_auditentry_change", args=[entry.pk])
    for reader in (coordinator, user):
        client.force_login(reader)
        assert "/admin/report/" in client.get(LIST).content.decode()
        assert client.get(page).status_code == 200
        assert client.post(page, {"detail": "nothing"}).status_code == 403
        assert client.post(page.replace("change", "delete"), {"post": "yes"}).status_code == 403
        assert client.get(reverse("admin:accounts_auditentry_add")).status_code == 403
        action = {"action": "delete_selected", "_selected_action": [entry.pk], "post": "yes"}
        client.post(LIST, action)
    assert AuditEntry.objects.get(pk=entry.pk).detail == "/admin/report/"


@pytest.mark.parametrize("group", ["Liaisons", "Readers"])
def test_list_is_not_for_others(client, group):
    user = make_staff()
    user.groups.add(Group.objects.get(name=group))
    client.force_login(user)
    assert client.get(LIST).status_code == 403


def test_code_cannot_change_it_either(user):
    record(AuditEntry.What.EXPORTED, by=user)
    with pytest.raises(TypeError):
        AuditEntry.objects.update(who="")
    with pytest.raises(TypeError):
        AuditEntry.objects.all().delete()
    with pytest.raises(TypeError):
        AuditEntry.objects.get().delete()


def test_list_takes_the_same_queries_for_one_entry_and_for_many(client, user, django_assert_num_queries):
    client.force_login(user)
    for _ in range(2):
        record(AuditEntry.What.EXPORTED, by=user)
        with django_assert_num_queries(7):
            assert client.get(LIST).status_code == 200


@pytest.mark.parametrize("model", ["mfa/authenticator", "socialaccount/socialaccount", "account/emailaddress"])
def test_second_factors_of_others_are_in_no_list(client, user, model):
    Authenticator.objects.create(user=user, type="totp", data={})
    client.force_login(user)
    assert client.get(f"/admin/{model}/").status_code == 404
