from django import forms
from django.core.exceptions import ValidationError
from django.template.defaultfilters import pluralize

from .validators import UNREADABLE, is_visible, no_control_characters, no_reordering


class WrittenField(forms.CharField):
    """What somebody typed. What nobody can see counts as nothing; what is too long is told by how much."""

    default_error_messages = {"null_characters_not_allowed": UNREADABLE}

    def to_python(self, value):
        text = super().to_python(value)
        return text if is_visible(text) else self.empty_value

    def run_validators(self, value):
        excess = len(value) - (self.max_length or len(value))
        if excess > 0:
            raise ValidationError(
                f"This is {excess:,} character{pluralize(excess)} too long: there is room for {self.max_length:,}.",
                code="max_length",
            )
        super().run_validators(value)


class LinesField(WrittenField):
    """Text of several lines, each line break counted as the one character a browser counts."""

    default_validators = [no_control_characters, no_reordering]

    def to_python(self, value):
        return super().to_python(value).replace("\r\n", "\n")
