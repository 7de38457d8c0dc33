import re
import secrets
import uuid
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.db.models import Q, Value
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone

from specialties.models import Advisor, Specialty

from . import emails
from .dates import add_working_days
from .validators import letters_of_an_address, no_control_characters, no_reordering, no_web_address, single_line

READABLE = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # no 0 and O, no 1, I and L


class Status(models.TextChoices):
    WAITING = "waiting", "Waiting for the office"
    ACCEPTED = "accepted", "With an advisor"
    CLOSED = "closed", "Closed"


NEXT_STATUS = {
    Status.WAITING: {Status.ACCEPTED, Status.CLOSED},
    Status.ACCEPTED: {Status.ACCEPTED, Status.CLOSED},
    Status.CLOSED: set(),
}
OPEN_STATUSES = [status for status, following in NEXT_STATUS.items() if following]


class ClassYear(models.TextChoices):
    M1 = "m1", "M1"
    M2 = "m2", "M2"
    M3 = "m3", "M3"
    M4 = "m4", "M4"
    OTHER = "other", "Other"


class Topic(models.TextChoices):
    CHOOSING = "choosing", "Choosing a specialty"
    SHADOWING = "shadowing", "Shadowing"
    RESEARCH = "research", "Research"
    ELECTIVES = "electives", "Electives"
    AWAYS = "aways", "Away rotations"
    LETTERS = "letters", "Letters"
    APPLICATION = "application", "Application"
    OTHER = "other", "Something else"


class AlreadyOpen(Exception):
    """The address has an open request for this specialty: `advisor_request`, which the asker may not see."""

    def __init__(self, advisor_request):
        super().__init__(advisor_request.pk)
        self.advisor_request = advisor_request


class IllegalMove(Exception):
    """The status of a request does not allow this step (any more). The text can be shown to whoever took it."""


class AdvisorRequestQuerySet(models.QuerySet):
    def open(self):
        return self.filter(status__in=OPEN_STATUSES)

    def with_token(self, token):
        """The one request a student's link names; a token that was tampered with names none."""
        return self.filter(token=token) if token.isascii() and token.isprintable() else self.none()

    def waiting(self):
        return self.filter(status=Status.WAITING)

    def from_address(self, email):
        """Those of one address, capitals or not: asked with the function the constraint below is kept with."""
        return self.alias(address=Lower("email")).filter(address=Lower(Value(email)))

    def with_people(self):
        return self.select_related("specialty", "advisor", "preferred_advisor")

    def submit(self, **fields):
        """Store what a student asks, with its first event and its e-mails, all or nothing; return the request.

        Sent twice with the same submission_id it is one request, and the first is returned. Raises AlreadyOpen where
        the address has an open request for this specialty.
        """
        own = self.from_address(fields["email"]).filter(specialty=fields["specialty"])
        try:
            with transaction.atomic():
                return self._create(fields)
        except IntegrityError:
            if sent_before := own.filter(submission_id=fields["submission_id"]).first():
                return sent_before
            if earlier := own.open().first():
                raise AlreadyOpen(earlier) from None
            raise

    def draft(self, *, specialty, **fields):
        """Return an unsaved request with its reference and the day by which the office answers it."""
        advisor_request = self.model(specialty=specialty, reference=self._new_reference(specialty), **fields)
        received_on = timezone.localdate(advisor_request.created_at)
        advisor_request.respond_by = add_working_days(received_on, settings.OFFICE_DAYS)
        return advisor_request

    def _create(self, fields):
        advisor_request = self.draft(**fields)
        advisor_request.save(force_insert=True)
        advisor_request.events.create(kind=RequestEvent.Kind.SUBMITTED, new_status=Status.WAITING)
        emails.received(advisor_request)
        emails.received_for_office(advisor_request)
        return advisor_request

    def _new_reference(self, specialty):
        prefix = re.sub(r"[^A-Z0-9]", "", specialty.short_name.upper())[:6] or "SA"
        while True:
            reference = f"{prefix}-{''.join(secrets.choice(READABLE) for _ in range(5))}"
            if not self.filter(reference=reference).exists():
                return reference


def new_token():
    return secrets.token_urlsafe(24)


class AdvisorRequest(models.Model):
    reference = models.CharField(max_length=20, unique=True, editable=False)
    token = models.CharField(max_length=40, unique=True, editable=False, default=new_token)
    submission_id = models.UUIDField(unique=True, default=uuid.uuid4)
    specialty = models.ForeignKey(Specialty, models.PROTECT, related_name="requests")
    name = models.CharField(
        max_length=100, validators=[single_line, no_control_characters, no_reordering, no_web_address]
    )
    email = models.EmailField("e-mail", validators=[single_line, no_control_characters, letters_of_an_address])
    class_year = models.CharField("year", max_length=10, choices=ClassYear)
    topics = models.JSONField(default=list, blank=True)
    message = models.TextField(max_length=4000, validators=[no_control_characters, no_reordering])
    availability = models.TextField(
        "could meet", max_length=500, blank=True, validators=[no_control_characters, no_reordering]
    )
    preferred_advisor = models.ForeignKey(
        Advisor, models.PROTECT, null=True, blank=True, related_name="preferred_in_requests"
    )
    avoid_selection_committee = models.BooleanField("nobody on the residency selection committee", default=False)
    status = models.CharField(max_length=10, choices=Status, default=Status.WAITING, editable=False)
    advisor = models.ForeignKey(Advisor, models.PROTECT, null=True, blank=True, related_name="requests", editable=False)
    respond_by = models.DateField("promised by", null=True, editable=False)
    created_at = models.DateTimeField("received", default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects = AdvisorRequestQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                "specialty",
                condition=Q(status__in=["waiting", "accepted"]),
                name="one_open_request_per_address_and_specialty",
            ),
            models.CheckConstraint(condition=Q(status__in=["waiting", "accepted", "closed"]), name="known_status"),
            models.CheckConstraint(
                condition=~Q(status="accepted") | Q(advisor__isnull=False), name="accepted_request_has_advisor"
            ),
            models.CheckConstraint(
                condition=Q(status="closed") | Q(respond_by__isnull=False), name="open_request_has_date"
            ),
        ]

    def __str__(self):
        return self.reference

    def get_absolute_url(self):
        """The student's page: whoever has this address can read the request."""
        return reverse("requests:status", args=[self.token])

    @property
    def is_open(self):
        return self.status in OPEN_STATUSES

    @property
    def is_overdue(self):
        """Whether the office is late. Once an advisor has the request, the date is theirs."""
        return self.status == Status.WAITING and self.is_past_date

    @property
    def is_past_date(self):
        return self.is_open and self.respond_by < timezone.localdate()

    @property
    def topic_labels(self):
        return [Topic(topic).label for topic in self.topics]

    def assign(self, advisor, *, by, note=""):
        """Give this open request to an advisor, or to another than before. Raises IllegalMove."""
        respond_by = add_working_days(timezone.localdate(), settings.OFFICE_DAYS)
        with transaction.atomic():
            before = self._move(
                Status.ACCEPTED,
                kind=RequestEvent.Kind.ASSIGNED,
                by=by,
                note=note,
                advisor=advisor,
                respond_by=respond_by,
            )
            emails.assigned(self)
            emails.assigned_to_you(self)
            if before.advisor:
                emails.no_longer_yours(self, before.advisor)

    def close(self, reason, *, by):
        """End this open request and tell the student the reason. Raises IllegalMove."""
        with transaction.atomic():
            before = self._move(Status.CLOSED, kind=RequestEvent.Kind.CLOSED, by=by, note=reason, respond_by=None)
            emails.closed(self, reason)
            if before.advisor:
                emails.no_longer_yours(self, before.advisor)

    def send_link_again(self):
        """Mail the link to the request's own address, unless that was done within the hour."""
        an_hour_ago = timezone.now() - timedelta(hours=1)
        with transaction.atomic():
            AdvisorRequest.objects.select_for_update().get(pk=self.pk)
            if not self.emails.filter(kind="already_open", created_at__gte=an_hour_ago).exists():
                emails.already_open(self)

    def _move(self, status, *, kind, by, note="", **changes):
        """Write status, changes and event together, with the row locked; return the row as it was before."""
        before = AdvisorRequest.objects.select_for_update(of=("self",)).select_related("advisor").get(pk=self.pk)
        if status not in NEXT_STATUS[before.status]:
            raise IllegalMove(f"{self.reference} is already {before.get_status_display().lower()}.")
        if status == before.status and changes.get("advisor") == before.advisor:
            raise IllegalMove(f"{self.reference} is with {before.advisor} already.")
        for field, value in {"status": status, **changes}.items():
            setattr(self, field, value)
        self.save(update_fields=["status", *changes, "updated_at"])
        _recount(before.advisor, self.advisor)
        self.events.create(
            kind=kind,
            old_status=before.status,
            new_status=status,
            actor=RequestEvent.Actor.STAFF,
            user=by,
            advisor=changes.get("advisor"),
            note=note,
        )
        return before


def _recount(*advisors):
    """Write down how many open requests advisors have; locked first, so that two steps at once count each other."""
    keys = {advisor.pk for advisor in advisors if advisor}
    for advisor in Advisor.objects.select_for_update().filter(pk__in=keys).order_by("pk"):
        Advisor.objects.filter(pk=advisor.pk).update(open_requests=advisor.requests.open().count())


class RequestEventQuerySet(models.QuerySet):
    def update(self, **values):
        raise TypeError("History is never changed.")

    def delete(self):
        raise TypeError("History is never deleted.")


class RequestEvent(models.Model):
    """One line of a request's history."""

    class Kind(models.TextChoices):
        SUBMITTED = "submitted", "Asked for an advisor"
        ASSIGNED = "assigned", "Assigned to an advisor"
        CLOSED = "closed", "Closed"

    class Actor(models.TextChoices):
        STUDENT = "student", "The student"
        STAFF = "staff", "The office"

    request = models.ForeignKey(AdvisorRequest, models.PROTECT, related_name="events")
    kind = models.CharField(max_length=20, choices=Kind)
    old_status = models.CharField(max_length=10, choices=Status, blank=True)
    new_status = models.CharField(max_length=10, choices=Status)
    actor = models.CharField(max_length=10, choices=Actor, default=Actor.STUDENT)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    advisor = models.ForeignKey(Advisor, models.PROTECT, null=True, blank=True, related_name="+")
    note = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = RequestEventQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(actor="staff", user__isnull=False) | (~Q(actor="staff") & Q(user=None)),
                name="staff_event_names_its_user",
            ),
        ]

    def __str__(self):
        return f"{self.request}: {self.get_kind_display()}"

    def save(self, *args, **kwargs):
        if not self._state.adding:
            raise TypeError("History is never changed.")
        super().save(*args, **kwargs)

    def delete(self, *args, **kwargs):
        raise TypeError("History is never deleted.")
