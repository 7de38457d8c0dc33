from django.db import migrations, models

import requests_app.validators


class Migration(migrations.Migration):
    dependencies = [
        ("requests_app", "0002_count_open_requests"),
    ]

    operations = [
        migrations.AlterField(
            model_name="advisorrequest",
            name="availability",
            field=models.TextField(
                blank=True,
                max_length=500,
                validators=[requests_app.validators.no_control_characters, requests_app.validators.no_reordering],
                verbose_name="could meet",
            ),
        ),
        migrations.AlterField(
            model_name="advisorrequest",
            name="email",
            field=models.EmailField(
                max_length=254,
                validators=[
                    requests_app.validators.single_line,
                    requests_app.validators.no_control_characters,
                    requests_app.validators.letters_of_an_address,
                ],
                verbose_name="e-mail",
            ),
        ),
        migrations.AlterField(
            model_name="advisorrequest",
            name="message",
            field=models.TextField(
                max_length=4000,
                validators=[requests_app.validators.no_control_characters, requests_app.validators.no_reordering],
            ),
        ),
        migrations.AlterField(
            model_name="advisorrequest",
            name="name",
            field=models.CharField(
                max_length=100,
                validators=[
                    requests_app.validators.single_line,
                    requests_app.validators.no_control_characters,
                    requests_app.validators.no_reordering,
                    requests_app.validators.no_web_address,
                ],
            ),
        ),
    ]
