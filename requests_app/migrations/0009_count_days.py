from django.db import migrations
from django.db.models import Min
from django.utils import timezone

from requests_app.dates import working_days_between


def forwards(apps, schema_editor):
    """Requests answered already are in the report too."""
    events = apps.get_model("requests_app", "RequestEvent").objects.order_by()
    accepted, ended = (
        dict(events.filter(kind__in=kinds).values_list("request").annotate(Min("created_at")))
        for kinds in (["accepted"], ["closed", "withdrawn"])
    )
    for row in apps.get_model("requests_app", "AdvisorRequest").objects.iterator():
        received_on = timezone.localdate(row.created_at)
        if waited_until := accepted.get(row.pk) or ended.get(row.pk):
            is_closed = row.status == "closed" and row.close_reason not in ("duplicate", "silent")
            field = "days_to_answer" if row.pk in accepted or is_closed else "days_unanswered"
            setattr(row, field, working_days_between(received_on, timezone.localdate(waited_until)))
        if row.met_on:
            row.days_to_meeting = working_days_between(received_on, row.met_on)
        row.save(update_fields=["days_to_answer", "days_unanswered", "days_to_meeting"])


class Migration(migrations.Migration):
    dependencies = [("requests_app", "0008_days_to_answer")]

    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]
