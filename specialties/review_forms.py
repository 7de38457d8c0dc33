"""What a department says of its guide on its review page, one press at a time."""

from django import forms
from django.core.exceptions import ValidationError

from .fields import as_typed
from .models.guides import SHORT_ANSWER_LENGTH
from .models.proposals import State, WrittenOver
from .models.reviews import SaysNothingNew
from .written import LinesField, WrittenField, no_control_characters, no_reordering

LONGEST_TEXT = 8000  # characters: percent-encoded, they all fit into what a public form may hold
NOTHING_NEW = "That is what the answer says already. If it is still right, say so above."


class LineField(WrittenField):
    """Text of one line, which no browser sends with breaks in it."""

    default_validators = [no_control_characters, no_reordering]

    def to_python(self, value):
        return " ".join(super().to_python(value).split())


class NameForm(forms.Form):
    """Who answers for the department."""

    name = LineField(
        label="Your name",
        max_length=100,
        error_messages={"required": "Please tell us your name first."},
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "name"}),
    )

    def __init__(self, *args, review, **kwargs):
        super().__init__(*args, **kwargs)
        self.review = review
        self.initial.setdefault("name", review.name)

    def apply(self):
        """Do it; return the place to go on from, or None where the page has to say why it was not done."""
        self.review.introduce(name=self.cleaned_data["name"])
        return "#answers"


class FinishForm(NameForm):
    def apply(self):
        self.review.finish(name=self.cleaned_data["name"])
        return ""


class EverythingForm(NameForm):
    """Says of what nothing was said of yet that it is still right: only of what was shown, as it was shown."""

    def apply(self):
        shown = dict(pair.split(":", 1) for pair in self.data.getlist("shown") if ":" in pair)
        self.written_over = self.review.confirm_all(shown, name=self.cleaned_data["name"])
        return None if self.written_over else "#finish"


class AnswerForm(NameForm):
    """What is said of one answer: `key` names it, `shown` marks the text it is said of."""

    key = forms.CharField(max_length=50)
    shown = forms.CharField(max_length=64)
    shown_text = forms.CharField(required=False)

    def apply(self):
        try:
            self.say(**{name: self.cleaned_data[name] for name in ("key", "shown", "name")})
        except WrittenOver:
            self.is_stale = True
        except SaysNothingNew:
            self.add_error(None, NOTHING_NEW)
        else:
            return f"#{self.cleaned_data['key']}"


class ConfirmForm(AnswerForm):
    def say(self, **about):
        self.review.confirm(**about)


class ProposeForm(AnswerForm):
    short_answer = LineField(
        label="In short (optional)",
        max_length=SHORT_ANSWER_LENGTH,
        required=False,
        help_text="For tables, as in “1–2”. Only what the full text says.",
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
    )
    body = LinesField(
        label="Full text",
        max_length=LONGEST_TEXT,
        required=False,
        help_text="An empty line begins a paragraph, “- ” an entry of a list.",
        widget=forms.Textarea(attrs={"class": "form-control", "rows": 6}),
    )

    def clean(self):
        cleaned = super().clean()
        if not self.errors and not (cleaned["short_answer"] or cleaned["body"]):
            raise ValidationError("Please write an answer. To take one away, write to the advising office.")
        return cleaned

    def say(self, **about):
        self.review.propose(**about, short_answer=self.cleaned_data["short_answer"], typed=self.cleaned_data["body"])


def propose_form(entry, review):
    """Return an empty form for an answer: it begins with the text that waits, or with the answer as it is."""
    is_waiting = entry.proposal and entry.proposal.state == State.OPEN
    text = entry.proposal if is_waiting else entry
    initial = {"short_answer": text.short_answer, "body": as_typed(text.body)}
    return ProposeForm(review=review, initial=initial, auto_id=f"{entry.question.key}-%s")
