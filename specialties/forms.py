from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Layout, Submit
from django import forms

from .feedback import LONGEST_WORDS
from .written import LinesField, LinkedErrors, WrittenField


class WordsForm(LinkedErrors, forms.Form):
    """What a reader missed in an answer."""

    words = LinesField(
        label="What was missing? (optional)",
        help_text="Please no names: yours is not asked for, and the advising office reads this.",
        max_length=LONGEST_WORDS,
        error_messages={"required": "Please write a few words, or go back to the guide."},
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    subject = WrittenField(  # for bots
        label="Leave this empty",
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "tabindex": "-1"}),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.form_tag = False
        trap = Div("subject", css_class="trap", aria_hidden="true")
        self.helper.layout = Layout("words", trap, Submit("send", "Send", css_class="button"))

    @property
    def is_from_a_bot(self):
        return bool(self.cleaned_data["subject"])
