"""A department's page, as text, HTML or Word, read into what a guide holds. Nothing here stores anything."""

from .documents import Refused, document_of
from .matching import Bank
from .reading import read

__all__ = ["Bank", "Refused", "document_of", "read"]
