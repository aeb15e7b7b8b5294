"""The break-glass access: for one hour, a command of the server gives a person the rights of a responder in a centre
whose people cannot be reached. Its leads are told at once, and see it on the page of their team. It ends before if
somebody takes the account over.
"""

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.enums import MailKind, SecurityEventKind
from accounts.factors import has_factor
from accounts.models import BreakGlass, BreakGlassEnd, SecurityEvent, User
from accounts.models.access import BREAK_GLASS_LIFE, MAX_REASON
from accounts.security.pseudonyms import list_pseudonyms
from accounts.security.record import record_security_event
from accounts.services.mails import queue_mail, queue_mails_to_leads
from accounts.services.roles import can_get_reading_role
from core.text import clean_line, has_visible_character
from csirts.models import Csirt

MAX_SHOWN = 10


class RefusedAccess(Exception):
    """The access cannot be opened. Its text says why, in French."""


@transaction.atomic
def open_break_glass(*, slug: str, address: str, reason: str) -> BreakGlass:
    """Give the person with this address the rights of a responder in the centre with this slug, for one hour. Queue a
    mail to the leads of the centre, and one to the person.

    Raises RefusedAccess without a reason, for an unknown centre or person, and for a person who must not have these
    rights, who has them already, or who has no second factor.
    """
    words = clean_reason(reason)
    centre = Csirt.objects.filter(slug=slug).first()
    if centre is None:
        raise RefusedAccess(f"Aucun centre ne s’appelle «\N{NO-BREAK SPACE}{slug}\N{NO-BREAK SPACE}».")
    person = lock_person(address)
    check_may_get_access(person, centre)
    now = timezone.now()
    access = BreakGlass.objects.create(
        user=person, csirt=centre, reason=words, started_at=now, ends_at=now + BREAK_GLASS_LIFE
    )
    person.break_glass_until = access.ends_at
    person.save(update_fields=["break_glass_until"])
    queue_mails_to_leads(MailKind.BREAK_GLASS, person, csirt=centre, access=access)
    queue_mail(MailKind.BREAK_GLASS, person, csirt=centre, access=access)
    record_security_event(SecurityEventKind.BREAK_GLASS_OPENED, person=person, csirt_id=centre.pk)
    return access


def clean_reason(reason: str) -> str:
    """Return the reason on one line. Raises RefusedAccess if it is empty or too long."""
    try:
        words = clean_line(reason, limit=MAX_REASON, field="reason")
    except ValidationError:
        raise RefusedAccess(f"La raison est trop longue\N{NO-BREAK SPACE}: {MAX_REASON} caractères au plus.") from None
    if not has_visible_character(words):
        raise RefusedAccess("Donnez une raison\N{NO-BREAK SPACE}: les responsables du centre la liront.")
    return words


def lock_person(address: str) -> User:
    """Lock the open account with this address and return it. Raises RefusedAccess if there is none."""
    person = User.objects.with_address(address).select_for_update(no_key=True).filter(is_active=True).first()
    if person is None:
        raise RefusedAccess(f"Aucun compte ouvert n’a l’adresse {address}.")
    return person


def check_may_get_access(person: User, centre: Csirt) -> None:
    """Raise RefusedAccess unless this person may get the rights of a responder in the centre now.

    Who administers the platform may not, as for a role: this person would appoint people and read their cases.
    """
    if not can_get_reading_role(person):
        raise RefusedAccess(
            "Cette personne administre la plateforme\N{NO-BREAK SPACE}: elle ne lit aucun dossier, même une heure."
        )
    if not has_factor(person):
        raise RefusedAccess(
            "Ce compte n’a pas de second facteur\N{NO-BREAK SPACE}: la personne doit en ajouter un d’abord."
        )
    if person.works_in_centre(centre.pk):
        raise RefusedAccess("Cette personne a déjà ces droits dans ce centre.")


def list_break_glasses(lead: User) -> QuerySet[BreakGlass]:
    """Return the last break-glass accesses to the centres of this lead, newest first."""
    accesses = BreakGlass.objects.filter(csirt__in=lead.led_centre_ids).select_related("user", "csirt", "end__by")
    return accesses.order_by("-started_at", "-pk")[:MAX_SHOWN]


def end_break_glasses(person: User, by: User, *, to: str = "") -> None:
    """End each open access of this account to a centre that `by` does not lead, because `by` changed its address,
    reset its second factor or opened it again: whoever holds it now need not be the person who got the access. Queue a
    mail to the leads of each centre, and one to the person at `to`, by default the address of the account: after a
    change of address, `to` is the former one. The caller has locked the account, as `open_break_glass` does.
    """
    now = timezone.now()
    accesses = person.break_glass_accesses.filter(started_at__lte=now, ends_at__gt=now, end=None)
    accesses = accesses.exclude(csirt__in=by.led_centre_ids)
    for access in accesses.select_related("csirt").order_by("pk"):
        BreakGlassEnd.objects.create(access=access, by=by, at=now)
        queue_mails_to_leads(MailKind.BREAK_GLASS, person, csirt=access.csirt, access=access, by=by)
        queue_mail(MailKind.BREAK_GLASS, person, csirt=access.csirt, to=to, access=access, by=by)
        record_security_event(SecurityEventKind.BREAK_GLASS_ENDED, person=person, actor=by, csirt_id=access.csirt_id)


@transaction.atomic
def record_ended_accesses() -> None:
    """Record the end of each access whose hour was over within a day, once. Several workers may call this at once."""
    now = timezone.now()
    people = User.objects.select_for_update(skip_locked=True, no_key=True).exclude(break_glass_until=None)
    for person in people.order_by("pk"):
        recent = person.break_glass_accesses.filter(ends_at__lte=now, ends_at__gt=now - timedelta(days=1))
        for access in recent.filter(end=None):  # else it was recorded as it was ended
            ends = SecurityEvent.objects.filter(kind=SecurityEventKind.BREAK_GLASS_ENDED, at__gte=access.ends_at)
            if not ends.filter(person__in=list_pseudonyms(person), csirt=access.csirt_id).exists():
                record_security_event(SecurityEventKind.BREAK_GLASS_ENDED, person=person, csirt_id=access.csirt_id)
        if person.break_glass_until and person.break_glass_until <= now:
            person.break_glass_until = None
            person.save(update_fields=["break_glass_until"])
