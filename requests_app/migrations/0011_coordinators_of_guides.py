from django.contrib.auth.management import create_permissions
from django.db import migrations

# What coordinators do from here on, beside what 0006_staff_groups lets them.
CODENAMES = [
    "see_every_guide",
    "view_feedback",
    "delete_feedback",
    "moderate_feedback",
    *(f"{verb}_{model}" for model in ("proposal", "importedpage") for verb in ("add", "change", "view")),
]


def permissions_of(apps, codenames=CODENAMES):
    config = apps.get_app_config("specialties")
    config.models_module = True  # a new database gets its permissions after the last migration only: too late for this
    create_permissions(config, apps=apps, verbosity=0)
    config.models_module = None
    permissions = apps.get_model("auth", "Permission").objects
    return permissions.filter(content_type__app_label="specialties", codename__in=codenames)


def allow(apps, schema_editor):
    for group in apps.get_model("auth", "Group").objects.filter(name="Coordinators"):
        group.permissions.add(*permissions_of(apps))


def take_back(apps, schema_editor):
    for group in apps.get_model("auth", "Group").objects.filter(name="Coordinators"):
        group.permissions.remove(*permissions_of(apps))


class Migration(migrations.Migration):
    dependencies = [("requests_app", "0010_dismissed_email"), ("specialties", "0010_feedback")]

    operations = [migrations.RunPython(allow, take_back)]
