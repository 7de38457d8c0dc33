"""A database of an earlier state comes along with every row in every table, and what is in it."""

import json
import os
import subprocess
import sys

import pytest

from tests.database import empty_database

FIRST = {"specialties": "0001_first", "requests_app": "0001_first"}  # when staff had no tables of accounts yet
RELEASED = {  # to move on with each release
    "specialties": "0015_reviews",
    "requests_app": "0016_whole_index",
    "accounts": "0001_first",
}


@pytest.mark.parametrize("state", [FIRST, RELEASED])
def test_every_row_of_an_earlier_state_is_there_as_it_was_after_the_upgrade(db, tmp_path, state):
    with empty_database(tmp_path) as url:
        result = subprocess.run(
            [sys.executable, "-m", "tests.upgrade", *(f"{app}={name}" for app, name in state.items())],
            env=os.environ | {"DATABASE_URL": url},
            capture_output=True,
            text=True,
        )
        assert result.stderr == ""
        assert json.loads(result.stdout) == {"empty": [], "gone": {}, "changed": {}}
