"""Links sent by mail: whoever opens one holds the mailbox of the account, and may choose its password."""

import secrets
from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.enums import LinkPurpose, MailKind, MailStatus, Role
from accounts.models import AccessLink, Membership, PendingMail, User
from accounts.services.mails import queue_mail
from accounts.tokens import hash_of, token_of_link
from collectivities.models import Collectivity
from csirts.models import Csirt

LASTS = {
    LinkPurpose.WELCOME: timedelta(days=7),
    LinkPurpose.INVITATION: timedelta(days=7),
    LinkPurpose.PASSWORD: timedelta(hours=2),
    LinkPurpose.CHANNEL: timedelta(days=7),
}
MAIL = {
    LinkPurpose.WELCOME: MailKind.WELCOME,
    LinkPurpose.INVITATION: MailKind.INVITATION,
    LinkPurpose.PASSWORD: MailKind.PASSWORD_LINK,
}


@transaction.atomic
def send_link(
    purpose: LinkPurpose, *, user: User, made_by: User | None, collectivity: Collectivity | None = None
) -> AccessLink:
    """A new link, and the mail that brings it."""
    link = make_link(purpose, user=user, made_by=made_by, collectivity=collectivity)
    queue_mail(MAIL[purpose], user, link=link)
    return link


def make_link(
    purpose: LinkPurpose,
    *,
    user: User,
    made_by: User | None,
    collectivity: Collectivity | None = None,
    csirt: Csirt | None = None,
    address: str = "",
) -> AccessLink:
    """Earlier ones for the same thing stop at once. `address`: the mailbox of `csirt` that the link confirms."""
    now = timezone.now()
    earlier = AccessLink.objects.filter(user=user, purpose=purpose, collectivity=collectivity, csirt=csirt)
    earlier.filter(used_at=None).filter(revoked_at=None).update(revoked_at=now)
    link = AccessLink(
        user=user,
        purpose=purpose,
        collectivity=collectivity,
        csirt=csirt,
        address=address,
        made_by=made_by,
        nonce=secrets.token_hex(32),
        created_at=now,
        expires_at=now + LASTS[purpose],
    )
    link.token_hash = hash_of(token_of_link(link))
    link.save()
    return link


def find_link(token: str, *, lock: bool = False) -> AccessLink | None:
    """The live link of this secret; None if altered, used, withdrawn or expired, or if the account is closed, or if
    who invited to a centre leads it no more.

    Never one that confirms a mailbox: whoever reads the mailbox of a centre opens no account.
    """
    live = live_links().exclude(purpose=LinkPurpose.CHANNEL)
    if lock:
        live = live.select_for_update(of=("self",), no_key=True)
    link = live.filter(token_hash=hash_of(token)).first()
    return link if link and (link.csirt_id is None or is_sent_by_lead(link)) else None


def is_sent_by_lead(link: AccessLink) -> bool:
    """Tell whether whoever sent this link to or for a centre still leads it."""
    sender = link.made_by
    return sender is not None and sender.is_active and link.csirt_id in sender.csirt_ids(Role.LEAD)


def live_links() -> QuerySet[AccessLink]:
    live = AccessLink.objects.filter(used_at=None, revoked_at=None, expires_at__gt=timezone.now())
    return live.filter(user__is_active=True).select_related("user", "collectivity", "csirt", "made_by")


def find_ended_link(token: str, *, is_channel: bool = False) -> AccessLink | None:
    """What this secret opened once; None when it never opened anything on this page, or if the account is closed."""
    known = AccessLink.objects.filter(user__is_active=True).select_related("user", "collectivity", "csirt", "made_by")
    link = known.filter(token_hash=hash_of(token)).first()
    return link if link and (link.purpose == LinkPurpose.CHANNEL) == is_channel else None


def is_replaced(link: AccessLink) -> bool:
    """Whether a later mail brought another link for the same thing."""
    same = AccessLink.objects.filter(user=link.user, purpose=link.purpose, collectivity=link.collectivity)
    same = same.filter(csirt=link.csirt)
    return same.filter(created_at__gt=link.created_at).exists()


def stop_links(links: QuerySet[AccessLink]) -> None:
    """Those that are live open nothing more, and a mail of theirs that has not left stays."""
    live = list(links.filter(used_at=None, revoked_at=None).values_list("pk", flat=True))
    PendingMail.objects.filter(link__in=live, status=MailStatus.DUE).update(status=MailStatus.DEAD)
    AccessLink.objects.filter(pk__in=live).update(revoked_at=timezone.now())


def revoke_links(user: User, *purposes: LinkPurpose) -> None:
    """Those that are live for one of these purposes open nothing more; all of them when none is named."""
    live = AccessLink.objects.filter(user=user, used_at=None, revoked_at=None)
    live.filter(purpose__in=purposes or LinkPurpose.values).update(revoked_at=timezone.now())


@transaction.atomic
def use_link(*, token: str, password: str = "", display_name: str = "") -> User | None:
    """Use the link up: join the body, choose the password. None if the link is not live any more.

    A new password ends every open session of the account, and the other links that could choose one.
    """
    link = find_link(token, lock=True)
    if link is None:
        return None
    link.used_at = timezone.now()
    link.save(update_fields=["used_at"])
    user = link.user
    if not link.keeps_password:
        user.set_password(password)
        revoke_links(user, LinkPurpose.WELCOME, LinkPurpose.PASSWORD)
    user.display_name = user.display_name or display_name
    user.save(update_fields=["display_name", "password"])
    if link.purpose == LinkPurpose.PASSWORD:
        queue_mail(MailKind.PASSWORD_CHANGED, user)
    if link.collectivity:
        join(user, link.collectivity)
    if link.csirt:
        join_centre(user, link.csirt)
    return user


def join(user: User, body: Collectivity) -> None:
    if body.pk not in user.collectivity_ids():
        Membership.objects.create(user=user, role=Role.AGENT, collectivity=body)


def join_centre(user: User, csirt: Csirt) -> None:
    if csirt.pk not in user.csirt_ids():
        Membership.objects.create(user=user, role=Role.RESPONDER, csirt=csirt)
