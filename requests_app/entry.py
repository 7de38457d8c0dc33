import uuid

from django import forms
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminSelectWidget

from specialties.models import Advisor
from specialties.written import LinesField, WrittenField

from .choices import Source, Topic
from .models import AdvisorRequest, AlreadyOpen, LimitReached
from .verbs import AllTheSame


class EntryForm(AllTheSame, forms.ModelForm):
    """A request that came another way than by the form, taken down by the office."""

    title = "Take it down"

    source = forms.ChoiceField(
        label="Came by",
        choices=[choice for choice in Source.choices if choice[0] != Source.FORM],
        widget=UnfoldAdminSelectWidget,
    )
    topics = forms.MultipleChoiceField(choices=Topic, required=False, widget=UnfoldAdminCheckboxSelectMultipleWidget)
    agreed_advisor = forms.ModelChoiceField(
        label="Advisor who has agreed already",
        queryset=Advisor.objects.all(),
        required=False,
        help_text="Left out, the request goes its usual way.",
        widget=UnfoldAdminSelectWidget,
    )

    class Meta:
        model = AdvisorRequest
        fields = [
            "source",
            "specialty",
            "name",
            "email",
            "class_year",
            "topics",
            "message",
            "availability",
            "preferred_advisor",
            "avoid_selection_committee",
        ]
        field_classes = {"name": WrittenField, "message": LinesField, "availability": LinesField}

    field_order = [*Meta.fields, "agreed_advisor", "all_the_same"]

    def clean(self):
        cleaned = super().clean()
        specialty = cleaned.get("specialty")
        for field in ("preferred_advisor", "agreed_advisor"):
            advisor = cleaned.get(field)
            if advisor and specialty and not advisor.specialties.contains(specialty):
                self.add_error(field, f"{advisor} does not advise on {specialty}.")
        if advisor := cleaned.get("agreed_advisor"):
            wish = cleaned["avoid_selection_committee"]
            self.note = self.weigh("agreed_advisor", advisor, avoid_committee=wish, agreed=True)
        return cleaned

    def submit(self, *, by):
        """Store the request and return it; add an error and return None where it is refused."""
        fields = {name: self.cleaned_data[name] for name in self.Meta.fields}
        if advisor := self.cleaned_data["agreed_advisor"]:
            tick = self.cleaned_data["all_the_same"]
            fields["agreed"] = {"advisor": advisor, "note": self.note, "despite_limit": tick}
        try:
            return AdvisorRequest.objects.submit(by=by, submission_id=uuid.uuid4(), **fields)
        except AlreadyOpen as refusal:
            self.add_error("email", f"This address has an open request for this specialty: {refusal.advisor_request}.")
        except LimitReached as refusal:
            self.add_error("agreed_advisor", str(refusal))
        return None
