"""Who is signed in must have shown a second factor, since signing in, before any staff page answers."""

from allauth.account.signals import authentication_step_completed
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added
from allauth.mfa.stages import AuthenticateStage
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.dispatch import receiver

SHOWN = "second_factor_of"  # session: the key of the user who has shown theirs
REAL = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]  # recovery codes only stand in for one of them

SIGN_OUT = {"account_logout"}
TO_SET_UP = {"mfa_index", "mfa_activate_totp", "mfa_add_webauthn", "account_reauthenticate"} | SIGN_OUT
# Not the set-up: whoever knows the password alone could add a second factor of their own.
TO_SHOW = {"mfa_reauthenticate", "mfa_reauthenticate_webauthn"} | SIGN_OUT


def is_shown(request, user):
    return request.session.get(SHOWN) == user.pk


@receiver(authentication_step_completed)
def notice(request, user, method, **kwargs):
    if method == "mfa" or (method == "socialaccount" and settings.SSO_HAS_SECOND_FACTOR):
        request.session[SHOWN] = user.pk


@receiver(authenticator_added)
def notice_new_one(request, user, authenticator, **kwargs):
    if authenticator.type in REAL:
        request.session[SHOWN] = user.pk


class SecondFactorStage(AuthenticateStage):
    """Asks for it while signing in, unless the school's own sign-in has asked already."""

    def handle(self):
        return (None, True) if is_shown(self.request, self.login.user) else super().handle()


def missing_step(request):
    """Return the name of the page that has to come before the one asked for, or None."""
    if not settings.SECOND_FACTOR_REQUIRED or is_shown(request, request.user):
        return None
    has_one = is_mfa_enabled(request.user, REAL)
    page, allowed = ("mfa_reauthenticate", TO_SHOW) if has_one else ("mfa_index", TO_SET_UP)
    return None if request.resolver_match.view_name in allowed else page
