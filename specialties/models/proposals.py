"""New texts for answers that wait to be accepted: the one way in for imports, departments' reviews and drafts."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

from ..differences import differences
from ..fields import RichTextField, text_with_addresses
from .guides import SHORT_ANSWER_LENGTH, Answer, Question, Specialty


class Source(models.TextChoices):
    IMPORT = "import", "imported page"
    REVIEW = "review", "department’s review"
    STAFF = "staff", "staff"


class State(models.TextChoices):
    OPEN = "open", "open"
    ACCEPTED = "accepted", "accepted"
    DECLINED = "declined", "declined"


class Decided(Exception):
    """Somebody accepted or declined the proposal before."""


class WrittenOver(Exception):
    """The answer is not the one that the proposal was compared with."""


class NotAsked(Exception):
    """The question was given to another specialty since."""


class ProposalQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(specialty__in=Specialty.objects.visible_to(user))

    def open(self):
        return self.filter(state=State.OPEN)

    def not_in_force(self):
        """Those that would still change a guide: undecided, or accepted for a time to come."""
        return self.exclude(state=State.DECLINED).filter(in_force_at=None)

    def scheduled(self):
        return self.filter(state=State.ACCEPTED, in_force_at=None)

    def due(self):
        """Those accepted for a time that has come."""
        return self.scheduled().filter(takes_effect_at__lte=timezone.now())

    def with_answers(self):
        """Each with its question and its specialty, whose answers are at hand to compare with."""
        return self.select_related("question__stage", "specialty", "author").prefetch_related("specialty__answers")


class Proposal(models.Model):
    """A new short answer and text for one specialty's answer, not in force before it is accepted."""

    specialty = models.ForeignKey(Specialty, models.CASCADE, related_name="proposals")
    question = models.ForeignKey(Question, models.CASCADE, related_name="proposals")
    short_answer = models.CharField(max_length=SHORT_ANSWER_LENGTH, blank=True)
    body = RichTextField("full text", blank=True)
    source = models.CharField(max_length=10, choices=Source)
    page = models.ForeignKey("ImportedPage", models.SET_NULL, null=True, editable=False, related_name="proposals")
    review = models.ForeignKey("Review", models.SET_NULL, null=True, editable=False, related_name="proposals")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    author_name = models.CharField(max_length=100, blank=True, help_text="Who wrote it, where it was no user.")
    state = models.CharField(max_length=10, choices=State, default=State.OPEN, editable=False)
    takes_effect_at = models.DateTimeField(null=True, blank=True, help_text="Empty: as soon as it is accepted.")
    in_force_at = models.DateTimeField(null=True, editable=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ProposalQuerySet.as_manager()

    class Meta:
        ordering = ["specialty__name", "question__stage__position", "question__position", "-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state=State.OPEN) | Q(decided_at__isnull=False), name="decided_proposals_say_when"
            ),
            models.CheckConstraint(
                condition=Q(in_force_at=None) | Q(state=State.ACCEPTED), name="only_accepted_proposals_are_in_force"
            ),
        ]
        indexes = [
            # what the worker asks for at every pass
            models.Index(
                fields=["takes_effect_at"],
                condition=Q(state=State.ACCEPTED, in_force_at=None),
                name="scheduled_proposals",
            ),
        ]

    def __str__(self):
        return f"{self.specialty}: {self.question}"

    def clean(self):
        if self._state.adding and self.question_id and not self.is_asked:  # later, accepting it says so
            raise ValidationError({"question": "Only another specialty is asked this."})

    @property
    def answer(self):
        """The answer as it is now; unsaved and blank where there is none."""
        return self.specialty.answer_to(self.question) or Answer(specialty=self.specialty, question=self.question)

    @property
    def is_asked(self):
        """Whether the specialty is still asked the question."""
        return self.question.specialty_id in (None, self.specialty_id)

    @property
    def text(self):
        return self.short_answer, Proposal._meta.get_field("body").cleaned(self.body)

    @property
    def who(self):
        """Who wrote it, in a few words."""
        return self.author_name or (str(self.author) if self.author else "somebody whose account is gone")

    @property
    def is_scheduled(self):
        return self.state == State.ACCEPTED and not self.in_force_at

    @property
    def compared_with(self):
        """Which answer its differences were shown against, to be sent back with a decision."""
        return self.answer.edited_at.isoformat() if self.answer.pk else ""

    @property
    def changes_nothing(self):
        return self.answer.text == self.text

    @property
    def caution(self):
        """What to look at where a new text comes below the old short answer; "" where it does not."""
        short_answer, body = self.text
        if not short_answer or short_answer != self.answer.short_answer or body == self.answer.text[1]:
            return ""
        return f"The short answer stays “{short_answer}”. See whether the new text still agrees with it."

    @property
    def short_answer_differences(self):
        return differences(self.answer.short_answer, self.short_answer)

    @property
    def body_differences(self):
        return differences(text_with_addresses(self.answer.body), text_with_addresses(self.body))

    @transaction.atomic
    def accept(self, *, by, compared_with=None, short_answer=None, body=None, at=None):
        """Put the text in force, or what it was edited to; with `at`, a time to come, let the worker do it then.

        Raises Decided where somebody decided before, NotAsked where there is no question any more, and WrittenOver
        where the answer was edited since: since it was `compared_with` the proposal, or where nobody did that, since
        the proposal was made.
        """
        self._decide(State.ACCEPTED, by)
        if not self.is_asked:
            raise NotAsked
        edited_since = bool(self.answer.pk) and self.answer.edited_at > self.created_at
        if edited_since if compared_with is None else compared_with != self.compared_with:
            raise WrittenOver
        proposed = self.text
        self.short_answer = self.short_answer if short_answer is None else short_answer
        self.body = self.body if body is None else body
        if self.text != proposed:
            self.source = Source.STAFF  # so that a department is not said to have confirmed what others wrote
        self.takes_effect_at = at
        self.save()
        if at is None or at <= timezone.now():
            self._put_in_force()

    @transaction.atomic
    def decline(self, *, by):
        """Leave the answer as it is, also where its time was to come. Raises Decided where it is too late for that."""
        self._decide(State.DECLINED, by)
        self.save()

    @transaction.atomic
    def take_effect(self):
        """Put a text in force whose time has come, once; one that no longer fits is asked about again."""
        self._lock()
        if self.state != State.ACCEPTED or self.in_force_at:
            return
        if not self.is_asked or (self.answer.pk and self.answer.edited_at > self.decided_at):
            self.state, self.decided_by, self.decided_at, self.takes_effect_at = State.OPEN, None, None, None
            self.save()
        else:
            self._put_in_force()

    def _decide(self, state, by):
        self._lock()
        can_be_called_off = state == State.DECLINED and self.is_scheduled
        if self.state != State.OPEN and not can_be_called_off:
            raise Decided
        self.state, self.decided_by, self.decided_at = state, by, timezone.now()

    def _lock(self):
        """Read the row anew under lock, its guide first, as everything that writes a guide does."""
        Specialty.objects.select_for_update(no_key=True).get(pk=self.specialty_id)
        self.refresh_from_db(from_queryset=Proposal.objects.select_for_update(no_key=True))

    def _put_in_force(self):
        answer = self.answer
        answer.short_answer, answer.body = self.text
        if self.source == Source.REVIEW:  # the department's own words of that day
            answer.confirmed_on, answer.confirmed_by = timezone.localdate(self.created_at), self.who
        answer._history_user, answer._change_reason = self.decided_by, f"{self.get_source_display()}, by {self.who}"
        answer.save()
        self.in_force_at = timezone.now()
        self.save(update_fields=["in_force_at"])


def propose(specialty, question, *, short_answer="", body="", **fields):
    """Return a new open proposal, or None where the answer, or a proposal from the same place, says that already."""
    proposal = Proposal(specialty=specialty, question=question, short_answer=short_answer, body=body, **fields)
    waiting = specialty.proposals.open().filter(question=question, page=proposal.page, review=proposal.review)
    if proposal.changes_nothing or any(other.text == proposal.text for other in waiting):
        return None
    proposal.save()
    return proposal
