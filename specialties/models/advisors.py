"""Who advises on a specialty, and who looks after its requests."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Prefetch, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from ..fields import WebAddressField
from ..history import History
from .guides import Specialty


class AdvisorQuerySet(models.QuerySet):
    def on_site(self):
        """Those a reader can find: they advise on at least one published specialty."""
        return self.filter(specialties__in=Specialty.objects.published()).distinct()

    def visible_to(self, user):
        """Those a member of staff works with: all for the office, for a liaison those of their specialties."""
        if user.has_perm("specialties.see_every_guide"):
            return self
        return self.filter(pk__in=Advisor.objects.filter(specialties__in=Specialty.objects.visible_to(user)))

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
    open_requests = models.PositiveIntegerField(
        default=0, editable=False, help_text="How many are with them now. Kept by the requests."
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
    history = History(excluded_fields=["open_requests"], m2m_fields=[specialties])

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

    def clean(self):
        """What the constraints say, told at the field and without asking the database."""
        if self.away_from and self.away_until and self.away_until < self.away_from:
            raise ValidationError({"away_until": "The last day away is before the first."})
        if self.stand_in_id and self.stand_in_id == self.pk:
            raise ValidationError({"stand_in": "Nobody can stand in for themselves."})

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
    def load(self):
        """How many requests they have of how many they want at once: "2 of 5"."""
        return f"{self.open_requests} of {self.request_limit}"

    @property
    def is_full(self):
        return self.open_requests >= self.request_limit

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
        return "Full at the moment" if self.is_full else "Taking requests"

    @property
    def is_available(self):
        """Whether a request would reach this advisor now: they take requests, are not away and not full."""
        return self.takes_requests and not self.is_away and not self.is_full


class Liaison(models.Model):
    """A user of a department's staff, and a specialty whose requests they see."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="liaison_for")
    specialty = models.ForeignKey(Specialty, models.CASCADE, related_name="liaisons")

    class Meta:
        ordering = ["specialty__name", "user__username"]
        constraints = [
            models.UniqueConstraint(fields=["user", "specialty"], name="one_liaison_per_user_and_specialty"),
        ]

    def __str__(self):
        return f"{self.user} for {self.specialty}"
