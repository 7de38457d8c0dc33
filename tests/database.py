import os

from django.db import connection


def url_of_test_database():
    """Return the DATABASE_URL of the database this test uses, for processes it starts."""
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/{name}"
