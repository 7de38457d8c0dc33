"""Writes the audit list where Django and allauth tell of what happened; they know no other way to be asked."""

from allauth.account.authentication import get_authentication_records
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from allauth.socialaccount.signals import social_account_added, social_account_removed
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models.signals import m2m_changed, post_delete, post_save, pre_save
from django.dispatch import receiver

from specialties.models import Liaison

from . import second_factor  # noqa: F401 - listens as well
from .middleware import keep_alive
from .models import AuditEntry, record, staff_named

What = AuditEntry.What
User = get_user_model()
WAYS = {"password": "password", "mfa": "second factor", "socialaccount": "single sign-on"}
RIGHTS = ["password", "is_superuser", "username", "is_staff", "is_active"]


@receiver(user_logged_in)
def signed_in(request, user, **kwargs):
    ways = [WAYS.get(step["method"], step["method"]) for step in get_authentication_records(request, user)]
    record(What.SIGNED_IN, ", ".join(ways), by=user)
    keep_alive(request.session)


@receiver(user_logged_out)
def signed_out(user, **kwargs):
    if user:
        record(What.SIGNED_OUT, by=user)


@receiver(user_login_failed)
def refused(credentials, **kwargs):
    account = staff_named(credentials.get("username"))
    record(What.REFUSED, "password" if account else "password, for a name that no account has", by=account)


@receiver([authenticator_added, authenticator_removed, authenticator_reset])
def second_factor_changed(signal, user, authenticator, **kwargs):
    verb = {authenticator_added: "added", authenticator_removed: "removed"}.get(signal, "made anew")
    record(What.SIGN_IN_CHANGED, f"{authenticator.get_type_display()} {verb}", by=user)


@receiver(social_account_added)
def connected(sociallogin, **kwargs):
    record(What.SIGN_IN_CHANGED, f"single sign-on connected: {sociallogin.account.provider}", by=sociallogin.user)


@receiver(social_account_removed)
def disconnected(socialaccount, **kwargs):
    record(What.SIGN_IN_CHANGED, f"single sign-on disconnected: {socialaccount.provider}", by=socialaccount.user)


@receiver(pre_save, sender=User)
def account_changes(instance, update_fields=None, **kwargs):
    """A password saved by itself is the same one, hashed anew by Django after its owner typed it."""
    fields = [field for field in RIGHTS if update_fields is None or field in update_fields]
    if instance._state.adding or fields in ([], ["password"]):
        return
    before = User.objects.filter(pk=instance.pk).values(*fields).first() or {}
    changed = [field for field, value in before.items() if value != getattr(instance, field)]
    if changed:
        now = [
            "password changed" if field == "password" else f"{field} is {getattr(instance, field)}" for field in changed
        ]
        record(What.RIGHTS, f"{before.get('username', instance)}: {', '.join(now)}")


@receiver(post_save, sender=User)
def account_made(instance, created, **kwargs):
    if created:
        rights = [field for field in ("is_staff", "is_superuser") if getattr(instance, field)]
        record(What.RIGHTS, f"{instance}: {', '.join(['account made', *rights])}")


@receiver(post_delete, sender=User)
@receiver(post_delete, sender=Group)
def deleted(instance, **kwargs):
    record(What.RIGHTS, f"{instance}: {instance._meta.verbose_name} deleted")


@receiver(m2m_changed, sender=User.groups.through)
@receiver(m2m_changed, sender=User.user_permissions.through)
@receiver(m2m_changed, sender=Group.permissions.through)
def given_or_taken(instance, action, model, pk_set, reverse, **kwargs):
    if action == "pre_clear":
        pk_set, verb = None, "all taken"
    elif action in ("post_add", "post_remove") and pk_set:
        verb = "given" if action == "post_add" else "taken"
    else:
        return
    names = sorted(map(str, model.objects.filter(pk__in=pk_set or [])))
    record(What.RIGHTS, f"{instance}: {model._meta.verbose_name_plural} {verb} {', '.join(names)}".rstrip())


@receiver([post_save, post_delete], sender=Liaison)
def liaison_changed(signal, instance, **kwargs):
    verb = "no longer liaison" if signal is post_delete else "liaison"
    record(What.RIGHTS, f"{instance.user}: {verb} for {instance.specialty}")
