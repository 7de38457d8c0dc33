"""Random and hostile input to every form and every query: answered, never with an error of our own."""

from itertools import product
from urllib.parse import quote_plus
from zlib import crc32

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import get_resolver, reverse
from hypothesis import Phase, given, seed, settings
from hypothesis import strategies as st

from advising.accounts.providers import oidc
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
EACH = 3  # times a form is filled in
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
    "admin:requests_app_advisorrequest_changelist": [
        "q",
        "queue",
        "older_than",
        "advisor__id__exact",
        "status__in",
        "p",
    ],
    "admin:requests_app_outgoingemail_changelist": ["q", "failed", "kind__exact", "o"],
    "admin:specialties_advisor_add": ["specialties", "stand_in", "_popup"],
    "admin:auth_user_changelist": ["q", "groups__id__exact", "is_staff__exact"],
    "admin:accounts_auditentry_changelist": ["q", "what__exact", "at__year", "at__month", "at__day", "at__gte"],
    "account_reauthenticate": ["next"],
    "openid_connect_callback": ["code", "state", "error", "error_description"],
}


@pytest.fixture(scope="module")
def provider():
    with Provider() as provider:
        yield provider


@pytest.fixture
def world(questions, settings, provider):
    of_the_school = oidc(issuer=provider.address, name="Example account", client_id=CLIENT, secret=SECRET)
    of_the_school["APPS"][0]["provider_id"] = "school"
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": of_the_school}
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    world = World()
    world.write_history()
    return world


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


def filled_in(name):
    """Let a form be filled in a few times: always in the same ways, and another in other ones."""
    few = settings(max_examples=EACH, deadline=None, database=None, phases=[Phase.generate])
    return lambda test: seed(crc32(name.encode()))(few(test))


def everywhere(world):
    """Return the names of all addresses and actions, as of a form that is added later, too."""
    return [*names(get_resolver().url_patterns), *actions(world.users["S"])]


def form_at(clients, world, name):
    """Return who of these fills in a form at an address, and the form: the first one to whom its page opens."""
    for visitor, client in clients.items():
        page = client.get(world.address(name)) if " " not in name else None
        if page and page.status_code == 200:
            return visitor, Controls(b"" if page.streaming else page.content)
    return next(iter(clients)), Controls(b"")  # there is none to open: it takes what is sent


def try_form(world, clients, name):
    visitor, controls = form_at(clients, world, name)
    client, sent = clients[visitor], world.sent(name, controls, world.users.get(visitor)) | {"nobody_asks": ""}
    buttons = [*controls.buttons.items()] or [("nobody_presses", "")]

    @filled_in(name)
    @given(CHANGES, st.integers(0, 99), st.sampled_from(buttons))
    def send(values, start, button):
        fields = changed(sent | dict([button]), values, start)
        with writing(), still_signed_in(client):
            response = client.post(world.address(name), encoded(fields), content_type=FORM)
        assert response.status_code in ANSWERS, name

    send()
    for field, file in product(controls.files, FILES.items()):
        with writing(), still_signed_in(client):
            response = client.post(world.address(name), controls.values | {field: SimpleUploadedFile(*file)})
        assert response.status_code in ANSWERS, (name, file)


def people(world):
    """Return a browser of everybody for whom other forms open: with an app and without, half in, a stranger."""
    clients = {visitor: Client(headers=ORIGIN) for visitor in ("S", "r", "half in", "n")}
    for visitor in ("S", "r"):
        sign_in(clients[visitor], world.users[visitor])
    set_up_second_factor(world.users["S"])
    clients["half in"].post(reverse("account_login"), {"login": world.users["S"].username, "password": PASSWORD})
    return clients


PARTS = {"guides": "admin:specialties_", "other pages of staff": "admin:", "pages of all": ""}


@pytest.mark.parametrize("part", PARTS)
def test_every_form_answers_whatever_is_sent(world, settings, part):
    settings.REQUESTS_PER_HOUR = settings.REQUESTS_PER_DAY = settings.VOTES_PER_HOUR = 10_000
    clients = people(world)
    for name in everywhere(world):
        if next(part for part, start in PARTS.items() if name.startswith(start)) == part:
            try_form(world, clients, name)


def test_key_that_nobody_was_offered_is_no_error_of_ours(world):
    client = Client()
    client.force_login(world.users["S"])
    posts = [(name, {"action": name.partition(" ")[2], "post": "yes"}) for name in table() if " " in name]
    posts += [(f"admin:specialties_{name}_add", {"short_answer": "Yes"}) for name in ("proposal", "question")]
    for (name, fields), key in product(posts, ["9" * 30, "1e999"]):
        fields = fields | dict.fromkeys(("_selected_action", "specialty", "question", "stage"), key)
        with writing():
            assert client.post(world.address(name), fields).status_code in ANSWERS, (name, key)


def try_query(world, client, name):
    @filled_in(name)
    @given(CHANGES, st.integers(0, 9))
    def ask(values, start):
        query = encoded(changed(dict.fromkeys(QUERIES[name]), values, start))
        assert client.get(f"{world.address(name)}?{query}").status_code in ANSWERS, name

    ask()


def test_pages_answer_whatever_is_asked(world):
    client = Client()
    client.force_login(world.users["S"])
    for name in QUERIES:
        try_query(world, client, name)


def test_body_of_any_kind_is_answered(world):
    client = Client(headers=ORIGIN)
    names = ["requests:create", "specialties:vote", "specialties:review", "requests:respond"]
    kinds = [FORM, f"{FORM}; charset=nonsense", "multipart/form-data; boundary=x", "application/json", ""]
    bodies = [b"", b"\xff\xfe", b"%", b"=&=&", b"a" * 90_000, b"&" * 2_000, b"--x\r\n\r\n"]
    for name, kind, body in product(names, kinds, bodies):
        response = client.generic("POST", world.address(name), body, content_type=kind)
        assert response.status_code in ANSWERS
