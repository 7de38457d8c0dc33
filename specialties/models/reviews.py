"""A department goes through the answers of its guide, asked by one e-mail for all of them."""

from datetime import datetime, time, timedelta
from functools import wraps
from hashlib import sha256

from django.conf import settings
from django.core import signing
from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q, Subquery
from django.urls import reverse
from django.utils import timezone

from ..fields import as_typed, rich_text
from .guides import Answer, Question, Specialty
from .proposals import Source, State, WrittenOver, propose

LINK = signing.Signer(sep=".", salt="review")
VALID_FOR = timedelta(days=60)
PATIENCE = timedelta(days=14)  # before a silent department is reminded, and then the office told
LEAST_GAP = 90  # days between two reviews the portal asks a department for
LONGEST_NOTICE = 30  # days before an answer is due


class NotNow(Exception):
    """Somebody was first, or it makes no sense at the moment. The text can be shown."""


class SaysNothingNew(Exception):
    """What was proposed is what the answer says already."""


def notice():
    """Return how many days before an answer is due its department is asked."""
    return min(LONGEST_NOTICE, settings.REVIEW_DAYS // 2)


def least_gap():
    return min(LEAST_GAP, settings.REVIEW_DAYS)


def covered_days():
    """Return how many days ahead a review asks: of all that is due before the department can be asked again in time."""
    return least_gap() + notice()


def stood_since(days):
    """Return the day up to which answers must have stood to be due within so many days."""
    return timezone.localdate() - timedelta(days=settings.REVIEW_DAYS - days)


def due_answers(days):
    """Return the published answers that their departments are to confirm within so many days."""
    day = stood_since(days)
    end_of_day = timezone.make_aware(datetime.combine(day, time.max))
    stood_long = Q(confirmed_on__lte=day) | Q(confirmed_on=None, edited_at__lte=end_of_day)
    return Answer.objects.published().filter(stood_long, specialty=OuterRef("pk"))


def reviewable():
    """Return the specialties whose departments the portal asks by itself; samples and drafts are none."""
    return Specialty.objects.published().filter(is_sample=False)


def without_address():
    """Return the specialties whose departments the portal cannot ask."""
    return reviewable().filter(email="")


def unanswered():
    """Return the specialties whose departments were asked and reminded, and of which the office was told."""
    return Specialty.objects.filter(reviews__state=Review.State.OPEN, reviews__escalated_at__isnull=False)


def to_ask():
    """Return the specialties to ask now: of what is due or blank once in REVIEW_DAYS, of what came due since sooner."""
    if not settings.REVIEW_DAYS:
        return Specialty.objects.none()
    due, covered = due_answers(notice()), OuterRef("covered")
    due_since = due.filter(Q(confirmed_on__gt=covered) | Q(confirmed_on=None, edited_at__date__gt=covered))
    a_year_ago = timezone.now() - timedelta(days=settings.REVIEW_DAYS)
    not_this_year = Q(last_asked=None) | Q(last_asked__lte=a_year_ago)
    return rested().filter(Q(not_this_year, Exists(due) | Exists(blanks())) | Exists(due_since))


def to_ask_along():
    """Return the specialties to ask of where their departments are written to anyway."""
    return rested().filter(Exists(due_answers(covered_days())) | Exists(blanks()))


def rested():
    """Return the specialties that may be asked, none lately, with when that was and which day their review covered."""
    last = Review.objects.filter(specialty=OuterRef("pk")).order_by("-asked_at")
    not_lately = Q(last_asked=None) | Q(last_asked__lte=timezone.now() - timedelta(days=least_gap()))
    specialties = reviewable().exclude(email="").exclude(reviews__state=Review.State.OPEN)
    return specialties.annotate(
        last_asked=Subquery(last.values("asked_at")[:1]), covered=Subquery(last.values("covers")[:1])
    ).filter(not_lately)


def blanks():
    """Return the questions that a specialty is asked and has not answered."""
    answers = Answer.objects.given().filter(question=OuterRef("pk"), specialty=OuterRef(OuterRef("pk")))
    questions = Question.objects.filter(Q(specialty=None) | Q(specialty=OuterRef("pk")), is_active=True)
    return questions.exclude(Exists(answers))


def locked(verb):
    """Let a verb be one transaction, on the review as it is now; the guide is locked first, as by all that write it."""

    @wraps(verb)
    @transaction.atomic
    def taken(self, *args, **kwargs):
        Specialty.objects.select_for_update(no_key=True).get(pk=self.specialty_id)
        self.refresh_from_db(from_queryset=Review.objects.select_for_update(no_key=True))
        return verb(self, *args, **kwargs)

    return taken


class ReviewQuerySet(models.QuerySet):
    def open(self):
        return self.filter(state=Review.State.OPEN)

    def signed(self, signed):
        """The one review that a link names; none for a link that was tampered with."""
        try:
            return self.filter(pk=int(LINK.unsign(signed)))
        except (signing.BadSignature, ValueError):
            return self.none()

    def silent(self):
        """Those nobody worked on for so long that something has to happen."""
        return self.open().filter(worked_on_at__lte=timezone.now() - PATIENCE)

    def to_remind(self):
        return self.silent().filter(reminded_at=None).exclude(specialty__email="")

    def to_escalate(self):
        long_reminded = Q(reminded_at__lte=timezone.now() - PATIENCE)
        return self.silent().filter(long_reminded | Q(reminded_at=None, specialty__email=""), escalated_at=None)

    def of_department(self, specialty):
        """Those of all guides with the address of this one."""
        return self.filter(specialty__email__iexact=specialty.email)

    def past(self):
        """Those whose link is over."""
        return self.open().filter(asked_at__lte=timezone.now() - VALID_FOR)

    def to_report(self):
        """Those that ended, and of which the office has not been told."""
        return self.exclude(state=Review.State.OPEN).filter(reported_at=None)

    @transaction.atomic
    def begin(self, specialty, *, by):
        """Return a new review of a guide that a user asks for. Raises NotNow."""
        specialty = Specialty.objects.select_for_update(no_key=True).get(pk=specialty.pk)
        if not specialty.email:
            raise NotNow(f"No address to ask: the page of {specialty} has no e-mail address of the department.")
        if specialty.reviews.open().exists():
            raise NotNow(f"The department of {specialty} is asked already.")
        return self._begin(specialty, by)

    @transaction.atomic
    def begin_in_time(self, specialty):
        """Return new reviews of a guide and of all to be asked of at the same address. Raises NotNow."""
        same_address = Q(email__iexact=specialty.email)
        guides = Specialty.objects.filter(same_address).order_by("pk")  # in one order, whichever is found first
        list(guides.select_for_update(no_key=True))
        if not to_ask().filter(same_address, pk=specialty.pk).exists():
            raise NotNow(f"It is not time to ask the department of {specialty}.")
        return [self._begin(guide, None) for guide in to_ask_along().filter(same_address)]

    def _begin(self, specialty, by):
        entries = sorted(specialty.entries(), key=lambda entry: (not entry.is_blank, entry.standing.on))
        order = [entry.question.pk for entry in entries]
        return self.create(specialty=specialty, asked_by=by, covers=stood_since(covered_days()), order=order)


class Review(models.Model):
    class State(models.TextChoices):
        OPEN = "open", "Asked"
        FINISHED = "finished", "Finished"
        RUN_OUT = "run_out", "Not finished in time"

    specialty = models.ForeignKey(Specialty, models.CASCADE, related_name="reviews")
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    asked_at = models.DateTimeField("asked", default=timezone.now)
    covers = models.DateField(help_text="What stood since this day or longer, the department was asked about.")
    order = models.JSONField(default=list, help_text="The questions as they stood: blank ones, then the oldest.")
    name = models.CharField("who answered", max_length=100, blank=True)
    confirmed = models.ManyToManyField(Answer, related_name="+")
    worked_on_at = models.DateTimeField("last answered", default=timezone.now)
    reminded_at = models.DateTimeField("reminded", null=True)
    escalated_at = models.DateTimeField("office told of silence", null=True)
    ended_at = models.DateTimeField("ended", null=True)
    reported_at = models.DateTimeField(null=True, help_text="When the office was told what came of it.")

    objects = ReviewQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["specialty"], condition=Q(state="open"), name="one_open_review_per_specialty"
            ),
            models.CheckConstraint(
                condition=Q(state="open", ended_at=None) | (~Q(state="open") & Q(ended_at__isnull=False)),
                name="ended_reviews_say_when",
            ),
        ]

    def __str__(self):
        return f"Review of {self.specialty}"

    def get_absolute_url(self):
        """The department's page: whoever has this address can answer for the department on this guide, once."""
        return reverse("specialties:review", args=[LINK.sign(str(self.pk))])

    @property
    def valid_until(self):
        return self.asked_at + VALID_FOR

    @property
    def is_open(self):
        return self.state == self.State.OPEN and timezone.now() < self.valid_until

    def entries(self):
        """Return the answers of the guide, blank and oldest first as they stood, each with what this review said of it.

        That is `proposal`, the text proposed last; `is_proposed` where it was not declined since, and `is_confirmed`
        where the answer is said to be still right; `is_done` where one of these is so; `is_due` where nothing is done
        of what the department was asked to confirm.
        """
        proposals = {proposal.question_id: proposal for proposal in self.proposals.order_by("created_at", "pk")}
        confirmed = set(self.confirmed.exclude(confirmed_on=None).values_list("pk", flat=True))
        entries = self.specialty.entries()
        for entry in entries:
            entry.proposal, entry.is_confirmed = proposals.get(entry.question.pk), entry.pk in confirmed
            entry.is_proposed = bool(entry.proposal) and entry.proposal.state != State.DECLINED
            entry.is_done = entry.is_confirmed or entry.is_proposed
            entry.is_due = not (entry.is_blank or entry.is_done) and entry.standing.on <= self.covers
        place = {pk: number for number, pk in enumerate(self.order)}
        return sorted(entries, key=lambda entry: place.get(entry.question.pk, -1))

    @locked
    def confirm(self, key, shown, *, name):
        """Say that the answer to a question still holds. Raises WrittenOver where it is not the one that was shown."""
        self._work(name)
        self._confirm(self._entry(key, shown))

    @locked
    def confirm_all(self, shown, *, name):
        """Say it of several, `shown` by their keys; return the questions of those that are not what was shown."""
        self._work(name)
        written_over = []
        for entry in self.entries():
            if entry.question.key in shown and not entry.is_done:
                if shown_as(entry) == shown[entry.question.key]:
                    self._confirm(entry)
                else:
                    written_over.append(entry.question)
        return written_over

    @locked
    def propose(self, key, shown, *, name, short_answer, typed):
        """Propose another text, in place of what this review proposed before. Raises WrittenOver and SaysNothingNew."""
        self._work(name)
        entry = self._entry(key, shown)
        body = entry.body if typed == as_typed(entry.body) else rich_text(typed)  # not without its links for nothing
        texts = {"short_answer": short_answer, "body": body}
        if (short_answer, body) == (entry.short_answer, entry.body):
            raise SaysNothingNew
        new = propose(self.specialty, entry.question, source=Source.REVIEW, author_name=name, review=self, **texts)
        if new:
            self._withdraw(entry, other_than=new)

    @locked
    def introduce(self, *, name):
        self._work(name)

    @locked
    def finish(self, *, name):
        self._work(name)
        self._end(self.State.FINISHED)

    @locked
    def run_out(self):
        self._check(Review.objects.past())
        self._end(self.State.RUN_OUT)

    @locked
    def remind(self):
        """Write down that staff ask once more, before it is due."""
        self._note("reminded_at", Review.objects.open().exclude(specialty__email=""))

    @locked
    def remind_in_time(self):
        self._note("reminded_at", Review.objects.to_remind())

    @locked
    def escalate(self):
        self._note("escalated_at", Review.objects.to_escalate())

    @locked
    def report(self):
        self._note("reported_at", Review.objects.to_report())

    def _note(self, field, due):
        """Write down that a step is taken; of several workers, one takes it."""
        self._check(due)
        setattr(self, field, timezone.now())
        self.save(update_fields=[field])

    def _check(self, due):
        if not due.filter(pk=self.pk).exists():
            raise NotNow(f"{self}: that was done, or is not due.")

    def _work(self, name):
        if not self.is_open:
            raise NotNow("This review is over.")
        self.name, self.worked_on_at = name, timezone.now()
        self.save(update_fields=["name", "worked_on_at"])

    def _end(self, state):
        self.state, self.ended_at = state, timezone.now()
        self.save(update_fields=["state", "ended_at"])

    def _entry(self, key, shown):
        entry = next((entry for entry in self.entries() if entry.question.key == key), None)
        if entry is None or shown_as(entry) != shown:
            raise WrittenOver
        return entry

    def _confirm(self, entry):
        if entry.is_blank:
            return
        entry.confirmed_on, entry.confirmed_by = timezone.localdate(), self.name
        entry.save(update_fields=["confirmed_on", "confirmed_by"])
        self.confirmed.add(entry)
        self._withdraw(entry)

    def _withdraw(self, entry, other_than=None):
        """Decline what this review proposed for an answer before; the department itself takes it back."""
        for proposal in self.proposals.open().filter(question=entry.question):
            if proposal != other_than:
                proposal.decline(by=None)


def shown_as(entry):
    """Return a mark of all that was shown of an answer, to be sent back with what is said of it."""
    return sha256("\0".join([entry.question.text, entry.short_answer, entry.body]).encode()).hexdigest()
