"""A mail server that is away, slow, or says no."""

import asyncio
import email
from email import policy

from tests.mailserver import MailServer

from .comparison import compare, wait_until_delivered
from .portal import HOST, WITHOUT_ADVISOR, wait_until
from .students import SUBMISSIONS, Browser, Ledger

SLOW = 30  # seconds
BEARABLE = 15  # seconds for a page, however busy the machine: well below those the mail server takes
GONE = f"gone@{HOST}"
TRIED = "SELECT 1 FROM requests_app_outgoingemail WHERE attempts > 0 AND sent_at IS NULL LIMIT 1"
SHOWN_TO_STAFF = """
staff = User.objects.get(username="coordinator")
failed = OutgoingEmail.objects.visible_to(staff).failed()
print(*failed.values_list("to", flat=True))
print(*AdvisorRequest.objects.needing_the_office(staff).filter(emails__in=failed).values_list("email", flat=True))
"""


class TroubledMailServer(MailServer):
    """Gives every recipient the same `answer`, where there is one; when slow it takes the message, and says so late."""

    answer = ""

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        return self.answer or await super().handle_RCPT(server, session, envelope, address, options)

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        if not self.delay:
            return await super().handle_DATA(server, session, envelope)
        self.received.append(email.message_from_bytes(envelope.content, policy=policy.default))
        await asyncio.sleep(self.delay)
        return "250 OK"

    def go_away(self):
        self.controller.stop()

    def come_back(self):
        self.__enter__()


def run(portal, mail):
    """Yield a line for each trouble. It lasts as long as students send; then all mail has to go out by itself."""
    mail.go_away()
    yield told(portal, mail, Ledger("down"), "mail server is down", over=mail.come_back)
    mail.answer = "451 Try later"
    yield told(portal, mail, Ledger("later"), "mail server says 451 to all", over=lambda: setattr(mail, "answer", ""))
    mail.drop_after_data = True
    over = lambda: setattr(mail, "drop_after_data", False)  # noqa: E731
    yield told(portal, mail, Ledger("drop"), "mail server drops after DATA", over=over)
    mail.delay = SLOW
    yield told(portal, mail, Ledger("slow"), f"mail server takes {SLOW} s", over=lambda: setattr(mail, "delay", 0))
    yield one_is_refused(portal, mail)


def told(portal, mail, ledger, fault, over):
    """Load the portal until the trouble is over, and compare. No page may have shown it."""
    ledger.load(portal, SUBMISSIONS)
    wait_until(lambda: portal.rows(TRIED), "the worker tries")
    over()
    row = compare(fault, portal, mail, ledger)
    if ledger.slowest > BEARABLE:
        row.remarks.append(f"the slowest page took {ledger.slowest:.0f} s")
    return row


def one_is_refused(portal, mail):
    mail.refuse = {GONE: "550 No such user"}
    ledger, gone = Ledger("refused"), Ledger("gone")
    gone.submit(Browser(portal), WITHOUT_ADVISOR, email=GONE)
    row = told(portal, mail, ledger, "mail server says 550 to one", over=lambda: wait_until_delivered(portal))
    shown = portal.shell(SHOWN_TO_STAFF).split()
    if shown != [GONE, GONE]:
        row.remarks.append(f"staff were shown {shown}")
    return row
