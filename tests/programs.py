"""Programs of the system that some tests need: without them these are skipped by hand, and fail in CI."""

import os
import shutil

import pytest

PACKAGES = {  # of Debian: the names the program may have
    "chromium": ["chromium", "chromium-browser", "google-chrome"],
    "redis-server": ["redis-server"],
    "nginx": ["nginx"],
    "systemd": ["systemd-analyze"],
    "git": ["git"],
    "curl": ["curl"],
}


def program_of(package):
    """Return the path of the program; where there is none the test is skipped, in CI it fails."""
    path = f"{os.environ['PATH']}:/usr/sbin"
    found = next(filter(None, (shutil.which(name, path=path) for name in PACKAGES[package])), None)
    if not found:
        missing = f"{PACKAGES[package][0]} is not on this machine (apt-get install {package})"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    return found
