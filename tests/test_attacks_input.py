"""Random and hostile input to every form and every query: answered, never with an error of our own."""

from itertools import product
from urllib.parse import quote_plus

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client, override_settings
from django.urls import get_resolver, reverse
from hypothesis import given, settings
from hypothesis import strategies as st

from advising.accounts.providers import oidc
from specialties.models import Question
from tests.forms_of import Controls
from tests.oidc_provider import CLIENT, SECRET, Provider
from tests.test_attacks_rights import (
    ORIGIN,
    PASSWORD,
    World,
    actions,
    names,
    set_up_second_factor,
    sign_in,
    still_signed_in,
    table,
    writing,
)

pytestmark = pytest.mark.django_db

FORM = "application/x-www-form-urlencoded"
ANSWERS = {200, 301, 302, 400, 401, 403, 404, 405, 409, 413, 422, 429}
NUMBERS = ["-1", "0", "99", "9" * 30, str(2**31), str(2**63), "1e999", "NaN", "1.5", "0x10", "٣", "²", "True", "None"]
DAYS = ["0001-01-01", "9999-12-31", "2026-02-30", "31.12.2026", "2026-11-24T00:00:00+23:59", "0001-01-01T00:00+14:00"]
TEXTS = ["' OR 1=1 --", "", " ", "\0", "\ud800", "\u202e", "\r\n", "\x1b[2J", "<script>", "{{ 7 }}", "%s", "[]", "{}"]
PATHS = ["../../etc/passwd", "//evil.example", "javascript:alert(1)", "http://[::1", "a@b@c", "x" * 5000, "é" * 300]
HOSTILE = st.sampled_from([*TEXTS, *NUMBERS, *DAYS, *PATHS]) | st.text(st.characters(codec=None), max_size=40)
CHANGES = st.lists(HOSTILE | st.none() | st.lists(HOSTILE, max_size=3), min_size=1, max_size=12)
FILES = {
    "me.csv": b'\xff\xfe\0\r\n,;"',
    "me.xlsx": b"PK\x03\x04" + b"\0" * 99,
    "me.docx": b"PK\x05\x06" + b"\0" * 18,
    "me.html": b"<table>" * 999,
    "me.jpg": b"\xff\xd8\xff\xe0" + b"\0" * 99,
    "\u202e.txt": b"",
}
EVERYWHERE = [*names(get_resolver().url_patterns), *actions(User(is_superuser=True))]  # also what is added later
ON_MANY_PAGES = {"s", "q", "csrfmiddlewaretoken"}
LIMITS = dict.fromkeys(("REQUESTS_PER_HOUR", "REQUESTS_PER_DAY", "VOTES_PER_HOUR"), 10**6)
EACH = settings().max_examples // 10  # times a form is filled in
REQUESTS = "admin:requests_app_advisorrequest"
QUERIES = {
    "specialties:list": ["advisor", "answers"],
    "specialties:compare": ["s"],
    "specialties:search": ["q", "specialty", "stage"],
    "requests:create": ["advisor"],
    "specialties:feedback": ["sent"],
    "report": ["since", "until", "specialty", "publishable", "download"],
    "needs_work": ["q", "specialty", "kind", "page"],
    "admin:autocomplete": ["app_label", "model_name", "field_name", "term", "page"],
    "admin:search": ["s"],
    "admin:specialties_specialty_preview": ["page"],
    "admin:specialties_specialty_history": ["page"],
    "admin:specialties_specialty_deleted": ["page"],
    "admin:specialties_specialty_spreadsheet": ["download"],
    "admin:specialties_specialty_changelist": ["q", "p", "o", "e", "all", "review", "is_published__exact"],
    "admin:specialties_proposal_changelist": ["q", "p", "o", "state__exact", "specialty__id__exact", "source__exact"],
    "admin:specialties_feedback_changelist": ["q", "state__exact", "is_helpful__exact", "_facets"],
    "admin:specialties_advisor_changelist": ["q", "specialties__id__exact", "accepts_requests__exact", "_to_field"],
    f"{REQUESTS}_changelist": ["q", "queue", "older_than", "advisor__id__exact", "status__in", "p"],
    "admin:requests_app_outgoingemail_changelist": ["q", "failed", "kind__exact", "o"],
    "admin:specialties_advisor_add": ["specialties", "stand_in", "_popup"],
    "admin:auth_user_changelist": ["q", "groups__id__exact", "is_staff__exact"],
    "admin:accounts_auditentry_changelist": ["q", "what__exact", "at__year", "at__month", "at__day", "at__gte"],
    "account_login": ["next"],
    "account_reauthenticate": ["next"],
    "openid_connect_callback": ["code", "state", "error", "error_description"],
}


@pytest.fixture(scope="module")
def provider():
    with Provider() as provider:
        yield provider


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker, provider):
    """One for all tests, each of which leaves it as it was; with few questions, as guides are rendered often."""
    of_the_school = oidc(issuer=provider.address, name="Example account", client_id=CLIENT, secret=SECRET)
    of_the_school["APPS"][0]["provider_id"] = "school"
    changed = {
        "SOCIALACCOUNT_PROVIDERS": {"openid_connect": of_the_school},
        "SESSION_ENGINE": "django.contrib.sessions.backends.signed_cookies",
    }
    with django_db_blocker.unblock(), override_settings(**changed, **LIMITS), transaction.atomic():
        Question.objects.all().delete()
        world = World()
        world.write_history()
        yield world
        transaction.set_rollback(True)


def encoded(fields):
    """Encode a form as a browser does, and what no browser would."""
    pairs = ((name, each) for name, value in fields.items() for each in (value if isinstance(value, list) else [value]))
    return "&".join(f"{name}={quote_plus(str(each).encode('utf-8', 'surrogatepass'))}" for name, each in pairs)


def changed(fields, values, start):
    """Put values into the fields, beginning with the one at `start`; None takes the field away."""
    names = sorted(fields.keys() - {"csrfmiddlewaretoken"})
    for number, value in enumerate(values):
        fields = fields | {names[(start + number * 7) % len(names)]: value}
    return {name: value for name, value in fields.items() if value is not None}


def form_at(clients, address):
    """Return who of these fills in a form at an address, and the form: the first one to whom its page opens."""
    for visitor, client in clients.items():
        page = client.get(address)
        if page.status_code == 200:
            return visitor, Controls(b"" if page.streaming else page.content)
    return next(iter(clients)), Controls(b"")  # there is none to open: it takes what is sent


@pytest.fixture(scope="module")
def clients(world):
    """A browser of everybody for whom other forms open: with an app and without, half in, a stranger."""
    clients = {visitor: Client(headers=ORIGIN) for visitor in ("S", "r", "half in", "n")}
    for visitor in ("S", "r"):
        sign_in(clients[visitor], world.users[visitor])
    set_up_second_factor(world.users["S"])
    clients["half in"].post(reverse("account_login"), {"login": world.users["S"].username, "password": PASSWORD})
    return clients


@pytest.mark.parametrize("name", EVERYWHERE)
def test_form_answers_whatever_is_sent(world, clients, name):
    address, is_action = world.address(name), " " in name
    visitor, controls = ("S", Controls(b"")) if is_action else form_at(clients, address)
    client, sent = clients[visitor], world.sent(name, controls, world.users.get(visitor))
    buttons = [*controls.buttons.items()] or [("nobody_presses", "")]

    @settings(max_examples=EACH if sent.keys() - ON_MANY_PAGES else 1)
    @given(CHANGES, st.integers(0, 99), st.sampled_from(buttons))
    def send(values, start, button):
        fields = changed(sent | {"nobody_asks": ""} | dict([button]), values, start)
        with writing(), still_signed_in(client):
            response = client.post(address, encoded(fields), content_type=FORM)
        assert response.status_code in ANSWERS

    send()
    for field, file in product(controls.files, FILES.items()):
        with writing(), still_signed_in(client):
            response = client.post(address, controls.values | {field: SimpleUploadedFile(*file)})
        assert response.status_code in ANSWERS, file


def test_key_that_nobody_was_offered_is_no_error_of_ours(world):
    client = Client()
    client.force_login(world.users["S"])
    posts = [(name, {"action": name.partition(" ")[2], "post": "yes"}) for name in table() if " " in name]
    posts += [(f"admin:specialties_{name}_add", {"short_answer": "Yes"}) for name in ("proposal", "question")]
    for (name, fields), key in product(posts, ["9" * 30, "1e999"]):
        fields = fields | dict.fromkeys(("_selected_action", "specialty", "question", "stage"), key)
        with writing():
            assert client.post(world.address(name), fields).status_code in ANSWERS, (name, key)


@pytest.mark.parametrize(("name", "field"), [("needs_work", "specialty"), (f"{REQUESTS}_changelist", "status__in")])
def test_text_that_postgresql_cannot_hold_is_no_error_of_ours(world, name, field):
    client = Client()
    client.force_login(world.users["S"])
    assert client.get(world.address(name), {field: "\0"}).status_code in ANSWERS


@pytest.mark.parametrize("name", QUERIES)
def test_page_answers_whatever_is_asked(world, name):
    client, address = Client(), world.address(name)
    client.force_login(world.users["S"])

    @settings(max_examples=EACH)
    @given(CHANGES, st.integers(0, 9))
    def ask(values, start):
        query = encoded(changed(dict.fromkeys(QUERIES[name]), values, start))
        assert client.get(f"{address}?{query}").status_code in ANSWERS

    ask()


def test_body_of_any_kind_is_answered(world):
    client = Client(headers=ORIGIN)
    names = ["requests:create", "specialties:vote", "specialties:review", "requests:respond"]
    kinds = [FORM, f"{FORM}; charset=nonsense", "multipart/form-data; boundary=x", "application/json", ""]
    bodies = [b"", b"\xff\xfe", b"%", b"=&=&", b"a" * 90_000, b"&" * 2_000, b"--x\r\n\r\n"]
    for name, kind, body in product(names, kinds, bodies):
        response = client.generic("POST", world.address(name), body, content_type=kind)
        assert response.status_code in ANSWERS
