"""A mail about an account begins as a row, in the transaction of what it tells."""

from accounts.enums import MailKind
from accounts.models import AccessLink, PendingMail, User


def queue_mail(kind: MailKind, user: User, *, link: AccessLink | None = None, to: str = "") -> PendingMail:
    """`to` is the address of the account unless given; what the mail says is written when it leaves."""
    return PendingMail.objects.create(kind=kind, user=user, link=link, to=to or user.email)
