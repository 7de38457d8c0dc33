import re
import unicodedata

from django.core.exceptions import ValidationError

from specialties.written import UNREADABLE

LINE_BREAKS = "\r\n\t"
# Marks that turn the reading order around, so that a name can pretend to be another.
REORDERING = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

WEB_ADDRESS = re.compile(
    r"""
    :// | (?i:www\.) |
    \b (?! (?:St|Ste|Dr|Mr|Mrs|Ms|Jr) \.[A-Z][a-z] )  # St.John is a name
    [\w-]{2,} \. [^\W\d_]{2,}
    """,
    re.VERBOSE,
)


def no_control_characters(value):
    """Raise ValidationError where a text holds what no keyboard types; line breaks and tabs may stay."""
    if any(unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") for sign in value if sign not in LINE_BREAKS):
        raise ValidationError(UNREADABLE, code="control")


def no_reordering(value):
    """Raise ValidationError where a text is shown in another order than it was written in."""
    if REORDERING & set(value):
        raise ValidationError(
            "This has invisible marks in it that change the order of its letters. Please type it anew.",
            code="reordering",
        )


def single_line(value):
    """Raise ValidationError where a text that belongs on one line has a line break or a tab."""
    if set(LINE_BREAKS) & set(value):
        raise ValidationError("Please write this on one line, without line breaks.", code="single_line")


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
