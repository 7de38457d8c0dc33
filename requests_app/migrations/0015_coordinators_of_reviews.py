from importlib import import_module

from django.db import migrations

# What coordinators do from here on: start a review, and see who was asked when.
CODENAMES = ["add_review", "view_review"]
before = import_module("requests_app.migrations.0011_coordinators_of_guides")


def allow(apps, schema_editor):
    for group in apps.get_model("auth", "Group").objects.filter(name="Coordinators"):
        group.permissions.add(*before.permissions_of(apps, CODENAMES))


def take_back(apps, schema_editor):
    for group in apps.get_model("auth", "Group").objects.filter(name="Coordinators"):
        group.permissions.remove(*before.permissions_of(apps, CODENAMES))


class Migration(migrations.Migration):
    dependencies = [("requests_app", "0014_emails_of_reviews"), ("specialties", "0015_reviews")]

    operations = [migrations.RunPython(allow, take_back)]
