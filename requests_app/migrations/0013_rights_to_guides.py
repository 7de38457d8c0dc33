from django.contrib.auth.management import create_permissions
from django.db import migrations


def rights(models, verbs):
    return [f"{verb}_{model}" for model in models for verb in verbs]


GUIDE = ("specialty", "answer", "resource", "advisor", "question", "feedback", "proposal", "importedpage")
# What each group may do from here on, beside what it may already. To begin with: staff edit the groups.
CODENAMES = {
    "Coordinators": ["publish_specialty"],
    "Liaisons": [
        *rights(GUIDE, ["view"]),
        "change_specialty",
        *rights(["answer", "resource"], ["add", "change"]),
        "delete_resource",
        *rights(["proposal", "importedpage"], ["add", "change"]),
    ],
    "Readers": ["see_every_guide", *rights(GUIDE, ["view"])],
}


def permissions_of(apps, group):
    config = apps.get_app_config("specialties")
    config.models_module = True  # a new database gets its permissions after the last migration only: too late for this
    create_permissions(config, apps=apps, verbosity=0)
    config.models_module = None
    permissions = apps.get_model("auth", "Permission").objects
    return permissions.filter(content_type__app_label="specialties", codename__in=CODENAMES[group])


def allow(apps, schema_editor):
    for name in CODENAMES:
        group, _ = apps.get_model("auth", "Group").objects.get_or_create(name=name)
        group.permissions.add(*permissions_of(apps, name))


def take_back(apps, schema_editor):
    for group in apps.get_model("auth", "Group").objects.filter(name__in=CODENAMES):
        group.permissions.remove(*permissions_of(apps, group.name))


class Migration(migrations.Migration):
    dependencies = [("requests_app", "0012_how_offers_end"), ("specialties", "0014_publishing")]

    operations = [migrations.RunPython(allow, take_back)]
