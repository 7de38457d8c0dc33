"""Guides as files, one TOML file each, to begin with."""

import tomllib
from pathlib import Path

from django.db import transaction
from django.utils.html import format_html_join

from .models import Advisor, Answer, Question, Specialty

INTERVENTIONAL_RADIOLOGY = Path(__file__).parent / "content" / "interventional-radiology.toml"


def load(path):
    """Add the guide in the file at `path` with its answers and advisors; return it, or None where it was there already.

    A guide that is there belongs to the staff, whatever they made of it: nothing of it is changed. Nor is an advisor.
    Raises Question.DoesNotExist for an answer to a question that is not in the bank.
    """
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    answers, advisors = content.pop("answers", {}), content.pop("advisors", [])
    content = {name: value.strip() if isinstance(value, str) else value for name, value in content.items()}
    content["recommendations"] = paragraphs(content.get("recommendations", ""))
    with transaction.atomic():
        specialty, is_new = Specialty.objects.get_or_create(slug=content["slug"], defaults=content)
        if not is_new:
            return None
        for key, answer in answers.items():
            answer["body"] = paragraphs(answer.get("body", ""))
            Answer.objects.create(specialty=specialty, question=Question.objects.get(key=key), **answer)
        for fields in advisors:
            advisor, _ = Advisor.objects.get_or_create(slug=fields["slug"], defaults=fields)
            advisor.specialties.add(specialty)
    return specialty


def paragraphs(text):
    """Return plain text, with its blank lines, as HTML paragraphs."""
    return format_html_join("", "<p>{}</p>", ([part.strip()] for part in text.split("\n\n") if part.strip()))
