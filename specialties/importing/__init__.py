"""A department's page, as text, HTML or Word, read into what a guide holds. Reads only; nothing is stored."""

from .documents import Refused, document_of
from .matching import Bank
from .reading import read

__all__ = ["Bank", "Refused", "document_of", "read"]
