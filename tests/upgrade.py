"""Take an empty database the way of an upgrade: an earlier state, a row in every table, then all migrations since.

    DATABASE_URL=… python -m tests.upgrade specialties=0015_reviews requests_app=0016_whole_index accounts=0001_first

Prints as JSON which tables could not be filled, which rows of which tables are gone, and which columns, where they
still are, hold something else.
"""

import json
import os
import sys

import django
from django.db import connection, models
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

WANTED = {  # what a constraint wants of a row that is otherwise as plain as can be
    "advisorrequest": {"respond_by": "2026-11-30"},
    "answer": {"confirmed_on": "2026-01-02"},
}


OURS = {"specialties", "requests_app", "accounts"}


def migrate(targets):
    """Bring our apps to these migrations, others to their newest (with {} all); return the models as they were then."""
    executor = MigrationExecutor(connection)
    newest = executor.loader.graph.leaf_nodes()
    nodes = [*(node for node in newest if node[0] not in OURS or not targets), *targets.items()]
    executor.migrate(nodes)
    return MigrationExecutor(connection).loader.project_state(nodes).apps


def value_for(field, number):
    """Return the plainest a field takes: a text that tells rows apart, nothing, or its default."""
    if isinstance(field, models.CharField | models.TextField) and not field.choices:
        return f"{field.name[:12]}-{number}"[: field.max_length]
    if field.null:
        return None
    if isinstance(field, models.ForeignKey):
        return field.related_model._base_manager.values_list(field.target_field.attname, flat=True).first()
    if field.has_default():
        return field.get_default()
    if field.choices:
        return field.choices[0][0]
    for kind, value in (
        (models.BooleanField, False),
        (models.DateTimeField, timezone.now()),
        (models.DateField, timezone.localdate()),
        (models.IntegerField, number),
    ):
        if isinstance(field, kind):
            return value
    return ""


def fill(apps):
    """Put a row into every table, those it points to first; return {table: rows}."""
    models_of_then = list(apps.get_models(include_auto_created=True))
    waiting = models_of_then
    while waiting:
        before, waiting = waiting, [model for model in waiting if not add_row(model, len(waiting))]
        if waiting == before:
            raise ValueError(f"No row for {waiting}")
    return {model._meta.db_table: rows_of(model._meta.db_table) for model in models_of_then}


def add_row(model, number):
    """Return whether there is one now: not where a row it must point to is yet to come."""
    if model._base_manager.exists():
        return True
    fields = [field for field in model._meta.concrete_fields if not isinstance(field, models.AutoField)]
    values = {field.attname: value_for(field, number) for field in fields}
    if any(values[field.attname] is None for field in fields if not field.null):
        return False
    model._base_manager.create(**values | WANTED.get(model._meta.model_name, {}))
    return True


def rows_of(table):
    """Return {primary key: {column: what is in it}}."""
    with connection.cursor() as cursor:
        key = connection.introspection.get_primary_key_column(cursor, table)
        cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - a name of ours
        columns = [column[0] for column in cursor.description]
        rows = [dict(zip(columns, map(str, row), strict=True)) for row in cursor.fetchall()]
    return {row[key]: row for row in rows}


def changed(before, after):
    """Return the columns, as far as they are still there, that hold something else in a row that is still there."""
    return sorted(
        {
            column
            for key in before.keys() & after.keys()
            for column, value in before[key].items()
            if after[key].get(column, value) != value
        }
    )


def upgrade(targets):
    before = fill(migrate(targets))
    migrate({})
    tables = connection.introspection.table_names()
    after = {table: rows_of(table) if table in tables else {} for table in before}
    for model in django.apps.apps.get_models(include_auto_created=True):
        list(model._base_manager.all())  # each can be read as it is now
    gone = {table: sorted(rows.keys() - after[table].keys()) for table, rows in before.items()}
    different = {table: changed(rows, after[table]) for table, rows in before.items()}
    return {
        "empty": [table for table, rows in before.items() if not rows],
        "gone": {table: keys for table, keys in gone.items() if keys},
        "changed": {table: columns for table, columns in different.items() if columns},
    }


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "advising.settings")
    django.setup()
    print(json.dumps(upgrade(dict(target.split("=") for target in sys.argv[1:]))))
