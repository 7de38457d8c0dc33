"""Students who send the form over HTTP, try again where no answer came, and write down each acknowledgement."""

import http.client
import random
import re
import threading
import time
import uuid
from collections import Counter
from itertools import count
from urllib.parse import urlencode

from .portal import HOST, WITH_ADVISOR, WITHOUT_ADVISOR

SUBMISSIONS = 200  # in each round
PATIENCE = 60  # seconds for one answer, and for one student until they give up
PAUSE = 0.1  # seconds before a student tries again
NO_ANSWER = (OSError, http.client.HTTPException)
numbers = count(1)


class Browser:
    """A connection to each machine; whoever stands before them sends a request to one that answers."""

    def __init__(self, portal):
        self.connections = [
            http.client.HTTPConnection("127.0.0.1", machine.port, timeout=PATIENCE) for machine in portal.machines
        ]
        self.token = "0" * 32
        self.token = self.get_token()

    def get_token(self):
        """Open a form, as everybody does first; its token serves for all that follow."""
        connection = self.connections[0]
        connection.request("GET", form_of(WITHOUT_ADVISOR), headers=self.headers("10.0.0.0"))
        response = connection.getresponse()
        response.read()
        return re.search(r"csrftoken=(\w+)", response.getheader("Set-Cookie"))[1]

    def post(self, path, fields, *, place="", machine=0):
        """Return status and the address of a redirect; 0 where no answer came."""
        connection = self.connections[machine % len(self.connections)]
        body = urlencode({"csrfmiddlewaretoken": self.token, **fields})
        try:
            connection.request("POST", path, body, self.headers(place or new_place()))
            response = connection.getresponse()
            response.read()
            return response.status, response.getheader("Location")
        except NO_ANSWER:
            connection.close()
            return 0, None

    def headers(self, place):
        return {
            "Host": HOST,
            "X-Forwarded-Proto": "https",
            "X-Forwarded-For": place,
            "Origin": f"https://{HOST}",
            "Cookie": f"csrftoken={self.token}",
            "Content-Type": "application/x-www-form-urlencoded",
        }


class Ledger:
    """What was acknowledged: the address a student wrote from, and the path of the page they were led to."""

    def __init__(self, name):
        self.name = name
        self.pages = {}
        self.statuses = Counter()  # of the answers; 0 where none came
        self.slowest = 0  # seconds until an answer came

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

    threads = [threading.Thread(target=called, args=[call]) for call in calls]
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
