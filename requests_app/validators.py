import re
import unicodedata

from django.core.exceptions import ValidationError

from specialties.written import no_control_characters, no_reordering, single_line

__all__ = [
    "letters_of_an_address",
    "no_control_characters",
    "no_reordering",
    "no_web_address",
    "single_line",
]

WEB_ADDRESS = re.compile(
    r"""
    :// | (?i:www\.) |
    \b (?! (?:St|Ste|Dr|Mr|Mrs|Ms|Jr) \.[A-Z][a-z] )  # St.John is a name
    [\w-]{2,} \. [^\W\d_]{2,}
    """,
    re.VERBOSE,
)


def letters_of_an_address(value):
    """Raise ValidationError where an e-mail address has look-alikes of letters: another person's, at a glance."""
    if not value.isascii():
        raise ValidationError(
            "This address has letters in it that e-mail addresses do not have. Please type it anew.", code="not_ascii"
        )


def no_web_address(value):
    """Raise ValidationError where a name leads somewhere: our e-mail to whatever address is given begins with it."""
    if WEB_ADDRESS.search(_as_a_browser_reads(value)):
        raise ValidationError("Please write your name only, without a web address.", code="web_address")


def _as_a_browser_reads(address):
    """Return a text with every look-alike of a dot made one, and without what is invisible."""
    visible = "".join(character for character in address if unicodedata.category(character) != "Cf")
    return unicodedata.normalize("NFKC", visible).replace("\u3002", ".")
