"""Sending mail through the server that EMAIL_URL names. One connection carries many messages."""

import re
import smtplib
from typing import Self

from django.core.mail import EmailMessage, get_connection

from accounts.enums import Trouble
from accounts.installation import is_marked_as_demonstration

# A bare mailbox under `.example`, a domain that reaches nobody (RFC 2606), without name, quotes or route.
INVENTED = re.compile(r"[A-Za-z0-9._+-]+@([A-Za-z0-9-]+\.)+example")


class NotSent(Exception):
    """A message was not sent. `trouble` is the reason. `can_retry` tells whether a later attempt makes sense.
    `everywhere` tells whether other messages would fail too.
    """

    def __init__(self, trouble: Trouble, *, can_retry: bool, everywhere: bool = False) -> None:
        super().__init__(str(trouble))
        self.trouble, self.can_retry, self.everywhere = trouble, can_retry, everywhere


class Mailer:
    """An SMTP connection, which opens with the first message and opens again if it breaks."""

    def __enter__(self) -> Self:
        self.connection = get_connection()
        return self

    def __exit__(self, *exception: object) -> None:
        self.connection.close()

    def send(self, message: EmailMessage) -> None:
        """Send one message to its recipient. Raises NotSent if this fails, or if a demonstration would send to a real
        address.
        """
        if is_marked_as_demonstration() and not all(INVENTED.fullmatch(address) for address in message.recipients()):
            raise NotSent(Trouble.DEMONSTRATION, can_retry=False)
        try:
            is_reused = self.connection.open() is False
        except OSError as error:  # smtplib's errors are OSErrors
            raise NotSent(Trouble.UNREACHABLE, can_retry=True, everywhere=True) from error
        try:
            self.connection.send_messages([message])
        except smtplib.SMTPRecipientsRefused as error:
            raise make_refusal(max(code for code, _answer in error.recipients.values())) from error
        except smtplib.SMTPDataError as error:
            raise make_refusal(error.smtp_code) from error
        except ValueError as error:  # no header can carry the address
            raise NotSent(Trouble.UNWRITABLE, can_retry=False) from error
        except OSError as error:
            self.connection.close()
            if is_reused:  # servers close a connection after some time: open another
                return self.send(message)
            # The server refused our greeting or our sender.
            is_our_fault = isinstance(error, smtplib.SMTPResponseException)
            raise NotSent(Trouble.CUT_OFF, can_retry=True, everywhere=is_our_fault) from error


def make_refusal(code: int) -> NotSent:
    """Return the error for this reply code of the mail server. A code 4yz is temporary and a code 5yz is permanent
    (RFC 5321, 4.2.1).
    """
    return NotSent(Trouble.POSTPONED, can_retry=True) if code < 500 else NotSent(Trouble.REFUSED, can_retry=False)
