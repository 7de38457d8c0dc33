import django.db.models.deletion
from django.db import migrations, models

# Beside each row of what is searched, what the database needs to find it: PostgreSQL computes a column by itself,
# SQLite has a table of its own, with the same row numbers, that the portal writes along (specialties/search.py).
INDEX = {
    "postgresql": [
        """
        ALTER TABLE specialties_searchentry ADD COLUMN document tsvector GENERATED ALWAYS AS (
            setweight(to_tsvector('simple', heading_words), 'A') || setweight(to_tsvector('simple', text_words), 'D')
        ) STORED
        """,
        # Beside its row, not in a place of its own: ranking looks at every match, in half the time.
        "ALTER TABLE specialties_searchentry ALTER COLUMN document SET STORAGE MAIN",
        "CREATE INDEX specialties_searchentry_document ON specialties_searchentry USING gin (document)",
    ],
    "sqlite": ["CREATE VIRTUAL TABLE specialties_search USING fts5 (heading, text)"],
}
NO_INDEX = {
    "postgresql": ["ALTER TABLE specialties_searchentry DROP COLUMN document"],
    "sqlite": ["DROP TABLE specialties_search"],
}


def create_index(apps, schema_editor):
    for statement in INDEX[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def drop_index(apps, schema_editor):
    for statement in NO_INDEX[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("specialties", "0003_answers_edited_at")]

    operations = [
        migrations.CreateModel(
            name="Synonym",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "words",
                    models.CharField(
                        help_text="With commas between, as in: LOR, letter of recommendation",
                        max_length=300,
                        unique=True,
                    ),
                ),
            ],
            options={"ordering": ["words"]},
        ),
        migrations.CreateModel(
            name="SearchEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("anchor", models.SlugField(blank=True)),
                ("heading", models.CharField(max_length=300)),
                ("short_answer", models.CharField(blank=True, max_length=80)),
                ("text", models.TextField(blank=True)),
                ("is_blank", models.BooleanField(default=False)),
                ("heading_words", models.TextField()),
                ("text_words", models.TextField()),
                (
                    "advisor",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="specialties.advisor",
                    ),
                ),
                (
                    "question",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="specialties.question",
                    ),
                ),
                (
                    "specialty",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.DO_NOTHING, related_name="+", to="specialties.specialty"
                    ),
                ),
            ],
        ),
        migrations.RunPython(create_index, drop_index),
    ]
