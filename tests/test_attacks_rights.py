"""What each visitor may open and change: every named address and every action of a list, by the groups of staff.

The addresses are those the portal has, so that a new one fails here until somebody says who it is for.
"""

import re
from contextlib import contextmanager
from copy import deepcopy

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import AnonymousUser, Group, Permission
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.test import Client, RequestFactory
from django.urls import NoReverseMatch, get_resolver, reverse
from django.urls.resolvers import URLPattern
from django.utils import timezone

from advising.accounts.models import AuditEntry
from advising.accounts.second_factor import TO_SET_UP, TO_SHOW
from requests_app.offers import LINK
from specialties.bulk_admin import packed
from specialties.bulk_edits import AdvisorSheet, AnswerSheet
from specialties.feedback import SIGNER
from specialties.limits import Allowance
from specialties.models.proposals import Source, propose
from specialties.previews import link_for_department
from tests.factories import (
    make_advisor,
    make_answer,
    make_email,
    make_feedback,
    make_question,
    make_request,
    make_resource,
    make_review,
    make_specialty,
    make_staff,
    make_stage,
    make_superuser,
    make_synonym,
)
from tests.forms_of import Controls
from tests.test_requests_form import form_data
from tests.test_specialties_bulk_edits import edit, exported
from tests.test_specialties_imported_pages import PAGE, kept
from tests.test_specialties_roles import member_of

pytestmark = pytest.mark.django_db

ORIGIN = {"origin": "http://testserver"}
PASSWORD, NEW = "for-this-test", "another-for-this-test"
SHOWN_ONCE = {"mfa_view_recovery_codes", "mfa_download_recovery_codes"}  # opening them keeps that they were seen
NOT_OURS = {Session, Allowance, AuditEntry}
# Who opens an address, and who changes something by what they send there: n nobody we know, s staff without a right,
# f the liaison of another specialty, l of this one, r a reader, c a coordinator, S a superuser, of whom only the last
# column tells. A line with two names is one of the actions of a list.
TABLE = """
specialties:list                                            nsflrc  -
privacy                                                     nsflrc  -
admin:accounts_auditentry_changelist                        c       -
admin:accounts_auditentry_add                               -       -
admin:accounts_auditentry_change                            c       -
admin:accounts_auditentry_delete                            -       -
admin:accounts_auditentry_history                           c       -
admin:requests_app_outgoingemail_send_copy                  c       cS
specialties:guide                                           nsflrc  -
specialties:preview                                         nsflrc  -
specialties:review                                          nsflrc  nsflrcS
specialties:vote                                            -       nsflrcS
specialties:feedback                                        nsflrc  nsflrcS
specialties:advisor                                         nsflrc  -
specialties:questions                                       nsflrc  -
specialties:question                                        nsflrc  -
specialties:compare                                         nsflrc  -
specialties:search                                          nsflrc  -
specialties:feed                                            nsflrc  -
specialties:sitemap                                         nsflrc  -
requests:create                                             nsflrc  nsflrcS
requests:status                                             nsflrc  nsflrcS
requests:withdraw                                           nsflrc  nsflrcS
requests:calendar                                           nsflrc  -
requests:respond                                            nsflrc  nsflrcS
robots                                                      nsflrc  -
theme                                                       nsflrc  -
report                                                      flc     -
needs_work                                                  flrc    -
admin:search                                                sflrc   -
admin:index                                                 sflrc   -
admin:login                                                 -       -
admin:logout                                                -       -
account_login                                               n       n
account_logout                                              sflrc   -
account_inactive                                            nsflrc  -
account_reauthenticate                                      sflrc   -
mfa_index                                                   sflrc   -
mfa_authenticate                                            -       -
mfa_reauthenticate                                          c       -
mfa_activate_totp                                           sflr    -
mfa_deactivate_totp                                         c       c
mfa_view_recovery_codes                                     c       -
mfa_generate_recovery_codes                                 sflrc   c
mfa_download_recovery_codes                                 c       c
mfa_list_webauthn                                           sflrc   -
mfa_add_webauthn                                            sflrc   -
mfa_reauthenticate_webauthn                                 -       -
mfa_remove_webauthn                                         -       -
mfa_edit_webauthn                                           -       -
socialaccount_connections                                   sflrc   -
socialaccount_login_cancelled                               nsflrc  -
socialaccount_login_error                                   -       -
openid_connect_login                                        -       -
openid_connect_callback                                     -       -
admin:password_change                                       sflrc   sflrcS
admin:password_change_done                                  sflrc   -
admin:autocomplete                                          -       -
admin:jsi18n                                                sflrc   -
admin:view_on_site                                          -       -
admin:auth_user_password_change                             c       cS
admin:auth_user_changelist                                  c       -
admin:auth_user_add                                         c       cS
admin:auth_user_history                                     c       -
admin:auth_user_delete                                      -       S
admin:auth_user_change                                      c       cS
admin:auth_group_changelist                                 c       -
admin:auth_group_add                                        -       S
admin:auth_group_history                                    c       -
admin:auth_group_delete                                     -       S
admin:auth_group_change                                     c       S
admin:specialties_question_deleted                          c       cS
admin:specialties_question_changelist                       flrc    -
admin:specialties_question_add                              c       cS
admin:specialties_question_history                          lrc     cS
admin:specialties_question_delete                           c       cS
admin:specialties_question_change                           lrc     cS
admin:specialties_stage_deleted                             c       cS
admin:specialties_stage_changelist                          c       -
admin:specialties_stage_add                                 c       cS
admin:specialties_stage_history                             c       cS
admin:specialties_stage_delete                              c       cS
admin:specialties_stage_change                              c       cS
admin:specialties_synonym_deleted                           c       cS
admin:specialties_synonym_changelist                        c       -
admin:specialties_synonym_add                               c       cS
admin:specialties_synonym_history                           c       cS
admin:specialties_synonym_delete                            c       cS
admin:specialties_synonym_change                            c       cS
admin:specialties_feedback_changelist                       flrc    -
admin:specialties_feedback_add                              -       -
admin:specialties_feedback_history                          c       -
admin:specialties_feedback_delete                           c       cS
admin:specialties_feedback_change                           c       -
admin:specialties_importedpage_changelist                   flrc    -
admin:specialties_importedpage_add                          flc     lcS
admin:specialties_importedpage_history                      lrc     -
admin:specialties_importedpage_delete                       -       S
admin:specialties_importedpage_change                       lrc     lcS
admin:specialties_proposal_changelist                       flrc    -
admin:specialties_proposal_add                              flc     lcS
admin:specialties_proposal_history                          lrc     -
admin:specialties_proposal_delete                           -       S
admin:specialties_proposal_change                           lrc     lcS
admin:requests_app_advisorrequest_remind                    c       cS
admin:requests_app_advisorrequest_accept                    c       cS
admin:requests_app_advisorrequest_meet                      c       cS
admin:requests_app_advisorrequest_offer                     c       cS
admin:requests_app_advisorrequest_hand_back                 c       cS
admin:requests_app_advisorrequest_close                     c       cS
admin:requests_app_advisorrequest_note                      c       cS
admin:requests_app_advisorrequest_correct_email             c       cS
admin:requests_app_advisorrequest_changelist                flc     -
admin:requests_app_advisorrequest_add                       c       cS
admin:requests_app_advisorrequest_history                   lc      -
admin:requests_app_advisorrequest_delete                    -       -
admin:requests_app_advisorrequest_change                    lc      -
admin:requests_app_outgoingemail_send_this_again            c       cS
admin:requests_app_outgoingemail_dismiss                    c       cS
admin:requests_app_outgoingemail_changelist                 c       -
admin:requests_app_outgoingemail_add                        -       -
admin:requests_app_outgoingemail_history                    c       -
admin:requests_app_outgoingemail_delete                     -       -
admin:requests_app_outgoingemail_change                     c       -
admin:specialties_advisor_spreadsheet                       flrc    cS
admin:specialties_advisor_deleted                           c       cS
admin:specialties_advisor_hand_over                         c       cS
admin:specialties_advisor_changelist                        flrc    -
admin:specialties_advisor_add                               c       cS
admin:specialties_advisor_history                           lrc     cS
admin:specialties_advisor_delete                            c       cS
admin:specialties_advisor_change                            lrc     cS
admin:specialties_specialty_spreadsheet                     flrc    lcS
admin:specialties_specialty_deleted                         c       cS
admin:specialties_specialty_preview                         lrc     -
admin:specialties_specialty_ask_for_review                  c       cS
admin:specialties_specialty_changelist                      flrc    -
admin:specialties_specialty_add                             c       cS
admin:specialties_specialty_history                         lrc     lcS
admin:specialties_specialty_delete                          c       cS
admin:specialties_specialty_change                          lrc     lcS
admin:app_list                                              flrc    -
admin:auth_user_changelist delete_selected                  -       S
admin:auth_group_changelist delete_selected                 -       S
admin:specialties_question_changelist delete_selected       -       cS
admin:specialties_stage_changelist delete_selected          -       cS
admin:specialties_synonym_changelist delete_selected        -       cS
admin:specialties_feedback_changelist delete_selected       -       cS
admin:specialties_feedback_changelist pass_on               -       cS
admin:specialties_feedback_changelist keep_back             -       cS
admin:specialties_importedpage_changelist delete_selected   -       S
admin:specialties_proposal_changelist delete_selected       -       S
admin:specialties_proposal_changelist accept_ticked         -       lcS
admin:specialties_proposal_changelist decline_ticked        -       lcS
admin:requests_app_advisorrequest_changelist offer_to_next  -       cS
admin:requests_app_advisorrequest_changelist remind_all     -       cS
admin:requests_app_advisorrequest_changelist close_all      -       cS
admin:requests_app_outgoingemail_changelist send_again      -       cS
admin:requests_app_outgoingemail_changelist dismiss_all     -       cS
admin:specialties_advisor_changelist delete_selected        -       cS
admin:specialties_specialty_changelist delete_selected      -       cS
"""


class World:
    """A guide with one of everything, and a second guide; `rows` are what addresses of the admin are about."""

    def __init__(self):
        self.own, self.other = make_specialty("Urology"), make_specialty("Surgery")
        self.advisor, self.answer = make_advisor(self.own, request_limit=9), make_answer(self.own)
        self.vote = make_feedback(self.answer)
        make_resource(self.own)
        self.request, self.accepted, self.met = (make_request(self.own) for _ in range(3))
        for advisor_request in (self.accepted, self.met):
            advisor_request.accept(by=self.advisor)
        self.met.meet(by=self.advisor)
        self.second = make_advisor(self.own)
        self.waiting = make_request(self.own)
        self.deletable = {
            "admin:specialties_advisor_changelist": self.second,
            "admin:specialties_specialty_changelist": self.other,
        }
        self.review = make_review(self.own)
        self.question, self.blank = make_question(), make_question()
        self.rows = {
            "specialty": self.own,
            "advisor": self.advisor,
            "question": make_question(specialty=self.own),
            "stage": make_stage(),
            "synonym": make_synonym(),
            "feedback": make_feedback(self.answer, words="Which months?"),
            "importedpage": kept(specialty=self.own),
            "proposal": propose(self.own, self.question, body="<p>New.</p>", source=Source.STAFF),
            "advisorrequest": self.request,
            "outgoingemail": make_email(request=self.request, next_try=None, last_error="451 Try later"),
            "user": make_staff(username="colleague"),
            "group": Group.objects.create(name="Friends"),
            "auditentry": AuditEntry.objects.create(what=AuditEntry.What.SIGNED_IN),
        }
        key = {"name": "Key", "passwordless": False, "credential": {}}
        self.key = Authenticator.objects.create(user=self.rows["user"], type=Authenticator.Type.WEBAUTHN, data=key)
        self.sent_email = make_email(request=self.met, to=self.met.email, sent_at=timezone.now(), next_try=None)
        self.met.emails.exclude(pk=self.sent_email.pk).update(kind="how_was_it")  # so none is on its way
        self.users = {
            "n": None,
            "s": make_staff(),
            "f": member_of("Liaisons", self.other),
            "l": member_of("Liaisons", self.own),
            "r": member_of("Readers"),
            "S": make_superuser(),
            "c": member_of("Coordinators"),
        }

    def write_history(self):
        """Let there be older versions, and versions of what was deleted."""
        for model, field in (("specialty", "quote"), ("advisor", "bio"), ("question", "text"), ("stage", "name")):
            self.rows[model].refresh_from_db()
            setattr(self.rows[model], field, "Another")
            self.rows[model].save()
        self.rows["synonym"].words = "another, one more"
        self.rows["synonym"].save()
        for row in (make_specialty(), make_advisor(), make_question(), make_stage(), make_synonym()):
            row.delete()

    def row_of(self, name):
        return next((row for model, row in self.rows.items() if f"_{model}_" in name), None)

    def address(self, name):
        arguments = {
            "specialties:guide": [self.own.slug],
            "specialties:vote": [self.own.slug],
            "specialties:advisor": [self.advisor.slug],
            "specialties:question": [self.question.key],
            "specialties:preview": [link_for_department(self.own).split("/")[-2]],
            "specialties:review": [self.review.get_absolute_url().split("/")[-2]],
            "specialties:feedback": [SIGNER.sign(f"{self.answer.pk}-{self.vote.pk}")],
            "requests:create": [self.own.slug],
            "requests:status": [self.met.token],
            "requests:withdraw": [self.request.token],
            "requests:calendar": [self.request.token],
            "requests:respond": [LINK.sign(str(self.request.running_offer.pk))],
            "mfa_edit_webauthn": [self.key.pk],
            "mfa_remove_webauthn": [self.key.pk],
            "openid_connect_login": ["school"],
            "openid_connect_callback": ["school"],
            "admin:app_list": ["specialties"],
            "admin:view_on_site": [1, self.request.pk],
            "admin:requests_app_advisorrequest_meet": [self.accepted.pk],
            "admin:requests_app_advisorrequest_hand_back": [self.accepted.pk],
            "admin:requests_app_outgoingemail_send_copy": [self.sent_email.pk],
            "admin:specialties_advisor_delete": [self.second.pk],
            "admin:specialties_specialty_delete": [self.other.pk],
        }
        name = name.partition(" ")[0]
        if name in arguments:
            return reverse(name, args=arguments[name])
        try:
            return reverse(name)
        except NoReverseMatch:
            return reverse(name, args=[self.row_of(name).pk])

    def lines(self, name, user):
        """Return a preview of a spreadsheet as the portal gave it to this user, of a line that is not theirs."""
        sheet, heading = (AnswerSheet, "short_answer") if "_specialty_" in name else (AdvisorSheet, "role")
        lines, key = exported(self.users["S"], sheet), self.row_of(name).slug
        lines = edit(lines, [line[0] for line in lines].index(key), **{heading: "New"})
        return packed(sheet(user or AnonymousUser()), sheet(self.users["S"]).check(lines))

    def sent(self, name, controls, user):
        """Return what changes something at an address when it is sent by whoever may: what its page holds, and more."""
        pressed = {name: value for name, value in controls.buttons.items() if name == "version"}
        return controls.values | pressed | self.filled_in(name, user)

    def filled_in(self, name, user):
        name, _, action = name.partition(" ")
        model, _, verb = name.split(":")[-1].removeprefix("requests_app_").partition("_")
        if model in ("specialties", "auth"):
            model, _, verb = verb.partition("_")
        if action:
            ticked = self.deletable.get(name) if action == "delete_selected" else None
            if action == "offer_to_next":
                ticked = self.waiting
            chosen = {"action": action, "_selected_action": [(ticked or self.row_of(name)).pk]}
            return chosen | {"post": "yes", "kind": "other", "reason": "Answered."}
        if verb == "delete":
            return {"post": "yes"}
        if verb == "spreadsheet":
            return {"lines": self.lines(name, user)}
        return self.written().get((model, verb), self.written().get(name, {}))

    def written(self):
        new, named = {"name": "New", "slug": "new"}, {"label": "New"}
        password = {"password1": "for-this-test", "password2": "for-this-test"}
        return {
            ("user", "add"): {"username": "new", "usable_password": "true"} | password,
            ("user", "password_change"): {"usable_password": "true"} | password,
            ("user", "change"): {"first_name": "New"},
            ("group", "add"): new,
            ("group", "change"): new,
            ("stage", "add"): new,
            ("stage", "change"): {"name": "New"},
            ("synonym", "add"): {"words": "new, newer"},
            ("synonym", "change"): {"words": "new, newer"},
            ("question", "add"): {"stage": self.question.stage_id, "key": "new", "text": "New?"} | named,
            ("question", "change"): named,
            ("specialty", "add"): new,
            ("specialty", "change"): {"quote": "New."},
            ("advisor", "add"): new,
            ("advisor", "change"): {"role": "New"},
            ("importedpage", "add"): {"text": PAGE.replace("Shadow early", "Shadow late")},
            ("importedpage", "change"): {
                "decision": "decline",
                "proposal": [proposal.pk for proposal in self.rows["importedpage"].proposals.all()],
            },
            ("proposal", "add"): {"specialty": self.own.pk, "question": self.blank.pk, "short_answer": "Yes"},
            ("proposal", "change"): {"body": "<p>Newer.</p>"},
            ("advisorrequest", "add"): form_data(specialty=self.own.pk, source="phone", advisor=""),
            ("advisorrequest", "offer"): {"advisor": self.second.pk},
            ("advisorrequest", "close"): {"kind": "other", "reason": "Answered."},
            ("advisorrequest", "note"): {"note": "Called."},
            ("advisorrequest", "correct_email"): {"email": "right@example.edu"},
            "specialties:vote": {"yes": self.answer.question.key},
            "specialties:feedback": {"words": "More, please."},
            "specialties:review": {"action": "finish", "name": "Robin"},
            "requests:create": form_data(advisor=""),
            "requests:status": {"satisfaction": "5"},
            "requests:respond": {"action": "accept"},
            "account_login": {"login": self.users["s"].username, "password": PASSWORD},
            "admin:password_change": {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW},
        }


def names(patterns, namespace=""):
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            yield from [f"{namespace}{pattern.name}"] if pattern.name else []
        elif pattern.namespace != "django_prose_editor":
            yield from names(pattern.url_patterns, f"{pattern.namespace}:" if pattern.namespace else namespace)


def actions(user):
    """Yield the name of each list of the admin with that of each of its actions."""
    request = RequestFactory().get("/")
    request.user = user
    for model, model_admin in admin.site._registry.items():
        for action in model_admin.get_actions(request):
            yield f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist {action}"


def everything():
    """Return what every table holds, but for sessions, the audit list and what is counted against limits."""
    models = [model for model in apps.get_models(include_auto_created=True) if model not in NOT_OURS]
    return {model: [*model._base_manager.order_by("pk").values_list()] for model in models}


@contextmanager
def writing():
    """Give a list that fills with what is written meanwhile; afterwards it is undone."""
    tables = "|".join(model._meta.db_table for model in NOT_OURS)
    statements = []

    def watch(execute, sql, *args):
        if re.match(rf"(?i)\s*(INSERT INTO|UPDATE|DELETE FROM) (?!\"?({tables})\b)", sql):
            statements.append(sql)
        return execute(sql, *args)

    with transaction.atomic(), connection.execute_wrapper(watch):
        yield statements
        transaction.set_rollback(True)


@contextmanager
def still_signed_in(client):
    cookies = deepcopy(client.cookies)
    yield
    client.cookies = cookies


def table():
    lines = (re.split(r" {2,}", line) for line in TABLE.strip().splitlines())
    return {name: (opening.replace("-", ""), changing.replace("-", "")) for name, opening, changing in lines}


def test_every_visitor_opens_and_changes_what_is_theirs(questions, settings):
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"  # undoing signs nobody out
    world = World()
    world.write_history()
    clients = {visitor: Client(headers=ORIGIN) for visitor in world.users}
    for visitor, user in world.users.items():
        if user:
            sign_in(clients[visitor], user)
    set_up_second_factor(world.users["c"])
    before, found = everything(), {}
    for name in (*names(get_resolver().url_patterns), *actions(world.users["S"])):
        found[name] = tried(world, clients, name)
    assert found == table()
    assert everything() == before


def set_up_second_factor(user):
    totp.TOTP.activate(user, totp.generate_totp_secret())
    RecoveryCodes.activate(user)


def sign_in(client, user):
    """As people do: what only opens to whoever has just shown who they are, opens."""
    user.set_password(PASSWORD)
    user.save()
    for page in ("account_login", "account_reauthenticate"):
        assert client.post(reverse(page), {"login": user.username, "password": PASSWORD}).status_code == 302


def tried(world, clients, name):
    """Return who opens an address, and who changes something there with what its page sends for those who see it."""
    url = world.address(name)
    opening, changing, controls = set(), set(), None
    for visitor in ("c", "S", "r", "l", "f", "s", "n"):
        if " " not in name and not (visitor == "S" and controls):
            with writing() as statements:
                page = clients[visitor].get(url)
            assert statements == [] or name in SHOWN_ONCE, f"opening {name} wrote something"
            if page.status_code == 200:
                opening.add(visitor)
                controls = controls or Controls(b"" if page.streaming else page.content)
        with writing() as statements, still_signed_in(clients[visitor]):
            clients[visitor].post(url, world.sent(name, controls or Controls(b""), world.users[visitor]))
        if statements:
            changing.add(visitor)
    return "".join(each for each in "nsflrc" if each in opening), "".join(
        each for each in "nsflrcS" if each in changing
    )


class TestStaffAccounts:
    """Coordinators look after accounts, and give nobody, themselves included, more than they have."""

    @pytest.fixture
    def coordinator(self, client):
        user = member_of("Coordinators")
        client.force_login(user)
        return user

    def save(self, client, user, **fields):
        page = client.get(reverse("admin:auth_user_change", args=[user.pk]))
        held = Controls(page.content).values if page.status_code == 200 else {}
        client.post(reverse("admin:auth_user_change", args=[user.pk]), held | fields)
        return type(user).objects.get(pk=user.pk)

    def test_nobody_becomes_a_superuser_by_saving(self, client, coordinator):
        everything_else = [*Permission.objects.values_list("pk", flat=True)]
        more = {"is_superuser": "on", "user_permissions": everything_else, "first_name": "Robin"}
        for user in (coordinator, make_staff()):
            before = user.get_all_permissions()
            saved = self.save(client, user, **more)
            assert (saved.first_name, saved.is_superuser, saved.get_all_permissions()) == ("Robin", False, before)

    def test_group_that_may_more_is_given_by_a_superuser_only(self, client, coordinator, superuser):
        group, colleague = Group.objects.create(name="Heads"), make_staff()
        group.permissions.add(Permission.objects.get(codename="change_group"))
        liaisons = Group.objects.get(name="Liaisons")
        assert [*self.save(client, colleague, groups=[group.pk, liaisons.pk]).groups.all()] == []
        assert [*self.save(client, colleague, groups=[liaisons.pk]).groups.all()] == [liaisons]
        client.force_login(superuser)
        assert [*self.save(client, colleague, groups=[group.pk]).groups.all()] == [group]

    @pytest.mark.parametrize("is_active", [True, False])
    def test_account_of_somebody_who_may_more_is_not_theirs_to_take_over(self, client, coordinator, is_active):
        head = make_staff("change_group", "view_user", is_active=is_active)
        for user in (make_superuser(), head):
            before = type(user).objects.values().get(pk=user.pk)
            url = reverse("admin:auth_user_password_change", args=[user.pk])
            assert client.post(url, {"password1": "for-this-test", "password2": "for-this-test"}).status_code == 403
            self.save(client, user, username="mine", email="mine@example.edu", is_active="on")
            assert type(user).objects.values().get(pk=user.pk) == before

    @pytest.mark.parametrize("key", ["{}", "0{}"])
    def test_own_password_is_never_changed_without_the_old_one(self, client, coordinator, superuser, key):
        for user in (coordinator, superuser):
            client.force_login(user)
            url = reverse("admin:auth_user_password_change", args=[key.format(user.pk)])
            response = client.post(url, {"usable_password": "true", "password1": NEW, "password2": NEW})
            assert response["Location"] == reverse("admin:password_change")
            assert type(user).objects.get(pk=user.pk).password == user.password

    def test_new_password_of_a_colleague_ends_their_sessions_and_leaves_their_second_factor(self, client, coordinator):
        colleague, theirs = member_of("Coordinators"), Client()
        set_up_second_factor(colleague)
        theirs.force_login(colleague)
        assert theirs.get(reverse("admin:index")).status_code == 200
        url = reverse("admin:auth_user_password_change", args=[colleague.pk])
        client.post(url, {"usable_password": "true", "password1": NEW, "password2": NEW})
        assert theirs.get(reverse("admin:index")).status_code == 302
        assert Authenticator.objects.filter(user=colleague).count() == 2

    def test_new_password_of_ones_own_ends_all_sessions_but_this_one(self, client, coordinator):
        coordinator.set_password(PASSWORD)
        coordinator.save()
        client.force_login(coordinator)
        elsewhere = Client()
        elsewhere.force_login(coordinator)
        passwords = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
        client.post(reverse("admin:password_change"), passwords)
        assert [browser.get(reverse("admin:index")).status_code for browser in (client, elsewhere)] == [200, 302]


@pytest.mark.parametrize("has_one", [False, True])
def test_no_address_of_staff_answers_before_the_second_factor(questions, settings, has_one):
    """Whatever address is added; but those where it is set up, which answer only who has none."""
    settings.SECOND_FACTOR_REQUIRED = True
    world, client = World(), Client(headers=ORIGIN)
    world.write_history()
    client.force_login(world.users["S"])
    if has_one:
        set_up_second_factor(world.users["S"])
    step = reverse("mfa_reauthenticate" if has_one else "mfa_index")
    asked = []
    for name in (*names(get_resolver().url_patterns), *actions(world.users["S"])):
        address = world.address(name)
        if not address.startswith(("/admin/", "/accounts/")) or name in (TO_SHOW if has_one else TO_SET_UP):
            continue
        asked.append(name)
        for response in (client.get(address), client.post(address)):
            assert (response.status_code, response["Location"].partition("?")[0]) == (302, step), name
    assert len(asked) > 100
