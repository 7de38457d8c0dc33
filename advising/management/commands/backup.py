from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from advising import backups
from advising.accounts.models import AuditEntry, record


class Command(BaseCommand):
    help = "Write database and media into one file, which only its owner can read. The portal may go on meanwhile."

    def add_arguments(self, parser):
        parser.add_argument("directory", nargs="?", type=Path, default=settings.BASE_DIR / "backups")

    def handle(self, directory, **options):
        try:
            path, manifest = backups.back_up(directory)
        except (backups.Refused, OSError) as error:
            raise CommandError(str(error)) from None
        rows = sum(table["rows"] for table in manifest["tables"].values())
        self.stdout.write(
            f"{path}: {rows} rows of {len(manifest['tables'])} tables, {len(manifest['files']) - 1} files"
        )
        try:
            record(AuditEntry.What.EXPORTED, "backup of everything, by command")
        except DatabaseError as error:  # one that cannot be written to needs its backup all the more
            self.stderr.write(f"The backup is whole; the audit list does not tell of it: {error}")
