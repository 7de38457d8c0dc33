"""Whether an answer helped its readers, and in their words what was missing: for staff, never public."""

from django.conf import settings
from django.core import signing
from django.db import models
from django.db.models import OuterRef, Q

LONGEST_WORDS = 1000
SIGNER = signing.TimestampSigner(salt="feedback")
WORDS_WITHIN = 24 * 3600  # seconds after a vote


class FeedbackQuerySet(models.QuerySet):
    def with_words(self):
        return self.exclude(words="")

    def to_read(self):
        return self.with_words().filter(state=Feedback.State.NEW)

    def forget_words(self):
        """Take out what readers wrote; their votes stay."""
        return self.with_words().update(words="", state=Feedback.State.NEW, moderated_by=None)

    def on_current_text(self):
        """Those on the words an answer has now, as a subquery of answers."""
        return self.filter(answer=OuterRef("pk"), created_at__gte=OuterRef("edited_at"))

    def visible_to(self, user):
        """All for those who read them first; for others what was passed on to them, of the guides they work with."""
        if user.has_perm("specialties.moderate_feedback"):
            return self
        if not user.has_perm("specialties.view_feedback"):
            return self.none()
        from .models import Specialty

        return self.filter(state=Feedback.State.PASSED_ON, answer__specialty__in=Specialty.objects.visible_to(user))


class Feedback(models.Model):
    """One reader's vote on an answer, with or without words."""

    class State(models.TextChoices):
        NEW = "new", "to be read"
        PASSED_ON = "passed_on", "passed on to the department"
        KEPT_BACK = "kept_back", "kept back"

    answer = models.ForeignKey("specialties.Answer", models.CASCADE, related_name="feedback")
    is_helpful = models.BooleanField("helped")
    words = models.CharField("what was missing", max_length=LONGEST_WORDS, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.NEW)
    moderated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name="decided by"
    )
    created_at = models.DateTimeField("received", auto_now_add=True)

    objects = FeedbackQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name_plural = "feedback"
        permissions = [("moderate_feedback", "Can read feedback first, and pass it on or keep it back")]
        constraints = [
            models.CheckConstraint(condition=Q(state="new") | ~Q(words=""), name="only_words_are_passed_on"),
        ]

    def __str__(self):
        return f"{self.answer}: {'helped' if self.is_helpful else 'did not help'}"
