from datetime import timedelta
from functools import partial

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import F, Q
from django.forms import modelform_factory
from django.http import HttpResponseRedirect
from django.template.defaultfilters import linebreaks_filter, truncatechars
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from django.utils.timesince import timesince
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import action, display

from specialties.admin import AdvisorAdmin
from specialties.filters import OwnFilter
from specialties.models import Advisor
from specialties.private_pages import without_private_links

from .choices import Status
from .entry import EntryForm
from .models import AdvisorRequest, RequestEvent, specialties_of
from .outbox import OutgoingEmail
from .verbs import (
    AcceptForm,
    CloseForm,
    CorrectEmailForm,
    DismissForm,
    HandBackForm,
    HandOverForm,
    MeetForm,
    NoteForm,
    OfferForm,
    OfferToNextForm,
    RemindForm,
    SendAgainForm,
    SendCopyForm,
    Verbs,
    change_url,
    page_of,
)


class Discreet:
    """Has fields that are not shown, and that no filter in the address may ask for, letter by letter."""

    unsearchable = set()

    def lookup_allowed(self, lookup, value, request):
        return lookup.split("__")[0] not in self.unsearchable and super().lookup_allowed(lookup, value, request)


class ReadOnly(Discreet):
    """Shown to whoever may see the request; changed by verbs, not by hand."""

    change_form_template = "admin/requests_app/read_only.html"

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    def change_view(self, request, object_id, form_url="", extra_context=None):
        # Django's own history holds what was edited by hand: here always nothing.
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "show_history": False})

    def render_change_form(self, request, context, *args, **kwargs):
        # In the page: unfold's header has no room for so many, and its menu cannot be reached by keyboard.
        context["verbs"] = context.pop("actions_detail", [])
        return super().render_change_form(request, context, *args, **kwargs)


class EventInline(ReadOnly, TabularInline):
    model = RequestEvent
    verbose_name_plural = "history"
    fields = ["created_at", "kind", "advisor", "who", "note"]
    readonly_fields = ["who"]
    hide_title = True
    tab = True

    def has_view_permission(self, request, obj=None):
        return True

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("user", "advisor")

    @display(description="by")
    def who(self, event):
        return event.user or event.get_actor_display()


class EmailInline(ReadOnly, TabularInline):
    model = OutgoingEmail
    verbose_name_plural = "e-mails"
    fields = ["created_at", "message", "to", "state", "sent_at"]
    readonly_fields = ["message", "state"]
    hide_title = True
    tab = True

    @display(description="subject")
    def message(self, email):
        return format_html('<a href="{}">{}</a>', change_url(email), email.subject)


class QueueFilter(admin.SimpleListFilter):
    """Opens the list on what the office has to do something for; who searches or filters looks among all."""

    title = "queue"
    parameter_name = "queue"
    template = "admin/filter.html"

    def __init__(self, request, params, model, model_admin):
        self.is_plain = not request.GET
        super().__init__(request, params, model, model_admin)

    def lookups(self, request, model_admin):
        return [
            ("needs_you", "Needs you"),
            ("overdue", "Overdue with the office"),
            ("unmet", "Accepted, not met in time"),
            ("open", "Open"),
            ("all", "All"),
        ]

    def value(self):
        return super().value() or ("needs_you" if self.is_plain else "all")

    def choices(self, changelist):
        return list(super().choices(changelist))[1:]  # Django's own "All" would be this list's first page again

    def queryset(self, request, queryset):
        match self.value():
            case "needs_you":
                return queryset.needing_the_office(request.user)
            case "overdue":
                return queryset.overdue()
            case "unmet":
                return queryset.unmet()
            case "open":  # by key, so that SQLite begins with the few that are open, whatever it thinks of the rest
                return queryset.filter(pk__in=AdvisorRequest.objects.order_by().open().values("pk"))
        return queryset


class OfRequestsFilter(OwnFilter):
    """Names what the requests have that the user may see."""

    def own(self, field, user):
        theirs = AdvisorRequest.objects.visible_to(user).order_by().values(field.name)
        return {} if user.has_perm("requests_app.see_every_request") else {"pk__in": theirs}


class AgeFilter(admin.SimpleListFilter):
    title = "age"
    parameter_name = "older_than"

    def lookups(self, request, model_admin):
        return [("7", "More than a week"), ("30", "More than a month"), ("90", "More than three months")]

    def queryset(self, request, queryset):
        if not (self.value() or "").isdecimal():
            return queryset
        return queryset.filter(created_at__lt=timezone.now() - timedelta(days=int(self.value()[:4])))


@admin.register(AdvisorRequest)
class AdvisorRequestAdmin(Verbs, ReadOnly, ModelAdmin):
    list_display = ["reference", "name", "specialty", "where_it_stands", "advisor", "respond_by", "age"]
    list_filter = [
        QueueFilter,
        "status",
        ("specialty", OfRequestsFilter),
        ("advisor", OfRequestsFilter),
        "class_year",
        AgeFilter,
    ]
    show_full_result_count = False  # of all years, on every page
    list_per_page = 50
    view_on_site = False  # whoever has the address acts as the student
    unsearchable = {"token", "submission_id"}  # the links to the student's page; a form sent twice leads there too
    search_fields = ["reference", "name", "email"]
    inlines = [EventInline, EmailInline]
    actions = ["offer_to_next", "remind_all", "close_all"]
    actions_detail = ["remind", "accept", "meet", "offer", "hand_back", "close", "note", "correct_email"]
    offer = page_of(OfferForm, "offer")
    accept = page_of(AcceptForm, "accept")
    meet = page_of(MeetForm, "meet")
    remind = page_of(RemindForm, "remind")
    hand_back = page_of(HandBackForm, "hand_back")
    close = page_of(CloseForm, "close")
    note = page_of(NoteForm, "note")
    correct_email = page_of(CorrectEmailForm, "correct_email")
    fieldsets = [
        (None, {"fields": [("reference", "status"), ("advisor", "respond_by"), ("specialty", "created_at")]}),
        ("The student", {"fields": [("name", "email"), ("class_year", "topics_in_words")]}),
        (
            "What they wrote",
            {"fields": ["message_as_written", "availability", ("preferred_advisor", "avoid_selection_committee")]},
        ),
        ("How it went", {"fields": [("met_on", "satisfaction"), "survey_comment"]}),
    ]
    readonly_fields = ["topics_in_words", "message_as_written"]

    def get_queryset(self, request):
        return super().get_queryset(request).visible_to(request.user).with_people()

    def get_fieldsets(self, request, obj=None):
        when = {"fields": ["erased_at"]}
        return [*self.fieldsets[:1], ("Erased", when)] if obj and obj.erased_at else self.fieldsets

    def get_ordering(self, request):
        """What is open by its date, what is long over newest first."""
        is_queue = set(request.GET) <= {"queue"} and request.GET.get("queue") != "all"
        return [F("respond_by").asc(nulls_last=True), "pk"] if is_queue else super().get_ordering(request)

    def has_add_permission(self, request, obj=None):
        return request.user.has_perm("requests_app.add_advisorrequest")

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.name == "specialty":
            kwargs["queryset"] = specialties_of(request.user)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def add_view(self, request, form_url="", extra_context=None):
        """Take down a request that came by telephone or e-mail; an advisor may have agreed already."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        callback = partial(self.formfield_for_dbfield, request=request)
        form_class = modelform_factory(AdvisorRequest, form=EntryForm, formfield_callback=callback)
        form = form_class(request.POST if request.method == "POST" else None)
        if form.is_valid() and (stored := form.submit(by=request.user)):
            messages.success(request, f"{stored} is taken down, and the student told by e-mail.")
            return HttpResponseRedirect(change_url(stored))
        back = reverse("admin:requests_app_advisorrequest_changelist")
        return self.form_page(request, form, title="Take down a request", back=back)

    @display(
        description="status",
        ordering="status",
        label={Status.WAITING: "warning", Status.ACCEPTED: "success", "overdue": "danger", "not met": "warning"},
    )
    def where_it_stands(self, advisor_request):
        if advisor_request.is_overdue:
            return "overdue", f"{advisor_request.get_status_display()}, overdue"
        if advisor_request.is_unmet:
            return "not met", f"{advisor_request.get_status_display()}, not met yet"
        return advisor_request.status, advisor_request.get_status_display()

    @display(description="age", ordering="created_at")
    def age(self, advisor_request):
        return timesince(advisor_request.created_at, depth=1)

    @display(description="topics")
    def topics_in_words(self, advisor_request):
        return ", ".join(advisor_request.topic_labels)

    @display(description="message")
    def message_as_written(self, advisor_request):
        return linebreaks_filter(advisor_request.message)

    def verb_summary(self, advisor_request):
        wish = "; nobody on the selection committee, please" if advisor_request.avoid_selection_committee else ""
        student = f"{advisor_request.name} ({advisor_request.get_class_year_display()})"
        advisor = f" · with {advisor_request.advisor}" if advisor_request.advisor else ""
        return f"{student} · {advisor_request.specialty}{wish}{advisor}"

    @action(description="Offer to the next advisor who can", permissions=["verb"])
    def offer_to_next(self, request, queryset):
        self.do_to_all(request, queryset, OfferToNextForm(obj=None))

    @action(description="Remind the advisor", permissions=["verb"])
    def remind_all(self, request, queryset):
        self.do_to_all(request, queryset, RemindForm(obj=None))

    @action(description="Close with a reason", permissions=["verb"])
    def close_all(self, request, queryset):
        """Ask for one reason, then close each; the page sends the choice of rows back with it."""
        if (newest := request.POST.get("newest", "")).isdecimal():
            queryset = queryset.filter(pk__lte=int(newest))  # what came since, nobody chose
        form = CloseForm(request.POST if "reason" in request.POST else None, obj=None)
        if form.is_valid():
            return self.do_to_all(request, queryset, form)
        chosen = queryset.order_by().values_list("pk", flat=True)
        if request.POST.get("select_across") == "1":  # any number of rows, of which a form could not name each
            choice = [("select_across", 1), ("_selected_action", "all"), ("newest", max(chosen, default=0))]
        else:
            choice = [("_selected_action", pk) for pk in chosen]
        title = f"Close {len(chosen):,} requests"
        hidden = [("action", "close_all"), *choice]
        return self.form_page(request, form, title=title, back=request.get_full_path(), hidden=hidden)


class FailedFilter(admin.SimpleListFilter):
    title = "trouble"
    parameter_name = "failed"

    def lookups(self, request, model_admin):
        return [("yes", "Failed")]

    def queryset(self, request, queryset):
        return queryset.failed() if self.value() else queryset


@admin.register(OutgoingEmail)
class OutgoingEmailAdmin(Verbs, ReadOnly, ModelAdmin):
    list_display = ["created_at", "subject", "to", "state_label", "attempts", "error"]
    list_filter = [FailedFilter, "kind"]
    unsearchable = {"text", "html"}
    search_fields = ["subject", "to"]
    actions = ["send_again", "dismiss_all"]
    actions_detail = ["send_this_again", "send_copy", "dismiss"]
    send_this_again = page_of(SendAgainForm, "send_this_again")
    send_copy = page_of(SendCopyForm, "send_copy")
    dismiss = page_of(DismissForm, "dismiss")
    fields = [
        ("subject", "to"),
        ("state_label", "sent_at"),
        ("attempts", "next_try"),
        "last_error",
        "text_as_written",
        "request",
    ]
    readonly_fields = ["state_label", "text_as_written"]

    @display(description="state", label={"sent": "success", "failed": "danger", "trying again": "warning"})
    def state_label(self, email):
        return email.state

    @display(description="text")
    def text_as_written(self, email):
        return linebreaks_filter(without_private_links(email.text))

    @display(description="last error")
    def error(self, email):
        return truncatechars(email.last_error, 80)

    def verb_summary(self, email):
        return f"To {email.to} · {email.state}"

    def get_queryset(self, request):
        return super().get_queryset(request).visible_to(request.user)

    @action(description="Send again", permissions=["verb"])
    def send_again(self, request, queryset):
        self.do_to_all(request, queryset, SendAgainForm(obj=None))

    @action(description="Dismiss", permissions=["verb"])
    def dismiss_all(self, request, queryset):
        self.do_to_all(request, queryset, DismissForm(obj=None))


admin.site.unregister(Advisor)


@admin.register(Advisor)
class AdvisorWithRequestsAdmin(Verbs, Discreet, AdvisorAdmin):
    """The advisors of the guides, with what only the requests know to do."""

    unsearchable = {"open_requests"}  # of every specialty
    actions_detail = ["hand_over"]
    hand_over = page_of(HandOverForm, "hand_over")

    def has_verb_permission(self, request, object_id=None):
        both = ("specialties.change_advisor", "requests_app.change_advisorrequest", "requests_app.see_every_request")
        return request.user.has_perms(both)

    def get_deleted_objects(self, objs, request):
        """Of those who were asked before, say what to do instead of which rows are in the way."""
        deleted, counts, permissions, protected = super().get_deleted_objects(objs, request)
        asked = Q(offers__isnull=False) | Q(preferred_in_requests__isnull=False)
        kept = Advisor.objects.filter(asked, pk__in=[advisor.pk for advisor in objs]).distinct()
        words = "stays, for the history of requests. Hand their requests over instead, or switch “takes requests” off."
        if reasons := [f"{advisor} {words}" for advisor in kept]:
            return deleted, counts, set(), reasons
        return deleted, counts, permissions, protected

    def save_model(self, request, obj, form, change):
        super().save_model(request, obj, form, change)
        if obj.email and (former := form.initial.get("email")):
            OutgoingEmail.objects.filter(request__offers__advisor=obj).redirect(former, obj.email)

    def get_list_display(self, request):
        if request.user.has_perm("requests_app.see_every_request"):
            return self.list_display
        return [column for column in self.list_display if column != "open_of_limit"]

    def verb_summary(self, advisor):
        return f"{advisor.role} · {advisor.open_requests} open requests"


def waiting_badge(request):
    """Return how many requests need the office, for the menu; what makes its box vanish where there are none."""
    needing = AdvisorRequest.objects.visible_to(request.user).needing_the_office(request.user)
    return needing.count() or mark_safe('<span class="nothing-waits"></span>')


from . import reviews_admin  # noqa: E402, F401 - registered like those above
