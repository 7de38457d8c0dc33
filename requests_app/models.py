import re
import secrets
import uuid
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.db.models import Exists, OuterRef, Q, Value
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone

from specialties.models import Advisor, Specialty

from . import emails, routing
from .choices import OPEN_STATUSES, WITHOUT_ANSWER, ClassYear, CloseReason, Satisfaction, Source, Status, Topic
from .dates import add_working_days, retention_limit, working_days_between
from .events import RequestEvent, who
from .offers import Offer
from .outbox import OutgoingEmail
from .steps import Actor, IllegalMove, Kind, LimitReached, Steps
from .validators import letters_of_an_address, no_control_characters, no_reordering, no_web_address, single_line

__all__ = ["AdvisorRequest", "AlreadyOpen", "IllegalMove", "LimitReached", "Offer", "OutgoingEmail", "RequestEvent"]

READABLE = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # no 0 and O, no 1, I and L


class AlreadyOpen(Exception):
    """The address has an open request for this specialty: `advisor_request`, which the asker may not see."""

    def __init__(self, advisor_request):
        super().__init__(advisor_request.pk)
        self.advisor_request = advisor_request


def specialties_of(user):
    """The specialties whose requests a member of staff may know of: all for the office, a liaison's own."""
    if user.has_perm("requests_app.see_every_request"):
        return Specialty.objects.all()
    if user.has_perm("requests_app.view_advisorrequest"):
        return Specialty.objects.filter(liaisons__user=user)
    return Specialty.objects.none()


class AdvisorRequestQuerySet(models.QuerySet):
    def open(self):
        return self.filter(status__in=OPEN_STATUSES)

    def with_token(self, token):
        """The one request a student's link names; a token that was tampered with names none."""
        return self.filter(token=token) if token.isascii() and token.isprintable() else self.none()

    def visible_to(self, user):
        """Those a member of staff may know of: all for the office, those of their specialties for a liaison."""
        if user.has_perm("requests_app.see_every_request"):
            return self
        return self.filter(specialty__in=specialties_of(user))

    def waiting(self):
        return self.filter(status=Status.WAITING)

    def past_date(self):
        """Those whose next step is late, be it the office's or an advisor's."""
        return self.filter(respond_by__lt=timezone.localdate())

    def overdue(self):
        """Those the office is late with."""
        return self.waiting().past_date()

    def unmet(self):
        """Those an advisor has accepted and not met in time."""
        return self.filter(status=Status.ACCEPTED).past_date()

    def needing_the_office(self, user):
        """Those with something to do for the user: waiting, not met in time, or with a failed e-mail they may open."""
        requests = AdvisorRequest.objects.order_by()
        failed = OutgoingEmail.objects.visible_to(user).failed().order_by().exclude(request=None).values("request")
        # A union, because each part has an index of its own and their "or" has none.
        return self.filter(pk__in=requests.waiting().values("pk").union(requests.unmet().values("pk"), failed))

    def to_ask_about_meeting(self):
        return self.unmet().filter(asked_about_meeting_at=None).order_by("respond_by")  # as the index has them

    def to_erase(self):
        """Those that were over so long ago that nothing personal of them is kept any longer, oldest first."""
        limit = retention_limit()
        ended = RequestEvent.objects.filter(request=OuterRef("pk"), kind__in=RequestEvent.ENDS_A_REQUEST)
        old = self.filter(erased_at=None, created_at__lte=limit).order_by("created_at")
        return old.exclude(status__in=OPEN_STATUSES).exclude(Exists(ended.filter(created_at__gt=limit)))

    def from_address(self, email):
        """Those of one address, capitals or not: asked with the function the constraint below is kept with."""
        return self.alias(address=Lower("email")).filter(address=Lower(Value(email)))

    def with_people(self):
        return self.select_related("specialty", "advisor", "preferred_advisor")

    def submit(self, *, by=Actor.STUDENT, agreed=None, **fields):
        """Store what a student asks, with its first event and its e-mails, all or nothing; return the request.

        It is offered to the advisor routing finds, or assigned at once where `agreed` has the arguments for that. Sent
        twice with the same submission_id it is one request, and the first is returned. Raises AlreadyOpen where the
        address has an open request for this specialty, and LimitReached.
        """
        own = self.from_address(fields["email"]).filter(specialty=fields["specialty"])
        try:
            with transaction.atomic():
                return self._create(fields, by, agreed)
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

    def _create(self, fields, by, agreed):
        advisor_request = self.draft(**fields)
        advisor_request.save(force_insert=True)
        advisor_request.events.create(kind=Kind.SUBMITTED, new_status=Status.WAITING, **who(by))
        if agreed:
            advisor_request.assign(by=by, **agreed)
        else:
            advisor_request.ask(routing.first_advisor(advisor_request))
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


class AdvisorRequest(Steps, models.Model):
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
    respond_by = models.DateField("next step by", null=True, editable=False)
    asked_about_meeting_at = models.DateTimeField(null=True, editable=False)
    days_to_answer = models.PositiveSmallIntegerField("working days to first answer", null=True, editable=False)
    days_unanswered = models.PositiveSmallIntegerField("working days in vain", null=True, editable=False)
    met_on = models.DateField(null=True, editable=False)
    days_to_meeting = models.PositiveSmallIntegerField("working days to meeting", null=True, editable=False)
    close_reason = models.CharField(max_length=20, choices=CloseReason, blank=True, editable=False)
    source = models.CharField("came by", max_length=10, choices=Source, default=Source.FORM)
    satisfaction = models.PositiveSmallIntegerField(choices=Satisfaction, null=True, blank=True, editable=False)
    survey_comment = models.CharField("in the student's words", max_length=1000, blank=True, editable=False)
    created_at = models.DateTimeField("received", default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)
    erased_at = models.DateTimeField("personal data erased", null=True, editable=False)

    PERSONAL = [
        *("name", "email", "topics", "message", "availability", "preferred_advisor", "avoid_selection_committee"),
        *("survey_comment", "token", "submission_id"),
    ]

    objects = AdvisorRequestQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [
            # the staff list, newest first, however many years it holds
            models.Index(fields=["-created_at", "-id"], name="request_by_age"),
            # what is open or due: few rows of many, asked by the worker every second and by the menu on every page. Of
            # all rows, since SQLite does not see that a condition fits a question whose values come as parameters
            models.Index(fields=["status", "respond_by"], name="request_by_status_and_date"),
            # to_erase(), asked by every worker every second of a table that is erased long since for the most part
            models.Index(fields=["created_at"], condition=Q(erased_at=None), name="request_not_erased"),
        ]
        permissions = [("see_every_request", "Can see the requests of every specialty")]
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                "specialty",
                condition=Q(status__in=["waiting", "offered", "accepted"]),
                name="one_open_request_per_address_and_specialty",
            ),
            models.CheckConstraint(condition=Q(status__in=Status.values), name="known_status"),
            models.CheckConstraint(
                condition=~Q(status__in=["offered", "accepted", "met"]) | Q(advisor__isnull=False),
                name="accepted_request_has_advisor",
            ),
            models.CheckConstraint(condition=~Q(status="waiting") | Q(advisor=None), name="waiting_request_has_none"),
            models.CheckConstraint(
                condition=Q(status__in=["met", "withdrawn", "closed"]) | Q(respond_by__isnull=False),
                name="open_request_has_date",
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
    def is_unmet(self):
        return self.status == Status.ACCEPTED and self.is_past_date

    @property
    def running_offer(self):
        return self.offers.running().with_people().first()

    def working_days_until(self, day):
        """Return how many there are from the day it was received."""
        return working_days_between(timezone.localdate(self.created_at), day)

    def wait_ended_by(self, kind, close_reason):
        """Return which working days to write down where this step ends the student's wait: {field: days}, or {}.

        The student's view counts: an answer is that an advisor took the request or that the office closed it with one.
        Who declines or lets the date pass has answered for themselves, and the student still waits. Where the student
        gives up, or nothing was answered, the wait was in vain: it is kept, or the late would look better for it.
        """
        if self.days_to_answer is not None or kind not in RequestEvent.ENDS_A_WAIT:
            return {}
        is_answer = kind != Kind.WITHDRAWN and close_reason not in WITHOUT_ANSWER
        return {"days_to_answer" if is_answer else "days_unanswered": self.working_days_until(timezone.localdate())}

    @property
    def is_with_advisor(self):
        return self.status in (Status.OFFERED, Status.ACCEPTED)

    @property
    def wants_survey(self):
        """Whether we wait for how it went, as the e-mail after the meeting asks, also once the office has closed it."""
        return self.met_on is not None and self.satisfaction is None

    @property
    def is_past_date(self):
        return self.is_open and self.respond_by < timezone.localdate()

    @property
    def topic_labels(self):
        return [Topic(topic).label for topic in self.topics]

    def send_link_again(self):
        """Mail the link to the request's own address, unless that was done within the hour."""
        an_hour_ago = timezone.now() - timedelta(hours=1)
        with transaction.atomic():
            AdvisorRequest.objects.select_for_update().get(pk=self.pk)
            if not self.emails.filter(kind="already_open", created_at__gte=an_hour_ago).exists():
                emails.already_open(self)
