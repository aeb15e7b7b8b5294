"""The roles that the administrator gives in a centre, or whose account the administrator takes over: they count once a
lead of the centre has confirmed them.

Who administers the platform reads no case. Without the confirmation, this person could appoint an accomplice who does,
or sign in as somebody of the centre. Where nobody else leads the centre, a role begins three days later instead.
"""

from collections.abc import Iterable
from datetime import date, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts.access import get_led_centre, list_lead_roles
from accounts.enums import CENTRE_ABILITIES, CSIRT_ROLES, LEADING_ROLES, MailKind, SecurityEventKind
from accounts.models import Membership, User
from accounts.security.record import record_security_event
from accounts.services.break_glass import end_break_glasses
from accounts.services.mails import queue_mail, queue_mails_to_leads
from accounts.services.roles import (
    annotate_authors,
    describe_role,
    log_ended_roles,
    log_on_account,
    record_ended_roles,
    record_given_role,
    record_role_events,
)
from core.french import format_day
from core.secrets import hash_value
from csirts.models import Csirt
from csirts.wording import format_centre_with_du

# After how many days a role begins that nobody can confirm: at least 48 hours, in which people read mails about it.
DAYS_TO_HEAR = 3

# What the administrator saves


def decide_confirmations(roles: Iterable[Membership]) -> list[Membership]:
    """Set on each of these roles, which the administrator is about to save, whether it awaits a confirmation. Return
    the roles of centres that give a person something new.

    A role awaits a lead who has it in force and whose account is open. If nobody else leads the centre, it begins
    `DAYS_TO_HEAR` later, or at once if nobody ever led it. A changed role that gives more than before is treated as a
    new one. The rows of the centres are locked, before those of accounts and roles, so that two administrators do not
    both appoint the first lead.
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
    if not role.awaits_confirmation and not is_prolonged(role, stored) and was_led_by_another(role):
        role.since_on = find_first_day(role)
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
    return is_in_force_longer(role, stored)


def is_in_force_longer(role: Membership, stored: Membership) -> bool:
    """Tell whether this role is in force on a day, today or later, on which the stored one is not."""
    begins_earlier = role.since_on < stored.since_on and stored.since_on > timezone.localdate()
    return begins_earlier or ends_later(role.ended_on, stored)


def ends_later(ended_on: date | None, stored: Membership) -> bool:
    """Tell whether a last day, None for none, is later than that of the stored role."""
    return stored.ended_on is not None and (ended_on is None or ended_on > stored.ended_on)


def is_over(role: Membership) -> bool:
    """Tell whether this role has ended, today or before, or ends on its first day and so never begins."""
    return role.ended_on is not None and role.ended_on <= max(timezone.localdate(), role.since_on)


def has_begun(role: Membership) -> bool:
    """Tell whether this role counts, or counted, since today or before."""
    return not role.awaits_confirmation and role.since_on <= timezone.localdate()


def has_another_lead(role: Membership) -> bool:
    """Tell whether somebody other than the holder of this role leads its centre today. Runs one query."""
    return list_lead_roles().filter(csirt=role.csirt_id).exclude(user=role.user_id).exists()


def is_prolonged(role: Membership, stored: Membership | None) -> bool:
    """Tell whether this role gives for longer what the stored one, which counts today, gives already."""
    if stored is None or not has_begun(stored) or is_over(stored) or role.since_on > stored.since_on:
        return False
    return role.csirt_id == stored.csirt_id and CENTRE_ABILITIES[role.role] <= CENTRE_ABILITIES[stored.role]


def was_led_by_another(role: Membership) -> bool:
    """Tell whether the centre of this role has, or had, a lead by another role. A role that has begun keeps its centre
    for ever, so that its row says so. Runs one query.
    """
    roles = Membership.objects.filter(csirt=role.csirt_id, role__in=LEADING_ROLES, awaits_confirmation=False)
    return roles.exclude(pk=role.pk).exists()


def find_first_day(role: Membership) -> date:
    """Return the day on which this role, which nobody can confirm, begins. A role that ends before never begins."""
    first_day = max(role.since_on, timezone.localdate() + timedelta(days=DAYS_TO_HEAR))
    return min(first_day, role.ended_on) if role.ended_on else first_day


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
    over. Announce these roles as if they were given now, and return them. `decided` are roles that were just decided
    and announced.

    Whoever closed the account ended what the leads had agreed to. Its person may have left, and its mailbox may have
    become somebody else's.
    """
    record_security_event(SecurityEventKind.ACCOUNT_REOPENED, person=user, actor=giver)
    decided = list(decided)
    renewed = suspend_roles(user, giver, decided=decided)
    for role in renewed:
        if role not in decided:
            announce_given_role(role, giver)
    return renewed


@transaction.atomic
def suspend_roles(user: User, by: User, *, decided: Iterable[Membership] = ()) -> list[Membership]:
    """Decide anew on each role of this account that is not over, in a centre that `by` does not lead, because `by`
    changed the address of the account, reset its second factor or opened it again. Return these roles. `decided` are
    roles that were just decided: those that wait already are left alone. The caller has locked the centres
    (`lock_centres_of`), then the account.

    Whoever did this outside the centre could sign in as this person. A lead of the centre is the second person. The
    open break-glass accesses of the account to such centres end.
    """
    end_break_glasses(user, by)
    roles = list_roles_in_centres(user).exclude(csirt__in=by.led_centre_ids)
    today = timezone.localdate()
    roles = roles.exclude(pk__in=[role.pk for role in decided if role.awaits_confirmation or role.since_on > today])
    locked = roles.select_for_update(of=("self",), no_key=True).select_related("user", "csirt").order_by("pk")
    return [suspend_role(role, by) for role in locked]


def suspend_role(role: Membership, by: User) -> Membership:
    """Let this role await another lead. If there is none, let it begin `DAYS_TO_HEAR` later, unless it is a first
    appointment (`is_first_appointment`). Return the role, or the one that takes its place if it has begun.
    """
    awaits = has_another_lead(role)
    if has_begun(role):
        return interrupt_role(role, by, awaits=awaits) if awaits or not is_first_appointment(role) else role
    role.awaits_confirmation, role.confirmed_by, role.confirmed_at = awaits, None, None
    if not awaits:
        role.since_on = find_first_day(role)
    role.save(update_fields=["awaits_confirmation", "confirmed_by", "confirmed_at", "since_on"])
    return role


def is_first_appointment(role: Membership) -> bool:
    """Tell whether this role counts, its person has never opened the account, and nobody led the centre by another
    role. The administrator may still correct such an address. Runs one query at most.
    """
    return has_begun(role) and was_never_opened(role.user) and not was_led_by_another(role)


def was_never_opened(user: User) -> bool:
    """Tell whether nobody has ever signed in to this account, nor chosen its password. An account that was closed for
    long has lost its password, and is not new.
    """
    return user.last_login is None and not user.has_usable_password()


def interrupt_role(role: Membership, by: User, *, awaits: bool) -> Membership:
    """End this role, which counts, today, and return the same one, which awaits a lead or begins `DAYS_TO_HEAR` later.
    The row that ends goes on to say that the person had the role.
    """
    again = Membership(user=role.user, role=role.role, csirt=role.csirt, ended_on=role.ended_on)
    again.awaits_confirmation = awaits
    again.since_on = timezone.localdate() if awaits else find_first_day(again)
    role.ended_on = timezone.localdate()
    role.save(update_fields=["ended_on"])
    again.save()
    record_ended_roles([role], by)
    record_given_role(again, by)
    return again


def list_roles_in_centres(user: User) -> QuerySet[Membership]:
    """Return the roles of this account in centres that are not over."""
    return Membership.objects.not_ended().filter(user=user, role__in=CSIRT_ROLES)


def lock_centres_of(user: User) -> None:
    """Lock the centres of the roles of this account. The caller is in a transaction, and locks accounts and roles
    afterwards (`decide_confirmations`).
    """
    roles = list_roles_in_centres(user)
    list(Csirt.objects.select_for_update(no_key=True).filter(pk__in=roles.values("csirt")).order_by("pk"))


def describe_suspensions(person: User, by: User) -> list[str]:
    """Return a sentence on each role of this person in a centre, which says what it waits for once `by` has changed
    the address of the account or reset its second factor. Runs two queries, or one if there is none, and two more for
    each role of an account that was never opened.
    """
    roles = [*list_roles_in_centres(person).exclude(csirt__in=by.led_centre_ids).select_related("csirt", "user")]
    others = list_lead_roles().filter(csirt__in=[role.csirt_id for role in roles]).exclude(user=person)
    led = set(others.values_list("csirt", flat=True)) if roles else set()
    return [
        describe_suspension(role, has_lead=role.csirt_id in led)
        for role in roles
        if role.csirt_id in led or not is_first_appointment(role)
    ]


def describe_suspension(role: Membership, *, has_lead: bool) -> str:
    """Return what a role would wait for. `has_lead` is true if somebody else leads its centre."""
    team = format_centre_with_du(role.csirt.name if role.csirt else "")
    if has_lead:
        return (
            f"Son rôle dans l’équipe {team} ne comptera plus, jusqu’à ce qu’une personne qui la dirige l’ait confirmé "
            "de nouveau\N{NO-BREAK SPACE}: un mail le lui demande."
        )
    first_day = find_first_day(role)
    if first_day == role.ended_on:
        day = format_day(first_day)
        return (
            f"Son rôle dans l’équipe {team} ne comptera plus\N{NO-BREAK SPACE}: il se termine le {day}, et d’ici là "
            "personne d’autre ne dirige cette équipe pour le confirmer."
        )
    return (
        f"Son rôle dans l’équipe {team} ne comptera plus avant le {format_day(first_day)}\N{NO-BREAK SPACE}: "
        "personne d’autre ne dirige cette équipe pour le confirmer. Les mails qui l’annoncent sont ainsi lus avant."
    )


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

    Raises Http404 if the role is not to be confirmed by `actor`, AlreadyAnswered if it is over, and
    RoleChanged if it is another one now.
    """
    role = lock_role(number, actor)
    if is_over(role):
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
