"""A real mail server that accepts or postpones mails, or is down, and records when each message arrived."""

import asyncio
import email
import email.policy
from time import monotonic
from typing import cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

SETTLE_SECONDS = 0.05


class Mailbox:
    def __init__(self, port: int) -> None:
        self.port = port
        self.postpones = False
        self.postponed = 0
        self.received: list[tuple[str, str, float]] = []  # Message-ID, subject, time of arrival
        self.server: Controller | None = None

    def open(self) -> None:
        self.server = Controller(self, hostname="127.0.0.1", port=self.port)
        self.server.start()

    def close(self) -> None:
        if self.server:
            asyncio.run_coroutine_threadsafe(
                hang_up(cast("asyncio.Server", self.server.server)), self.server.loop
            ).result()
            self.server.stop()
        self.server = None

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  (aiosmtpd's name)
        if self.postpones:
            self.postponed += 1
            return "451 4.3.2 later"
        message = email.message_from_bytes(cast("bytes", envelope.content), policy=email.policy.default)
        self.received.append((message["Message-ID"], str(message["Subject"]), monotonic()))
        return "250 OK"

    def list_message_ids(self) -> list[str]:
        """Return the Message-ID of each message, without its domain. A mail that arrived twice is listed twice."""
        return [identifier.strip("<>").partition("@")[0] for identifier, _subject, _at in self.received]


async def hang_up(server: asyncio.Server) -> None:
    """Stop accepting clients, then disconnect those that remain, because Python forgets a client accepted while its
    server closes.
    """
    for socket in server.sockets:
        server.get_loop().remove_reader(socket)
    await asyncio.sleep(SETTLE_SECONDS)
    server.abort_clients()
    await asyncio.sleep(SETTLE_SECONDS)
