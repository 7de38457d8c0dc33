from django.db import migrations
from django.utils import timezone

MODELS = ["Stage", "Specialty", "Question", "Answer", "Resource", "Advisor", "Synonym"]
REASON = "as it was when history began"


def keep(apps, schema_editor):
    """Let the words that are there be the first version, so that the next edit does not lose them."""
    for name in MODELS:
        model, history = apps.get_model("specialties", name), apps.get_model("specialties", f"Historical{name}")
        columns = {field.attname for field in history._meta.fields} & {field.attname for field in model._meta.fields}
        versions = [
            history(
                **row, history_type="+", history_date=timezone.now(), history_change_reason=REASON, history_user=None
            )
            for row in model.objects.values(*columns)
        ]
        history.objects.bulk_create(versions, batch_size=500)
    keep_specialties_of_advisors(apps)


def keep_specialties_of_advisors(apps):
    relation = apps.get_model("specialties", "HistoricalAdvisor_specialties")
    versions = dict(apps.get_model("specialties", "HistoricalAdvisor").objects.values_list("id", "history_id"))
    rows = apps.get_model("specialties", "Advisor").specialties.through.objects.values_list(
        "id", "advisor_id", "specialty_id"
    )
    relation.objects.bulk_create(
        [
            relation(id=pk, advisor_id=advisor, specialty_id=specialty, history_id=versions[advisor])
            for pk, advisor, specialty in rows
        ],
        batch_size=500,
    )


def forget(apps, schema_editor):
    for name in MODELS:
        apps.get_model("specialties", f"Historical{name}").objects.filter(history_change_reason=REASON).delete()


class Migration(migrations.Migration):
    dependencies = [("specialties", "0012_history")]

    operations = [migrations.RunPython(keep, forget)]
