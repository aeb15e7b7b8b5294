"""The supervised reset of a second factor that was lost."""

from uuid import UUID, uuid4

from allauth.mfa.models import Authenticator
from django.db import transaction

from accounts.access import get_person
from accounts.enums import MailKind
from accounts.models import FactorReset, User
from accounts.services.mails import queue_mail


@transaction.atomic
def reset_factor(*, uid: UUID, actor: User) -> User:
    """Take every factor and code off the account, end its sessions, tell the person, and keep who did it.

    Raises Http404 when `actor` may not. A second click finds nothing left to take and writes nothing.
    """
    person = User.objects.select_for_update(no_key=True).get(pk=get_person(actor, uid).pk)
    taken, _by_model = Authenticator.objects.filter(user=person).delete()
    if taken:
        end_sessions(person)
        FactorReset.objects.create(user=person, by=actor)
        queue_mail(MailKind.FACTOR_RESET, person)
    return person


def end_sessions(person: User) -> None:
    """Every session that is open ends at its next request, and none can be taken up again."""
    person.session_stamp = uuid4()
    person.save(update_fields=["session_stamp"])
