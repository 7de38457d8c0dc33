"""Production as it is, but for where static files are collected, and without a proxy in front that does TLS."""

import os
from pathlib import Path

from advising.settings import *  # noqa: F403

SECURE_SSL_REDIRECT = False
STATIC_ROOT = Path(os.environ["TEST_STATIC_ROOT"])
