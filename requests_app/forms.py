import uuid

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Field, Layout, Submit
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.html import format_html

from specialties.limits import DAY, HOUR, TooMany, count
from specialties.models import Advisor
from specialties.written import UNREADABLE, LinesField, LinkedErrors, WrittenField

from .choices import ClassYear, Satisfaction, Topic
from .honeypot import decoy_url
from .models import AdvisorRequest, AlreadyOpen


class AdvisorField(forms.ModelChoiceField):
    """One of the advisors who take requests, by slug, each with what a student asks to know first."""

    widget = forms.RadioSelect

    def validate_no_null_characters(self, value):
        if "\0" in value:
            raise ValidationError(self.error_messages["invalid_choice"], code="invalid_choice")

    def label_from_instance(self, advisor):
        committee = " · On the residency selection committee" if advisor.on_selection_committee else ""
        return option(advisor, f"{advisor.availability}{committee}")


def option(title, note):
    return format_html('<span class="option-title">{}</span> <span class="option-note">{}</span>', title, note)


class AdvisorRequestForm(LinkedErrors, forms.ModelForm):
    too_many = None

    class_year = forms.ChoiceField(
        label="Your year",
        choices=ClassYear,
        widget=forms.RadioSelect,
        error_messages=dict.fromkeys(("required", "invalid_choice"), "Please choose your year."),
    )
    advisor = AdvisorField(
        label="Who would you like to talk to?",
        queryset=Advisor.objects.none(),
        to_field_name="slug",
        required=False,
        blank=True,
        empty_label=option("No preference", "The advising office finds someone for you"),
        error_messages={"invalid_choice": "This advisor does not take requests for this specialty."},
    )
    topics = forms.MultipleChoiceField(
        label="What would you like to talk about? (optional)",
        choices=Topic,
        widget=forms.CheckboxSelectMultiple,
        required=False,
        error_messages={"invalid_choice": "Please choose from these topics only."},
    )
    submission_id = forms.UUIDField(
        widget=forms.HiddenInput,
        error_messages=dict.fromkeys(("required", "invalid"), "Something went wrong here. Please send the form again."),
    )
    subject = WrittenField(  # for bots; not a name that browsers fill in by themselves
        label="Leave this empty",
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "tabindex": "-1"}),
    )

    class Meta:
        model = AdvisorRequest
        fields = [
            "name",
            "email",
            "class_year",
            "avoid_selection_committee",
            "topics",
            "message",
            "availability",
        ]
        field_classes = {"name": WrittenField, "message": LinesField, "availability": LinesField}
        labels = {
            "name": "Your name",
            "email": "School e-mail",
            "avoid_selection_committee": "Only someone who is not on the residency selection committee",
            "message": "Your message",
            "availability": "When could you meet? (optional)",
        }
        help_texts = {
            "email": "We send you a private link to follow your request.",
            "message": "What you are deciding, and what you would like to ask. Up to 4,000 characters.",
            "availability": "Days and times that often work, in person or by video.",
        }
        widgets = {
            "name": forms.TextInput(attrs={"autocomplete": "name"}),
            "email": forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"}),
            "message": forms.Textarea(attrs={"rows": 7}),
            "availability": forms.Textarea(attrs={"rows": 3}),
        }
        error_messages = {
            "name": {"required": "Please tell us your name."},
            "email": {
                "required": "Please give your e-mail address: the answer goes there.",
                "invalid": "This does not look like an e-mail address, as in name@school.edu.",
                "max_length": "No e-mail address is this long. Please type it anew.",
                "null_characters_not_allowed": UNREADABLE,
            },
            "message": {"required": "Please write a few words to the advisor."},
        }

    def __init__(self, *args, specialty, **kwargs):
        super().__init__(*args, **kwargs)
        self.specialty = specialty
        self.initial.setdefault("submission_id", uuid.uuid4())
        self.fields["advisor"].queryset = advisors = specialty.advisors.taking_requests()
        has_choice = advisors.exists()
        if not has_choice:
            self.fields["advisor"].widget = forms.HiddenInput()
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.layout = Layout(
            "name",
            "email",
            Field("class_year", wrapper_class="chips"),
            *([Field("advisor", wrapper_class="cards")] if has_choice else []),
            "avoid_selection_committee",
            Field("topics", wrapper_class="chips"),
            "message",
            "availability",
            "submission_id",
            Div("subject", css_class="trap", aria_hidden="true"),
            Submit("send", "Send request", css_class="button"),
        )

    def clean(self):
        cleaned = super().clean()
        advisor = cleaned.get("advisor")
        if advisor and advisor.on_selection_committee and cleaned.get("avoid_selection_committee"):
            self.add_error(
                "advisor",
                f"{advisor} is on the residency selection committee. Choose somebody else, or untick the wish below.",
            )
        return cleaned

    def clean_submission_id(self):
        """A form taken up again for someone else, with the browser's Back, is a new submission."""
        submission_id, email = self.cleaned_data["submission_id"], self.cleaned_data.get("email", "")
        sent_before = AdvisorRequest.objects.filter(submission_id=submission_id)
        by_the_same = sent_before.from_address(email).filter(specialty=self.specialty)
        return uuid.uuid4() if sent_before.exists() and not by_the_same.exists() else submission_id

    def full_clean(self):
        super().full_clean()
        if "submission_id" in self._errors:  # what cannot be read must not come back with the next try
            self.data = self.data.copy()
            self.data["submission_id"] = uuid.uuid4()

    def clean_email(self):
        email, domains = self.cleaned_data["email"], settings.STUDENT_EMAIL_DOMAINS
        if domains and email.rpartition("@")[2].lower() not in domains:
            raise ValidationError(f"Please give your school address, which ends in @{' or @'.join(domains)}.")
        return email

    @property
    def is_from_a_bot(self):
        return bool(self.cleaned_data["subject"])

    @property
    def sent(self):
        """What was written and chosen, by fields of the model, in values that a cookie can hold too."""
        advisor = self.cleaned_data["advisor"]
        fields = {name: self.cleaned_data[name] for name in self.Meta.fields}
        return {**fields, "preferred_advisor_id": advisor.pk if advisor else None}

    def submit(self, place):
        """Store the request that came from `place` and return the address of its page.

        Add an error and return None where it is refused; `too_many` says so where that is for its number.
        """
        try:
            self.count(place)
        except TooMany as refusal:
            self.too_many = refusal
            self.add_error(None, f"More requests came from your network or this address than we take. {refusal}")
            return None
        submission_id = self.cleaned_data["submission_id"]
        if self.is_from_a_bot:
            return decoy_url(self.specialty, submission_id=submission_id, email=self.cleaned_data["email"])
        try:
            advisor_request = AdvisorRequest.objects.submit(
                specialty=self.specialty, submission_id=submission_id, **self.sent
            )
        except AlreadyOpen as refusal:
            refusal.advisor_request.send_link_again()
            self.add_error(
                "email",
                f"There is an open request for {self.specialty} from this address already. "
                "Its link is in the e-mail we sent there, so that you can follow it.",
            )
            return None
        return advisor_request.get_absolute_url()

    def count(self, place):
        count("requests from a place", place, most=settings.REQUESTS_PER_HOUR, seconds=HOUR)
        address = self.cleaned_data["email"].lower()
        count("requests of an address", address, most=settings.REQUESTS_PER_DAY, seconds=DAY)


class ResponseForm(forms.Form):
    """An advisor's answer to an offer: one of those possible now, with a word if they like."""

    action = forms.ChoiceField()
    note = LinesField(label="A word to the office (optional)", max_length=1000, required=False)

    def __init__(self, *args, offer, **kwargs):
        super().__init__(*args, **kwargs)
        self.offer = offer
        self.fields["action"].choices = [(answer, answer) for answer in offer.possible_answers]
        self.fields["note"].widget = forms.Textarea(attrs={"rows": 2, "class": "form-control"})

    def answer(self):
        """Do what was answered. Raises IllegalMove where the request has moved on meanwhile."""
        advisor_request = self.offer.request
        verbs = {
            "accept": advisor_request.accept,
            "decline": advisor_request.decline,
            "met": advisor_request.meet,
            "hand_back": advisor_request.hand_back,
        }
        verbs[self.cleaned_data["action"]](
            by=self.offer.advisor, note=self.cleaned_data["note"], answering=self.offer.pk
        )


class SurveyForm(LinkedErrors, forms.Form):
    """The two questions after a meeting."""

    satisfaction = forms.TypedChoiceField(
        label="How satisfied are you with the advice you got?",
        choices=Satisfaction,
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={"required": "Please choose one of the five."},
    )
    comment = LinesField(
        label="What helped, or was missing? (optional)",
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.layout = Layout(
            Field("satisfaction", wrapper_class="chips"), "comment", Submit("send", "Send", css_class="button")
        )
