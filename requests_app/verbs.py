"""What staff may do to a row in the admin, each with a page of its own that asks for what it needs.

Opening a page does nothing. A verb is a form: `refusal` says why it cannot be done to a row now, `apply` does it and
returns level and text of a message.
"""

from collections import Counter
from functools import wraps

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from unfold.decorators import action
from unfold.widgets import (
    UnfoldAdminEmailInputWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from specialties.models import Advisor
from specialties.models.reviews import NotNow
from specialties.written import LinesField

from .choices import OPEN_STATUSES, CloseReason, Status
from .handover import hand_over
from .models import AdvisorRequest, IllegalMove
from .outbox import NotInTrouble
from .routing import NO_ADDRESS, next_advisor, reason_against, reasons_against
from .validators import letters_of_an_address

MOST_NAMED = 10


class Verb(forms.Form):
    title = ""

    def __init__(self, *args, obj, user=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.obj, self.user = obj, user

    @classmethod
    def refusal(cls, obj):
        return ""


class RequestVerb(Verb):
    """One for requests in some statuses."""

    statuses = OPEN_STATUSES

    @classmethod
    def refusal(cls, advisor_request):
        if advisor_request.erased_at:
            return f"{advisor_request} is over, and what was personal of it is erased: nothing was done."
        if advisor_request.status in cls.statuses:
            return ""
        return f"{advisor_request} is {advisor_request.get_status_display().lower()}: nothing was done."


class NoteField(LinesField):
    def __init__(self, **kwargs):
        super().__init__(**{"widget": UnfoldAdminTextareaWidget, "max_length": 1000, **kwargs})


class AllTheSame(forms.Form):
    """A form that gives a request to an advisor who may not be able to take it."""

    all_the_same = forms.BooleanField(
        label="All the same",
        help_text="Also somebody who cannot take it now; the reason is kept in the history.",
        required=False,
        widget=UnfoldBooleanWidget,
    )

    def weigh(self, field, advisor, *, avoid_committee, agreed):
        """Add an error where something speaks against the advisor and nobody ticked; return what the history keeps."""
        reasons = reasons_against(advisor, avoid_committee=avoid_committee)
        if agreed:
            reasons = [reason for reason in reasons if reason != NO_ADDRESS]
        in_words = ", ".join(reasons)
        if NO_ADDRESS in reasons:
            self.add_error(field, f"{advisor} has no e-mail address to ask at. Have they agreed already?")
        elif reasons and not self.cleaned_data["all_the_same"]:
            self.add_error(field, f"{advisor}: {in_words}. Choose somebody else, or tick “All the same”.")
        return f"All the same: {in_words}." if reasons else ""


class OfferForm(AllTheSame, RequestVerb):
    title = "Offer to an advisor"
    statuses = [Status.WAITING, Status.OFFERED]

    advisor = forms.ChoiceField(
        widget=UnfoldAdminSelectWidget,
        error_messages={
            "required": "Please choose an advisor.",
            "invalid_choice": "This person does not advise on this specialty.",
        },
    )
    agreed = forms.BooleanField(
        label="They have agreed already",
        help_text="Then nobody is asked, and both are told at once.",
        required=False,
        widget=UnfoldBooleanWidget,
    )
    field_order = ["advisor", "agreed", "all_the_same"]

    def __init__(self, *args, obj, **kwargs):
        super().__init__(*args, obj=obj, **kwargs)
        self.advisors = {str(advisor.pk): advisor for advisor in obj.specialty.advisors.all()}
        sees_load = self.user.has_perm("requests_app.see_every_request")  # it counts requests of every specialty
        if not self.advisors:  # then the page says what to do instead
            self.add_advisor_url = f"{reverse('admin:specialties_advisor_add')}?specialties={obj.specialty_id}"
        able, others = [], []
        for key, advisor in self.advisors.items():
            reason = reason_against(advisor, obj)
            note = reason or (advisor.load if sees_load else "")
            (others if reason else able).append((key, f"{advisor} — {note}" if note else str(advisor)))
        self.fields["advisor"].choices = [("", "---------"), ("Can take it", able), ("Cannot", others)]
        self.initial.setdefault("advisor", obj.preferred_advisor_id)

    def clean(self):
        cleaned = super().clean()
        if advisor := self.advisors.get(cleaned.get("advisor")):
            wish = self.obj.avoid_selection_committee
            self.note = self.weigh("advisor", advisor, avoid_committee=wish, agreed=cleaned["agreed"])
        return cleaned

    def apply(self, advisor_request, *, by):
        advisor = self.advisors[self.cleaned_data["advisor"]]
        if not self.cleaned_data["agreed"]:
            advisor_request.offer(advisor, by=by, note=self.note)
            return messages.SUCCESS, f"{advisor} is asked until {date_format(advisor_request.respond_by, 'l, j F')}."
        advisor_request.assign(advisor, by=by, note=self.note, despite_limit=self.cleaned_data["all_the_same"])
        if not advisor.email:
            return messages.WARNING, f"{advisor} has no e-mail address here: please pass the request on yourself."
        return messages.SUCCESS, f"{advisor} and the student are told by e-mail."


class OfferToNextForm(RequestVerb):
    """For several at once: takes the advisor the portal would take."""

    title = "Offer to the next advisor who can"
    statuses = [Status.WAITING]

    def apply(self, advisor_request, *, by):
        if not (advisor := next_advisor(advisor_request)):
            return messages.ERROR, f"Nobody can take {advisor_request} now."
        advisor_request.offer(advisor, by=by)
        return messages.SUCCESS, f"{advisor} is asked to take {advisor_request}."


class RemindForm(RequestVerb):
    title = "Remind the advisor"
    statuses = [Status.OFFERED]

    def apply(self, advisor_request, *, by):
        advisor_request.remind(by=by)
        return messages.SUCCESS, f"{advisor_request.advisor} is reminded."


class AdvisorVerb(RequestVerb):
    """What the office does in place of an advisor: only while it is the one whom the page was opened for."""

    offer = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args, obj, **kwargs):
        super().__init__(*args, obj=obj, **kwargs)
        self.initial["offer"] = obj.running_offer.pk


class AcceptForm(AllTheSame, AdvisorVerb):
    title = "Accept on their behalf"
    statuses = [Status.OFFERED]

    def apply(self, advisor_request, *, by):
        tick, offer = self.cleaned_data["all_the_same"], self.cleaned_data["offer"]
        advisor_request.accept(by=by, despite_limit=tick, answering=offer)
        return messages.SUCCESS, f"{advisor_request.advisor} and the student are told by e-mail."


class MeetForm(AdvisorVerb):
    title = "Record their meeting"
    statuses = [Status.ACCEPTED]

    on = forms.DateField(
        label="They met on",
        widget=UnfoldAdminTextInputWidget(attrs={"type": "date"}),
        error_messages={"required": "Please choose a day.", "invalid": "Please write a day like 2026-11-23."},
    )

    def __init__(self, *args, obj, **kwargs):
        super().__init__(*args, obj=obj, **kwargs)
        self.initial["on"] = timezone.localdate().isoformat()

    def clean_on(self):
        day = self.cleaned_data["on"]
        if not timezone.localdate(self.obj.created_at) <= day <= timezone.localdate():
            raise ValidationError("Choose a day from the day of the request until today.")
        return day

    def apply(self, advisor_request, *, by):
        advisor_request.meet(by=by, on=self.cleaned_data["on"], answering=self.cleaned_data["offer"])
        return messages.SUCCESS, "The student is asked how it went."


class HandBackForm(AdvisorVerb):
    title = "Take back to the office"
    statuses = [Status.ACCEPTED]

    note = NoteField(required=False, help_text="For the history; the student does not see it.")

    def apply(self, advisor_request, *, by):
        advisor_request.take_back(by=by, note=self.cleaned_data["note"], answering=self.cleaned_data["offer"])
        return messages.SUCCESS, "It waits for the office; the advisor and the student are told."


class CloseForm(RequestVerb):
    title = "Close with a reason"
    statuses = [*OPEN_STATUSES, Status.MET]

    kind = forms.ChoiceField(
        label="Why",
        choices=[("", "---------"), *CloseReason.choices],
        error_messages={"required": "Please choose why."},
        widget=UnfoldAdminSelectWidget,
    )
    reason = NoteField(
        label="In your words",
        help_text="The student reads this, word for word: the request it repeats, or the session that answered it.",
        error_messages={"required": "Please give the reason."},
    )
    repeats = forms.ModelChoiceField(
        label="It repeats",
        queryset=AdvisorRequest.objects.none(),
        to_field_name="reference",
        required=False,
        help_text="Another request from this address, named to the student after your words.",
        widget=UnfoldAdminSelectWidget,
    )

    def __init__(self, *args, obj, **kwargs):
        super().__init__(*args, obj=obj, **kwargs)
        others = obj and AdvisorRequest.objects.visible_to(self.user).from_address(obj.email).exclude(pk=obj.pk)
        if others:
            self.fields["repeats"].queryset = others
        else:  # closed with others, or the only one
            del self.fields["repeats"]

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("repeats") and cleaned.get("kind") != CloseReason.DUPLICATE:
            self.add_error("repeats", "Only a duplicate repeats another request.")
        return cleaned

    def apply(self, advisor_request, *, by):
        words = self.cleaned_data["reason"]
        if repeated := self.cleaned_data.get("repeats"):
            words = f"{words}\n\nIt repeats your request {repeated}."
        advisor_request.close(words, by=by, reason=self.cleaned_data["kind"])
        return messages.SUCCESS, "The student is told by e-mail."


class NoteForm(RequestVerb):
    title = "Add a note"
    statuses = Status.values

    note = NoteField(help_text="For the office and the liaison; neither the student nor the advisor sees it.")

    def apply(self, advisor_request, *, by):
        advisor_request.add_note(self.cleaned_data["note"], by=by)
        return messages.SUCCESS, "The note is in the history."


class CorrectEmailForm(RequestVerb):
    title = "Correct the e-mail address"
    statuses = Status.values

    email = forms.EmailField(
        label="The student's address",
        help_text="The student gets a new link there; the one that went to the wrong address opens nothing any more.",
        validators=[letters_of_an_address],
        widget=UnfoldAdminEmailInputWidget,
    )

    def apply(self, advisor_request, *, by):
        advisor_request.correct_email(self.cleaned_data["email"], by=by)
        return messages.SUCCESS, f"The e-mails go to {advisor_request.email} now, with what could not be delivered."


class HandOverForm(Verb):
    title = "Hand over"

    successor = forms.ModelChoiceField(
        label="To",
        queryset=Advisor.objects.all(),
        required=False,
        empty_label="The office",
        help_text="Requests they can take, specialties and the part of stand-in go to them; students are told.",
        widget=UnfoldAdminSelectWidget,
    )

    def __init__(self, *args, obj, **kwargs):
        super().__init__(*args, obj=obj, **kwargs)
        self.fields["successor"].queryset = Advisor.objects.exclude(pk=obj.pk).exclude(email="")

    def apply(self, advisor, *, by):
        successor = self.cleaned_data["successor"]
        moved = Counter(row.advisor for row in hand_over(advisor, successor, by=by))
        sentences = [f"{advisor} takes no more requests."]
        for owner, count in moved.items():
            verb = "request goes" if count == 1 else "requests go"
            sentences.append(f"{count} open {verb} to {owner or 'the office'}.")
        return messages.SUCCESS, " ".join(sentences)


class SendAgainForm(Verb):
    title = "Send again"

    @classmethod
    def refusal(cls, email):
        return "" if email.is_in_trouble else f"{email} cannot be sent again: it is {email.state}."

    def apply(self, email, *, by):
        email.send_again()
        return messages.SUCCESS, f"{email} is being sent again."


class SendCopyForm(Verb):
    title = "Send once more"

    @classmethod
    def refusal(cls, email):
        return email.reason_against_copy

    def apply(self, email, *, by):
        email.send_copy()
        return messages.SUCCESS, f"{email} goes to {email.to} once more."


class DismissForm(Verb):
    title = "Dismiss"

    @classmethod
    def refusal(cls, email):
        return "" if email.needs_a_look else f"{email} cannot be dismissed: it is {email.state}."

    def apply(self, email, *, by):
        email.dismiss(by=by)
        return messages.SUCCESS, f"{email} is dismissed: nobody sends it again."


def page_of(form_class, name):
    """Return an unfold action that opens a verb's page; `name` is that of the attribute and in its address."""

    @action(description=form_class.title, url_path=name.replace("_", "-"), permissions=["verb"])
    @wraps(page_of)
    def page(self, request, object_id):
        return self.verb_page(request, object_id, form_class)

    page.__name__, page.form_class = name, form_class
    return page


class Verbs:
    """A ModelAdmin whose rows are changed by verbs: those of `actions_detail` that a row allows are its buttons."""

    def has_verb_permission(self, request, object_id=None):
        return request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}")

    def get_actions_detail(self, request, object_id):
        obj = self.get_object(request, object_id)
        actions = super().get_actions_detail(request, object_id) if obj else []
        return [each for each in actions if not each.method.form_class.refusal(obj)]

    def verb_page(self, request, object_id, form_class):
        obj = self.get_object(request, object_id)
        if obj is None:
            raise Http404
        if refusal := form_class.refusal(obj):
            messages.error(request, refusal)
            return HttpResponseRedirect(change_url(obj))
        form = form_class(request.POST if request.method == "POST" else None, obj=obj, user=request.user)
        if form.is_valid():
            messages.add_message(request, *self.do(request, form, obj))
            return HttpResponseRedirect(change_url(obj))
        return self.form_page(
            request, form, title=f"{form_class.title}: {obj}", summary=self.verb_summary(obj), back=change_url(obj)
        )

    def do(self, request, form, obj):
        """Apply a verb's valid form to a row, where it can be done; return level and text of what came of it."""
        try:
            return (messages.ERROR, refusal) if (refusal := form.refusal(obj)) else form.apply(obj, by=request.user)
        except (IllegalMove, NotInTrouble, NotNow) as refusal:
            return messages.ERROR, str(refusal)

    def do_to_all(self, request, queryset, form):
        """Do it to each row. A refusal is told row by row and stops no other; what was done, in one sentence."""
        outcomes = [(obj, *self.do(request, form, obj)) for obj in queryset]
        done = [str(obj) for obj, level, _ in outcomes if level == messages.SUCCESS]
        others = [(level, text) for _, level, text in outcomes if level != messages.SUCCESS]
        if done:
            more = f" and {len(done) - MOST_NAMED:,} more" if len(done) > MOST_NAMED else ""
            messages.success(request, f"{form.title}: {len(done):,} done, {', '.join(done[:MOST_NAMED])}{more}.")
        for level, text in others[:MOST_NAMED]:
            messages.add_message(request, level, text)
        if len(others) > MOST_NAMED:
            messages.error(request, f"{len(others) - MOST_NAMED:,} more could not be done either.")

    def form_page(self, request, form, *, title, back, summary="", hidden=()):
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": title,
            "submit_text": form.title,
            "summary": summary,
            "back": back,
            "form": form,
            "hidden": hidden,
        }
        return render(request, "admin/requests_app/verb.html", context)


def change_url(obj):
    return reverse(f"admin:{obj._meta.app_label}_{obj._meta.model_name}_change", args=[obj.pk])
