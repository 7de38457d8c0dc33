import json
from dataclasses import asdict
from pathlib import Path

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from specialties.importing import Bank, Refused, add_draft, document_of, read
from specialties.importing.documents import LARGEST_FILE


class Command(BaseCommand):
    help = "Read a department's page (text, HTML or Word) as the guide of a new specialty, unpublished."

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
            page = read(document_of(content), Bank.of_portal(), specialty)
            said = "" if dry_run else self.add(page)
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(json.dumps(as_json(page), ensure_ascii=False, indent=2) if options["json"] else as_text(page))
        if said:
            self.stderr.write(said)

    def add(self, page):
        if not page.specialty:
            raise CommandError("The page does not name its specialty; say --specialty NAME.")
        try:
            draft = add_draft(page)
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from error
        if draft is None:
            return f"There is a guide of {page.specialty} already; nothing was changed. Edit it in the admin."
        return f"Added the guide of {draft} as a draft, without its advisors and the answers not in the bank."


def as_json(page):
    return {
        "specialty": page.specialty,
        "quote": page.quote,
        "quote_source": page.quote_source,
        "recommendations": page.recommendations,
        "entries": [
            {
                "stage": entry.stage,
                "question": entry.question,
                "key": entry.key,
                "answer": entry.answer,
                "blank": entry.blank,
            }
            for entry in page.entries
        ],
        "advisors": [asdict(advisor) for advisor in page.advisors],
        "resources": [{"label": label, "url": url} for label, url in page.resources],
        "contact": page.contact,
        "warnings": list(page.warnings),
    }


def as_text(page):
    """Return what was read for a person to look through."""
    answers = [
        f"{entry.key or 'not in the bank'}: {entry.question}\n{entry.answer or '(blank)'}\n" for entry in page.entries
    ]
    people = [f"Advisor: {advisor.name}" for advisor in page.advisors]
    return "\n".join([page.specialty, "", *answers, *people, *page.warnings])
