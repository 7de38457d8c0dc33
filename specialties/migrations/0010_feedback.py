import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("specialties", "0009_imported_pages"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Allowance",
            fields=[
                ("key", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("used", models.PositiveIntegerField()),
                ("ends_at", models.BigIntegerField(db_index=True)),
            ],
        ),
        migrations.AlterModelOptions(
            name="specialty",
            options={
                "ordering": ["name"],
                "permissions": [("see_every_guide", "Can work with the guides of every specialty")],
                "verbose_name_plural": "specialties",
            },
        ),
        migrations.CreateModel(
            name="Feedback",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("is_helpful", models.BooleanField(verbose_name="helped")),
                ("words", models.CharField(blank=True, max_length=1000, verbose_name="what was missing")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("new", "to be read"),
                            ("passed_on", "passed on to the department"),
                            ("kept_back", "kept back"),
                        ],
                        default="new",
                        max_length=10,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="received")),
                (
                    "answer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="feedback", to="specialties.answer"
                    ),
                ),
                (
                    "moderated_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="decided by",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "feedback",
                "ordering": ["-created_at", "-pk"],
                "permissions": [("moderate_feedback", "Can read feedback first, and pass it on or keep it back")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state", "new"), models.Q(("words", ""), _negated=True), _connector="OR"),
                        name="only_words_are_passed_on",
                    )
                ],
            },
        ),
    ]
