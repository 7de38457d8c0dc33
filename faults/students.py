"""Students who send the form over HTTP, try again where no answer came, and write down each acknowledgement."""

import http.client
import random
import re
import threading
import time
import uuid
from collections import Counter
from contextlib import closing
from itertools import count, cycle
from urllib.parse import urlencode

from .portal import HOST, WITH_ADVISOR, WITHOUT_ADVISOR, wait_until

SUBMISSIONS = 200  # in each round
PATIENCE = 60  # seconds for one answer, and for one student until they give up
PAUSE = 0.1  # seconds before a student tries again
NO_ANSWER = (OSError, http.client.HTTPException)
numbers = count(1)


class Browser:
    """What a student sends goes to one of the machines, as by whoever stands before them."""

    def __init__(self, portal):
        self.ports = [machine.port for machine in portal.machines]
        self.cookies = {}
        self.open_form()

    def open_form(self):
        """Do so, as everybody does first, for the token that every form sends back; one serves for all that follow."""
        machines = cycle(range(len(self.ports)))
        wait_until(lambda: self.takes_token_from(next(machines)), "a form opens")

    def takes_token_from(self, machine):
        _, headers = self.ask("GET", form_of(WITHOUT_ADVISOR), machine=machine)
        if token := re.search(r"csrftoken=(\w+)", headers.get("Set-Cookie", "")):
            self.cookies["csrftoken"] = token[1]
        return bool(token)

    def post(self, path, fields, **options):
        """Return status and the address of a redirect; 0 where no answer came."""
        form = urlencode({"csrfmiddlewaretoken": self.cookies["csrftoken"], **fields})
        status, headers = self.ask("POST", path, form, **options)
        return status, headers.get("Location")

    def ask(self, method, path, form=None, *, place="", machine=0):
        """Return status and headers of the answer; 0 and none, after a pause, where none came."""
        connection = http.client.HTTPConnection("127.0.0.1", self.ports[machine % len(self.ports)], timeout=PATIENCE)
        headers = {
            "Host": HOST,
            "X-Forwarded-Proto": "https",
            "X-Forwarded-For": place or new_place(),
            "Origin": f"https://{HOST}",
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        try:
            with closing(connection):
                connection.request(method, path, form, headers)
                response = connection.getresponse()
                response.read()
                return response.status, response.headers
        except NO_ANSWER:
            time.sleep(PAUSE)
            return 0, {}


class Ledger:
    """What was acknowledged: the address a student wrote from, and the path of the page they were led to."""

    def __init__(self, name):
        self.name = name
        self.pages = {}
        self.statuses = Counter()  # of the answers; 0 where none came
        self.slowest = 0  # seconds until an answer came
        self.gave_up = 0

    def __len__(self):
        return len(self.pages)

    @property
    def refused(self):
        return self.statuses.total() - self.statuses[302]

    def form(self, email=""):
        return {
            "name": "A student",
            "email": email or f"{self.name}-{next(numbers)}@{HOST}",
            "class_year": "m3",
            "message": "Could we talk?",
            "submission_id": str(uuid.uuid4()),
        }

    def submit(self, browser, specialty, email=""):
        """Send one form until it is acknowledged; give up after a while, and write nothing down."""
        fields = self.form(email)
        deadline = time.monotonic() + PATIENCE
        machine = random.randrange(2)
        while time.monotonic() < deadline:
            if page := self.send(browser, form_of(specialty), fields, machine=machine):
                return page
            machine += 1
            time.sleep(PAUSE)
        self.gave_up += 1
        return None

    def send(self, browser, path, fields, **options):
        """Send a form once; write down and return the page it led to, None where it was not acknowledged."""
        start = time.monotonic()
        status, page = browser.post(path, fields, **options)
        self.slowest = max(self.slowest, time.monotonic() - start)
        self.statuses[status] += 1
        if status != 302:
            return None
        self.pages[fields["email"]] = page
        return page

    def load(self, portal, submissions, clients=4, meanwhile=None):
        """Let several clients send so many forms; one in four is for a specialty with an advisor."""
        left = iter(range(submissions))
        lock, failed = threading.Lock(), threading.Event()

        def client():
            browser = Browser(portal)
            while not failed.is_set():
                with lock:
                    number = next(left, None)
                if number is None:
                    return
                self.submit(browser, WITHOUT_ADVISOR if number % 4 else WITH_ADVISOR)

        def accompany():
            try:
                meanwhile()
            except BaseException:
                failed.set()
                raise

        together([client] * clients + ([accompany] if meanwhile else []))


def together(calls):
    """Call each in a thread of its own, at once; return when all are done, and raise what one of them raised."""
    errors = []

    def called(call):
        try:
            call()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=called, args=[call], daemon=True) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def form_of(specialty):
    return f"/specialties/{specialty}/request/"


def new_place():
    """Return a network address nobody wrote from yet."""
    number = next(numbers)
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
