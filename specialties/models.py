from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Count, F, Prefetch, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from .fields import RichTextField, WebAddressField

SHORT_ANSWER_LENGTH = 80  # characters: what fits one cell of a comparison


class Stage(models.Model):
    """A part of the curriculum, as "M1 and M2 Students"."""

    name = models.CharField(max_length=100, unique=True)
    slug = models.SlugField(unique=True)
    position = models.PositiveSmallIntegerField(default=0, db_index=True)

    class Meta:
        ordering = ["position", "pk"]

    def __str__(self):
        return self.name


class SpecialtyQuerySet(models.QuerySet):
    def published(self):
        return self.filter(is_published=True)

    def with_advisors(self):
        return self.prefetch_related("advisors")

    def with_counts(self):
        """Each with `answer_count`, of questions still asked that have an answer, and `advisor_count`."""
        answered = ~Q(answers__short_answer="", answers__body="") & Q(answers__question__is_active=True)
        return self.annotate(
            answer_count=Count("answers", filter=answered, distinct=True),
            advisor_count=Count("advisors", distinct=True),
        )


class Specialty(models.Model):
    name = models.CharField(max_length=100, unique=True)
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
        "published", default=False, help_text="Unticked, the guide is a draft only staff see."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = SpecialtyQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "specialties"

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("specialties:guide", args=[self.slug])

    @property
    def short_name(self):
        """The abbreviation where there is one: "IR"."""
        return self.abbreviation or self.name

    @property
    def article(self):
        """ "an" before Interventional Radiology, "a" before Dermatology and, for its sound, Urology."""
        return "an" if self.name[:1] in "AEIO" else "a"

    def entries(self):
        """Return one answer for each question asked of this specialty, in reading order.

        A question nobody has answered yet comes with an unsaved, blank answer.
        """
        answers = {answer.question_id: answer for answer in self.answers.all()}
        entries = []
        for question in Question.objects.asked_of(self).select_related("stage"):
            entry = answers.get(question.pk) or Answer(specialty=self)
            entry.question = question
            entries.append(entry)
        return entries

    def last_edited(self, entries):
        """Return when the text of the guide or of one of its entries last changed."""
        return max([self.updated_at, *(entry.updated_at for entry in entries if entry.pk)])


class QuestionQuerySet(models.QuerySet):
    def asked_of(self, specialty):
        return self.filter(Q(specialty=None) | Q(specialty=specialty), is_active=True)


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

    class Meta:
        ordering = ["stage__position", "stage", "position", "pk"]

    def __str__(self):
        return self.label


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
        null=True, blank=True, help_text="When the department last said that it still holds."
    )
    confirmed_by = models.CharField(max_length=100, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

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

    def get_absolute_url(self):
        return f"{self.specialty.get_absolute_url()}#{self.question.key}"

    @property
    def is_blank(self):
        return not (self.short_answer or self.body)


class AdvisorQuerySet(models.QuerySet):
    def on_site(self):
        """Those a reader can find: they advise on at least one published specialty."""
        return self.filter(specialties__in=Specialty.objects.published()).distinct()

    def taking_requests(self):
        return self.filter(accepts_requests=True, request_limit__gt=0)

    def with_published_specialties(self):
        return self.prefetch_related(Prefetch("specialties", Specialty.objects.published()))


class Advisor(models.Model):
    name = models.CharField(max_length=100)
    credentials = models.CharField(max_length=50, blank=True, help_text='As in "MD" or "MD, MPH".')
    slug = models.SlugField(unique=True, help_text="The last part of the profile's address.")
    role = models.CharField(max_length=100, default="Specialty Career Advisor")
    specialties = models.ManyToManyField(Specialty, related_name="advisors", blank=True)
    photo = models.ImageField(upload_to="advisors/", blank=True)
    bio = models.TextField(blank=True)
    email = models.EmailField("e-mail", blank=True, help_text="Where requests go.")
    show_email = models.BooleanField("show e-mail", default=False, help_text="On the public profile.")
    profile_url = WebAddressField("profile elsewhere", blank=True)
    accepts_requests = models.BooleanField("takes requests", default=True)
    request_limit = models.PositiveSmallIntegerField(
        default=5, help_text="How many requests at once. 0: none, they have opted out."
    )
    on_selection_committee = models.BooleanField(
        "on the residency selection committee", default=False, help_text="Students ask to know before they write."
    )
    stand_in = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="stands_in_for", help_text="Takes over while away."
    )
    away_from = models.DateField(null=True, blank=True)
    away_until = models.DateField(null=True, blank=True, help_text="The last day away.")

    objects = AdvisorQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(away_from=None) | Q(away_until=None) | Q(away_until__gte=F("away_from")),
                name="away_ends_after_it_begins",
                violation_error_message="The last day away is before the first.",
            ),
            models.CheckConstraint(
                condition=Q(stand_in=None) | ~Q(stand_in=F("id")),
                name="nobody_stands_in_for_themselves",
                violation_error_message="Nobody can stand in for themselves.",
            ),
        ]

    def __str__(self):
        return f"{self.name}, {self.credentials}" if self.credentials else self.name

    def get_absolute_url(self):
        return reverse("specialties:advisor", args=[self.slug])

    @property
    def initials(self):
        words = self.name.split()
        return (words[0][0] + words[-1][0]).upper() if words else ""

    @property
    def public_email(self):
        return self.email if self.show_email else ""

    @property
    def takes_requests(self):
        return self.accepts_requests and self.request_limit > 0

    @property
    def is_away(self):
        """Whether today is one of the days away; without a last day, until further notice."""
        today = timezone.localdate()
        return bool(self.away_from and self.away_from <= today and (not self.away_until or today <= self.away_until))

    @property
    def availability(self):
        """Say in a few words whether a student can ask this advisor now."""
        if not self.takes_requests:
            return "Not taking requests at the moment"
        if self.is_away:
            return f"Away until {date_format(self.away_until, 'j F')}" if self.away_until else "Away at the moment"
        return "Taking requests"


class Resource(models.Model):
    specialty = models.ForeignKey(Specialty, models.CASCADE, related_name="resources")
    label = models.CharField(max_length=200)
    url = WebAddressField("address", max_length=500)
    note = models.CharField(max_length=300, blank=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "pk"]

    def __str__(self):
        return self.label
