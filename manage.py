#!/usr/bin/env python
import os
import sys
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

if __name__ == "__main__":
    environ.Env.read_env(Path(__file__).parent / ".env")
    os.environ.setdefault("DEBUG", "on")  # for development; wsgi.py leaves it off
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "advising.settings")
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"The portal does not start: {error}")
