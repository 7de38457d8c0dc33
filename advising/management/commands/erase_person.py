from django.core.management.base import BaseCommand, CommandError

from advising.person import Person, is_of_the_office


class Command(BaseCommand):
    help = (
        "Erase everything stored about an e-mail address. Open requests are withdrawn, or go back to the office, first."
    )

    def add_arguments(self, parser):
        parser.add_argument("address")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, address, yes, **options):
        if is_of_the_office(address):
            raise CommandError("This is OFFICE_EMAIL, which the portal itself writes from.")
        person = Person(address)
        if not (found := person.found):
            self.stdout.write("Nothing is stored about this address.")
            return
        self.stdout.write("\n".join(found))
        if not yes and input("Erase all of this for good? Type the address: ") != address:
            raise CommandError("Nothing was erased.")
        person.erase()
        if left := Person(address).found:
            raise CommandError("Still there: " + "; ".join(left))
        self.stdout.write("Erased. It is still in backups made before now.")
