from ..feedback import Feedback
from ..limits import Allowance
from ..link_checks import LinkCheck
from ..search import SearchEntry, Synonym
from .advisors import Advisor, Liaison
from .guides import Answer, Question, Resource, Specialty, Stage, not_in_the_future
from .imported_pages import ImportedPage
from .proposals import Proposal
from .reviews import Review

__all__ = [
    "Advisor",
    "Allowance",
    "Answer",
    "Feedback",
    "ImportedPage",
    "Liaison",
    "LinkCheck",
    "Proposal",
    "Question",
    "Resource",
    "Review",
    "SearchEntry",
    "Specialty",
    "Stage",
    "Synonym",
    "not_in_the_future",
]
