"""Loaded before the settings: tests run as in development, whatever the shell or .env around them says."""

import os
import re
from pathlib import Path
from tempfile import gettempdir

documented = re.findall(r"^#?([A-Z_]+)=", (Path(__file__).parent.parent / ".env.example").read_text(), re.MULTILINE)
os.environ |= dict.fromkeys(documented, "")  # empty: as if not set, and .env does not fill it in
os.environ |= {
    "DEBUG": "on",
    "SECRET_KEY": "for-tests-only",
    "OFFICE_EMAIL": "office@example.edu",
    "SCHOOL_NAME": "Example School of Medicine",
    "SITE_URL": "http://testserver",
    "SESSION_IDLE_MINUTES": "5000000",  # tests travel in time
    "DATABASE_URL": os.environ.get("TEST_DATABASE_URL", f"sqlite:///{gettempdir()}/unused-by-tests.sqlite3"),
    "DJANGO_ALLOW_ASYNC_UNSAFE": "true",  # Playwright runs a loop of its own beside the tests
}
