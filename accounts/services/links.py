"""Links sent by mail. Opening a link proves that the reader has the mailbox of the account, and allows them to choose
a password.
"""

import secrets
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.admin.models import CHANGE, LogEntry
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from accounts.access import get_person
from accounts.enums import LinkPurpose, MailKind, MailStatus, Role, SecurityEventKind
from accounts.models import AccessLink, Membership, PasswordRequest, PendingMail, User
from accounts.security.record import record_security_event
from accounts.services.confirmations import announce_given_role, save_confirmation
from accounts.services.mails import queue_mail
from accounts.services.roles import can_get_reading_role, describe_role, log_on_account, record_given_role
from accounts.tokens import hash_token, list_link_tokens
from collectivities.models import Collectivity
from csirts.models import Csirt

LIFETIMES = {
    LinkPurpose.WELCOME: timedelta(days=7),
    LinkPurpose.INVITATION: timedelta(days=7),
    LinkPurpose.PASSWORD: timedelta(hours=2),
    LinkPurpose.CHANNEL: timedelta(days=7),
}
# How many requests for a password one transaction answers, and how long mails wait for these answers.
REQUESTS_AT_ONCE, ANSWER_TIME_LIMIT = 50, timedelta(seconds=5)
MAIL_KINDS = {
    LinkPurpose.WELCOME: MailKind.WELCOME,
    LinkPurpose.PASSWORD: MailKind.PASSWORD_LINK,
}


@transaction.atomic
def send_link(purpose: LinkPurpose, *, user: User, made_by: User | None) -> AccessLink:
    """Create a link to the account and queue its mail. The earlier links of the account for the same purpose are
    revoked.
    """
    link = make_link(purpose, user=user, made_by=made_by)
    queue_mail(MAIL_KINDS[purpose], user, link=link)
    record_security_event(SecurityEventKind.PASSWORD_LINK, person=user, actor=made_by, detail=f"sent_{purpose}")
    return link


def request_password_link(address: str) -> None:
    """Record that somebody asks for a new password of the account with this address, if there is one. A request that
    already waits is enough. Runs one query, the same for every address.
    """
    PasswordRequest.objects.bulk_create([PasswordRequest(address=address)], ignore_conflicts=True)


def answer_password_requests() -> None:
    """Send a link for each request whose address has an open account, and delete the requests. Stop when none is left,
    or after ANSWER_TIME_LIMIT. Several workers may call this at once.
    """
    deadline = timezone.now() + ANSWER_TIME_LIMIT
    while timezone.now() < deadline and answer_oldest_requests():
        pass


@transaction.atomic
def answer_oldest_requests() -> int:
    """Answer the oldest requests that no other worker answers now, and return their number."""
    requests = list(PasswordRequest.objects.select_for_update(skip_locked=True).order_by("id")[:REQUESTS_AT_ONCE])
    for request in requests:
        person = User.objects.with_address(request.address).filter(is_active=True).first()
        if person:
            send_link(LinkPurpose.PASSWORD, user=person, made_by=None)
    PasswordRequest.objects.filter(pk__in=[request.pk for request in requests]).delete()
    return len(requests)


@transaction.atomic
def send_password_link(*, uid: UUID, actor: User) -> User:
    """Send a person a link with which they choose a password, and return the person. The sending is recorded in the
    history of the account.

    The link goes to the mailbox of the account only, so that `actor` never knows the password. Raises Http404 if
    `actor` may not assist this account.
    """
    person = get_person(actor, uid)
    purpose = LinkPurpose.PASSWORD if person.has_usable_password() else LinkPurpose.WELCOME
    send_link(purpose, user=person, made_by=actor)
    LogEntry.objects.log_actions(actor.pk, [person], CHANGE, "Lien de mot de passe envoyé", single_object=True)
    return person


def make_link(
    purpose: LinkPurpose,
    *,
    user: User,
    made_by: User | None,
    collectivity: Collectivity | None = None,
    csirt: Csirt | None = None,
    address: str = "",
) -> AccessLink:
    """Create a link for this user. Their earlier links for the same purpose and the same body or centre are revoked.
    `address` is the mailbox of `csirt` that the link confirms.
    """
    now = timezone.now()
    earlier = AccessLink.objects.filter(user=user, purpose=purpose, collectivity=collectivity, csirt=csirt)
    earlier.filter(used_at=None).filter(revoked_at=None).update(revoked_at=now)
    nonce = secrets.token_hex(32)
    return AccessLink.objects.create(
        user=user,
        purpose=purpose,
        collectivity=collectivity,
        csirt=csirt,
        address=address,
        made_by=made_by,
        nonce=nonce,
        token_hash=hash_token(list_link_tokens(nonce)[0]),
        created_at=now,
        expires_at=now + LIFETIMES[purpose],
    )


def find_live_link(token: str, *, lock: bool = False) -> AccessLink | None:
    """Return the link of this secret, or None if it cannot be used. `lock` locks the row of the link until the
    transaction ends.

    A link cannot be used if it is unknown, used, revoked or expired, or if the account is closed. An administrator of
    the platform cannot use an invitation. An invitation to a centre cannot be used once its sender no longer leads the
    centre.

    Links that confirm the mailbox of a centre are never returned, because reading that mailbox must not open an
    account.
    """
    live = list_live_links().exclude(purpose=LinkPurpose.CHANNEL)
    if lock:
        live = live.select_for_update(of=("self",), no_key=True)
    link = live.filter(token_hash=hash_token(token)).first()
    if link is None or invites_administrator(link):
        return None
    return link if link.csirt_id is None or is_sent_by_lead(link) else None


def invites_administrator(link: AccessLink) -> bool:
    """Tell whether this link is an invitation of a person who administers the platform. Runs one query for an
    invitation, and none for another link.
    """
    return link.purpose == LinkPurpose.INVITATION and not can_get_reading_role(link.user)


def is_sent_by_lead(link: AccessLink) -> bool:
    """Tell whether the person who sent this link still leads the centre of the link. Runs one query at most."""
    sender = link.made_by
    return sender is not None and sender.is_active and sender.leads_centre(link.csirt_id)


def list_live_links() -> QuerySet[AccessLink]:
    """Return the links of open accounts that are not used, revoked or expired."""
    live = AccessLink.objects.filter(used_at=None, revoked_at=None, expires_at__gt=timezone.now())
    return live.filter(user__is_active=True).select_related("user", "collectivity", "csirt", "made_by")


def find_link_in_any_state(token: str, *, is_channel: bool = False) -> AccessLink | None:
    """Return the link of this secret, live or not, or None. The page about a link that no longer works uses this
    function.

    With `is_channel`, only a link that confirms the mailbox of a centre is returned. Without it, such a link is never
    returned.
    """
    links = AccessLink.objects.select_related("user", "collectivity", "csirt", "made_by")
    link = links.filter(token_hash=hash_token(token)).first()
    return link if link and (link.purpose == LinkPurpose.CHANNEL) == is_channel else None


def is_replaced(link: AccessLink) -> bool:
    """Tell whether a later link was sent to the same account for the same purpose and the same body or centre."""
    similar = AccessLink.objects.filter(user=link.user, purpose=link.purpose, collectivity=link.collectivity)
    similar = similar.filter(csirt=link.csirt)
    return similar.filter(created_at__gt=link.created_at).exists()


def stop_links(links: QuerySet[AccessLink]) -> None:
    """Revoke those of these links that are neither used nor revoked. Drop their mails that have not left."""
    live = list(links.filter(used_at=None, revoked_at=None).values_list("pk", flat=True))
    PendingMail.objects.filter(link__in=live, status=MailStatus.DUE).update(status=MailStatus.DEAD)
    AccessLink.objects.filter(pk__in=live).update(revoked_at=timezone.now())


def revoke_links(user: User, *purposes: LinkPurpose) -> None:
    """Revoke the unused links of the user for these purposes, or for all purposes if none is given."""
    live = AccessLink.objects.filter(user=user, used_at=None, revoked_at=None)
    live.filter(purpose__in=purposes or LinkPurpose.values).update(revoked_at=timezone.now())


@transaction.atomic
def use_link(*, token: str, password: str = "", display_name: str = "") -> User | None:
    """Use up a link, and return its user. Return None if the link is not live.

    Set the password unless the link keeps it. Set the name if the user has none. Give the role in the body or the
    centre that the link names, if any. A new password ends the sessions of the account. It also revokes the tokens
    of the account, and the other links that could set a password.
    """
    link = find_live_link(token, lock=True)
    if link is None:
        return None
    link.used_at = timezone.now()
    link.save(update_fields=["used_at"])
    user = link.user
    changed = []  # the account was read without a lock: what was saved since must not be undone
    if not link.keeps_password:
        user.set_password(password)
        record_security_event(SecurityEventKind.PASSWORD_CHANGED, person=user, detail="link")
        changed.append("password")
        revoke_links(user, LinkPurpose.WELCOME, LinkPurpose.PASSWORD)
    if display_name and not user.display_name:
        user.display_name = display_name
        changed.append("display_name")
    user.save(update_fields=changed)
    if link.purpose == LinkPurpose.PASSWORD:
        queue_mail(MailKind.PASSWORD_CHANGED, user)
    if link.collectivity:
        join_body(user, link.collectivity, giver=link.made_by)
    if link.csirt:
        join_centre(user, link.csirt, giver=link.made_by)
    return user


def join_body(user: User, body: Collectivity, *, giver: User | None) -> None:
    """Make the user an agent of the body, unless they have a role in it. `giver` is recorded as the person who gave
    the role. If the user is to become an agent of the body later, they become it today.
    """
    if body.pk in user.get_collectivity_ids():
        return
    own_roles = Membership.objects.filter(user=user, role=Role.AGENT, collectivity=body)
    if bring_role_forward(own_roles, giver) is None:
        record_given_role(Membership.objects.create(user=user, role=Role.AGENT, collectivity=body), giver)


def join_centre(user: User, csirt: Csirt, *, giver: User | None) -> None:
    """Make the user a responder of the centre, unless they work in it. `giver`, a lead of the centre, is recorded as
    the person who gave the role.

    If the administrator has given the same role, or it begins later, it counts from today, and the invitation confirms
    it. The other leads are told.
    """
    if user.is_in_team(csirt.pk):
        return
    role = bring_role_forward(Membership.objects.filter(user=user, role=Role.RESPONDER, csirt=csirt), giver)
    if role is None:
        role = Membership.objects.create(user=user, role=Role.RESPONDER, csirt=csirt)
        record_given_role(role, giver)
    elif role.awaits_confirmation and giver:
        save_confirmation(role, giver)
    if giver:
        announce_given_role(role, giver)


def bring_role_forward(roles: QuerySet[Membership], giver: User | None) -> Membership | None:
    """Let the role without an end among these roles of one kind begin today, if it begins later. Return it, locked, or
    None if there is none: a person has such a role once (the constraint `membership_once_in_force`).
    """
    role, today = roles.select_for_update(no_key=True).filter(ended_on=None).first(), timezone.localdate()
    if role and role.since_on > today:
        role.since_on = today
        role.save(update_fields=["since_on"])
        if giver:
            log_on_account(role, giver, f"Rôle avancé\N{NO-BREAK SPACE}: {describe_role(role)}")
    return role


def list_old_links(limit: datetime) -> QuerySet[AccessLink]:
    """Return the links that expired before `limit` and that no stored mail carries. Those that confirm the mailbox of
    a centre are left out: the last of them says whether the present mailbox was confirmed.
    """
    links = AccessLink.objects.filter(expires_at__lt=limit).exclude(purpose=LinkPurpose.CHANNEL)
    return links.exclude(Exists(PendingMail.objects.filter(link=OuterRef("pk"))))
