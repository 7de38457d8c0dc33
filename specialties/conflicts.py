"""No silent overwrite: what two people change at once is shown to the second, who decides."""

from django import forms
from django.utils import timezone
from django.utils.formats import date_format, localize
from django.utils.text import normalize_newlines

from .fields import plain_text


class NoSilentOverwrite(forms.ModelForm):
    """Refuses to save over what somebody else saved since the form was opened, until it was shown to the editor.

    What the form showed comes back with it in hidden fields. The row must be locked before it is read for the form.
    """

    edited = "updated_at"  # the field of the row that says when its text last changed

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.show_hidden_initial = True

    def clean(self):
        super().clean()
        if self.instance.pk and self.has_changed() and (stale := [name for name in self.fields if self.is_stale(name)]):
            self.data = self.data.copy()
            moment = date_format(timezone.localtime(getattr(self.instance, self.edited)), "j F Y, H:i")
            self.add_error(
                None,
                f"Somebody else saved this meanwhile: its text was last edited on {moment}. "
                "Nothing of yours is stored yet. Look through it, and save again.",
            )
            for name in stale:
                self.show_both(name)

    def is_stale(self, name):
        """Whether a field holds now neither what the form showed nor what the editor wants it to hold."""
        if not self.fields[name].show_hidden_initial:
            return False  # a key, added by the page
        widget = self.fields[name].hidden_widget()
        shown = widget.value_from_datadict(self.data, self.files, self.add_initial_prefix(name))
        stored = self.comparable(name, self.stored(name))
        return stored not in (self.comparable(name, shown), self.comparable(name, self[name].data))

    def stored(self, name):
        return self.instance.serializable_value(name)

    def comparable(self, name, value):
        value = self.fields[name].to_python(value)
        return normalize_newlines(value) if isinstance(value, str) else value  # a browser sends its own line ends

    def show_both(self, name):
        """What the editor changed stays in the field; what they did not touch becomes what is stored."""
        stored = self.stored(name)
        self.data[self.add_initial_prefix(name)] = stored
        if name in self.changed_data:
            words = plain_text(stored) if isinstance(stored, str) else localize(stored)
            now = f"“{words}”" if stored else "nothing"
            self.add_error(name, f"Stored now: {now}. Saved again, yours takes its place.")
        else:
            self.data[self.add_prefix(name)] = stored
            self.add_error(name, "Changed meanwhile. This is what is stored now.")
