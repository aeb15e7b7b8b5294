"""Mail, through whatever server EMAIL_URL names. One connection carries many messages."""

import re
import smtplib
from typing import Self

from django.core.mail import EmailMessage, get_connection

from accounts.enums import Trouble
from accounts.installation import read_demonstration

# One bare mailbox under `.example`, the domain that reaches nobody (RFC 2606): no name, no quotes, no route.
INVENTED = re.compile(r"[A-Za-z0-9._+-]+@([A-Za-z0-9-]+\.)+example")


class NotSent(Exception):
    """`trouble` says why; `again` if trying later makes sense; `everywhere` if nothing else can be sent either."""

    def __init__(self, trouble: Trouble, *, again: bool, everywhere: bool = False) -> None:
        super().__init__(str(trouble))
        self.trouble, self.again, self.everywhere = trouble, again, everywhere


class Mailer:
    """A connection that opens with the first message, and again after it broke."""

    def __enter__(self) -> Self:
        self.connection = get_connection()
        return self

    def __exit__(self, *exception: object) -> None:
        self.connection.close()

    def send(self, message: EmailMessage) -> None:
        """Hand over one message for one recipient, or raise NotSent."""
        if read_demonstration() and not all(INVENTED.fullmatch(address) for address in message.recipients()):
            raise NotSent(Trouble.DEMONSTRATION, again=False)
        try:
            is_reused = self.connection.open() is False
        except OSError as error:  # smtplib's own errors are OSErrors too
            raise NotSent(Trouble.UNREACHABLE, again=True, everywhere=True) from error
        try:
            self.connection.send_messages([message])
        except smtplib.SMTPRecipientsRefused as error:
            raise refusal(max(code for code, _answer in error.recipients.values())) from error
        except smtplib.SMTPDataError as error:
            raise refusal(error.smtp_code) from error
        except ValueError as error:  # an address that no header can carry
            raise NotSent(Trouble.UNWRITABLE, again=False) from error
        except OSError as error:
            self.connection.close()
            if is_reused:  # servers end a connection that has served long enough: ask for another
                return self.send(message)
            ours = isinstance(error, smtplib.SMTPResponseException)  # our greeting or our sender was refused
            raise NotSent(Trouble.CUT_OFF, again=True, everywhere=ours) from error


def refusal(code: int) -> NotSent:
    """RFC 5321, 4.2.1: what a server answers 4yz may pass later, 5yz will not."""
    return NotSent(Trouble.POSTPONED, again=True) if code < 500 else NotSent(Trouble.REFUSED, again=False)
