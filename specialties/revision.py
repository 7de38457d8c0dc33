"""One number that tells whether a page is still true: it moves in the transaction of every edit of what readers see.

The database moves it, by triggers, because bulk updates, imports and people at a database prompt edit, too (of what
they do, TRUNCATE alone moves nothing). On PostgreSQL they wait for the end of the transaction, so that two edits at
once seldom wait for one another crosswise.

Migrations of these tables go without them: SQLite loses those of a table it remakes, and a column that one names cannot
be changed. Until all of them came to their end there is no number, and so no page is kept.
"""

import time

from django.db import connection, models, transaction
from django.db.models import F
from django.db.models.functions import Abs, Greatest
from django.db.models.signals import post_migrate, pre_migrate
from django.dispatch import receiver

from .models import Advisor, Answer, Question, Resource, SearchEntry, Specialty, Stage, Synonym

PUBLIC = [Stage, Question, Specialty, Answer, Resource, Advisor, Advisor.specialties.through, Synonym, SearchEntry]
# How many requests an advisor has, readers see only as "full": other changes of it leave every page as it is.
COUNT = "open_requests"
FULL_OR_NOT = "(OLD.open_requests >= OLD.request_limit) <> (NEW.open_requests >= NEW.request_limit)"


class Revision(models.Model):
    """The only row. The number is the milliseconds since 1970 of the last edit, so that it never comes again, not even
    after a backup was restored. While there is none to go by, it is the last one with a minus, or 0.
    """

    number = models.BigIntegerField(default=0)

    def __str__(self):
        return str(self.number)


def read():
    """Return the number, None where there is none as yet. Raises django.db.Error where the database does not answer."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT number FROM specialties_revision WHERE number > 0")
        return next((number for [number] in cursor.fetchall()), None)


@receiver(pre_migrate)
def before_migrations(app_config, plan, **kwargs):
    if app_config.label == "specialties" and is_of_public_tables(plan) and is_there():
        with transaction.atomic():
            DATABASES[connection.vendor]().drop()
            Revision.objects.filter(number__gt=0).update(number=-F("number"))


@receiver(post_migrate)
def after_migrations(app_config, plan=(), **kwargs):
    if app_config.label != "specialties" or not is_there():
        return
    triggers = DATABASES[connection.vendor]()
    with transaction.atomic():
        Revision.objects.get_or_create(pk=1)
        now = int(time.time() * 1000)
        Revision.objects.filter(number__lte=0).update(number=Greatest(Abs("number") + 1, now))
        if is_of_public_tables(plan) or not triggers.are_there():  # none are left where the last migration failed
            triggers.renew()


def is_of_public_tables(plan):
    return any(migration.app_label == "specialties" for migration, _ in plan)


def is_there():
    return Revision._meta.db_table in connection.introspection.table_names()


def moments():
    """Yield (table, what happens to it, on what condition) for each change that readers see."""
    for model in PUBLIC:
        table = model._meta.db_table
        yield table, "INSERT", ""
        yield table, "DELETE", ""
        columns = [f'"{field.column}"' for field in model._meta.local_fields if field.name != COUNT]
        yield table, f"UPDATE OF {', '.join(columns)}", ""
    yield Advisor._meta.db_table, f"UPDATE OF {COUNT}", f"WHEN ({FULL_OR_NOT})"


class Triggers:
    @transaction.atomic
    def renew(self):
        self.drop()
        self.create()
        self.execute(self.move)  # for what was written while there were none

    def are_there(self):
        return bool(self.execute(self.find))

    def execute(self, sql):
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else None


class PostgreSQL(Triggers):
    # once in a transaction, however many rows it writes: from then on the number is the transaction's own
    move = """
        UPDATE specialties_revision
        SET number = greatest(number + 1, (extract(epoch FROM clock_timestamp()) * 1000)::bigint)
        WHERE xmin <> pg_current_xact_id()::xid
    """
    find = "SELECT 1 FROM pg_proc WHERE proname = 'move_revision'"

    def create(self):
        self.execute(f"""
            CREATE FUNCTION move_revision() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN {self.move}; RETURN NULL; END $$
        """)
        for number, (table, moment, condition) in enumerate(moments()):
            self.execute(f"""
                CREATE CONSTRAINT TRIGGER move_revision_{number} AFTER {moment} ON {table}
                DEFERRABLE INITIALLY DEFERRED FOR EACH ROW {condition} EXECUTE FUNCTION move_revision()
            """)

    def drop(self):
        self.execute("DROP FUNCTION IF EXISTS move_revision() CASCADE")


class SQLite(Triggers):
    move = """
        UPDATE specialties_revision
        SET number = max(number + 1, CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER))
    """
    find = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'move_revision_%'"

    def create(self):
        for number, (table, moment, condition) in enumerate(moments()):
            self.execute(f"""
                CREATE TRIGGER move_revision_{number} AFTER {moment} ON {table} {condition} BEGIN {self.move}; END
            """)

    def drop(self):
        for [name] in self.execute(self.find):
            self.execute(f"DROP TRIGGER {name}")


DATABASES = {"postgresql": PostgreSQL, "sqlite": SQLite}
