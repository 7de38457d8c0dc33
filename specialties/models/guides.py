"""What a department says of its specialty, question by question."""

from datetime import date
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Func, OuterRef, Prefetch, Q, Subquery
from django.db.models.functions import Coalesce, Greatest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property

from ..feedback import Feedback
from ..fields import RichTextField, WebAddressField
from ..history import History
from ..written import single_line

SHORT_ANSWER_LENGTH = 80  # characters: what fits one cell of a comparison


def count_of(rows):
    """Return an annotation that counts `rows`, a queryset that names its OuterRef; the outer rows keep their order."""
    return Subquery(rows.order_by().annotate(number=Func(F("pk"), function="COUNT")).values("number"))


class Standing(NamedTuple):
    """Whether the department said that a text holds, and the day it did; else the day the text was last edited."""

    is_confirmed: bool
    on: date


def not_in_the_future(day):
    if day > timezone.localdate():
        raise ValidationError("This day is still to come.")


class Stage(models.Model):
    """A part of the curriculum, as "M1 and M2 Students"."""

    name = models.CharField(max_length=100, unique=True)
    slug = models.SlugField(unique=True)
    position = models.PositiveSmallIntegerField(default=0, db_index=True)

    history = History()

    class Meta:
        ordering = ["position", "pk"]

    def __str__(self):
        return self.name


class SpecialtyQuerySet(models.QuerySet):
    def published(self):
        return self.filter(is_published=True)

    def visible_to(self, user):
        """Those whose guides a member of staff works with: all for the office, their own for a liaison."""
        if user.has_perm("specialties.see_every_guide"):
            return self
        if user.has_perm("specialties.view_specialty"):
            return self.filter(liaisons__user=user)
        return self.none()

    def with_advisors(self):
        return self.prefetch_related("advisors")

    def with_answers(self, *questions):
        """Each with its answers at hand; with `questions`, the answers to these alone."""
        answers = Answer.objects.filter(question__in=questions) if questions else Answer.objects.all()
        return self.prefetch_related(Prefetch("answers", answers))

    def with_answer_count(self):
        """Each with `answer_count`, of the questions asked of all specialties those it answers."""
        answers = Answer.objects.given().filter(question__is_active=True, question__specialty=None)
        return self.annotate(answer_count=count_of(answers.filter(specialty=OuterRef("pk"))))

    def with_advisor_count(self):
        advised = Specialty.advisors.through.objects.filter(specialty=OuterRef("pk"))
        return self.annotate(advisor_count=count_of(advised))

    def with_last_edited(self):
        """Each with `text_edited_at`, when a word of the guide last changed."""
        answers = Answer.objects.filter(specialty=OuterRef("pk"), question__is_active=True).order_by("-edited_at")
        last_answer = Coalesce(Subquery(answers.values("edited_at")[:1]), "updated_at")
        return self.annotate(text_edited_at=Greatest("updated_at", last_answer))


class Specialty(models.Model):
    name = models.CharField(max_length=100, unique=True, validators=[single_line])  # subjects of e-mails have it
    slug = models.SlugField(unique=True, help_text="The last part of the guide's address.")
    abbreviation = models.CharField(
        max_length=10,
        blank=True,
        validators=[RegexValidator(r"^[A-Za-z0-9&/-]+$", "Letters and digits only, as in IR or OB/GYN.")],
        help_text='As in "IR". Also begins the reference of each request.',
    )
    summary = models.CharField(max_length=200, blank=True, help_text="One line for the list of specialties.")
    quote = models.TextField(blank=True, help_text="Without quotation marks; the guide adds them.")
    quote_source = models.CharField(max_length=300, blank=True)
    recommendations = RichTextField("overall recommendations", blank=True)
    department = models.CharField(max_length=200, blank=True)
    address = models.TextField(blank=True, help_text="One line of the address on each line.")
    phone = models.CharField(max_length=40, blank=True)
    email = models.EmailField("e-mail", blank=True)
    is_published = models.BooleanField(
        "published", default=False, help_text="Unticked, the guide is a draft that is nowhere on the site."
    )
    is_sample = models.BooleanField(
        "sample", default=False, editable=False, help_text="Written to try the portal out; every page says so."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = SpecialtyQuerySet.as_manager()
    history = History()

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "specialties"
        permissions = [
            ("see_every_guide", "Can work with the guides of every specialty"),
            ("publish_specialty", "Can publish and hide guides"),
        ]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("specialties:guide", args=[self.slug])

    @property
    def short_name(self):
        """The abbreviation where there is one: "IR"."""
        return self.abbreviation or self.name

    @property
    def title(self):
        """What it is called where its pages, and their mark of a sample, are not seen."""
        return f"{self.name} (sample guidance)" if self.is_sample else self.name

    @property
    def article(self):
        """ "an" before Interventional Radiology, "a" before Dermatology and, for its sound, Urology."""
        return "an" if self.name[:1] in "AEIO" else "a"

    @property
    def has_available_advisor(self):
        return any(advisor.is_available for advisor in self.advisors.all())

    def entries(self):
        """Return one answer for each question asked of this specialty, in reading order."""
        return [self.answer_to(question) for question in Question.objects.asked_of(self)]

    def answer_to(self, question):
        """Return this specialty's answer; unsaved and blank where nobody gave one, None where it is not asked."""
        if question.specialty_id not in (None, self.pk):
            return None
        answer = self._answers.get(question.pk) or Answer(specialty=self)
        answer.question = question
        return answer

    def standing(self, entries):
        """Return how far the guide as a whole can be trusted.

        It is confirmed only where every answer it gives is, and nothing around them was edited since the day before
        the first of these confirmations: the quote and the recommendations are confirmed by nobody.
        """
        given = [entry.standing for entry in entries if not entry.is_blank]
        first = min(given, default=Standing(False, date.min))  # one that nobody confirmed comes before all others
        if first.is_confirmed and first.on > timezone.localdate(self.updated_at):
            return first
        return Standing(False, timezone.localdate(self.last_edited(entries)))

    def last_edited(self, entries):
        """Return when the text of the guide or of one of its entries last changed."""
        return max([self.updated_at, *(entry.edited_at for entry in entries if entry.pk)])

    @cached_property
    def _answers(self):
        return {answer.question_id: answer for answer in self.answers.all()}


class QuestionQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Those asked of all specialties or of one whose guide a member of staff works with."""
        return self.filter(Q(specialty=None) | Q(specialty__in=Specialty.objects.visible_to(user)))

    def asked_of(self, *specialties):
        """Those asked of all specialties or of one of these, in reading order with their stages."""
        return self.asked().filter(Q(specialty=None) | Q(specialty__in=specialties))

    def asked_of_all(self):
        return self.asked().filter(specialty=None)

    def asked(self):
        return self.filter(is_active=True).select_related("stage")

    def with_answer_count(self):
        """Each with `answer_count`, how many published guides answer it."""
        return self.annotate(answer_count=count_of(Answer.objects.published().filter(question=OuterRef("pk"))))

    def with_last_edited(self):
        """Each with `text_edited_at`, when a published answer to it last changed, None where there is none."""
        answers = Answer.objects.published().filter(question=OuterRef("pk")).order_by("-edited_at")
        return self.annotate(text_edited_at=Subquery(answers.values("edited_at")[:1]))


class Question(models.Model):
    stage = models.ForeignKey(Stage, models.PROTECT, related_name="questions")
    key = models.SlugField(
        unique=True, help_text="Its address on every guide: /specialties/…/#away-rotations. Links rely on it."
    )
    text = models.CharField("wording", max_length=300)
    label = models.CharField(max_length=30, help_text='For tables and contents, as in "Away rotations".')
    position = models.PositiveSmallIntegerField(default=0, db_index=True)
    specialty = models.ForeignKey(
        Specialty,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="own_questions",
        help_text="Empty: asked of every specialty.",
    )
    other_wordings = models.TextField(blank=True, help_text="Wordings it is known by on other pages, one on each line.")
    is_active = models.BooleanField(
        "asked", default=True, help_text="Unticked, guides leave it out and keep its answers."
    )

    objects = QuestionQuerySet.as_manager()
    history = History()

    class Meta:
        ordering = ["stage__position", "stage", "position", "pk"]

    def __str__(self):
        return self.label

    def get_absolute_url(self):
        """The page with every specialty's answer; one that only one of them is asked, or none any more, has none."""
        is_asked_of_all = self.is_active and self.specialty_id is None
        return reverse("specialties:question", args=[self.key]) if is_asked_of_all else ""

    @property
    def place(self):
        """Where it comes on a guide, as something to sort by."""
        return self.stage.position, self.stage_id, self.position, self.pk

    @property
    def all_wordings(self):
        return f"{self.label}\n{self.text}\n{self.other_wordings}"

    def take_back_confirmations(self):
        """Say of no answer any more that the department confirmed it: it was asked otherwise. Returns of how many."""
        confirmed = self.answers.exclude(confirmed_on=None)
        for answer in confirmed:
            answer.confirmed_on, answer.confirmed_by = None, ""
            answer._change_reason = "its question was reworded"
            answer.save(update_fields=["confirmed_on", "confirmed_by"])
        return len(confirmed)


class AnswerQuerySet(models.QuerySet):
    def given(self):
        """Those that say something."""
        return self.exclude(short_answer="", body="")

    def published(self):
        """Those a reader finds on the site: given, still asked, in a published guide."""
        return self.given().filter(specialty__is_published=True, question__is_active=True)

    def with_votes(self):
        """Each with `votes` of readers on the text it has now, and `noes`, how many of them say it did not help."""
        votes = Feedback.objects.on_current_text()
        return self.annotate(votes=count_of(votes), noes=count_of(votes.filter(is_helpful=False)))

    def recently_edited(self):
        return self.select_related("specialty", "question__stage").order_by("-edited_at", "pk")


class Answer(models.Model):
    specialty = models.ForeignKey(Specialty, models.CASCADE, related_name="answers")
    question = models.ForeignKey(Question, models.RESTRICT, related_name="answers")
    short_answer = models.CharField(
        max_length=SHORT_ANSWER_LENGTH,
        blank=True,
        help_text='For tables and comparisons, as in "1–2". Only what the full text says.',
    )
    body = RichTextField("full text", blank=True)
    confirmed_on = models.DateField(
        null=True,
        blank=True,
        validators=[not_in_the_future],
        help_text="When the department last said that it still holds. A new text takes this back.",
    )
    confirmed_by = models.CharField(max_length=100, blank=True)
    edited_at = models.DateTimeField("last edited", default=timezone.now, editable=False)

    objects = AnswerQuerySet.as_manager()
    history = History()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["specialty", "question"],
                name="one_answer_per_specialty_and_question",
                violation_error_code="answered_meanwhile",
                violation_error_message="Somebody else answered this meanwhile. Copy your text and load the page anew.",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by="") | Q(confirmed_on__isnull=False),
                name="who_confirmed_also_says_when",
                violation_error_message="Say when it was confirmed, too.",
            ),
        ]

    def __str__(self):
        return f"{self.specialty}: {self.question}"

    def save(self, *args, update_fields=None, **kwargs):
        """Store the answer. A new text is dated, and nobody has confirmed it unless this save names a new day."""
        stored = Answer.objects.filter(pk=self.pk).first()
        if stored and stored.text != self.text:
            self.edited_at = timezone.now()
            if stored.confirmed_on == self.confirmed_on:
                self.confirmed_on, self.confirmed_by = None, ""
            update_fields = update_fields and {*update_fields, "edited_at", "confirmed_on", "confirmed_by"}
        super().save(*args, update_fields=update_fields, **kwargs)

    def get_absolute_url(self):
        return f"{self.specialty.get_absolute_url()}#{self.question.key}"

    def get_admin_url(self):
        """Where staff edit it, also while there is none yet."""
        page = reverse("admin:specialties_specialty_change", args=[self.specialty_id])
        return f"{page}#answer-{self.question.key}"

    def clean(self):
        if self.confirmed_on and not any(self.text):
            raise ValidationError({"confirmed_on": "There is no answer here that could be confirmed."})
        if self.confirmed_by and not self.confirmed_on:  # as the constraint says
            raise ValidationError({"confirmed_on": "Say when it was confirmed, too."})

    @property
    def is_blank(self):
        return not (self.short_answer or self.body)

    @property
    def standing(self):
        return Standing(bool(self.confirmed_on), self.confirmed_on or timezone.localdate(self.edited_at))

    @property
    def text(self):
        """What the department says: the short answer, and the full text as it is stored."""
        return self.short_answer, Answer._meta.get_field("body").cleaned(self.body)


class Resource(models.Model):
    specialty = models.ForeignKey(Specialty, models.CASCADE, related_name="resources")
    label = models.CharField(max_length=200)
    url = WebAddressField("address", max_length=500)
    note = models.CharField(max_length=300, blank=True)
    position = models.PositiveSmallIntegerField(default=0)

    history = History()

    class Meta:
        ordering = ["position", "pk"]

    def __str__(self):
        return self.label
