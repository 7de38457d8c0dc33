from django.db import migrations
from django.db.models import Min
from django.utils import timezone

from requests_app.dates import working_days_between


def forwards(apps, schema_editor):
    """Requests answered already are in the report too."""
    events = apps.get_model("requests_app", "RequestEvent").objects.filter(kind__in=["accepted", "declined", "closed"])
    answered = dict(events.order_by().values_list("request").annotate(Min("created_at")))
    for row in apps.get_model("requests_app", "AdvisorRequest").objects.iterator():
        received_on = timezone.localdate(row.created_at)
        if row.pk in answered:
            row.days_to_answer = working_days_between(received_on, timezone.localdate(answered[row.pk]))
        if row.met_on:
            row.days_to_meeting = working_days_between(received_on, row.met_on)
        row.save(update_fields=["days_to_answer", "days_to_meeting"])


class Migration(migrations.Migration):
    dependencies = [("requests_app", "0008_days_to_answer")]

    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]
