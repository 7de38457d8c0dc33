from allauth.mfa.models import Authenticator
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from advising.accounts import tries
from advising.accounts.models import AuditEntry, record


class Command(BaseCommand):
    help = "Let somebody of the staff in again who tried too often, or who lost the second factor."

    def add_arguments(self, parser):
        parser.add_argument("name", help="as they sign in with it")
        parser.add_argument(
            "--second-factor",
            action="store_true",
            help="take their second factor and recovery codes away; they set up a new one when they next sign in",
        )

    def handle(self, *, name, second_factor, **options):
        user = get_user_model().objects.filter(username=name).first()
        if user is None:
            raise CommandError(f"No account is named {name}.")
        tries.forget_name(name)
        tries.forget_second_factor(user)
        done = "tries forgotten"
        if second_factor:
            Authenticator.objects.filter(user=user).delete()
            done += ", second factor taken away"
        record(AuditEntry.What.SIGN_IN_CHANGED, f"{name}: {done}, by command")
        self.stdout.write(f"{name}: {done}.")
