"""A mail about an account begins as a row, in the transaction of what it tells."""

from accounts.enums import MailKind
from accounts.models import AccessLink, PendingMail, User
from csirts.models import Csirt


def queue_mail(
    kind: MailKind, user: User, *, link: AccessLink | None = None, csirt: Csirt | None = None, to: str = ""
) -> PendingMail:
    """`to` is the address of the account unless given; what the mail says is written when it leaves."""
    return PendingMail.objects.create(kind=kind, user=user, link=link, csirt=csirt, to=to or user.email)
