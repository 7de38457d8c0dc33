"""A real SMTP server on the loopback interface, for tests of what reaches it."""

import asyncio
import email
import socket
from email import policy

from aiosmtpd.controller import Controller


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class MailServer:
    """Takes messages, unless told otherwise: `refuse` maps addresses to answers, delays are in seconds."""

    def __init__(self):
        self.port = free_port()
        self.received = []
        self.refuse = {}
        self.delay = 0
        self.drop_after_data = False
        self.connections = 0

    def __enter__(self):
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self.controller.start()
        return self

    def __exit__(self, *exc_info):
        self.controller.stop()

    @property
    def url(self):
        return f"smtp://127.0.0.1:{self.port}"

    def to(self, address):
        return [message for message in self.received if message["To"] == address]

    async def handle_EHLO(self, server, session, envelope, hostname, responses):  # noqa: N802
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        await asyncio.sleep(self.delay)
        if self.drop_after_data:
            server.transport.abort()
            return "421 Gone"
        self.received.append(email.message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"
