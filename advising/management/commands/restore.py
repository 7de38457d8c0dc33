from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from advising import backups


class Command(BaseCommand):
    help = "Read a file `backup` wrote into an empty database and empty media, and look whether all of it is there."

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path)

    def handle(self, file, **options):
        try:
            manifest = backups.restore(file)
        except (backups.Refused, OSError) as error:
            raise CommandError(str(error)) from None
        for name, table in manifest["tables"].items():
            self.stdout.write(f"{table['rows']:>9} rows   {name}")
        self.stdout.write(
            f"Restored as of {manifest['made_at']}, with {len(manifest['files']) - 1} files; rows and hashes are those "
            "of the backup. Run `manage.py migrate` where this portal is newer."
        )
