"""Forms in which one shows who one is, with tries counted exactly and refusals recorded."""

from allauth.account.adapter import get_adapter as get_account_adapter
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.webauthn.forms import AuthenticateWebAuthnForm, ReauthenticateWebAuthnForm
from django.core.exceptions import ValidationError
from unfold.forms import AdminOwnPasswordChangeForm

from . import tries
from .models import AuditEntry, record


class Recorded:
    def full_clean(self):
        super().full_clean()
        if self.is_bound and self.errors:
            record(AuditEntry.What.REFUSED, "second factor", by=self.user)


class CodeCounts(Recorded):
    def clean_code(self):
        tries.count("second factor", self.user.pk, by=self.user)
        code = super().clean_code()
        if not tries.is_first_use(self.user, code):
            raise get_adapter().validation_error("incorrect_code")
        tries.forget_second_factor(self.user)
        return code


class CodeForm(CodeCounts, AuthenticateForm):
    pass


class CodeAgainForm(CodeCounts, ReauthenticateForm):
    pass


class KeyForm(Recorded, AuthenticateWebAuthnForm):
    pass


class KeyAgainForm(Recorded, ReauthenticateWebAuthnForm):
    pass


class OwnPasswordForm(AdminOwnPasswordChangeForm):
    def clean_old_password(self):
        """The old password counts like one that is typed to sign in."""
        if not get_account_adapter().reauthenticate(self.user, self.cleaned_data["old_password"]):
            code = "password_incorrect"
            raise ValidationError(self.error_messages[code], code)
        return self.cleaned_data["old_password"]
