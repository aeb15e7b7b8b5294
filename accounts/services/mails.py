"""Queueing mails about accounts, in the transaction of the change that they announce."""

from accounts.enums import MailKind
from accounts.models import AccessLink, PendingMail, User
from csirts.models import Csirt


def queue_mail(
    kind: MailKind, user: User, *, link: AccessLink | None = None, csirt: Csirt | None = None, to: str = ""
) -> PendingMail:
    """Queue a mail to `to`, by default the address of the account. Its text is rendered when it is sent."""
    return PendingMail.objects.create(kind=kind, user=user, link=link, csirt=csirt, to=to or user.email)
