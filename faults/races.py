"""Two who want the same at once, at both machines."""

import random
import re
import signal
import time

from .comparison import RECEIVED, compare, wait_until_delivered
from .portal import WITH_ADVISOR, WITHOUT_ADVISOR
from .students import SUBMISSIONS, Browser, Ledger, form_of, new_place, together

PER_HOUR = 60  # from one place: what the portal takes if nobody changes it
SIGN_IN = """
from django.test import Client
browser = Client()
browser.force_login(User.objects.get(username="coordinator"))
print(browser.cookies["sessionid"].value)
"""
OFFERED = ["no_longer_yours", "offered", *RECEIVED, "withdrawn"]
WITHDRAWN = {
    "withdrawn": [
        (["offered", "submitted", "withdrawn"], OFFERED),
        (["accepted", "offered", "submitted", "withdrawn"], sorted(["accepted", "accepted_by_you", *OFFERED])),
    ]
}


def run(portal, mail):
    browsers = [Browser(portal) for _ in range(4)]
    yield double_submits(portal, mail, browsers)
    yield accept_and_withdraw(portal, mail, browsers)
    yield two_workers(portal, mail)
    yield as_one(portal, mail, browsers)


def double_submits(portal, mail, browsers):
    """Every form is sent to both machines at once: one request, and both lead to its page."""
    ledger, answers = Ledger("double"), []
    for _ in range(SUBMISSIONS):
        fields = ledger.form()
        pages = at_once(browsers[:2], lambda browser, machine, fields=fields: send(ledger, browser, machine, fields))
        answers.append(pages)
    row = compare("one form sent twice at once", portal, mail, ledger)
    row.doubled += sum(len(set(pages)) - 1 for pages in answers)
    return row


def send(ledger, browser, machine, fields, **options):
    return ledger.send(browser, form_of(WITHOUT_ADVISOR), fields, machine=machine, **options)


def accept_and_withdraw(portal, mail, browsers):
    """The advisor accepts twice while the student withdraws: once each, whoever is first."""
    ledger = Ledger("race")
    for _ in range(SUBMISSIONS):
        page = ledger.submit(browsers[0], WITH_ADVISOR)
        [[text]] = portal.rows(
            "SELECT text FROM requests_app_outgoingemail mail JOIN requests_app_advisorrequest asked "
            "ON asked.id = mail.request_id WHERE kind = 'offered' AND token = %s",
            page.split("/")[2],
        )
        link = re.search(r"/respond/\S+", text)[0]
        steps = [(f"{page}withdraw/", {}), (link, {"action": "accept"}), (link, {"action": "accept"})]
        random.shuffle(steps)
        at_once(browsers[:3], lambda browser, machine, steps=steps: browser.post(*steps[machine], machine=machine))
    row = compare("accept, accept and withdraw at once", portal, mail, ledger, whole=WITHDRAWN)
    [[left]] = portal.rows("SELECT open_requests FROM specialties_advisor WHERE slug = 'advisor'")
    [[running]] = portal.rows("SELECT count(*) FROM requests_app_offer WHERE state IN ('open', 'accepted')")
    if left != running:
        row.remarks.append(f"the advisor has {running} requests and {left} are counted")
    return row


def two_workers(portal, mail):
    """Both workers wake at the same moment, and find the same messages."""
    ledger, browser = Ledger("workers"), Browser(portal)
    for _ in range(SUBMISSIONS // 10):
        wait_until_delivered(portal)
        portal.signal_workers(signal.SIGSTOP)
        for _ in range(10):
            ledger.submit(browser, WITHOUT_ADVISOR)
        portal.signal_workers(signal.SIGCONT)
    return compare("two workers on one message", portal, mail, ledger)


def as_one(portal, mail, browsers):
    """As many are taken from one place as by one machine; who signs in at one is known to the other."""
    ledger, place = Ledger("limit"), new_place()
    wait_for_a_whole_minute()
    for _ in range(SUBMISSIONS // len(browsers)):
        at_once(browsers, lambda browser, machine: send(ledger, browser, machine, ledger.form(), place=place))
    row = compare("one limit, one session on two machines", portal, mail, ledger, answers=(302, 429))
    if len(ledger) != PER_HOUR:
        row.remarks.append(f"{len(ledger)} were taken, not {PER_HOUR}")
    if not is_one_session(portal, browsers[0]):
        row.remarks.append("a session of one machine is not one of the other")
    return row


def is_one_session(portal, browser):
    """Whether who signs in is known to the second machine, too, and unknown there after signing out at the first."""
    stranger = staff_page(browser)
    browser.cookies["sessionid"] = portal.shell(SIGN_IN).strip()
    known = staff_page(browser)
    browser.post("/accounts/logout/", {}, machine=0)
    return known != stranger == staff_page(browser)


def staff_page(browser):
    """Return status of, and whereto one is led from, an address for staff at the second machine."""
    status, headers = browser.ask("GET", "/admin/jsi18n/", machine=1)
    return status, headers.get("Location")


def wait_for_a_whole_minute():
    """Let no new hour, in which the limit begins anew, begin meanwhile."""
    while time.time() % 3600 > 3540:
        time.sleep(1)


def at_once(browsers, call):
    """Call with each browser and its number at the same time; return what came back."""
    results = {}
    calls = [
        lambda machine=machine, browser=browser: results.__setitem__(machine, call(browser, machine))
        for machine, browser in enumerate(browsers)
    ]
    together(calls)
    return [results[machine] for machine in range(len(browsers))]
