from django.core import signing
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from specialties.models import Advisor

LINK = signing.Signer(sep=".", salt="offer")


class OfferQuerySet(models.QuerySet):
    def open(self):
        return self.filter(state=Offer.State.OPEN)

    def running(self):
        """Those that still bind somebody: waiting for an answer, or accepted."""
        return self.filter(state__in=[Offer.State.OPEN, Offer.State.ACCEPTED])

    def to_remind(self):
        due = self.open().filter(remind_on__lte=timezone.localdate(), reminded_at=None)
        return due.exclude(advisor__email="")

    def past_due(self):
        return self.open().filter(due__lt=timezone.localdate())

    def with_people(self):
        return self.select_related("advisor", "request__specialty", "request__advisor")

    def signed(self, signed):
        """The one offer that a link names; none for a link that was tampered with."""
        try:
            return self.filter(pk=int(LINK.unsign(signed)))
        except (signing.BadSignature, ValueError):
            return self.none()


class Offer(models.Model):
    """The portal or the office asks one advisor to take one request, until a date."""

    class State(models.TextChoices):
        OPEN = "open", "Waiting for an answer"
        ACCEPTED = "accepted", "Accepted"
        DECLINED = "declined", "Declined"
        EXPIRED = "expired", "Not answered in time"
        HANDED_BACK = "handed_back", "Handed back"
        MET = "met", "Met"
        TAKEN_BACK = "taken_back", "Taken back by the office"
        WITHDRAWN = "withdrawn", "Withdrawn by the student"
        CLOSED = "closed", "Closed by the office"

    request = models.ForeignKey("requests_app.AdvisorRequest", models.PROTECT, related_name="offers")
    advisor = models.ForeignKey(Advisor, models.PROTECT, related_name="offers")
    state = models.CharField(max_length=12, choices=State, default=State.OPEN)
    made_at = models.DateTimeField(default=timezone.now)
    due = models.DateField(help_text="The last day to answer.")
    remind_on = models.DateField()
    reminded_at = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField(null=True, blank=True, help_text="When it came into its state.")

    objects = OfferQuerySet.as_manager()

    class Meta:
        ordering = ["made_at", "pk"]
        indexes = [
            # to_remind() and past_due(), asked by every worker every second
            models.Index(fields=["due"], condition=Q(state="open"), name="open_offer_by_date"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["request"], condition=Q(state__in=["open", "accepted"]), name="one_running_offer_per_request"
            ),
        ]

    def __str__(self):
        return f"{self.request} to {self.advisor}"

    def get_absolute_url(self):
        """The advisor's page: whoever has this address can answer for this advisor on this request, nothing else."""
        return reverse("requests:respond", args=[LINK.sign(str(self.pk))])

    @property
    def is_answerable(self):
        return self.state == self.State.OPEN and timezone.localdate() <= self.due

    @property
    def reason_against_reminder(self):
        """Say why it makes no sense to remind the advisor now, "" where it does."""
        if not self.is_answerable:
            return f"{self.advisor} had until {date_format(self.due, 'l, j F')}, and cannot answer any more."
        if not self.advisor.email:
            return f"{self.advisor} has no e-mail address here."
        if self.reminded_at and timezone.localdate(self.reminded_at) == timezone.localdate():
            return f"{self.advisor} was reminded today already."
        return ""

    @property
    def possible_answers(self):
        """What the advisor can do by the link now, as the verbs of the request are called."""
        if self.is_answerable:
            return ["accept", "decline"]
        return ["met", "hand_back"] if self.state == self.State.ACCEPTED else []

    @property
    def is_running(self):
        """Whether what the student wrote may still be read by this link."""
        return self.is_answerable or self.state == self.State.ACCEPTED
