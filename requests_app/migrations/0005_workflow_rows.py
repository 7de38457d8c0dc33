from django.db import migrations
from django.utils import timezone

EVENT_KINDS = {"assigned": "accepted"}
EMAIL_KINDS = {"assigned": "accepted", "assigned_to_you": "accepted_by_you"}


def rename(rows, kinds):
    for old, new in kinds.items():
        rows.filter(kind=old).update(kind=new)


def forwards(apps, schema_editor):
    """Requests an advisor has already have their offer too, so that they can be handed back and met."""
    rename(apps.get_model("requests_app", "RequestEvent").objects, EVENT_KINDS)
    rename(apps.get_model("requests_app", "OutgoingEmail").objects, EMAIL_KINDS)
    Offer = apps.get_model("requests_app", "Offer")
    for row in apps.get_model("requests_app", "AdvisorRequest").objects.filter(status="accepted"):
        dates = {"due": row.respond_by, "remind_on": row.respond_by, "changed_at": timezone.now()}
        Offer.objects.create(request=row, advisor=row.advisor, state="accepted", **dates)


def backwards(apps, schema_editor):
    rename(apps.get_model("requests_app", "RequestEvent").objects, {new: old for old, new in EVENT_KINDS.items()})
    rename(apps.get_model("requests_app", "OutgoingEmail").objects, {new: old for old, new in EMAIL_KINDS.items()})
    apps.get_model("requests_app", "Offer").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("requests_app", "0004_workflow")]

    operations = [migrations.RunPython(forwards, backwards)]
