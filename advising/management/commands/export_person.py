import json
from pathlib import Path

from django.core.management.base import BaseCommand
from django.core.serializers.json import DjangoJSONEncoder

from advising.accounts.models import AuditEntry, record
from advising.backups import private_file
from advising.person import Person


class Encoder(DjangoJSONEncoder):
    def default(self, value):
        return value.name if hasattr(value, "storage") else super().default(value)


class Command(BaseCommand):
    help = "Write everything stored about an e-mail address as JSON, for the person it belongs to."

    def add_arguments(self, parser):
        parser.add_argument("address")
        parser.add_argument("--output", type=Path, help="a new file that only you can read; else it is printed")

    def handle(self, address, output, **options):
        record(AuditEntry.What.EXPORTED, "everything about an address, by command")
        text = json.dumps(Person(address).export(), cls=Encoder, indent=2, ensure_ascii=False) + "\n"
        if not output:
            self.stdout.write(text, ending="")
            return
        with private_file(output) as file:
            file.write(text.encode())
