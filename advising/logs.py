"""Logs for machines: one JSON object a line, and never a name, an address, a private link or the words of a message."""

import json
import re
import traceback
from datetime import UTC, datetime
from logging import Formatter
from pathlib import Path

from django.db import InterfaceError, OperationalError

from specialties.private_pages import without_private_links

ROOT = f"{Path(__file__).parent.parent}/"
ADDRESS = re.compile(r"[^\s@<>\"'(]+@[^\s@<>\"')]+")
QUERY = re.compile(r"\?\S+")  # what somebody searched for
IN_PLAIN_WORDS = (InterfaceError, OperationalError)  # of the connection; other errors quote the row they are about


class JsonLines(Formatter):
    def format(self, record):
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": discreet(record.getMessage().partition("\nTraceback ")[0]),  # granian writes errors out in full
        }
        if record.exc_info and (error := record.exc_info[1]):
            line |= what_happened(error)
        return json.dumps(line)


def what_happened(error):
    """Return the kinds of an error and of those behind it, and where in the code it came up."""
    behind, kinds = error, []
    while behind and len(kinds) < 10:
        kinds.append(type(behind).__name__)
        behind = behind.__cause__ or behind.__context__
    frames = traceback.extract_tb(error.__traceback__)
    found = {"error": kinds, "at": [f"{frame.filename.removeprefix(ROOT)}:{frame.lineno}" for frame in frames]}
    if isinstance(error, IN_PLAIN_WORDS):
        found["reason"] = discreet(str(error).partition("\n")[0])
    return found


def discreet(text):
    return ADDRESS.sub("…", QUERY.sub("?…", without_private_links(text)))
