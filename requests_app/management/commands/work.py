import logging
import signal
import threading

from django.core.management.base import BaseCommand
from django.db import Error as DatabaseError
from django.db import close_old_connections, reset_queries

from requests_app.outbox import send_due

logger = logging.getLogger(__name__)

PAUSE = 1  # seconds between two looks at an empty outbox
PAUSE_AFTER_ERROR = 5


class Command(BaseCommand):
    help = "The worker: sends e-mail that is due. Any number may run; each may be killed at any point."

    def add_arguments(self, parser):
        parser.add_argument("--once", action="store_true", help="make one pass and exit")

    def handle(self, once, **options):
        if once:
            self.stdout.write(f"Sent {send_due()}.")
            return
        stop = threading.Event()
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, lambda *args: stop.set())
        self.stdout.write("Worker started.")
        while not stop.wait(self.pass_once(stop)):
            pass

    def pass_once(self, stop):
        """Do what is due; return the seconds to wait before the next pass."""
        close_old_connections()
        reset_queries()
        try:
            if sent := send_due(keep_going=lambda: not stop.is_set()):
                self.stdout.write(f"Sent {sent}.")
        except DatabaseError:  # it comes back; so do we
            logger.exception("The database did not answer")
            return PAUSE_AFTER_ERROR
        return PAUSE
