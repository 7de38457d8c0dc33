import json
from pathlib import Path

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from specialties.importing import Refused, read_for_guide
from specialties.importing.content import content_of
from specialties.importing.documents import LARGEST_FILE
from specialties.models import ImportedPage


class Command(BaseCommand):
    help = "Read a department's page (text, HTML or Word): a draft of a new guide, or proposals for one that is there."

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path)
        parser.add_argument("--specialty", default="", metavar="NAME", help="default: as the page says")
        parser.add_argument("--dry-run", action="store_true", help="only show what was read")
        parser.add_argument("--json", action="store_true", help="show it as one JSON object")

    def handle(self, file, specialty, dry_run, **options):
        try:
            with file.open("rb") as opened:
                content = opened.read(LARGEST_FILE + 1)
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}", returncode=2) from error
        try:
            page, guide = read_for_guide(content, specialty)
            is_unnamed = dry_run and not page.specialty  # which its warnings say
            said = "" if is_unnamed else self.add(page, guide, file.name[:200], dry_run=dry_run)
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(json.dumps(as_json(page), ensure_ascii=False, indent=2) if options["json"] else as_text(page))
        if not dry_run:
            self.stderr.write(said)

    def add(self, page, specialty, name, *, dry_run):
        """Return what was stored, in a sentence; of a dry run nothing is, but it refuses what a real one would."""
        if not page.specialty:
            raise CommandError("The page does not name its specialty; say --specialty NAME.")
        try:
            with transaction.atomic():
                kept = ImportedPage.objects.keep(content_of(page), name=name, specialty=specialty, by=None)
                if not specialty:
                    kept.begin_guide(by=None)
                count = kept.proposals.open().count()
                transaction.set_rollback(dry_run)
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from error
        if not specialty:
            return f"Added the guide of {kept.specialty} as a draft. What is left to decide is in the admin: {kept}."
        return f"Proposed {count} answers. Nothing is in the guide yet: decide in the admin."


def as_json(page):
    """Return what was read as plain text."""
    entries = [
        {name: value for name, value in entry.items() if name != "body"} for entry in content_of(page)["entries"]
    ]
    return content_of(page) | {"recommendations": page.recommendations, "entries": entries}


def as_text(page):
    """Return what was read for a person to look through."""
    answers = [
        f"{entry.key or 'not in the bank'}: {entry.question}\n{entry.answer or '(blank)'}\n" for entry in page.entries
    ]
    people = [f"Advisor: {advisor.name}" for advisor in page.advisors]
    return "\n".join([page.specialty, "", *answers, *people, *page.warnings])
