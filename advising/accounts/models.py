from allauth.core import context
from django.db import models
from django.db.models import Value
from django.db.models.functions import Concat, Substr
from django.utils import timezone

from specialties.limits import place_of

LONGEST_DETAIL = 500


class AuditQuerySet(models.QuerySet):
    def update(self, **values):
        raise TypeError("The audit list is never changed.")

    def delete(self):
        raise TypeError("The audit list is never shortened.")

    def erase_name(self, name, *, instead):
        """Take out the name of an account whose owner is erased: the one thing that changes what is there."""
        about = Concat(Value(instead), Substr("detail", len(name) + 1))
        models.QuerySet.update(self.filter(who=name), who=instead)
        models.QuerySet.update(self.filter(detail__startswith=f"{name}: "), detail=about)


class AuditEntry(models.Model):
    """One line of what staff did with accounts and exports; never a password, and nothing a student wrote."""

    class What(models.TextChoices):
        SIGNED_IN = "signed_in", "signed in"
        SIGNED_OUT = "signed_out", "signed out"
        REFUSED = "refused", "refused"
        EXPORTED = "exported", "exported"
        RIGHTS = "rights", "rights changed"
        SIGN_IN_CHANGED = "sign_in", "ways to sign in changed"

    at = models.DateTimeField(default=timezone.now, db_index=True)
    who = models.CharField(max_length=150, blank=True)  # a name, so that it outlives its account
    what = models.CharField(max_length=10, choices=What)
    detail = models.CharField(max_length=LONGEST_DETAIL, blank=True)
    address = models.CharField("network address", max_length=50, blank=True)

    objects = AuditQuerySet.as_manager()

    class Meta:
        default_permissions = ["view"]
        ordering = ["-at", "-pk"]
        verbose_name = "entry of the audit list"
        verbose_name_plural = "audit list"

    def __str__(self):
        return f"{self.who}: {self.get_what_display()}"

    def delete(self, *args, **kwargs):
        raise TypeError("The audit list is never shortened.")


def record(what, detail="", *, by=None):
    """Add a line; `by` is whom it is about, where that is not who is signed in. Without a request a command did it."""
    request = context.request
    user = by or getattr(request, "user", None)
    AuditEntry.objects.create(
        who=user.get_username() if user else "",
        what=what,
        detail=detail[:LONGEST_DETAIL],
        address=place_of(request) if request else "",
    )


def staff_named(name):
    """Return the account, or None: what else was typed as a name may be a password, so it is kept nowhere."""
    from django.contrib.auth import get_user_model

    return get_user_model().objects.filter(username=name).first()
