"""The indicators of a case, which are traces of an attack. A responder accepts, types or removes them."""

from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from incidents.access import get_incident
from incidents.enums import Ability, DocumentKind, EventKind, ObservableKind
from incidents.indicators.observables import Indicator, normalise_value
from incidents.models import Incident, Observable
from incidents.services.handling.due import DUE_FIELDS, recompute_due
from incidents.services.history.record import record_event

MAX_OBSERVABLES = 500
TYPED_BY_HAND = "hand"
ORIGINS = (*DocumentKind.values, TYPED_BY_HAND)


class ChosenValue(NamedTuple):
    """A value to save as an indicator. `origin` is a code of ORIGINS that says in which text the value was found."""

    kind: str
    value: str
    origin: str


@transaction.atomic
def save_observables(*, reference: str, actor: User, chosen: Iterable[ChosenValue]) -> int:
    """Save the values as indicators of the case, unless it has them already. Return the number of new indicators.

    Saving the same values again changes nothing. Raises Http404, PermissionDenied, and ValidationError: by field for a
    value that does not match its kind, without a field if the case is erased or has too many indicators.
    """
    incident = lock_case_for_indicators(reference, actor)
    values = {clean_observable(value.kind, value.value): clean_origin(value) for value in chosen}
    existing = set(incident.observables.values_list("kind", "value"))
    new = {
        observable: origin
        for observable, origin in values.items()
        if (observable.kind.value, observable.value) not in existing
    }
    if not new:
        return 0
    if len(existing) + len(new) > MAX_OBSERVABLES:
        raise ValidationError(f"Un dossier garde {MAX_OBSERVABLES} indicateurs au plus : retirez-en d’abord.")
    Observable.objects.bulk_create(
        Observable(incident=incident, kind=observable.kind, value=observable.value, origin=origin, actor=actor)
        for observable, origin in new.items()
    )
    record_indicator_change(
        incident, actor, added=len(new), kinds=sorted(Counter(observable.kind.value for observable in new))
    )
    return len(new)


def save_typed_observable(*, reference: str, actor: User, kind: str, value: str) -> int:
    """Save a value that a responder typed, as an indicator. Return 1, or 0 if the case already has the value.

    Raises like `save_observables`.
    """
    return save_observables(reference=reference, actor=actor, chosen=[ChosenValue(kind, value, TYPED_BY_HAND)])


@transaction.atomic
def remove_observable(*, reference: str, actor: User, uid: UUID) -> bool:
    """Remove an indicator. Returns False if it was already removed. May raise Http404 or PermissionDenied."""
    incident = lock_case_for_indicators(reference, actor)
    observable = incident.observables.filter(uid=uid).first()
    if observable is None:
        return False
    observable.delete()
    record_indicator_change(incident, actor, removed=1, kinds=[observable.kind])
    return True


def lock_case_for_indicators(reference: str, actor: User) -> Incident:
    """Return the case, locked. Raises Http404, PermissionDenied, and ValidationError if the case is erased."""
    incident = get_incident(actor, reference, to=Ability.WORK, lock=True)
    if incident.erased_at:
        raise ValidationError("Les mots de ce dossier ont été effacés : on n’y relève plus d’indicateur.")
    return incident


def record_indicator_change(incident: Incident, actor: User, **data: Any) -> None:
    """Update what is due on the case and record the event.

    `data` has numbers and kinds only, and no values, because events hold no texts.
    """
    now = timezone.now()
    recompute_due(incident, worked_at=now)
    incident.save(update_fields=DUE_FIELDS)
    record_event(incident, EventKind.OBSERVED, at=now, actor=actor, **data)


def clean_observable(kind: str, value: str) -> Indicator:
    """Return the indicator, with its value in its usual spelling. Raises ValidationError on `kind` or `value`."""
    if kind not in ObservableKind.values:
        raise ValidationError({"kind": "Choisissez la nature de la valeur."})
    if not value.strip():
        raise ValidationError({"value": "Écrivez la valeur."})
    spelt = normalise_value(kind, value)
    if spelt is None:
        wrong = "Ce n’est pas une valeur de cette nature : %(kind)s. Vérifiez-la, ou changez la nature."
        raise ValidationError({"value": wrong % {"kind": ObservableKind(kind).label}})
    return Indicator(ObservableKind(kind), spelt)


def clean_origin(value: ChosenValue) -> str:
    """Return the origin of a chosen value, or TYPED_BY_HAND if the origin is unknown."""
    return value.origin if value.origin in ORIGINS else TYPED_BY_HAND
