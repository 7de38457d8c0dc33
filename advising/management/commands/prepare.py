import secrets

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from advising import demo
from specialties.indexing import index
from specialties.models import SearchEntry, Specialty

FIRST_STAFF = "coordinator"


class Command(BaseCommand):
    help = "Make the database ready: tables, the first guide, a staff account. What is there already stays as it is."

    def add_arguments(self, parser):
        parser.add_argument("--demo", action="store_true", help="with sample guides and requests; not beside real data")

    def handle(self, **options):
        if options["demo"]:
            self.refuse_real_data()
        call_command("migrate", verbosity=0)
        password = self.create_staff()
        if options["demo"]:
            demo.load(by=get_user_model().objects.filter(is_staff=True).first())
        elif not Specialty.objects.exists():
            call_command("load_guide", stdout=self.stdout)
        if not SearchEntry.objects.exists():
            index(Specialty.objects.all())  # of a portal that is older than its search
        self.stdout.write(f"\n  Portal      {settings.SITE_URL}/\n  Staff       {settings.SITE_URL}/admin/")
        if password:
            self.stdout.write(f"  User        {FIRST_STAFF}\n  Password    {password}   (shown this once)\n")
        else:
            self.stdout.write(f"  Forgotten the password? .venv/bin/python manage.py changepassword {FIRST_STAFF}\n")

    def refuse_real_data(self):
        """Before anything is written, be it a table or an account."""
        try:
            demo.is_loaded()
        except demo.NotEmpty:
            raise CommandError("This database holds real data; the demo goes into an empty one only.") from None

    def create_staff(self):
        """Return the password of the new staff account, or None where there are staff already."""
        users = get_user_model().objects
        if users.filter(is_staff=True).exists():
            return None
        password = secrets.token_urlsafe(12)
        users.create_superuser(FIRST_STAFF, email="", password=password)
        return password
