import re
from html import unescape

from django.db import models
from django.utils.html import strip_tags
from django_prose_editor.fields import ProseEditorField

EXTENSIONS = {
    "Bold": True,
    "Italic": True,
    "BulletList": True,
    "OrderedList": True,
    "ListItem": True,
    "HardBreak": True,
    "Link": {"enableTarget": False, "autolink": False, "protocols": ["http", "https", "mailto"]},
}


class RichTextField(ProseEditorField):
    """Text with the few formats its editor offers, holding nothing else by whatever road it came.

    The editor's own field sanitises in forms only; imports, fixtures and update() pass by here.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, extensions=EXTENSIONS, sanitize=True, **kwargs)

    def get_db_prep_save(self, value, connection):
        if isinstance(value, str):
            value = self.cleaned(value)
        return super().get_db_prep_save(value, connection)

    def cleaned(self, value):
        """Return `value` as it is stored: sanitised, and "" where it holds no word."""
        value = self.sanitize(value)
        return value if plain_text(value) else ""  # an empty paragraph is no answer


def plain_text(html):
    """Return what a reader sees of rich text, each paragraph, list item and line on a line of its own."""
    broken = re.sub(r"</(?:p|li)>|<br\s*/?>", "\n", html)
    lines = (" ".join(line.split()) for line in unescape(strip_tags(broken)).splitlines())
    return "\n".join(line for line in lines if line)


class WebAddressField(models.URLField):
    """An address on the web; typed without its scheme it is taken to be https."""

    def formfield(self, **kwargs):
        return super().formfield(assume_scheme="https", **kwargs)
