"""Production as it is, but for where static files are collected, and without those of the staff pages."""

import os
from pathlib import Path

from advising.settings import *  # noqa: F403

STATIC_ROOT = Path(os.environ["TEST_STATIC_ROOT"])
