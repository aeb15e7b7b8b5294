"""Legal holds: while one is in force, nobody and nothing erases the case or destroys its files. Work on it goes on."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.enums import SecurityEventKind
from accounts.models import User
from accounts.security.record import record_security_event
from accounts.services.reports import report_ended_hold
from core.stale import Stale
from core.text import clean_text
from incidents.access import get_incident
from incidents.enums import Ability, EventKind
from incidents.models import Incident, LegalHold
from incidents.services.history.record import record_event

MOTIVE_LIMIT = 500
HELD = (
    "Ce dossier est gelé, ou l’était il y a moins de trente jours\N{NO-BREAK SPACE}: on ne l’efface que trente jours "
    "après la levée du gel."
)
KEPT_BY_MERGE = (
    "Le dossier dont celui-ci est un double est gelé, ou l’était il y a moins de trente jours\N{NO-BREAK SPACE}: sans "
    "la fusion, ce gel ne protégerait plus celui-ci. Une personne qui dirige le centre gèle d’abord ce dossier, puis "
    "la fusion se défait."
)
NO_MOTIVE = "Écrivez pourquoi : ce motif reste avec le dossier."


@transaction.atomic
def place_hold(*, reference: str, motive: str, actor: User) -> LegalHold:
    """Protect the case from erasure and from the purge. The same form sent twice places one hold.

    Raises Stale with the hold that somebody else placed meanwhile, and ValidationError on `motive` without one, and
    without a field if the case is erased. May raise Http404 or PermissionDenied.
    """
    incident = get_incident(actor, reference, to=Ability.HOLD, lock=True)
    words = clean_motive(motive)
    if hold := find_hold(incident):
        if (hold.placed_by_id, hold.motive) != (actor.pk, words):
            raise Stale(hold)
        return hold
    if incident.erased_at:
        raise ValidationError("Les mots de ce dossier ont été effacés : il n’y a plus rien à geler.")
    now = timezone.now()
    hold = LegalHold.objects.create(incident=incident, motive=words, placed_by=actor, placed_at=now)
    record_event(incident, EventKind.HELD, at=now, actor=actor)
    record_security_event(SecurityEventKind.HOLD_PLACED, person=actor, csirt_id=incident.csirt_id)
    return hold


@transaction.atomic
def end_hold(*, reference: str, hold_id: int, motive: str, actor: User) -> LegalHold:
    """End this hold of the case, with the reason. The other leads of the centre get a mail, and the purge leaves the
    case for `HOLD_AFTERMATH`. The same form sent twice ends it once.

    Raises Stale with the hold in force, or None, if it is not this one. Raises ValidationError on `motive` without
    one. May raise Http404 or PermissionDenied.
    """
    incident = get_incident(actor, reference, to=Ability.HOLD, lock=True)
    words = clean_motive(motive)
    hold = find_hold(incident)
    if hold is None or hold.pk != hold_id:
        ended = incident.holds.filter(pk=hold_id, ended_by=actor, ended_because=words).first()
        if hold or ended is None:
            raise Stale(hold)
        return ended
    hold.ended_at, hold.ended_by, hold.ended_because = timezone.now(), actor, words
    hold.save(update_fields=["ended_at", "ended_by", "ended_because"])
    record_event(incident, EventKind.HOLD_ENDED, at=hold.ended_at, actor=actor)
    record_security_event(SecurityEventKind.HOLD_ENDED, person=actor, csirt_id=incident.csirt_id)
    if incident.csirt:
        report_ended_hold(incident.reference, incident.csirt, actor)
    return hold


def clean_motive(motive: str) -> str:
    """Return the motive, cleaned. Raises ValidationError on `motive` if it is empty or too long."""
    words = clean_text(motive, limit=MOTIVE_LIMIT, field="motive")
    if not words:
        raise ValidationError({"motive": NO_MOTIVE})
    return words


def find_hold(incident: Incident) -> LegalHold | None:
    """Return the hold of this case that is in force, or None. Runs one query."""
    return LegalHold.objects.in_force().filter(incident=incident).select_related("placed_by").first()


def is_protected(incident: Incident) -> bool:
    """Tell whether a hold protects this case or the main case of which it is a duplicate, or ended less than
    `HOLD_AFTERMATH` ago. Runs one query.
    """
    is_about = Q(incident=incident) | Q(incident=incident.merged_into_id)
    return LegalHold.objects.delaying_purge(timezone.now()).filter(is_about).exists()


def check_not_held(incident: Incident) -> None:
    """Raise ValidationError if `is_protected`. The other leads have this time to place another hold."""
    if is_protected(incident):
        raise ValidationError(HELD)


def check_unmerge_keeps_hold(duplicate: Incident, main: Incident) -> None:
    """Raise ValidationError if a hold protects this duplicate through its main case alone, so that undoing the merge
    would let it be erased. The caller has locked both cases.
    """
    if duplicate.erased_at is None and is_protected(main) and find_hold(duplicate) is None:
        raise ValidationError(KEPT_BY_MERGE)
