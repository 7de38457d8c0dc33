import logging
import signal
import threading

import django.db
from django.conf import settings
from django.core.management.base import BaseCommand

from requests_app.deadlines import take_due_steps
from requests_app.outbox import OutgoingEmail, send_due
from requests_app.retention import Leftovers
from specialties.upkeep import Links

logger = logging.getLogger(__name__)

PAUSE = 1  # seconds between two looks at an empty outbox
PAUSE_AFTER_ERROR = 5


class Command(BaseCommand):
    help = (
        "The worker: takes the steps and sends the e-mail that are due, looks after the links of guides, and erases "
        "what was kept long enough. Any number may run, and be killed at any point."
    )

    def add_arguments(self, parser):
        parser.add_argument("--once", action="store_true", help="make one pass and exit")

    def handle(self, once, **options):
        self.links, self.leftovers, self.resting = Links(), Leftovers(), {}
        self.may_send = settings.DEBUG or not settings.EMAIL_BACKEND.endswith("console.EmailBackend")
        if not self.may_send:
            # Printed, a private link would be in the log and its e-mail count as sent.
            logger.warning("EMAIL_URL is not set, so e-mails are kept: %s wait.", OutgoingEmail.objects.due().count())
        if once:
            self.work()
            return
        stop = event_of_being_stopped()
        logger.info("Worker started.")
        while not stop.wait(self.pass_once(stop)):
            pass

    def pass_once(self, stop):
        """Do what is due; return the seconds to wait before the next pass."""
        django.db.close_old_connections()
        django.db.reset_queries()
        try:
            self.work(keep_going=lambda: not stop.is_set())
        except django.db.Error:  # it comes back; so do we
            logger.exception("The database did not answer")
            return PAUSE_AFTER_ERROR
        except Exception:  # as a crash it would be written out with all it quotes
            logger.exception("A pass failed")
            return PAUSE_AFTER_ERROR
        return PAUSE

    def work(self, **options):
        if steps := take_due_steps(self.resting):
            logger.info("Took %s due steps.", steps)
        if self.may_send and (sent := send_due(**options)):
            logger.info("Sent %s.", sent)
        self.links.look_after()
        self.leftovers.clear()


def event_of_being_stopped():
    """Return an event that is set when the process is asked to stop."""
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *args: stop.set())
    return stop
