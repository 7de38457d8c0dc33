from django.contrib.auth.management import create_permissions
from django.db import migrations

# What each group may do, by the names Django gives permissions. To begin with: from here on staff edit the groups.
GROUPS = {
    "Coordinators": [
        "see_every_request",
        *(f"{verb}_advisorrequest" for verb in ("add", "change", "view")),
        *(f"{verb}_outgoingemail" for verb in ("change", "view")),
        *(
            f"{verb}_{model}"
            for model in ("specialty", "answer", "resource", "advisor", "question", "stage", "synonym", "liaison")
            for verb in ("add", "change", "delete", "view")
        ),
        *(f"{verb}_user" for verb in ("add", "change", "view")),
        "view_group",
    ],
    "Liaisons": ["view_advisorrequest"],
}


def create_groups(apps, schema_editor):
    for label in ("requests_app", "specialties", "auth"):
        # A new database gets its permissions after the last migration only, which is too late for this one.
        config = apps.get_app_config(label)
        config.models_module = True
        create_permissions(config, apps=apps, verbosity=0)
        config.models_module = None
    Group, Permission = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    for name, codenames in GROUPS.items():
        group, is_new = Group.objects.get_or_create(name=name)
        if is_new:
            group.permissions.set(Permission.objects.filter(codename__in=codenames))


class Migration(migrations.Migration):
    dependencies = [
        ("requests_app", "0005_workflow_rows"),
        ("specialties", "0006_liaison"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        migrations.AlterModelOptions(
            "advisorrequest",
            {
                "ordering": ["-created_at", "-pk"],
                "permissions": [("see_every_request", "Can see the requests of every specialty")],
            },
        ),
        migrations.RunPython(create_groups, migrations.RunPython.noop),
    ]
