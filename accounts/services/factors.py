"""The reset of a lost second factor by a lead or the administrator."""

from uuid import UUID, uuid4

from allauth.mfa.models import Authenticator
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import transaction

from accounts.access import get_person
from accounts.enums import MailKind, SecurityEventKind
from accounts.models import FactorReset, User
from accounts.security.record import record_security_event
from accounts.services.confirmations import lock_centres_of, suspend_roles
from accounts.services.mails import queue_mail, queue_mails_to_leads


@transaction.atomic
def reset_factor(*, uid: UUID, actor: User) -> User:
    """Delete all second factors and recovery codes of the account, and return the account. Its sessions end, the
    person and the leads of their centres get a mail, and the reset is recorded with `actor`. Their roles in each
    centre that `actor` does not lead count no more until a lead of it has confirmed them, and their break-glass
    accesses there end (`suspend_roles`).

    Raises Http404 if `actor` may not assist this account. A second call finds no factor and writes nothing.
    """
    person = get_person(actor, uid)
    lock_centres_of(person)
    person = User.objects.select_for_update(no_key=True).get(pk=person.pk)
    deleted, _by_model = Authenticator.objects.filter(user=person).delete()
    if deleted:
        end_sessions(person)
        FactorReset.objects.create(user=person, by=actor)
        log_reset(person, actor)
        record_security_event(SecurityEventKind.FACTOR_RESET, person=person, actor=actor)
        queue_mail(MailKind.FACTOR_RESET, person)
        centres = {role.csirt for role in person.own_roles if role.csirt}  # before their roles wait
        centres |= {role.csirt for role in suspend_roles(person, actor) if role.csirt}
        for centre in sorted(centres, key=lambda centre: centre.name):
            queue_mails_to_leads(MailKind.TEAM_FACTOR_RESET, person, csirt=centre, by=actor)
    return person


def log_reset(person: User, actor: User) -> None:
    """Record the reset in the history of the account, which the admin shows."""
    people = User.objects.filter(pk=person.pk)
    LogEntry.objects.log_actions(actor.pk, people, CHANGE, "Second facteur remis à zéro", single_object=True)


def end_sessions(person: User) -> None:
    """End every open session of this account at its next request."""
    person.session_stamp = uuid4()
    person.save(update_fields=["session_stamp"])
