"""What pages have to be of to be true: the content's revision (see specialties/revision.py) and the hour.

Each process looks it up at most once a second. Where the database does not answer, the last one known counts.
"""

import threading
import time

from django.db import Error, connection
from django.utils import timezone

from specialties import revision

LOOK_EVERY = 1  # seconds
FRESH = 2  # seconds after it was last looked up
PATIENCE = 0.5  # seconds for somebody else's look at the database


class Edition:
    """What pages have to be of: the current one, as far as this process knows."""

    def __init__(self):
        self.current = None
        self.known_at = self.looked_at = float("-inf")  # as time.monotonic() counts
        self.edits, self.edits_seen = 0, 0
        self.lock, self.locked_at = threading.Lock(), None

    def look(self):
        """Return the current edition, and how many seconds ago it was known to be."""
        if self.is_due() and self.lock.acquire(timeout=self.patience()):
            self.locked_at = time.monotonic()
            try:
                if self.is_due():
                    self.look_up()
            finally:
                self.locked_at = None
                self.lock.release()
        return self.current, time.monotonic() - self.known_at

    def is_due(self):
        return self.edits != self.edits_seen or time.monotonic() - self.looked_at >= LOOK_EVERY

    def patience(self):
        """Return the seconds to wait for somebody else's look: none for one that has taken long already."""
        locked_at = self.locked_at
        return PATIENCE if locked_at is None else max(0, locked_at + PATIENCE - time.monotonic())

    def look_up(self):
        edits, began = self.edits, time.monotonic()
        try:
            number = revision_or_error()
            self.current = number and (number, timezone.localtime().strftime("%Y-%m-%d %H"))
            self.known_at = began
        except Error:
            pass  # the last one counts
        self.looked_at, self.edits_seen = time.monotonic(), edits

    def may_have_changed(self):
        """Let the next reader look, whenever the last one did."""
        self.edits += 1


def revision_or_error():
    """Return the content's revision; over a new connection where the old one broke."""
    was_connected = connection.connection is not None
    try:
        return revision.read()
    except Error:
        connection.close()
        if not was_connected:
            raise
    try:
        return revision.read()
    except Error:
        connection.close()
        raise
