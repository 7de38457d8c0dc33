from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpResponseRedirect
from django.shortcuts import render
from django.template.defaultfilters import linebreaks_filter, truncatechars
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from django.utils.timesince import timesince
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget, UnfoldBooleanWidget

from specialties.models import Advisor

from .choices import Status
from .fields import LinesField
from .models import AdvisorRequest, IllegalMove, RequestEvent
from .outbox import NotInTrouble, OutgoingEmail


class ReadOnly:
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


class VerbForm(forms.Form):
    """What a verb needs to know. `apply` does it to the row; it returns level and text of a message to staff."""

    def __init__(self, *args, obj, **kwargs):
        super().__init__(*args, **kwargs)


class AssignForm(VerbForm):
    advisor = forms.ModelChoiceField(
        Advisor.objects.none(),
        widget=UnfoldAdminSelectWidget,
        error_messages={
            "required": "Please choose an advisor.",
            "invalid_choice": "This person does not advise on this specialty.",
        },
    )
    all_the_same = forms.BooleanField(
        label="Assign all the same",
        help_text="also somebody on the selection committee, whom the student asked to avoid",
        required=False,
        widget=UnfoldBooleanWidget,
    )

    def __init__(self, *args, obj, **kwargs):
        super().__init__(*args, obj=obj, **kwargs)
        self.fields["advisor"].queryset = obj.specialty.advisors.all()
        self.fields["advisor"].label_from_instance = self.label
        self.initial.setdefault("advisor", obj.preferred_advisor)
        self.avoids_committee = obj.avoid_selection_committee
        if not self.avoids_committee:
            del self.fields["all_the_same"]

    @staticmethod
    def label(advisor):
        committee = ", on the selection committee" if advisor.on_selection_committee else ""
        return f"{advisor} — {advisor.availability}{committee}"

    def goes_against_the_wish(self, advisor):
        return self.avoids_committee and advisor.on_selection_committee

    def clean(self):
        cleaned = super().clean()
        advisor = cleaned.get("advisor")
        if advisor and self.goes_against_the_wish(advisor) and not cleaned["all_the_same"]:
            self.add_error(
                "advisor",
                f"{advisor} is on the selection committee, which the student asked to avoid. "
                f"Choose somebody else, or tick “{self.fields['all_the_same'].label}”.",
            )
        return cleaned

    def apply(self, advisor_request, *, by):
        advisor = self.cleaned_data["advisor"]
        note = "On the selection committee, assigned all the same." if self.goes_against_the_wish(advisor) else ""
        advisor_request.assign(advisor, by=by, note=note)
        if not advisor.email:
            return messages.WARNING, f"{advisor} has no e-mail address here: please pass the request on yourself."
        return messages.SUCCESS, f"{advisor} and the student are told by e-mail."


class CloseForm(VerbForm):
    reason = LinesField(
        widget=UnfoldAdminTextareaWidget,
        max_length=1000,
        help_text="The student reads this, word for word. Up to 1,000 characters.",
        error_messages={"required": "Please give the reason."},
    )

    def apply(self, advisor_request, *, by):
        advisor_request.close(self.cleaned_data["reason"], by=by)
        return messages.SUCCESS, "The student is told by e-mail."


class SendAgainForm(VerbForm):
    def apply(self, email, *, by):
        email.send_again()
        return messages.SUCCESS, f"{email} is being sent again."


class Verbs:
    """What staff may do to a row, each with a page of its own that asks for what it needs; opening it does nothing.

    `refusal` says why none of it can be done to a row, or is empty.
    """

    def has_verb_permission(self, request, object_id=None):
        return request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}")

    def get_actions_detail(self, request, object_id):
        obj = self.get_object(request, object_id)
        return super().get_actions_detail(request, object_id) if obj and not self.refusal(obj) else []

    def verb(self, request, object_id, title, form_class):
        obj = self.get_object(request, object_id)
        if obj is None:
            raise Http404
        if refusal := self.refusal(obj):
            messages.error(request, refusal)
            return HttpResponseRedirect(change_url(obj))
        form = form_class(request.POST if request.method == "POST" else None, obj=obj)
        if form.is_valid():
            try:
                messages.add_message(request, *form.apply(obj, by=request.user))
            except (IllegalMove, NotInTrouble) as refusal:
                messages.error(request, refusal)
            return HttpResponseRedirect(change_url(obj))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"{title}: {obj}",
            "submit_text": title,
            "summary": self.verb_summary(obj),
            "back": change_url(obj),
            "form": form,
        }
        return render(request, "admin/requests_app/verb.html", context)


@admin.register(AdvisorRequest)
class AdvisorRequestAdmin(Verbs, ReadOnly, ModelAdmin):
    list_display = ["reference", "name", "specialty", "where_it_stands", "advisor", "age"]
    list_filter = ["status", "specialty", "class_year"]
    list_select_related = ["specialty", "advisor"]
    search_fields = ["reference", "name", "email"]
    inlines = [EventInline, EmailInline]
    actions_detail = ["assign", "close"]
    fieldsets = [
        (None, {"fields": [("reference", "status"), ("advisor", "respond_by"), ("specialty", "created_at")]}),
        ("The student", {"fields": [("name", "email"), ("class_year", "topics_in_words")]}),
        (
            "What they wrote",
            {"fields": ["message_as_written", "availability", ("preferred_advisor", "avoid_selection_committee")]},
        ),
    ]
    readonly_fields = ["topics_in_words", "message_as_written"]

    def get_queryset(self, request):
        return super().get_queryset(request).with_people()

    def view_on_site(self, advisor_request):
        return advisor_request.get_absolute_url()

    @display(
        description="status",
        ordering="status",
        label={Status.WAITING: "warning", Status.ACCEPTED: "success", "overdue": "danger"},
    )
    def where_it_stands(self, advisor_request):
        if advisor_request.is_overdue:
            return "overdue", f"{advisor_request.get_status_display()}, overdue"
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

    def refusal(self, advisor_request):
        return "" if advisor_request.is_open else f"{advisor_request} is already closed."

    def verb_summary(self, advisor_request):
        wish = "; nobody on the selection committee, please" if advisor_request.avoid_selection_committee else ""
        return (
            f"{advisor_request.name} ({advisor_request.get_class_year_display()}) · {advisor_request.specialty}{wish}"
        )

    @action(description="Assign to an advisor", url_path="assign", permissions=["verb"])
    def assign(self, request, object_id):
        return self.verb(request, object_id, "Assign to an advisor", AssignForm)

    @action(description="Close with a reason", url_path="close", permissions=["verb"])
    def close(self, request, object_id):
        return self.verb(request, object_id, "Close with a reason", CloseForm)


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
    search_fields = ["subject", "to"]
    actions = ["send_again"]
    actions_detail = ["send_this_again"]
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
        return linebreaks_filter(email.text)

    @display(description="last error")
    def error(self, email):
        return truncatechars(email.last_error, 80)

    def refusal(self, email):
        return "" if email.is_in_trouble else f"{email} cannot be sent again: it is {email.state}."

    def verb_summary(self, email):
        return f"To {email.to} · {email.state}"

    @action(description="Send again", permissions=["verb"])
    def send_again(self, request, queryset):
        for email in queryset:
            try:
                email.send_again()
                messages.success(request, f"{email} is being sent again.")
            except NotInTrouble as refusal:
                messages.warning(request, refusal)

    @action(description="Send again", url_path="send-again", permissions=["verb"])
    def send_this_again(self, request, object_id):
        return self.verb(request, object_id, "Send again", SendAgainForm)


def change_url(obj):
    return reverse(f"admin:{obj._meta.app_label}_{obj._meta.model_name}_change", args=[obj.pk])


def waiting_badge(request):
    """Return how many requests wait for the office, for the menu; what makes its box vanish where there are none."""
    return AdvisorRequest.objects.waiting().count() or mark_safe('<span class="nothing-waits"></span>')
