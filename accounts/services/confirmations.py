"""The roles that the administrator gives in a centre, which count once a lead of the centre has confirmed them.

Who administers the platform reads no case. Without the confirmation, this person could appoint an accomplice who does.
"""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts.access import get_led_centre, list_lead_roles
from accounts.enums import CENTRE_ABILITIES, CSIRT_ROLES, MailKind, SecurityEventKind
from accounts.models import Membership, User
from accounts.security.record import record_security_event
from accounts.services.mails import queue_mail, queue_mails_to_leads
from accounts.services.roles import (
    annotate_authors,
    describe_role,
    log_ended_roles,
    log_on_account,
    record_role_events,
)
from core.secrets import hash_value
from csirts.models import Csirt

# What the administrator saves


def decide_confirmations(roles: Iterable[Membership]) -> list[Membership]:
    """Set on each of these roles, which the administrator is about to save, whether it awaits a confirmation. Return
    the roles of centres that give a person something new.

    A role awaits a lead who has it in force and whose account is open. It counts at once if nobody else leads the
    centre. A changed role that gives more than before is treated as a new one. The rows of the centres are locked,
    before those of accounts and roles, so that two administrators do not both appoint the first lead.
    """
    roles = list(roles)
    centres = {role.csirt_id for role in roles if role.csirt_id}
    list(Csirt.objects.select_for_update(no_key=True).filter(pk__in=centres).order_by("pk"))
    stored = Membership.objects.in_bulk([role.pk for role in roles if role.pk])
    return [role for role in roles if decide_confirmation(role, stored.get(role.pk))]


def decide_confirmation(role: Membership, stored: Membership | None) -> bool:
    """Set whether this role awaits a confirmation, and return whether it gives its person something new. `stored` is
    the same role as the database has it, or None for a new one.
    """
    role.awaits_confirmation, role.confirmed_by, role.confirmed_at = False, None, None
    if role.role not in CSIRT_ROLES:
        return False
    is_new = stored is None or gives_more(role, stored)
    if is_over(role) or not is_new:
        copy_confirmation(role, stored)
    if is_over(role) or not (is_new or role.awaits_confirmation):
        return False
    was_awaited = role.awaits_confirmation
    role.awaits_confirmation = has_another_lead(role)
    return is_new or was_awaited != role.awaits_confirmation


def copy_confirmation(role: Membership, stored: Membership | None) -> None:
    """Set the columns of the confirmation as they are stored, if the role is: a lead may have confirmed it since the
    page was read.
    """
    if stored:
        role.awaits_confirmation = stored.awaits_confirmation
        role.confirmed_by_id, role.confirmed_at = stored.confirmed_by_id, stored.confirmed_at


def gives_more(role: Membership, stored: Membership) -> bool:
    """Tell whether this role of a centre gives its person more than the stored one: another ability, another centre,
    or a day, today or later, on which the stored one is not in force.
    """
    has_same_centre = role.csirt_id == stored.csirt_id
    former_abilities = CENTRE_ABILITIES.get(stored.role, frozenset()) if has_same_centre else frozenset()
    if not CENTRE_ABILITIES[role.role] <= former_abilities:
        return True
    begins_earlier = role.since_on < stored.since_on and stored.since_on > timezone.localdate()
    ends_later = stored.ended_on is not None and (role.ended_on is None or role.ended_on > stored.ended_on)
    return begins_earlier or ends_later


def is_over(role: Membership) -> bool:
    """Tell whether this role has ended, today or before, or ends on its first day and so never begins."""
    return role.ended_on is not None and role.ended_on <= max(timezone.localdate(), role.since_on)


def has_another_lead(role: Membership) -> bool:
    """Tell whether somebody other than the holder of this role leads its centre today. Runs one query."""
    return list_lead_roles().filter(csirt=role.csirt_id).exclude(user=role.user_id).exists()


def announce_given_role(role: Membership, giver: User) -> None:
    """Tell the leads of the centre that `giver` gave this role there, which may await their confirmation. A lead who
    gave it, or who has it, is not told.
    """
    if role.csirt:
        kind = MailKind.ROLE_AWAITS if role.awaits_confirmation else MailKind.ROLE_GIVEN
        queue_mails_to_leads(kind, role.user, csirt=role.csirt, without=[giver], membership=role, by=giver)


@transaction.atomic
def renew_confirmations(user: User, giver: User, *, decided: Iterable[Membership] = ()) -> list[Membership]:
    """Decide anew on each role that this account, which `giver` has opened again, has in a centre and that is not
    over. Announce these roles as if they were given now, and return them. `decided` are roles that were just decided.

    Whoever closed the account ended what the leads had agreed to. Its person may have left, and its mailbox may have
    become somebody else's.
    """
    record_security_event(SecurityEventKind.ACCOUNT_REOPENED, person=user, actor=giver)
    roles = Membership.objects.not_ended().filter(user=user, role__in=CSIRT_ROLES)
    roles = roles.exclude(pk__in=[role.pk for role in decided])
    renewed = list(roles.select_for_update(of=("self",), no_key=True).select_related("user", "csirt").order_by("pk"))
    for role in renewed:
        role.awaits_confirmation, role.confirmed_by, role.confirmed_at = has_another_lead(role), None, None
        role.save(update_fields=["awaits_confirmation", "confirmed_by", "confirmed_at"])
        announce_given_role(role, giver)
    return renewed


def lock_centres_of(user: User) -> None:
    """Lock the centres of the roles of this account. The caller is in a transaction, and locks accounts and roles
    afterwards (`decide_confirmations`).
    """
    roles = Membership.objects.not_ended().filter(user=user, role__in=CSIRT_ROLES)
    list(Csirt.objects.select_for_update(no_key=True).filter(pk__in=roles.values("csirt")).order_by("pk"))


# What a lead answers


class AlreadyAnswered(Exception):
    """Another lead has answered otherwise, or the administrator has ended the role meanwhile."""


class RoleChanged(Exception):
    """The role, or the account of the person who has it, has changed since the lead opened the page."""


def stamp_role(role: Membership) -> str:
    """Return a stamp of what the page of a lead shows of this role: what it gives, where, when and to whom. The lead
    sends it back, so that the administrator cannot make the role another one while the page is read.
    """
    person = role.user.email, role.user.display_name
    facts = [str(fact) for fact in (role.pk, role.role, role.csirt_id, role.since_on, role.ended_on, *person)]
    return hash_value("role-to-confirm", repr(facts)).hex()[:24]


def list_awaited_roles(lead: User) -> QuerySet[Membership]:
    """Return the roles that the leads of this lead's centres have yet to confirm, with who gave them, oldest first.
    The lead's own roles are left out.
    """
    awaited = Membership.objects.not_ended().filter(awaits_confirmation=True, csirt__in=lead.led_centre_ids)
    awaited = awaited.filter(user__is_active=True).exclude(user=lead)
    return annotate_authors(awaited).select_related("user", "csirt").order_by("pk")


@transaction.atomic
def confirm_role(*, number: int, actor: User, seen: str) -> Membership:
    """Make the role with this number count, tell its person by mail, and return the role. A second call changes
    nothing. `seen` is the stamp of the role as `actor` read it.

    Raises Http404 if the role is not to be confirmed by `actor`, AlreadyAnswered if it was refused meanwhile, and
    RoleChanged if it is another one now.
    """
    role = lock_role(number, actor)
    if role.awaits_confirmation and is_over(role):
        raise AlreadyAnswered
    if role.awaits_confirmation:
        check_unchanged(role, seen)
        save_confirmation(role, actor)
        queue_mail(MailKind.ROLE_CONFIRMED, role.user, csirt=role.csirt, membership=role, by=actor)
    return role


def check_unchanged(role: Membership, seen: str) -> None:
    """Raise RoleChanged unless this role, whose row the caller holds, is still the one with the stamp `seen`."""
    if not constant_time_compare(stamp_role(role), seen):
        raise RoleChanged


def save_confirmation(role: Membership, actor: User) -> None:
    """Save that `actor` confirms this role, and record it in the history of the account. The caller holds the row."""
    role.awaits_confirmation, role.confirmed_by, role.confirmed_at = False, actor, timezone.now()
    role.save(update_fields=["awaits_confirmation", "confirmed_by", "confirmed_at"])
    record_role_events(SecurityEventKind.ROLE_CONFIRMED, [role], actor)
    log_on_account(role, actor, f"Rôle confirmé\N{NO-BREAK SPACE}: {describe_role(role)}")


@transaction.atomic
def refuse_role(*, number: int, actor: User, seen: str) -> Membership:
    """End the role with this number before it has counted, and return it. A second call changes nothing. `seen` is the
    stamp of the role as `actor` read it.

    Raises Http404 if the role is not to be confirmed by `actor`, AlreadyAnswered if it was confirmed meanwhile, and
    RoleChanged if it is another one now.
    """
    role = lock_role(number, actor)
    if not role.awaits_confirmation:
        raise AlreadyAnswered
    if not is_over(role):
        check_unchanged(role, seen)
        role.ended_on = max(role.since_on, timezone.localdate())
        role.save(update_fields=["ended_on"])
        log_ended_roles([role], actor, kind=SecurityEventKind.ROLE_REFUSED)
        log_on_account(role, actor, f"Rôle refusé\N{NO-BREAK SPACE}: {describe_role(role)}")
    return role


def lock_role(number: int, actor: User) -> Membership:
    """Lock the centre of the role with this number, then the role, and return it. Raises Http404 unless `actor` leads
    the centre and the role awaits, or awaited, the confirmation of somebody other than its holder. Raises RoleChanged
    if the role left the centre before it was locked.
    """
    role = Membership.objects.filter(pk=number, role__in=CSIRT_ROLES).exclude(user=actor).first()
    if role is None or role.csirt_id is None:
        raise Http404
    centre = get_led_centre(actor, role.csirt_id, lock=True)
    locked = Membership.objects.select_for_update(of=("self",), no_key=True).select_related("user", "csirt")
    role = locked.get(pk=number)
    if role.csirt_id != centre.pk:
        raise RoleChanged
    if not role.awaits_confirmation and role.confirmed_by_id is None:
        raise Http404
    return role
