"""A clock that is ahead by what a file says."""

import os
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import time_machine

LOOK_EVERY = 0.05  # seconds


class Clock:
    """The clock of this process and those it forks: ahead of the real one by the seconds the file names."""

    def __init__(self, path):
        self.path, self.offset, self.travel = Path(path), 0, None

    def start(self):
        os.register_at_fork(after_in_child=self.watch)
        self.watch()

    def watch(self):
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
            self.travel = None
        if offset:
            self.travel = time_machine.travel(datetime.now(UTC) + timedelta(seconds=offset), tick=True)
            self.travel.start()
        self.offset = offset
