"""Values that a centre no longer wants proposed as indicators, such as a provider of the region or a tool
of its own.
"""

from collections.abc import Iterable
from uuid import UUID

import structlog
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404

from accounts.models import User
from core.text import clean_line
from csirts.models import Csirt
from incidents.models import IgnoredValue
from incidents.services.indicators.observe import ChosenValue, clean_observable

logger = structlog.get_logger(__name__)

REASON_LIMIT = 200


@transaction.atomic
def ignore_value(*, csirt: Csirt, actor: User, kind: str, value: str, motive: str) -> IgnoredValue:
    """Add the value to those that the centre ignores, so that it is no longer proposed. `motive` is the reason.

    A value that is already ignored keeps its first reason. Indicators of cases do not change. Raises Http404 if the
    actor does not work for the centre, ValidationError on `kind`, `value` or `motive`.
    """
    if not actor.works_in_centre(csirt.pk):
        raise Http404
    observable = clean_observable(kind, value)
    why = clean_line(motive, limit=REASON_LIMIT, field="motive")
    if not why:
        raise ValidationError({"motive": "Écrivez pourquoi : vos collègues ne verront plus cette valeur."})
    row, is_new = IgnoredValue.objects.get_or_create(
        csirt=csirt, kind=observable.kind, value=observable.value, defaults={"motive": why, "actor": actor}
    )
    if is_new:
        logger.info("value ignored", ignored=str(row.uid), csirt=csirt.slug, user=actor.pk)
    return row


@transaction.atomic
def ignore_values(*, csirt: Csirt, actor: User, chosen: Iterable[ChosenValue], motive: str) -> None:
    """Make the centre ignore all the chosen values, or none of them if one fails. Raises as `ignore_value` does."""
    for value in chosen:
        ignore_value(csirt=csirt, actor=actor, kind=value.kind, value=value.value, motive=motive)


@transaction.atomic
def stop_ignoring_value(*, actor: User, uid: UUID) -> bool:
    """Remove a value from those that its centre ignores. Returns False if it was already removed.

    Raises Http404 if the actor does not work for the centre.
    """
    row = IgnoredValue.objects.filter(uid=uid).first()
    if row is None:
        return False
    if not actor.works_in_centre(row.csirt_id):
        raise Http404
    row.delete()
    logger.info("value proposed again", ignored=str(uid), user=actor.pk)
    return True
