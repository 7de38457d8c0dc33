"""What forms of public pages have in common."""

import unicodedata

from django import forms
from django.core.exceptions import ValidationError
from django.template.defaultfilters import pluralize

UNREADABLE = "This has characters in it that cannot be read. Please type it anew."
LINE_BREAKS = "\r\n\t"
# Marks that turn the reading order around, so that a name can pretend to be another.
REORDERING = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# Letters and signs by name that show nothing: fillers of Korean, and the empty pattern of Braille.
BLANKS = set("\u115f\u1160\u3164\uffa0\u2800")


def is_visible(text):
    """Whether there is a letter, a figure or a sign in it, rather than what takes up no room or leaves it empty."""
    return any(unicodedata.category(sign)[0] in "LNPS" and sign not in BLANKS for sign in text)


def no_control_characters(value):
    """Raise ValidationError where a text holds what no keyboard types; line breaks and tabs may stay."""
    if any(unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") for sign in value if sign not in LINE_BREAKS):
        raise ValidationError(UNREADABLE, code="control")


def single_line(value):
    """Raise ValidationError where a text that belongs on one line has a line break or a tab."""
    if set(LINE_BREAKS) & set(value):
        raise ValidationError("Please write this on one line, without line breaks.", code="single_line")


def no_reordering(value):
    """Raise ValidationError where a text is shown in another order than it was written in."""
    if REORDERING & set(value):
        raise ValidationError(
            "This has invisible marks in it that change the order of its letters. Please type it anew.",
            code="reordering",
        )


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


class LinkedErrors:
    """A form whose errors lead to their fields."""

    def error_links(self):
        """Yield (id of the input or "", message) for the summary at the top of the form."""
        for name, messages in self.errors.items():
            bound = self[name] if name in self.fields else None
            has_target = bound and not bound.is_hidden
            target = (bound.id_for_label or f"{bound.auto_id}_0") if has_target else ""
            for message in messages:
                yield target, message
