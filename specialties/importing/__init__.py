"""A department's page, as text, HTML or Word, read into what a guide holds. Nothing here stores anything."""

from ..models import Specialty
from .documents import Refused, document_of
from .matching import Bank
from .reading import read
from .title import specialty_of

__all__ = ["Bank", "Refused", "document_of", "read", "read_for_guide"]


def read_for_guide(content, name=""):
    """Return the Page in a file's bytes or a paste, and the Specialty it is of, None where there is no guide of it yet.

    The `name` is what somebody says it is of, instead of the page. Raises Refused.
    """
    document = document_of(content)
    name = name or specialty_of(document)
    specialty = Specialty.objects.filter(name__iexact=name).first() if name else None
    return read(document, Bank.of_portal(specialty), specialty.name if specialty else name), specialty
