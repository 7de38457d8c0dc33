from django.db import migrations, models

import requests_app.validators


class Migration(migrations.Migration):
    dependencies = [
        ("requests_app", "0001_first"),
    ]

    operations = [
        migrations.AlterField(
            model_name="advisorrequest",
            name="email",
            field=models.EmailField(
                max_length=254,
                validators=[requests_app.validators.single_line, requests_app.validators.letters_of_an_address],
                verbose_name="e-mail",
            ),
        ),
    ]
