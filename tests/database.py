import os
import secrets
from contextlib import contextmanager

from django.db import connection


def url_of_test_database():
    """Return the DATABASE_URL of the database this test uses, for processes it starts."""
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/{name}"


@contextmanager
def empty_database(directory):
    """Yield the DATABASE_URL of a database of the same kind that has no tables yet."""
    name = f"empty_{secrets.token_hex(4)}"
    if connection.vendor == "sqlite":
        yield f"sqlite:///{directory / name}.sqlite3"
        return
    with connection._nodb_cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    try:
        yield f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/{name}"
    finally:
        with connection._nodb_cursor() as cursor:
            cursor.execute(f"DROP DATABASE {name}")
