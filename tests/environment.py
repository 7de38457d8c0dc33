"""Loaded before the settings: tests run as in development, whatever the shell or .env around them says."""

import os
from tempfile import gettempdir

for name in ("SECRET_KEY", "ALLOWED_HOSTS", "SITE_URL", "PORT", "EMAIL_URL", "OFFICE_EMAIL", "DEFAULT_FROM_EMAIL"):
    os.environ.pop(name, None)
os.environ |= {
    "DEBUG": "on",
    "SECRET_KEY": "for-tests-only",
    "OFFICE_EMAIL": "office@example.edu",
    "HOLIDAYS": "",
    "OFFICE_DAYS": "5",
    "TIME_ZONE": "America/Chicago",
    "ACCENT_COLOR": "#4e2a84",
    "SCHOOL_NAME": "Example School of Medicine",
    "SITE_URL": "http://testserver",
    "DJANGO_ALLOW_ASYNC_UNSAFE": "true",  # Playwright runs a loop of its own beside the tests
}
os.environ["DATABASE_URL"] = os.environ.get("TEST_DATABASE_URL", f"sqlite:///{gettempdir()}/unused-by-tests.sqlite3")
