"""A clock that jumps an hour, in every process of the portal.

    python -m faults.clock FILE -m gunicorn …

runs a program whose clock is ahead by the seconds FILE names, from the moment it does.
"""

import os
import runpy
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import time_machine

from .comparison import compare, wait_until_delivered
from .students import SUBMISSIONS, Ledger

HOUR = 3600
LOOK_EVERY = 0.05  # seconds


def run(portal, mail):
    """The clock jumps an hour ahead while students send, and back; what was due an hour later waits for it."""
    ledger = Ledger("clock")
    for part, offset in enumerate((0, HOUR, 0)):
        portal.clock.write_text(str(offset))
        ledger.load(portal, SUBMISSIONS // 3 + (part < SUBMISSIONS % 3))
    portal.clock.write_text(str(HOUR))
    yield compare("clock jumps an hour", portal, mail, ledger, in_flight=3 * len(portal.machines))
    wait_until_delivered(portal)
    portal.clock.write_text("0")


class Clock:
    """The clock of this process."""

    def __init__(self, path):
        self.path, self.offset, self.travel = path, 0, None

    def start(self):
        threading.Thread(target=self.follow, daemon=True).start()

    def follow(self):
        while True:
            offset = int(self.path.read_text() or self.offset)
            if offset != self.offset:
                self.jump(offset)
            time.sleep(LOOK_EVERY)

    def jump(self, offset):
        if self.travel:
            self.travel.stop()
        self.offset = offset
        self.travel = time_machine.travel(datetime.now(UTC) + timedelta(seconds=offset), tick=True) if offset else None
        if self.travel:
            self.travel.start()


def main(path, *command):
    clock = Clock(Path(path))
    clock.start()
    os.register_at_fork(after_in_child=clock.start)  # the processes gunicorn starts
    as_module = command[0] == "-m"
    sys.argv = list(command[as_module:])
    if as_module:
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        sys.path[0] = os.getcwd()
        runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main(*sys.argv[1:])
