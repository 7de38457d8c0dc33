from django.db import migrations


def count(apps, schema_editor):
    AdvisorRequest = apps.get_model("requests_app", "AdvisorRequest")
    for advisor in apps.get_model("specialties", "Advisor").objects.all():
        advisor.open_requests = AdvisorRequest.objects.filter(advisor=advisor, status="accepted").count()
        advisor.save(update_fields=["open_requests"])


class Migration(migrations.Migration):
    dependencies = [("requests_app", "0001_first"), ("specialties", "0003_answers_edited_at")]

    operations = [migrations.RunPython(count, migrations.RunPython.noop)]
