import re

import pytest
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import HttpResponse
from django.test import Client
from django.test.client import FakePayload
from django.urls import get_resolver, path, reverse
from django.urls.resolvers import URLPattern
from django.views.decorators.csrf import csrf_protect

from advising import urls
from requests_app.offers import LINK
from specialties.feedback import SIGNER
from specialties.previews import link_for_department
from tests.factories import (
    make_advisor,
    make_answer,
    make_email,
    make_question,
    make_request,
    make_review,
    make_specialty,
    make_staff,
    make_stage,
    make_superuser,
)

pytestmark = pytest.mark.django_db

LARGE_FORM = {"CONTENT_LENGTH": "200000", "CONTENT_TYPE": "multipart/form-data; boundary=x"}
EDITS_GUIDES = ("view_specialty", "change_specialty", "view_advisor", "change_advisor")
OK, SIGN_IN, FAILED, FORBIDDEN, MISSING, NOT_BY_GET = 200, 302, 401, 403, 404, 405
AWAY = 302  # to where one goes when that is done already
NOT_THERE = 302  # to the first page, as for a row that never was


def test_public_pages_send_a_strict_policy_and_set_no_cookie(client, guide):
    for url in (
        "/",
        guide.get_absolute_url(),
        "/advisors/kent-sato/",
        "/questions/",
        "/questions/research/",
        "/compare/",
        "/search/?q=research",
        "/feed/",
        "/privacy/",
        "/sitemap.xml",
    ):
        response = client.get(url)
        assert set(response["Content-Security-Policy"].split("; ")) == {
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            "connect-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        }
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["X-Frame-Options"] == "DENY"
        assert response["Cross-Origin-Opener-Policy"] == "same-origin"
        assert response["Referrer-Policy"] == "same-origin"
        assert "camera=(), microphone=(), geolocation=()" in response["Permissions-Policy"]
        assert not response.cookies
        html = re.sub(r'<script src="/static/|<script type="application/ld\+json">', "", response.content.decode())
        assert not re.search(r"<script|<style|style=|onclick=", html)


def test_only_staff_pages_have_the_relaxed_policy(client):
    policy = client.get("/admin/login/")["Content-Security-Policy"]
    assert "'unsafe-eval'" in policy
    assert "default-src 'none'" in policy


def test_form_page_sets_only_the_cookie_of_its_token(client, guide):
    response = client.get(reverse("requests:create", args=[guide.slug]))
    assert list(response.cookies) == ["csrftoken"]
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize("debug", [False, True])
def test_unknown_page_is_the_sites_own(settings, debug):
    settings.DEBUG = debug
    for url in ("/nothing-here/", "/specialties/nothing-here/"):
        response = Client().get(url)
        assert response.status_code == 404
        assert "There is no such page" in response.content.decode()
        assert "Example School of Medicine" in response.content.decode()


def fail(request):
    raise RuntimeError("secret detail")


def refuse(request):
    raise PermissionDenied


def find_suspicious(request):
    raise SuspiciousOperation("secret detail")


@csrf_protect
def take(request):
    return HttpResponse("taken")


urlpatterns = [
    path("fail/", fail),
    path("refuse/", refuse),
    path("suspicious/", find_suspicious),
    path("admin/take/", take),
    path("take/", take),
    *urls.urlpatterns,
]


@pytest.mark.parametrize(
    ("url", "code", "words"),
    [
        ("/fail/", 500, "Something went wrong"),
        ("/refuse/", 403, "not for you"),
        ("/suspicious/", 400, "We could not read that"),
    ],
)
def test_errors_have_pages_of_their_own(client, settings, url, code, words):
    settings.ROOT_URLCONF = __name__
    client.raise_request_exception = False
    response = client.get(url)
    assert response.status_code == code
    assert words in response.content.decode()
    assert "secret detail" not in response.content.decode()


def test_host_nobody_gave_the_portal_is_answered_with_its_page(client, settings):
    settings.DEBUG = False
    response = client.get("/", headers={"host": "elsewhere.example"})
    assert response.status_code == 400
    assert "We could not read that" in response.content.decode()


def test_form_without_its_token_is_sent_back(settings):
    settings.ROOT_URLCONF = __name__
    response = Client(enforce_csrf_checks=True).post("/take/")
    assert response.status_code == 403
    assert "Please send the form again" in response.content.decode()


@pytest.mark.parametrize(
    ("is_staff", "url", "size", "words"),
    [
        (None, "/take/", 99_000, "taken"),
        (None, "/take/", 101_000, "shorten your message"),
        (True, "/take/", 101_000, "shorten your message"),
        (True, "/admin/take/", 101_000, "taken"),
        (True, "/admin/take/", 25_000_001, "choose a smaller file"),
        (None, "/admin/take/", 99_000, "taken"),
        (None, "/admin/take/", 101_000, "your session may have ended"),
        (False, "/admin/take/", 101_000, "your session may have ended"),
    ],
)
def test_forms_are_limited_those_of_staff_to_what_a_file_needs(client, settings, is_staff, url, size, words):
    settings.ROOT_URLCONF = __name__
    if is_staff is not None:
        client.force_login(User.objects.create_user("somebody", is_staff=is_staff))
    response = client.post(url, "x" * size, content_type="text/plain")
    assert response.status_code == (200 if words == "taken" else 413)
    assert words in response.content.decode()


def test_body_that_is_too_large_is_not_read_to_look_for_a_token():
    body, client = FakePayload(b"x" * 200_000), Client(enforce_csrf_checks=True)
    response = client.generic("POST", "/admin/specialties/importedpage/add/", **{"wsgi.input": body, **LARGE_FORM})
    assert (response.status_code, body.read()) == (413, b"x" * 200_000)


def test_address_without_its_slash_leads_to_the_page(client, guide):
    response = client.get("/specialties/interventional-radiology")
    assert (response.status_code, response["Location"]) == (301, guide.get_absolute_url())


def test_own_accent_colour_is_a_stylesheet_of_its_own(client, settings):
    assert "theme.css" not in client.get("/").content.decode()
    settings.ACCENT_COLOR = "#123456"
    assert "/theme.css" in client.get("/").content.decode()
    response = client.get("/theme.css")
    assert response.content == b":root{--accent-base:#123456}"
    assert response["Content-Type"] == "text/css; charset=utf-8"


def test_school_is_named_as_the_settings_say(client, settings):
    settings.SCHOOL_NAME = "Another School & Hospital"
    assert "Another School &amp; Hospital" in client.get("/").content.decode()


def make_colleague_in_a_group():
    colleague = make_staff("see_every_guide", "view_specialty", email="colleague@example.edu")
    group = Group.objects.create(name=f"Group of {colleague}")
    group.permissions.set(colleague.user_permissions.all())
    colleague.groups.add(group)


@pytest.mark.parametrize(
    ("changelist", "make", "queries"),
    [
        ("auth_user", make_colleague_in_a_group, 7),
        ("auth_group", make_colleague_in_a_group, 6),
        ("specialties_stage", make_stage, 6),
    ],
)
def test_changelists_of_the_rest_are_flat(superuser_client, django_assert_num_queries, changelist, make, queries):
    for _ in range(2):
        make()
        make()
        with django_assert_num_queries(queries):
            assert superuser_client.get(reverse(f"admin:{changelist}_changelist")).status_code == 200


@pytest.mark.parametrize("stages", [1, 3])
def test_guide_of_more_stages_takes_no_more_queries(client, django_assert_num_queries, stages):
    specialty = make_specialty()
    for _ in range(stages):
        make_answer(specialty, make_question(stage=make_stage()))
    with django_assert_num_queries(5):
        client.get(specialty.get_absolute_url())


class World:
    """One of everything, and one visitor of every kind."""

    def __init__(self):
        self.specialty, self.draft = make_specialty(), make_specialty(is_published=False)
        self.advisor = make_advisor(self.specialty)
        self.request = make_request(self.specialty)
        self.offer = self.request.offers.get()
        self.answer = make_answer(self.specialty)
        self.question, self.own_question = make_question(), make_question(specialty=self.specialty)
        self.review = make_review(self.specialty)
        self.email = make_email(last_error="451 Try later")

    def clients(self):
        users = {
            "anonymous": None,
            "staff without permission": make_staff(),
            "guide editor": make_staff(
                "see_every_guide", "view_specialty", "change_specialty", "view_advisor", "change_advisor"
            ),
            "coordinator": make_superuser(),
        }
        for name, user in users.items():
            client = Client()
            if user:
                client.force_login(user)
            yield name, client


# What a GET of each named address answers: anonymous, staff without permission, guide editor, coordinator.
PUBLIC = (OK, OK, OK, OK)
OFFICE_ONLY = (SIGN_IN, FORBIDDEN, FORBIDDEN, OK)
FOR_ONESELF = (SIGN_IN, OK, OK, OK)
ACCESS = {
    "specialties:list": (lambda world: [], PUBLIC),
    "specialties:guide": (lambda world: [world.specialty.slug], PUBLIC),
    "specialties:guide draft": (lambda world: [world.draft.slug], (MISSING,) * 4),
    "specialties:preview": (lambda world: [link_for_department(world.draft).split("/")[-2]], PUBLIC),
    "specialties:preview forged": (lambda world: [world.draft.pk], (MISSING,) * 4),
    "specialties:review": (lambda world: [world.review.get_absolute_url().split("/")[-2]], PUBLIC),
    "specialties:review forged": (lambda world: [world.review.pk], (MISSING,) * 4),
    "admin:specialties_specialty_ask_for_review": (lambda world: [world.draft.pk], OFFICE_ONLY),
    "admin:specialties_specialty_preview": (lambda world: [world.draft.pk], (SIGN_IN, FORBIDDEN, OK, OK)),
    "admin:specialties_proposal_changelist": (lambda world: [], OFFICE_ONLY),
    "admin:specialties_importedpage_changelist": (lambda world: [], OFFICE_ONLY),
    "admin:specialties_importedpage_add": (lambda world: [], OFFICE_ONLY),
    "specialties:advisor": (lambda world: [world.advisor.slug], PUBLIC),
    "requests:create": (lambda world: [world.specialty.slug], PUBLIC),
    "requests:create draft": (lambda world: [world.draft.slug], (MISSING,) * 4),
    "requests:status": (lambda world: [world.request.token], PUBLIC),
    "requests:withdraw": (lambda world: [world.request.token], PUBLIC),
    "requests:calendar": (lambda world: [world.request.token], PUBLIC),
    "requests:respond": (lambda world: [LINK.sign(str(world.offer.pk))], PUBLIC),
    "requests:respond forged": (lambda world: [world.offer.pk], (MISSING,) * 4),
    "requests:status forged": (lambda world: [world.request.reference], (MISSING,) * 4),
    "specialties:questions": (lambda world: [], PUBLIC),
    "specialties:question": (lambda world: [world.question.key], PUBLIC),
    "specialties:question of one specialty": (lambda world: [world.own_question.key], (MISSING,) * 4),
    "specialties:compare": (lambda world: [], PUBLIC),
    "specialties:vote": (lambda world: [world.specialty.slug], (NOT_BY_GET,) * 4),
    "specialties:feedback": (lambda world: [SIGNER.sign(f"{world.answer.pk}-0")], PUBLIC),
    "specialties:feedback forged": (lambda world: [f"{world.answer.pk}-0"], (MISSING,) * 4),
    "specialties:search": (lambda world: [], PUBLIC),
    "specialties:feed": (lambda world: [], PUBLIC),
    "specialties:sitemap": (lambda world: [], PUBLIC),
    "robots": (lambda world: [], PUBLIC),
    "theme": (lambda world: [], PUBLIC),
    "privacy": (lambda world: [], PUBLIC),
    "report": (lambda world: [], OFFICE_ONLY),
    "needs_work": (lambda world: [], OFFICE_ONLY),
    "admin:index": (lambda world: [], (SIGN_IN, OK, OK, OK)),
    "admin:specialties_specialty_changelist": (lambda world: [], (SIGN_IN, FORBIDDEN, OK, OK)),
    "admin:specialties_specialty_change": (lambda world: [world.specialty.pk], (SIGN_IN, FORBIDDEN, OK, OK)),
    "admin:specialties_specialty_add": (lambda world: [], OFFICE_ONLY),
    "admin:specialties_specialty_history": (lambda world: [world.specialty.pk], (SIGN_IN, NOT_THERE, OK, OK)),
    "admin:specialties_specialty_deleted": (lambda world: [], OFFICE_ONLY),
    "admin:specialties_specialty_spreadsheet": (lambda world: [], OFFICE_ONLY),
    "admin:specialties_advisor_spreadsheet": (lambda world: [], (SIGN_IN, FORBIDDEN, OK, OK)),
    "admin:specialties_advisor_change": (lambda world: [world.advisor.pk], (SIGN_IN, FORBIDDEN, OK, OK)),
    "admin:specialties_question_changelist": (lambda world: [], OFFICE_ONLY),
    "admin:specialties_stage_changelist": (lambda world: [], OFFICE_ONLY),
    "admin:specialties_feedback_changelist": (lambda world: [], OFFICE_ONLY),
    "admin:specialties_synonym_changelist": (lambda world: [], OFFICE_ONLY),
    "admin:requests_app_advisorrequest_changelist": (lambda world: [], OFFICE_ONLY),
    "admin:requests_app_advisorrequest_change": (lambda world: [world.request.pk], OFFICE_ONLY),
    "admin:requests_app_advisorrequest_offer": (lambda world: [world.request.pk], OFFICE_ONLY),
    "admin:requests_app_advisorrequest_add": (lambda world: [], OFFICE_ONLY),
    "admin:specialties_advisor_hand_over": (lambda world: [world.advisor.pk], OFFICE_ONLY),
    "admin:requests_app_advisorrequest_close": (lambda world: [world.request.pk], OFFICE_ONLY),
    "admin:requests_app_outgoingemail_changelist": (lambda world: [], OFFICE_ONLY),
    "admin:requests_app_outgoingemail_change": (lambda world: [world.email.pk], OFFICE_ONLY),
    "admin:requests_app_outgoingemail_send_this_again": (lambda world: [world.email.pk], OFFICE_ONLY),
    "admin:auth_user_changelist": (lambda world: [], OFFICE_ONLY),
    "admin:auth_group_changelist": (lambda world: [], OFFICE_ONLY),
    "admin:accounts_auditentry_changelist": (lambda world: [], OFFICE_ONLY),
    "account_login": (lambda world: [], (OK, AWAY, AWAY, AWAY)),
    "account_logout": (lambda world: [], FOR_ONESELF),
    "account_inactive": (lambda world: [], PUBLIC),
    "account_reauthenticate": (lambda world: [], (SIGN_IN, FORBIDDEN, FORBIDDEN, FORBIDDEN)),  # without a password
    "mfa_index": (lambda world: [], FOR_ONESELF),
    "mfa_authenticate": (lambda world: [], (AWAY,) * 4),
    "mfa_reauthenticate": (lambda world: [], (SIGN_IN, FORBIDDEN, FORBIDDEN, FORBIDDEN)),
    "mfa_activate_totp": (lambda world: [], FOR_ONESELF),
    "mfa_deactivate_totp": (lambda world: [], (SIGN_IN, MISSING, MISSING, MISSING)),
    "mfa_view_recovery_codes": (lambda world: [], (SIGN_IN, MISSING, MISSING, MISSING)),
    "mfa_generate_recovery_codes": (lambda world: [], FOR_ONESELF),
    "mfa_download_recovery_codes": (lambda world: [], (SIGN_IN, MISSING, MISSING, MISSING)),
    "mfa_list_webauthn": (lambda world: [], FOR_ONESELF),
    "mfa_add_webauthn": (lambda world: [], FOR_ONESELF),
    "mfa_reauthenticate_webauthn": (lambda world: [], (SIGN_IN, FORBIDDEN, FORBIDDEN, FORBIDDEN)),
    "mfa_remove_webauthn": (lambda world: [1], (SIGN_IN, MISSING, MISSING, MISSING)),
    "mfa_edit_webauthn": (lambda world: [1], (SIGN_IN, MISSING, MISSING, MISSING)),
    "socialaccount_connections": (lambda world: [], FOR_ONESELF),
    "socialaccount_login_cancelled": (lambda world: [], PUBLIC),
    "socialaccount_login_error": (lambda world: [], (FAILED,) * 4),
    "openid_connect_login": (lambda world: ["nobody"], (MISSING,) * 4),
    "openid_connect_callback": (lambda world: ["nobody"], (MISSING,) * 4),
}


def test_every_visitor_gets_what_is_theirs():
    world = World()
    clients = dict(world.clients())
    answers = {
        name: tuple(client.get(reverse(name.split()[0], args=args(world))).status_code for client in clients.values())
        for name, (args, _) in ACCESS.items()
    }
    assert answers == {name: expected for name, (_, expected) in ACCESS.items()}


def test_every_address_of_our_own_is_in_the_table():
    def names(patterns, namespace=""):
        for pattern in patterns:
            if isinstance(pattern, URLPattern):
                yield f"{namespace}{pattern.name}"
            elif pattern.namespace != "admin":
                yield from names(pattern.url_patterns, f"{pattern.namespace}:" if pattern.namespace else "")

    ours = {name for name in names(get_resolver().url_patterns) if not name.endswith("None")}
    assert ours - {"django_prose_editor"} <= set(ACCESS)
