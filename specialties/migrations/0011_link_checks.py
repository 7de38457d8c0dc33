import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("specialties", "0010_feedback")]

    operations = [
        migrations.CreateModel(
            name="LinkCheck",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("url", models.CharField(max_length=500, unique=True)),
                ("host", models.CharField(max_length=500)),
                ("problem", models.CharField(blank=True, max_length=200)),
                ("checked_at", models.DateTimeField(null=True)),
                ("next_check_at", models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
                ("claimed_until", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("claimed_until__isnull", False)),
                        fields=("host",),
                        name="one_check_at_a_time_per_host",
                    )
                ],
            },
        ),
    ]
