"""A page that was read, as the unpublished guide of a new specialty."""

from django.db import transaction
from django.utils.text import slugify

from ..content_files import checked
from ..models import Answer, Question, Specialty
from .reading import html


@transaction.atomic
def add_draft(page):
    """Add the guide with the answers whose questions are in the bank; return it, None where the specialty is there.

    Raises ValidationError for a value that no form would take.
    """
    if Specialty.objects.filter(slug=slugify(page.specialty)).exists():
        return None
    specialty = checked(
        Specialty(
            name=page.specialty,
            slug=slugify(page.specialty),
            quote=page.quote,
            quote_source=page.quote_source,
            recommendations=html(page.recommendation_lines),
            address=page.contact,
        )
    )
    for entry in page.entries:
        if entry.key and not entry.blank:
            checked(Answer(specialty=specialty, question=Question.objects.get(key=entry.key), body=entry.body))
    return specialty
