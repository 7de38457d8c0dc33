from django.contrib.auth.management import create_permissions
from django.db import migrations


def permission(apps):
    config = apps.get_app_config("accounts")
    config.models_module = True  # a new database gets its permissions after the last migration only: too late for this
    create_permissions(config, apps=apps, verbosity=0)
    config.models_module = None
    return apps.get_model("auth", "Permission").objects.get(codename="view_auditentry")


def allow(apps, schema_editor):
    for group in apps.get_model("auth", "Group").objects.filter(name="Coordinators"):
        group.permissions.add(permission(apps))


def take_back(apps, schema_editor):
    for group in apps.get_model("auth", "Group").objects.filter(name="Coordinators"):
        group.permissions.remove(permission(apps))


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_first"), ("requests_app", "0013_rights_to_guides")]

    operations = [migrations.RunPython(allow, take_back)]
