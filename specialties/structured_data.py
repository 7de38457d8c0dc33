"""What a page says, in the words of schema.org for programs that read it: only what the page itself shows."""

import json

from django.conf import settings
from django.utils.safestring import mark_safe

from .fields import plain_text

# So that no text can end the script element it is written into.
ESCAPES = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}


def faq_page(specialty, entries):
    """Return a guide's given answers as a schema.org FAQPage, "" where it has none."""
    page = _address(specialty)
    questions = [
        {
            "@type": "Question",
            "name": entry.question.text,
            "url": f"{page}#{entry.question.key}",
            "acceptedAnswer": {"@type": "Answer", "text": plain_text(entry.body) or entry.short_answer},
        }
        for entry in entries
        if not entry.is_blank
    ]
    if not questions:
        return ""
    return _json_ld("FAQPage", name=specialty.title, url=page, mainEntity=questions)


def person(advisor):
    """Return an advisor as a schema.org Person."""
    facts = {
        "honorificSuffix": advisor.credentials,
        "jobTitle": advisor.role,
        "description": advisor.bio,
        "email": advisor.public_email,
        "sameAs": advisor.profile_url,
        "image": settings.SITE_URL + advisor.photo.url if advisor.photo else "",
        "knowsAbout": [specialty.name for specialty in advisor.specialties.all()],
        "affiliation": {"@type": "CollegeOrUniversity", "name": settings.SCHOOL_NAME},
    }
    known = {name: value for name, value in facts.items() if value}
    return _json_ld("Person", name=advisor.name, url=_address(advisor), **known)


def _address(page):
    return settings.SITE_URL + page.get_absolute_url()


def _json_ld(kind, **facts):
    text = json.dumps({"@context": "https://schema.org", "@type": kind, **facts}, ensure_ascii=False)
    return mark_safe(text.translate(ESCAPES))  # noqa: S308 - what could end the element is escaped
