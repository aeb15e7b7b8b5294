"""A real SMTP server, which refuses the mails that a test chooses."""

import asyncio
import email
import email.policy
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from typing import cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from pytest_django import Settings


class Mail(EmailMessage):
    """A message as it arrived."""

    went_to: list[str]  # the recipients of its envelope


class Post:
    """The mails that arrived, in order. `answers` maps a recipient to the reply that replaces « 250 OK »."""

    def __init__(self) -> None:
        self.received: list[Mail] = []
        self.answers: dict[str, str] = {}
        self.kills: Callable[[], int] | None = None  # the process to kill when a message arrives, before the reply
        self.delay: float = 0
        self.verdict = ""  # the reply to every message instead of « 250 OK », once it is read
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.server: Controller | None = None

    def start(self) -> None:
        self.server = Controller(self, hostname="127.0.0.1", port=self.port)
        self.server.start()

    def stop(self) -> None:
        if self.server:
            self.server.stop()
        self.server = None

    async def handle_RCPT(  # noqa: N802  (aiosmtpd's name)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        await asyncio.sleep(self.delay)
        if self.verdict:
            return self.verdict
        content = cast("bytes", envelope.content)
        message = cast("Mail", email.message_from_bytes(content, policy=email.policy.default))
        message.went_to = envelope.rcpt_tos
        self.received.append(message)
        if self.kills:
            os.kill(self.kills(), signal.SIGKILL)
        return "250 OK"

    def list_mails_to(self, address: str) -> list[Mail]:
        return [message for message in self.received if message.went_to == [address]]


@contextmanager
def receive_mails(settings: Settings) -> Iterator[Post]:
    """Send the mails of this process to a mailbox, and yield it."""
    post = Post()
    post.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", post.port
    yield post
    post.stop()
