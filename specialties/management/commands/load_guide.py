from pathlib import Path

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from specialties.content_files import INTERVENTIONAL_RADIOLOGY, load
from specialties.models import Question


class Command(BaseCommand):
    help = "Add the guide of a content file. A guide that is there already is left as staff made it."

    def add_arguments(self, parser):
        parser.add_argument("file", nargs="?", type=Path, default=INTERVENTIONAL_RADIOLOGY, help="default: %(default)s")

    def handle(self, file, **options):
        try:
            specialty = load(file)
        except (OSError, ValueError, KeyError, TypeError, ValidationError) as error:
            raise CommandError(f"{file} cannot be read as a guide: {error}") from error
        except Question.DoesNotExist as error:
            raise CommandError(f"{file} answers a question that is not in the bank; nothing was loaded.") from error
        self.stdout.write(
            f"Loaded the guide of {specialty}." if specialty else "The guide is there already; left as it is."
        )
