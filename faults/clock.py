"""A clock that jumps an hour, in every process of the portal.

Each of them imports in_every_process/sitecustomize.py as Python starts, and from then on follows the file that
FAULTS_CLOCK names.
"""

from .comparison import compare
from .students import SUBMISSIONS, Ledger

HOUR = 3600  # seconds


def run(portal, mail):
    """The clock jumps an hour ahead while students send, and back; what is due an hour later waits for it."""
    ledger = Ledger("clock")
    for part, offset in enumerate((0, HOUR, 0)):
        portal.clock.write_text(str(offset))
        ledger.load(portal, SUBMISSIONS // 3 + (part < SUBMISSIONS % 3))
    portal.clock.write_text(str(HOUR))
    yield compare("clock jumps an hour", portal, mail, ledger, in_flight=3 * len(portal.machines))
    portal.clock.write_text("0")
