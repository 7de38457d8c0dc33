"""A world in which every text of every row is a hostile one, as no form would take it: another road may bring it."""

from contextlib import suppress

from django.apps import apps
from django.db import IntegrityError, models, transaction

from specialties.fields import RichTextField

OURS = {"specialties", "requests_app", "auth", "accounts"}
NOT_WRITTEN = {"token", "reference", "message_id", "password", "codename", "html", "fingerprint", "photo", "key"}


def fill_all(*texts, link):
    """Put into each text of all that is stored the first of these that fits, and `link` where an address is kept."""
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if model._meta.app_label in OURS and is_text(field):
                fill(model, field, texts, link)


def is_text(field):
    is_other = isinstance(field, models.SlugField | models.EmailField) or field.choices or field.name in NOT_WRITTEN
    return isinstance(field, models.CharField | models.TextField) and not is_other


def fill(model, field, texts, link):
    for pk in [*model._base_manager.values_list("pk", flat=True)]:
        end = f"{pk}" if field.unique else ""
        fitting = (f"{text}{end}" for text in texts if len(f"{text}{end}") <= (field.max_length or len(texts[0])))
        text = link if isinstance(field, models.URLField) else next(fitting, "")
        if isinstance(field, RichTextField):
            text = f"<p>{texts[0]}</p><a href='{link}'>x</a>"
        with suppress(IntegrityError), transaction.atomic():  # what a constraint keeps out by every road
            model._base_manager.filter(pk=pk).update(**{field.name: text})
