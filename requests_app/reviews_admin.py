"""Departments' reviews in the admin of their guides: who was asked when, and a button to ask."""

from django.contrib import admin, messages
from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from unfold.admin import TabularInline
from unfold.decorators import display

from specialties.admin import SpecialtyAdmin
from specialties.models import Review, Specialty
from specialties.models.reviews import unanswered, without_address

from . import reviews
from .admin import ReadOnly
from .verbs import Verb, Verbs, page_of


class AskForReviewForm(Verb):
    title = "Ask for a review"

    def apply(self, specialty, *, by):
        reviews.ask_at_once(specialty, by=by)
        return messages.SUCCESS, f"The department is asked by e-mail at {specialty.email}."


class ReviewInline(ReadOnly, TabularInline):
    model = Review
    verbose_name_plural = "reviews"
    fields = ["asked_at", "who_asked", "reminded_at", "escalated_at", "state", "name", "ended_at"]
    readonly_fields = ["who_asked"]
    hide_title = True
    tab = True

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("asked_by")

    @display(description="by")
    def who_asked(self, review):
        return review.asked_by or "the portal"


class ReviewFilter(admin.SimpleListFilter):
    title = "review"
    parameter_name = "review"

    def lookups(self, request, model_admin):
        return [("asked", "Asked now"), ("unanswered", "Does not answer"), ("no_address", "No address to ask")]

    def queryset(self, request, queryset):
        match self.value():
            case "asked":
                return queryset.filter(reviews__state=Review.State.OPEN)
            case "unanswered":
                return queryset.filter(pk__in=unanswered())
            case "no_address":
                return queryset.filter(pk__in=without_address())
        return queryset


admin.site.unregister(Specialty)


@admin.register(Specialty)
class SpecialtyWithReviewsAdmin(Verbs, SpecialtyAdmin):
    """The guides, with what only the e-mails know to do."""

    list_filter = [*SpecialtyAdmin.list_filter, ReviewFilter]
    inlines = [*SpecialtyAdmin.inlines, ReviewInline]
    actions_detail = [*SpecialtyAdmin.actions_detail, "ask_for_review"]
    ask_for_review = page_of(AskForReviewForm, "ask_for_review")

    def has_verb_permission(self, request, object_id=None):
        return request.user.has_perms(["specialties.view_specialty", "specialties.add_review"])

    def get_actions_detail(self, request, object_id):
        return super(Verbs, self).get_actions_detail(request, object_id)  # nothing speaks against any of them

    @transaction.atomic  # the guide is locked for it
    def verb_page(self, *args):
        return super().verb_page(*args)

    def verb_summary(self, specialty):
        if not specialty.email:
            return "No address to ask: fill in the e-mail address of the department on the guide’s page."
        if review := specialty.reviews.open().first():
            asked = date_format(timezone.localtime(review.asked_at), "j F")
            return f"Asked on {asked}, and not finished: {specialty.email} gets a reminder with the same link now."
        return f"{specialty.email} gets one e-mail with a link to all answers, to confirm each or propose another text."
