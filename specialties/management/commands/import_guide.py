import json
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from specialties.importing import Bank, Refused, document_of, read


class Command(BaseCommand):
    help = "Read a department's page (text, HTML or Word) as a guide. Exit status 1: refused; 2: no such file."

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path)
        parser.add_argument("--specialty", default="", metavar="NAME", help="default: as the page says")
        parser.add_argument("--dry-run", action="store_true", help="only show what was read")
        parser.add_argument("--json", action="store_true", help="as one JSON object")

    def handle(self, file, specialty, **options):
        try:
            content = file.read_bytes()
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}", returncode=2) from error
        try:
            page = read(document_of(content), Bank.of_portal(), specialty)
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(json.dumps(as_json(page), ensure_ascii=False, indent=2) if options["json"] else as_text(page))


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
        "advisors": [vars(advisor) for advisor in page.advisors],
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
