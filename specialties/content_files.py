"""Guides as files, one TOML file each, to begin with."""

import tomllib
from pathlib import Path

from django.db import transaction
from django.db.models import Q

from .fields import rich_text
from .models import Advisor, Answer, Question, Specialty
from .models.imported_pages import stored

CONTENT = Path(__file__).parent / "content"
INTERVENTIONAL_RADIOLOGY = CONTENT / "interventional-radiology.toml"
SAMPLES = sorted((CONTENT / "sample").glob("*.toml"))


def load(path, *, is_sample=False):
    """Add the guide in the file at `path` with its answers and advisors; return it, or None where it was there already.

    A guide that is there belongs to the staff, whatever they made of it: nothing of it is changed. Nor is an advisor.
    Raises Question.DoesNotExist for an answer to a question that is not in the bank, ValidationError for a value that
    no form would take.
    """
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    answers, advisors = content.pop("answers", {}), content.pop("advisors", [])
    content = {name: value.strip() if isinstance(value, str) else value for name, value in content.items()}
    content["recommendations"] = rich_text(content.get("recommendations", ""))
    if Specialty.objects.filter(Q(slug=content["slug"]) | Q(name=content["name"])).exists():
        return None
    with transaction.atomic():
        specialty = checked(Specialty(**content, is_sample=is_sample))
        for key, answer in answers.items():
            answer["body"] = rich_text(answer.get("body", ""))
            checked(Answer(specialty=specialty, question=Question.objects.get(key=key), **answer))
        for fields in advisors:
            advisor = Advisor.objects.filter(slug=fields["slug"]).first() or checked(Advisor(**fields))
            advisor.specialties.add(specialty)
    return specialty


def checked(row):
    return stored(row, "guide file")
