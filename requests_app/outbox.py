"""Outgoing e-mail: written in the transaction of the change it tells of, sent later by the worker.

Any number of workers may run. One message belongs to the worker whose UPDATE moved its attempt number; that number is
the fencing token, so a worker that was slow past its lease can no longer write what became of the message.
"""

import logging
import random
import uuid
from contextlib import suppress
from datetime import timedelta
from smtplib import SMTPRecipientsRefused

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import connection, models, transaction
from django.db.models import Q, Value
from django.db.models.functions import Replace
from django.utils import timezone

from specialties.private_pages import without_private_links

from .dates import retention_limit

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=10)  # longer than one SMTP conversation can take
FIRST_RETRY = timedelta(seconds=10)
LONGEST_RETRY = timedelta(hours=2)
GIVE_UP_AFTER = timedelta(hours=36)

CLAIM = """
    UPDATE requests_app_outgoingemail
    SET attempts = attempts + 1, next_try = %(lease_ends)s, last_error = ''
    WHERE id = (
        SELECT id FROM requests_app_outgoingemail
        WHERE sent_at IS NULL AND next_try <= %(now)s
        ORDER BY next_try LIMIT 1 {skip_locked}
    )
    RETURNING *
"""


class NotInTrouble(Exception):
    """There is nothing to send again or to dismiss. The text can be shown to staff."""


class OutgoingEmailQuerySet(models.QuerySet):
    def due(self):
        return self.filter(sent_at=None, next_try__lte=timezone.now())

    def failed(self):
        """Those nobody will try again by themselves, and somebody has to look at."""
        return self.filter(sent_at=None, next_try=None, dismissed_at=None)

    def redirect(self, old, new):
        """Let what has yet to be sent to a person, or asks to reply to them, name their present address."""
        for field in ("to", "reply_to") if old != settings.OFFICE_EMAIL else ():
            self.filter(sent_at=None, **{field: old}).update(**{field: new})

    def replace_in_unsent(self, old, new):
        """Put other words in place of these in what has yet to be sent."""
        words = {field: Replace(field, Value(old), Value(new)) for field in ("text", "html")}
        self.filter(sent_at=None).update(**words)

    def to_forget(self):
        """Those written long ago of which no request says how long they are kept."""
        without_request = Q(request=None) | Q(request__erased_at__isnull=False)
        return self.filter(without_request, created_at__lte=retention_limit()).exclude(next_try__isnull=False)

    def visible_to(self, user):
        """Those a member of staff may open: with the permission for it, those of requests they may know of."""
        if not user.has_perm("requests_app.view_outgoingemail"):
            return self.none()
        if user.has_perm("requests_app.see_every_request"):
            return self
        requests = OutgoingEmail.request.field.related_model.objects
        return self.filter(request__in=requests.visible_to(user).order_by())

    def in_trouble(self):
        """Those that failed or wait for another try, and that no worker is sending at this moment."""
        return self.filter(Q(next_try=None) | ~Q(last_error=""), sent_at=None)

    def claim(self):
        """Return one due message that now belongs to the caller for the time of the lease, or None.

        The error of the try before goes, so that nobody takes a message that is being sent for one in trouble.
        """
        now = timezone.now()
        times = {"now": now, "lease_ends": now + LEASE}
        times = {name: connection.ops.adapt_datetimefield_value(time) for name, time in times.items()}
        skip_locked = "FOR UPDATE SKIP LOCKED" if connection.features.has_select_for_update_skip_locked else ""
        return next(iter(self.raw(CLAIM.format(skip_locked=skip_locked), times)), None)


def give_up_time():
    return timezone.now() + GIVE_UP_AFTER


class OutgoingEmail(models.Model):
    class Kind(models.TextChoices):
        RECEIVED = "received", "Received, to the student"
        RECEIVED_FOR_OFFICE = "received_for_office", "Received, to the office"
        ALREADY_OPEN = "already_open", "Already open, to the student"
        OFFERED = "offered", "Offered, to the advisor"
        ASKED = "asked", "Somebody is asked, to the student"
        REMINDER = "reminder", "Reminder, to the advisor"
        ACCEPTED = "accepted", "Accepted, to the student"
        ACCEPTED_BY_YOU = "accepted_by_you", "Accepted, to the advisor"
        MOVED_ON = "moved_on", "Moved on, to the student"
        BACK_WITH_OFFICE = "back_with_office", "Back with the office"
        DID_YOU_MEET = "did_you_meet", "Did you meet, to the student"
        DID_YOU_MEET_YOUR_STUDENT = "did_you_meet_your_student", "Did you meet, to the advisor"
        HOW_WAS_IT = "how_was_it", "How was it, to the student"
        WITHDRAWN = "withdrawn", "Withdrawn, to the student"
        NO_LONGER_YOURS = "no_longer_yours", "No longer with them, to the advisor"
        CLOSED = "closed", "Closed, to the student"
        REVIEW_ASKED = "review_asked", "Review, to the department"
        REVIEW_REMINDER = "review_reminder", "Reminder of a review, to the department"
        REVIEW_UNANSWERED = "review_unanswered", "Review not answered, to the office"
        REVIEW_ENDED = "review_ended", "Result of a review, to the office"

    request = models.ForeignKey(
        "requests_app.AdvisorRequest", models.PROTECT, null=True, blank=True, related_name="emails"
    )
    kind = models.CharField(max_length=30, choices=Kind)
    to = models.EmailField()
    reply_to = models.EmailField(blank=True)
    subject = models.CharField(max_length=200)
    text = models.TextField()
    html = models.TextField()
    message_id = models.CharField(max_length=200, unique=True)
    created_at = models.DateTimeField("written", default=timezone.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try = models.DateTimeField(null=True, blank=True, default=timezone.now)
    give_up_at = models.DateTimeField(default=give_up_time)
    last_error = models.TextField(blank=True)
    sent_at = models.DateTimeField("sent", null=True, blank=True)
    dismissed_at = models.DateTimeField(null=True, editable=False)

    objects = OutgoingEmailQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = "outgoing e-mail"
        indexes = [
            # due(), asked by every worker every second, of a table that keeps all that was ever sent
            models.Index(fields=["next_try"], condition=Q(sent_at=None, next_try__isnull=False), name="due_email"),
            # failed(), asked by the menu of every staff page
            models.Index(fields=["request"], condition=Q(sent_at=None, next_try=None), name="failed_email"),
            # to_forget(), asked by every worker every hour; and the list of staff, newest first
            models.Index(fields=["-created_at", "-id"], name="email_by_age"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(sent_at=None) | Q(next_try=None), name="sent_email_is_not_tried_again"),
            models.CheckConstraint(
                condition=Q(dismissed_at=None) | Q(sent_at=None, next_try=None),
                name="dismissed_email_has_failed",
            ),
        ]

    def __str__(self):
        return self.subject

    @property
    def has_failed(self):
        return self.sent_at is None and self.next_try is None

    @property
    def needs_a_look(self):
        return self.has_failed and self.dismissed_at is None

    @property
    def is_in_trouble(self):
        return self.has_failed or (self.sent_at is None and self.last_error != "")

    @property
    def state(self):
        if self.sent_at:
            return "sent"
        if self.dismissed_at:
            return "dismissed"
        if self.is_in_trouble:
            return "failed" if self.has_failed else "trying again"
        return "being sent" if self.attempts else "waiting"

    def send(self, server):
        """Send this claimed message and write down what became of it; return whether it went out."""
        try:
            server.open()  # here, so that one connection serves a whole pass
            if server.send_messages([self.as_message()]) == 0:
                raise ValueError("The message has nobody to go to.")
        except Exception as error:  # whatever a mail server does is a reason to try again, never to stop
            logger.warning("E-mail %s did not go out at try %s: %s", self.pk, self.attempts, type(error).__name__)
            self._record(next_try=self._next_try_after(error), last_error=_in_words(error))
            return False
        self._record(sent_at=timezone.now(), next_try=None)
        return True

    def as_message(self):
        message = EmailMultiAlternatives(
            subject=self.subject,
            body=self.text,
            to=[self.to],
            reply_to=[self.reply_to] if self.reply_to else None,
            headers={"Message-ID": self.message_id, "Auto-Submitted": "auto-generated"},
        )
        message.attach_alternative(self.html, "text/html")
        return message

    def send_again(self):
        """Let the worker try anew, now. Raises NotInTrouble where it was sent, is being sent or has yet to be."""
        now_on = {"next_try": timezone.now(), "give_up_at": give_up_time(), "dismissed_at": None}
        if not OutgoingEmail.objects.in_trouble().filter(pk=self.pk).update(**now_on):
            raise NotInTrouble(f"{self} cannot be sent again: it is {self.state}.")

    def send_copy(self):
        """Send what was sent once more, as a message of its own. Raises NotInTrouble where that makes no sense."""
        if refusal := self.reason_against_copy:
            raise NotInTrouble(refusal)
        copied = {
            name: getattr(self, name) for name in ("request", "kind", "to", "reply_to", "subject", "text", "html")
        }
        domain = self.message_id.strip("<>").partition("@")[2]
        OutgoingEmail.objects.create(**copied, message_id=new_message_id(domain))

    @property
    def reason_against_copy(self):
        """Why it makes no sense to send it once more; "" where it does. A person's old address may be a stranger's."""
        if not self.sent_at or not self.request or self.request.erased_at:
            return f"{self} cannot be sent once more: it is {self.state}."
        advisors = self.request.offers.values_list("advisor__email", flat=True)
        if self.to not in {settings.OFFICE_EMAIL, self.request.email, *advisors}:
            return f"{self.to} is an old address, so nothing is sent there any more."
        if "/requests/" in self.text and self.request.get_absolute_url() not in self.text:
            return "The link in this e-mail is an old one. A newer e-mail has the right one."
        if self.request.emails.filter(kind=self.kind, to=self.to, sent_at=None).exists():
            return f"{self} is on its way to {self.to} already."
        return ""

    @transaction.atomic
    def dismiss(self, *, by):
        """Let a failed message rest, which the history then tells. Raises NotInTrouble where it did not fail."""
        if not OutgoingEmail.objects.failed().filter(pk=self.pk).update(dismissed_at=timezone.now()):
            raise NotInTrouble(f"{self} cannot be dismissed: it is {self.state}.")
        if self.request:
            self.request.add_note(f"E-mail to {self.to} could not be delivered, and was dismissed: {self}", by=by)

    def _record(self, **values):
        OutgoingEmail.objects.filter(pk=self.pk, attempts=self.attempts, sent_at=None).update(**values)

    def _next_try_after(self, error):
        doublings = min(self.attempts - 1, 20)
        pause = min(FIRST_RETRY * 2**doublings, LONGEST_RETRY) * random.uniform(0.75, 1.25)  # noqa: S311
        next_try = timezone.now() + pause
        return None if _is_final(error) or next_try > self.give_up_at else next_try


def new_message_id(domain):
    return f"<{uuid.uuid4()}@{domain}>"


def send_due(keep_going=lambda: True):
    """Send what is due, one message at a time, until nothing is; return how many went out."""
    sent = 0
    server = get_connection()
    while keep_going() and (message := OutgoingEmail.objects.claim()):
        if message.send(server):
            sent += 1
        else:
            _close(server)
    _close(server)
    return sent


def _is_final(error):
    """Whether the server refused the address itself, for good (RFC 5321, 4.2.1: codes of 500 and up)."""
    return isinstance(error, SMTPRecipientsRefused) and all(code >= 500 for code, _ in error.recipients.values())


def _in_words(error):
    """What a server answered; some quote the very link for which they take a message for spam."""
    return without_private_links(f"{type(error).__name__}: {error}")[:1000]


def _close(server):
    with suppress(Exception):  # a message that was sent stays sent, however the server says goodbye
        server.close()
