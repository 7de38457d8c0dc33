from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("specialties", "0016_name_on_one_line")]

    operations = [
        migrations.CreateModel(
            name="Revision",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.BigIntegerField(default=0)),
            ],
        ),
    ]
