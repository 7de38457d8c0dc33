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
from .choices import NEXT_STATUS, OPEN_STATUSES, ClassYear, CloseReason, Satisfaction, Source, Status, Topic
from .dates import add_working_days
from .events import RequestEvent, who
from .offers import Offer
from .outbox import OutgoingEmail
from .validators import letters_of_an_address, no_control_characters, no_reordering, no_web_address, single_line

__all__ = ["AdvisorRequest", "AlreadyOpen", "IllegalMove", "Offer", "OutgoingEmail", "RequestEvent"]

READABLE = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # no 0 and O, no 1, I and L

Kind, Actor = RequestEvent.Kind, RequestEvent.Actor


class AlreadyOpen(Exception):
    """The address has an open request for this specialty: `advisor_request`, which the asker may not see."""

    def __init__(self, advisor_request):
        super().__init__(advisor_request.pk)
        self.advisor_request = advisor_request


class IllegalMove(Exception):
    """The status of a request does not allow this step (any more). The text can be shown to whoever took it."""


class LimitReached(IllegalMove):
    """The advisor has as many students as they want to have at once."""


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
        if user.has_perm("requests_app.view_advisorrequest"):
            return self.filter(specialty__in=Specialty.objects.filter(liaisons__user=user))
        return self.none()

    def waiting(self):
        return self.filter(status=Status.WAITING)

    def overdue(self):
        """Those whose next step is late: with the office, or accepted and not met."""
        late = self.filter(respond_by__lt=timezone.localdate())
        return late.filter(status__in=[Status.WAITING, Status.ACCEPTED])

    def needing_the_office(self):
        """Those the office has something to do for: waiting, overdue, or with mail that could not be delivered."""
        failed = OutgoingEmail.objects.failed().filter(request=OuterRef("pk"))
        wanted = Q(status=Status.WAITING) | Q(pk__in=self.overdue().values("pk")) | Exists(failed)
        return self.filter(wanted)

    def to_ask_about_meeting(self):
        late = self.filter(status=Status.ACCEPTED, respond_by__lt=timezone.localdate())
        return late.filter(asked_about_meeting_at=None)

    def from_address(self, email):
        """Those of one address, capitals or not: asked with the function the constraint below is kept with."""
        return self.alias(address=Lower("email")).filter(address=Lower(Value(email)))

    def with_people(self):
        return self.select_related("specialty", "advisor", "preferred_advisor")

    def submit(self, *, by=Actor.STUDENT, agreed_advisor=None, **fields):
        """Store what a student asks, with its first event and its e-mails, all or nothing; return the request.

        It is offered to the advisor routing finds, or is with `agreed_advisor` at once. Sent twice with the same
        submission_id it is one request, and the first is returned. Raises AlreadyOpen where the address has an open
        request for this specialty.
        """
        own = self.from_address(fields["email"]).filter(specialty=fields["specialty"])
        try:
            with transaction.atomic():
                return self._create(fields, by, agreed_advisor)
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

    def _create(self, fields, by, agreed_advisor):
        advisor_request = self.draft(**fields)
        advisor_request.save(force_insert=True)
        advisor_request.events.create(kind=Kind.SUBMITTED, new_status=Status.WAITING, **who(by))
        if agreed_advisor:
            advisor_request.assign(agreed_advisor, by=by)
        elif advisor := routing.first_advisor(advisor_request):
            advisor_request.offer(advisor, by=Actor.PORTAL)
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
    respond_by = models.DateField("next step by", null=True, editable=False)
    asked_about_meeting_at = models.DateTimeField(null=True, editable=False)
    met_on = models.DateField(null=True, editable=False)
    close_reason = models.CharField(max_length=20, choices=CloseReason, blank=True, editable=False)
    source = models.CharField("came by", max_length=10, choices=Source, default=Source.FORM)
    satisfaction = models.PositiveSmallIntegerField(choices=Satisfaction, null=True, blank=True, editable=False)
    survey_comment = models.CharField("in the student's words", max_length=1000, blank=True, editable=False)
    created_at = models.DateTimeField("received", default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects = AdvisorRequestQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
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
    def running_offer(self):
        return self.offers.running().with_people().first()

    @property
    def is_with_advisor(self):
        return self.status in (Status.OFFERED, Status.ACCEPTED)

    @property
    def wants_survey(self):
        return self.status == Status.MET and self.satisfaction is None

    @property
    def is_past_date(self):
        return self.is_open and self.respond_by < timezone.localdate()

    @property
    def topic_labels(self):
        return [Topic(topic).label for topic in self.topics]

    @transaction.atomic
    def offer(self, advisor, *, by, note="", quietly=False):
        """Ask an advisor to take this request, until a date, in place of whoever was asked before."""
        due = working_days_from_now(settings.OFFER_DAYS)
        before = self._move(Status.OFFERED, Kind.OFFERED, by=by, note=note, advisor=advisor, respond_by=due)
        self._end_offer(Offer.State.TAKEN_BACK)
        half_way = working_days_from_now(max(settings.OFFER_DAYS // 2, 1))
        offer = self.offers.create(advisor=advisor, due=due, remind_on=half_way)
        if before.advisor:
            emails.no_longer_yours(self, before.advisor)
        if not quietly:
            emails.offered(offer)

    @transaction.atomic
    def accept(self, *, by, despite_limit=False):
        """Take the request, or for the office: on behalf of the advisor it is offered to. Raises LimitReached too."""
        before = self._locked()
        self._check_turn(before, by)
        if before.status == Status.OFFERED and not despite_limit:
            _check_limit(before.advisor)
        meet_by = working_days_from_now(settings.MEETING_DAYS)
        self._move(Status.ACCEPTED, Kind.ACCEPTED, by=by, advisor=before.advisor, respond_by=meet_by)
        self.offers.open().update(state=Offer.State.ACCEPTED, changed_at=timezone.now())
        emails.accepted(self)
        emails.accepted_by_you(self.running_offer)

    @transaction.atomic
    def assign(self, advisor, *, by, note="", despite_limit=True):
        """Give a request to an advisor without asking: what the office arranged by other means."""
        if not (self.status == Status.OFFERED and self.advisor == advisor):
            self.offer(advisor, by=by, note=note, quietly=True)
        self.accept(by=by, despite_limit=despite_limit)

    @transaction.atomic
    def decline(self, *, by, note=""):
        before = self._locked()
        self._check_turn(before, by)
        self._back_to_waiting(Status.OFFERED, Kind.DECLINED, by=by, note=note)
        self._end_offer(Offer.State.DECLINED)
        self._pass_on(before.advisor)

    @transaction.atomic
    def expire(self):
        """Take an offer back that was not answered in time, and ask the next advisor, or leave it to the office."""
        before = self._locked()
        if not self.offers.past_due().exists():
            raise IllegalMove(f"The offer of {self.reference} is still open.")
        self._back_to_waiting(Status.OFFERED, Kind.EXPIRED, by=Actor.PORTAL)
        self._end_offer(Offer.State.EXPIRED)
        emails.no_longer_yours(self, before.advisor)
        self._pass_on(before.advisor)

    @transaction.atomic
    def hand_back(self, *, by, note=""):
        before = self._locked()
        self._check_turn(before, by)
        self._back_to_waiting(Status.ACCEPTED, Kind.HANDED_BACK, by=by, note=note)
        self._end_offer(Offer.State.HANDED_BACK)
        emails.moved_on(self, before.advisor)
        emails.back_with_office(self, before.advisor)

    @transaction.atomic
    def meet(self, *, by):
        """Record that they met, and ask the student how it went."""
        before = self._locked()
        self._check_turn(before, by)
        today = timezone.localdate()
        self._move(Status.MET, Kind.MET, by=by, advisor=before.advisor, respond_by=None, met_on=today)
        self._end_offer(Offer.State.MET)
        emails.how_was_it(self)

    @transaction.atomic
    def withdraw(self):
        before = self._move(Status.WITHDRAWN, Kind.WITHDRAWN, by=Actor.STUDENT, respond_by=None)
        self._end_offer(Offer.State.TAKEN_BACK)
        emails.withdrawn(self)
        if before.advisor:
            emails.no_longer_yours(self, before.advisor)

    @transaction.atomic
    def close(self, words, *, by, reason=CloseReason.OTHER):
        """End this request and tell the student why in these words."""
        changes = {"respond_by": None, "close_reason": reason}
        before = self._move(Status.CLOSED, Kind.CLOSED, by=by, note=words, **changes)
        self._end_offer(Offer.State.TAKEN_BACK)
        emails.closed(self, words)
        if before.is_with_advisor:
            emails.no_longer_yours(self, before.advisor)

    @transaction.atomic
    def add_note(self, text, *, by):
        self._locked()
        self._record(Kind.NOTED, by=by, note=text)

    @transaction.atomic
    def answer_survey(self, satisfaction, comment=""):
        """Keep how the student found it, once. Raises IllegalMove before they met and after it was answered."""
        if not self._locked().wants_survey:
            raise IllegalMove("Thank you, we have your answer already.")
        self.satisfaction, self.survey_comment = satisfaction, comment
        self.save(update_fields=["satisfaction", "survey_comment", "updated_at"])
        self._record(Kind.SURVEYED, by=Actor.STUDENT)

    @transaction.atomic
    def remind(self, *, by):
        """Remind the advisor of the offer they have not answered. Raises IllegalMove where there is none."""
        before = self._locked()
        offer = self.offers.open().with_people().first()
        if not offer:
            raise IllegalMove(f"{self.reference} waits for no advisor.")
        self.offers.open().update(reminded_at=timezone.now())
        self._record(Kind.REMINDED, by=by, advisor=before.advisor)
        emails.reminder(offer)

    @transaction.atomic
    def remind_in_time(self):
        """Remind the advisor half-way to the date, once. Raises IllegalMove where that is done or not due."""
        self._locked()
        if not self.offers.to_remind().exists():
            raise IllegalMove(f"{self.reference} needs no reminder now.")
        self.remind(by=Actor.PORTAL)

    @transaction.atomic
    def ask_about_meeting(self):
        """Ask both sides, once, whether they met. Raises IllegalMove where that is not the question."""
        if not AdvisorRequest.objects.to_ask_about_meeting().filter(pk=self._locked().pk).exists():
            raise IllegalMove(f"{self.reference} needs no such question.")
        self.asked_about_meeting_at = timezone.now()
        self.save(update_fields=["asked_about_meeting_at", "updated_at"])
        self._record(Kind.ASKED_ABOUT_MEETING, by=Actor.PORTAL, advisor=self.advisor)
        emails.did_you_meet(self)
        emails.did_you_meet_your_student(self.running_offer)

    def send_link_again(self):
        """Mail the link to the request's own address, unless that was done within the hour."""
        an_hour_ago = timezone.now() - timedelta(hours=1)
        with transaction.atomic():
            AdvisorRequest.objects.select_for_update().get(pk=self.pk)
            if not self.emails.filter(kind="already_open", created_at__gte=an_hour_ago).exists():
                emails.already_open(self)

    def _locked(self):
        """Lock the row until the transaction ends; return it as it is now."""
        rows = AdvisorRequest.objects.select_for_update(of=("self",)).select_related("advisor")
        return rows.get(pk=self.pk)

    def _check_turn(self, before, by):
        if isinstance(by, Advisor) and before.advisor != by:
            raise IllegalMove(f"{self.reference} is not with you any more.")

    def _move(self, status, kind, *, by, note="", **changes):
        """Write status, changes and event together, with the row locked; return the row as it was before."""
        before = self._locked()
        if status not in NEXT_STATUS[before.status]:
            raise IllegalMove(f"{self.reference} is already {before.get_status_display().lower()}.")
        if status == before.status and changes["advisor"] == before.advisor:
            raise IllegalMove(f"{self.reference} is offered to {before.advisor} already.")
        for field, value in {"status": status, **changes}.items():
            setattr(self, field, value)
        self.save(update_fields=["status", *changes, "updated_at"])
        _recount(before.advisor, self.advisor)
        self._record(kind, by=by, note=note, old_status=before.status, advisor=self.advisor or before.advisor)
        return before

    def _record(self, kind, *, by, note="", **fields):
        fields = {"old_status": self.status, **fields}
        self.events.create(kind=kind, new_status=self.status, note=note, **who(by), **fields)

    def _back_to_waiting(self, only_from, kind, *, by, note=""):
        before = self._locked()
        if before.status != only_from:
            raise IllegalMove(f"{self.reference} is already {before.get_status_display().lower()}.")
        changes = {"advisor": None, "asked_about_meeting_at": None}
        self._move(
            Status.WAITING, kind, by=by, note=note, respond_by=working_days_from_now(settings.OFFICE_DAYS), **changes
        )

    def _end_offer(self, state):
        self.offers.running().update(state=state, changed_at=timezone.now())

    def _pass_on(self, advisor):
        """After an advisor who declined or did not answer: ask the next who can, or leave it to the office."""
        if following := routing.next_advisor(self):
            self.offer(following, by=Actor.PORTAL)
        else:
            emails.back_with_office(self, advisor)
        emails.moved_on(self, advisor)


def working_days_from_now(count):
    return add_working_days(timezone.localdate(), count)


def _check_limit(advisor):
    """Raise LimitReached where an advisor has no room; locked first, so that of two at once one sees the other."""
    advisor = Advisor.objects.select_for_update().get(pk=advisor.pk)
    accepted = advisor.requests.filter(status=Status.ACCEPTED).count()
    if accepted >= advisor.request_limit:
        raise LimitReached(f"{advisor} has {accepted} of at most {advisor.request_limit} students already.")


def _recount(*advisors):
    """Write down how many open requests advisors have; locked first, so that two steps at once count each other."""
    keys = {advisor.pk for advisor in advisors if advisor}
    for advisor in Advisor.objects.select_for_update().filter(pk__in=keys).order_by("pk"):
        Advisor.objects.filter(pk=advisor.pk).update(open_requests=advisor.requests.open().count())
