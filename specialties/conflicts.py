"""No silent overwrite: what two people change at once is shown to the second, who decides."""

from django import forms
from django.contrib import admin
from django.db import transaction
from django.forms.formsets import DELETION_FIELD_NAME
from django.utils.text import capfirst, normalize_newlines

from .versions import Version, shown


class NoSilentOverwrite(forms.ModelForm):
    """Refuses to save over what somebody else saved since the form was opened, until it was shown to the editor.

    What the form showed comes back with it in hidden fields. The row must be locked before it is read for the form.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name in self.fields.keys() - self.declared_fields.keys():
            self.fields[name].show_hidden_initial = True
            if self.is_bound and isinstance(self.fields[name].widget, forms.MultiWidget):
                self.data = self.data.copy()
                self.data[self.add_initial_prefix(name)] = ""  # without it Django takes what was typed for what it was

    def clean(self):
        super().clean()
        if self.instance.pk and self.has_changed() and (stale := [name for name in self.fields if self.is_stale(name)]):
            self.data = self.data.copy()
            what_to_do = "Nothing of yours is stored yet. Look through it, and save again."
            if self.cleaned_data.get(DELETION_FIELD_NAME):
                what_to_do = "It is not deleted. Look through it, and tick it again to delete it."
                self.cleaned_data[DELETION_FIELD_NAME] = False  # or its formset does not ask what is wrong with it
                del self.data[self.add_prefix(DELETION_FIELD_NAME)]  # under a tick the row could not be read
            self.add_error(None, f"{self.who_and_when}. {what_to_do}")
            for name in stale:
                self.show_both(name)

    def _save_m2m(self):
        if self.has_changed():  # or else it would put back the relations that the form showed
            super()._save_m2m()

    @property
    def who_and_when(self):
        versions = getattr(self.instance, "history", None)
        if record := versions and versions.order_by("-history_id").first():
            return f"{capfirst(Version(record).who)} saved this meanwhile, on {Version(record).when}"
        return "Somebody else saved this meanwhile"

    def is_stale(self, name):
        """Whether a field holds now neither what the form showed nor what the editor wants it to hold."""
        field = self.fields[name]
        if not field.show_hidden_initial:
            return False  # nothing that the row has
        was = self._widget_data_value(field.hidden_widget(), self.add_initial_prefix(name))
        stored = as_sent(self.stored(name))
        return all(field.has_changed(stored, as_sent(value)) for value in (was, self[name].data))

    def stored(self, name):
        value = self.instance._meta.get_field(name).value_from_object(self.instance)
        return self.fields[name].prepare_value(value)

    def in_words(self, name):
        field = self.instance._meta.get_field(name)
        if field.many_to_many:
            return ", ".join(map(str, field.value_from_object(self.instance)))
        return shown(self.instance, field)

    def show_both(self, name):
        """What the editor changed stays in the field; what they did not touch becomes what is stored."""
        field, stored = self.fields[name], self.stored(name)
        self.fill_in(self.add_initial_prefix(name), field.hidden_widget(), stored)
        if name not in self.changed_data:
            self.fill_in(self.add_prefix(name), field.widget, stored)
            self.add_error(name, "Changed meanwhile. This is what is stored now.")
            return
        now = f"“{words}”" if (words := self.in_words(name)) else "nothing"
        how = "Choose yours again, and it" if isinstance(field, forms.FileField) else "Saved again, yours"
        self.add_error(name, f"Stored now: {now}. {how} takes its place.")

    def fill_in(self, name, widget, value):
        if isinstance(widget, forms.MultiWidget):
            parts = zip(widget.widgets_names, widget.decompress(value), strict=True)
            self.data.update({name + suffix: part for suffix, part in parts})
        elif isinstance(value, list):
            self.data.setlist(name, value)
        else:
            self.data[name] = value


def as_sent(value):
    """A browser sends its own line ends, and a form takes off the space around a text."""
    return normalize_newlines(value).strip() if isinstance(value, str) else value


class SavesChanges(admin.ModelAdmin):
    """Writes of a row only what changed in its form, under lock, since the rest may have moved meanwhile.

    It comes after unfold's ModelAdmin, which does what the buttons of a form say once that is saved.
    """

    form = NoSilentOverwrite

    def get_object(self, request, object_id, from_field=None):
        """Locked where it is saved, so that of two who save it at once the second sees what the first wrote."""
        row = super().get_object(request, object_id, from_field)
        try:
            if row and request.method == "POST" and transaction.get_connection().in_atomic_block:
                self.lock(row)
        except self.model.DoesNotExist:
            return None
        return row

    def lock(self, row):
        row.refresh_from_db(from_queryset=self.model.objects.select_for_update(no_key=True))

    def save_model(self, request, obj, form, change):
        if not change:
            return super().save_model(request, obj, form, change)
        fields = {field.name for field in obj._meta.fields if not field.primary_key}
        obj.save(update_fields=fields & self.written({*form.changed_data}))

    def written(self, changed):
        return changed
