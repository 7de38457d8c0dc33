"""A department's page, as text, HTML or Word, read into what a guide holds. Only `add_draft` stores anything."""

from .documents import Refused, document_of
from .drafts import add_draft
from .matching import Bank
from .reading import read

__all__ = ["Bank", "Refused", "add_draft", "document_of", "read"]
