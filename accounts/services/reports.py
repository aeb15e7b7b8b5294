"""The mails that tell a centre what the administrator takes over or takes away: the address of somebody in its team,
or the role of somebody who leads it. The others hear too of a lead who ends the legal hold of a case or
erases it.
"""

from collections.abc import Iterable, Sequence

from django.utils import timezone

from accounts.enums import CSIRT_ROLES, LEADING_ROLES, MailKind, SecurityEventKind
from accounts.models import Membership, User
from accounts.security.record import record_security_event
from accounts.services.confirmations import is_over
from accounts.services.mails import queue_mail, queue_mails_to_centre, queue_mails_to_leads
from csirts.models import Csirt


def report_moved_address(person: User, by: User) -> None:
    """Tell the leads of each centre of this person that `by` changed their address, which is saved. Whoever reads the
    new mailbox can set the password, and gets in if the account has no second factor.
    """
    record_security_event(SecurityEventKind.ADDRESS_CHANGED, person=person, actor=by)
    roles = Membership.objects.not_ended().filter(user=person, role__in=CSIRT_ROLES)
    for centre in Csirt.objects.filter(pk__in=roles.values("csirt")).order_by("pk"):
        queue_mails_to_leads(MailKind.TEAM_ADDRESS_CHANGED, person, csirt=centre, by=by)


def report_closed_accounts(people: Sequence[User], by: User | None) -> None:
    """Tell those of these people who lead a centre, and the other leads of it, that `by` has closed the account, or
    that it was closed because nobody used it if `by` is None.
    """
    for person in people:
        record_security_event(SecurityEventKind.ACCOUNT_CLOSED, person=person, actor=by)
    roles = Membership.objects.not_ended().filter(user__in=people, role__in=LEADING_ROLES, awaits_confirmation=False)
    report_removed_leads(roles.select_related("user", "csirt").order_by("pk"), by)


def report_removed_leads(roles: Iterable[Membership], by: User | None) -> None:
    """Tell the person of each of these roles, as they were, and the other leads of its centre that `by` took it away.

    They hear of it at once, whatever the dates that `by` wrote. Who leads a centre could otherwise lose the role as if
    long ago, and not hear of the lead who is appointed next.
    """
    for role in roles:
        if role.csirt:
            queue_mails_to_leads(MailKind.LEAD_REMOVED, role.user, csirt=role.csirt, by=by)
            queue_mail(MailKind.LEAD_REMOVED, role.user, csirt=role.csirt, by=by)


def report_ended_hold(case: str, csirt: Csirt, by: User) -> None:
    """Tell the other leads of the centre that `by` ended the legal hold of the case with this reference."""
    queue_mails_to_leads(MailKind.HOLD_ENDED, by, csirt=csirt, by=by, detail=case)


def report_erased_case(case: str, csirt: Csirt, by: User) -> None:
    """Tell the other leads and the mailbox of the centre that `by` erased the case with this reference."""
    queue_mails_to_centre(MailKind.CASE_ERASED, csirt=csirt, by=by, detail=case)


def find_removed_leads(roles: Iterable[Membership]) -> list[Membership]:
    """Return, as the database has them, those of these roles that let somebody lead a centre, and will do so less once
    they are saved. Runs one query.
    """
    changed = {role.pk: role for role in roles}
    stored = Membership.objects.filter(pk__in=changed, role__in=LEADING_ROLES, awaits_confirmation=False)
    stored = stored.select_related("user", "csirt").order_by("pk")
    return [role for role in stored if not is_over(role) and leads_less(changed[role.pk], role)]


def leads_less(role: Membership, stored: Membership) -> bool:
    """Tell whether this role leads the centre of the stored one no more, from a later day on, or until an earlier
    day.
    """
    if role.role not in LEADING_ROLES or role.csirt_id != stored.csirt_id:
        return True
    begins_later = role.since_on > max(stored.since_on, timezone.localdate())
    ends_earlier = role.ended_on is not None and (stored.ended_on is None or role.ended_on < stored.ended_on)
    return begins_later or ends_earlier
