"""The forms of the second factor: allauth's, with tries counted exactly and refusals recorded."""

from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.webauthn.forms import AuthenticateWebAuthnForm, ReauthenticateWebAuthnForm

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
