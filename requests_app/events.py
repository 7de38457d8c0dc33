from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from specialties.models import Advisor

from .choices import Status


class RequestEventQuerySet(models.QuerySet):
    def for_student(self):
        """Those that the student's page tells of; notes are between the office and itself."""
        return self.exclude(kind=RequestEvent.Kind.NOTED).select_related("advisor")

    def update(self, **values):
        raise TypeError("History is never changed.")

    def delete(self):
        raise TypeError("History is never deleted.")

    def erase_words(self):
        """Take out what people wrote; what was done when, and by which side, stays."""
        return super().update(note="")


class RequestEvent(models.Model):
    """One line of a request's history."""

    class Kind(models.TextChoices):
        SUBMITTED = "submitted", "Asked for an advisor"
        OFFERED = "offered", "Offered to an advisor"
        REMINDED = "reminded", "Advisor reminded"
        ACCEPTED = "accepted", "Accepted"
        DECLINED = "declined", "Declined"
        EXPIRED = "expired", "Not answered in time"
        HANDED_BACK = "handed_back", "Handed back to the office"
        TAKEN_BACK = "taken_back", "Taken back by the office"
        ASKED_ABOUT_MEETING = "asked_meeting", "Both asked whether they met"
        MET = "met", "Met"
        SURVEYED = "surveyed", "Student said how it went"
        WITHDRAWN = "withdrawn", "Withdrawn"
        CLOSED = "closed", "Closed"
        NOTED = "noted", "Note"

    ENDS_A_WAIT = [Kind.ACCEPTED, Kind.CLOSED, Kind.WITHDRAWN]
    ENDS_A_REQUEST = [Kind.MET, Kind.CLOSED, Kind.WITHDRAWN]

    class Actor(models.TextChoices):
        STUDENT = "student", "The student"
        ADVISOR = "advisor", "The advisor"
        STAFF = "staff", "The office"
        PORTAL = "portal", "The portal"

    request = models.ForeignKey("requests_app.AdvisorRequest", models.PROTECT, related_name="events")
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
            models.CheckConstraint(
                condition=~Q(actor="advisor") | Q(advisor__isnull=False), name="advisor_event_names_its_advisor"
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


def who(by):
    """Return actor and user of an event for what verbs take as `by`: a staff user, an advisor, or one of Actor."""
    if isinstance(by, Advisor):
        return {"actor": RequestEvent.Actor.ADVISOR}
    if isinstance(by, RequestEvent.Actor):
        return {"actor": by}
    return {"actor": RequestEvent.Actor.STAFF, "user": by}
