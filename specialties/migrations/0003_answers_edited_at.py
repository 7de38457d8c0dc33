import django.utils.timezone
from django.db import migrations, models

import specialties.models


class Migration(migrations.Migration):
    dependencies = [("specialties", "0002_first_questions")]

    operations = [
        migrations.RenameField("answer", "updated_at", "edited_at"),
        migrations.AlterField(
            "answer",
            "edited_at",
            models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="last edited"),
        ),
        migrations.AlterField(
            "answer",
            "confirmed_on",
            models.DateField(
                blank=True,
                null=True,
                validators=[specialties.models.not_in_the_future],
                help_text="When the department last said that it still holds. A new text takes this back.",
            ),
        ),
        migrations.AlterField(
            "specialty",
            "is_published",
            models.BooleanField(
                default=False,
                help_text="Unticked, the guide is a draft that is nowhere on the site.",
                verbose_name="published",
            ),
        ),
        migrations.AddField(
            "specialty",
            "is_sample",
            models.BooleanField(
                default=False,
                editable=False,
                help_text="Written to try the portal out; every page says so.",
                verbose_name="sample",
            ),
        ),
        migrations.AddField(
            "advisor",
            "open_requests",
            models.PositiveIntegerField(
                default=0, editable=False, help_text="How many are with them now. Kept by the requests."
            ),
        ),
    ]
