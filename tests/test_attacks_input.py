"""Random and hostile input to every form and every query: answered, never with an error of our own."""

from itertools import product
from urllib.parse import quote_plus

import pytest
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.forms_of import Controls
from tests.test_attacks_rights import ORIGIN, World, table, writing

pytestmark = pytest.mark.django_db

FORM = "application/x-www-form-urlencoded"
ANSWERS = {200, 301, 302, 400, 403, 404, 405, 409, 413, 422, 429}
NUMBERS = ["-1", "0", "99", "9" * 30, str(2**31), str(2**63), "1e999", "NaN", "1.5", "0x10", "٣", "²", "True", "None"]
DAYS = ["0001-01-01", "9999-12-31", "2026-02-30", "31.12.2026", "2026-11-24T00:00:00+23:59", "0001-01-01T00:00+14:00"]
TEXTS = ["", " ", "\0", "\ud800", "\u202e", "\r\n", "\x1b[2J", "' OR 1=1 --", "<script>", "{{ 7 }}", "%s", "[]", "{}"]
PATHS = ["../../etc/passwd", "//evil.example", "javascript:alert(1)", "http://[::1", "a@b@c", "x" * 5000, "é" * 300]
HOSTILE = st.sampled_from([*NUMBERS, *DAYS, *TEXTS, *PATHS]) | st.text(st.characters(codec=None), max_size=40)
CHANGES = st.lists(HOSTILE | st.none() | st.lists(HOSTILE, max_size=3), min_size=1, max_size=6)
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
}


@pytest.fixture
def world(questions, settings):
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
    names = sorted(fields)
    for number, value in enumerate(values):
        fields = fields | {names[(start + number * 7) % len(names)]: value}
    return {name: value for name, value in fields.items() if value is not None}


def try_forms(world, client, user, names, examples):
    pages = {}

    @settings(max_examples=examples, deadline=None, derandomize=True, database=None)
    @given(st.sampled_from(names), CHANGES, st.integers(0, 99))
    def send(name, values, start):
        url = world.address(name)
        if name not in pages:
            page = client.get(url) if " " not in name else None
            pages[name] = Controls(page.content if page and page.status_code == 200 and not page.streaming else b"")
        fields = changed(world.sent(name, pages[name], user) | {"nobody_asks": ""}, values, start)
        with writing():
            assert client.post(url, encoded(fields), content_type=FORM).status_code in ANSWERS

    send()


def test_public_forms_answer_whatever_is_sent(world, settings):
    settings.REQUESTS_PER_HOUR = settings.REQUESTS_PER_DAY = settings.VOTES_PER_HOUR = 10_000
    names = [name for name, (_, changing) in table().items() if "n" in changing]
    try_forms(world, Client(headers=ORIGIN), None, names, 50)


def test_forms_of_staff_answer_whatever_is_sent(world):
    client = Client()
    client.force_login(world.users["S"])
    names = [name for name, (_, changing) in table().items() if "S" in changing and "n" not in changing]
    try_forms(world, client, world.users["S"], names, 60)


def test_key_that_nobody_was_offered_is_no_error_of_ours(world):
    client = Client()
    client.force_login(world.users["S"])
    posts = [(name, {"action": name.partition(" ")[2], "post": "yes"}) for name in table() if " " in name]
    posts += [(f"admin:specialties_{name}_add", {"short_answer": "Yes"}) for name in ("proposal", "question")]
    for (name, fields), key in product(posts, ["9" * 30, "1e999"]):
        fields = fields | dict.fromkeys(("_selected_action", "specialty", "question", "stage"), key)
        with writing():
            assert client.post(world.address(name), fields).status_code in ANSWERS, (name, key)


def test_pages_answer_whatever_is_asked(world):
    client = Client()
    client.force_login(world.users["S"])

    @settings(max_examples=50, deadline=None, derandomize=True, database=None)
    @given(st.sampled_from(list(QUERIES)), CHANGES, st.integers(0, 9))
    def ask(name, values, start):
        query = encoded(changed(dict.fromkeys(QUERIES[name]), values, start))
        assert client.get(f"{world.address(name)}?{query}").status_code in ANSWERS

    ask()


def test_body_of_any_kind_is_answered(world):
    client = Client(headers=ORIGIN)
    names = ["requests:create", "specialties:vote", "specialties:review", "requests:respond"]
    kinds = [FORM, f"{FORM}; charset=nonsense", "multipart/form-data; boundary=x", "application/json", ""]
    bodies = [b"", b"\xff\xfe", b"%", b"=&=&", b"a" * 90_000, b"&" * 2_000, b"--x\r\n\r\n"]
    for name, kind, body in product(names, kinds, bodies):
        response = client.generic("POST", world.address(name), body, content_type=kind)
        assert response.status_code in ANSWERS
