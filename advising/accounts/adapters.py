"""Where allauth asks the portal: nobody signs up, nobody is known by e-mail, and tries are counted."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings
from django.shortcuts import render

from specialties.limits import place_of

from . import tries
from .models import AuditEntry, record, staff_named

ALLAUTHS_STAGE = "allauth.mfa.stages.AuthenticateStage"


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request):
        return False

    def get_login_stages(self):
        ours = {ALLAUTHS_STAGE: "advising.accounts.second_factor.SecondFactorStage"}
        return [ours.get(stage, stage) for stage in super().get_login_stages()]

    def is_safe_url(self, url):
        """What is no address at all is an error to allauth."""
        try:
            return super().is_safe_url(url)
        except ValueError:
            return False

    def pre_authenticate(self, request, **credentials):
        name = credentials["username"]
        tries.count("password from a place", place_of(request), by=staff_named(name))
        tries.count("password of a name", name.lower(), by=staff_named(name))

    def authenticate(self, request, **credentials):
        user = super().authenticate(request, **credentials)
        if user:
            tries.forget_name(credentials["username"])
        return user

    def pre_login(self, request, user, **kwargs):
        refusal = super().pre_login(request, user, **kwargs)
        return refusal or (None if user.is_staff else self.respond_user_inactive(request, user))

    def respond_user_inactive(self, request, user):
        record(AuditEntry.What.REFUSED, "the account is not one of active staff", by=user)
        return super().respond_user_inactive(request, user)


class SingleSignOnAdapter(DefaultSocialAccountAdapter):
    """A provider's account is known by the provider's lasting id, and only after its owner connected it themselves."""

    def pre_social_login(self, request, sociallogin):
        """allauth takes SAML's NameID, often an e-mail address, where the attribute with the id is missing."""
        account = sociallogin.account
        is_saml = account.provider == settings.SAML_ENTITY_ID
        if is_saml and account.uid not in account.extra_data.get(settings.SAML_UID_ATTRIBUTE, []):
            self.refuse("the provider sent no lasting id")
            raise ImmediateHttpResponse(render(request, "account/signup_closed.html", status=403))

    def is_open_for_signup(self, request, sociallogin):
        self.refuse("no account here is connected with it")
        return False

    def can_authenticate_by_email(self, login, email):
        return False

    def on_authentication_error(self, request, provider, error=None, exception=None, extra_context=None):
        self.refuse(f"{error or 'failed'}")

    def refuse(self, why):
        most = tries.MOST["password from a place"]
        tries.record_some(f"single sign-on: {why}", place_of(self.request), most=most)


class MFAAdapter(DefaultMFAAdapter):
    def build_totp_svg(self, url):
        """The picture as it may stand within a page: a data: address is none the policy allows."""
        return super().build_totp_svg(url).partition("?>")[2]
