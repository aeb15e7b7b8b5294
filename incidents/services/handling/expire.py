"""The end of cases whose time has come: they keep their facts, and nothing that leads to a person."""

from collections import Counter
from datetime import datetime

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from incidents.enums import EventKind, Status
from incidents.models import Incident, IncidentEvent, LegalHold
from incidents.querysets import IncidentQuerySet
from incidents.services.handling.erase import erase_cases
from incidents.services.history.record import record_events_of_platform
from incidents.services.search.index import CONSUMER


def list_expired_cases(limit: datetime) -> IncidentQuerySet:
    """Return the cases that were closed before `limit` and that the declarant has not added to since.

    Undoing a merge restores the old date of the closing, so the term then begins with the undoing. A duplicate waits
    for its main case, whose page shows its words. A case under a legal hold, or whose hold ended lately, is left out,
    and so are its duplicates. Each subquery has an index (`event_unmerged` for the undone merges).
    """
    since = Q(closed_at=None) | Q(closed_at__gte=limit) | Q(declarant_wrote_at__gte=limit)
    younger_main = Incident.objects.filter(since, pk=OuterRef("merged_into"))
    undone = IncidentEvent.objects.filter(kind=EventKind.UNMERGED, at__gte=limit)
    holds = LegalHold.objects.delaying_purge(timezone.now())
    closed: IncidentQuerySet = Incident.objects.filter(status=Status.CLOSED, closed_at__lt=limit, erased_at=None)
    silent = closed.filter(Q(declarant_wrote_at=None) | Q(declarant_wrote_at__lt=limit))
    free = silent.exclude(Exists(holds.filter(incident=OuterRef("pk"))))
    free = free.exclude(Exists(holds.filter(incident=OuterRef("merged_into"))))
    free = free.exclude(Exists(undone.filter(incident=OuterRef("pk"))))
    free = free.exclude(Exists(undone.filter(incident=OuterRef("merged_into"))))
    return free.exclude(Exists(younger_main))


def lock_erasable_cases(ids: list[int]) -> set[int]:
    """Lock the main cases of these cases, and return the ids of those that no hold protects by now.

    Whoever places a hold locks the case first, so that none is placed once this function returns. A case whose main
    case somebody else has locked waits, because waiting here could be a deadlock. The caller has locked the cases.
    """
    mains = dict(Incident.objects.filter(pk__in=ids).values_list("pk", "merged_into"))
    free_mains = Incident.objects.filter(pk__in={main for main in mains.values() if main}).order_by("pk")
    locked = {None, *free_mains.select_for_update(skip_locked=True, no_key=True).values_list("pk", flat=True)}
    protected = LegalHold.objects.delaying_purge(timezone.now()).filter(incident__in=[*mains, *locked - {None}])
    protected_ids = set(protected.values_list("incident", flat=True))
    return {pk for pk, main in mains.items() if main in locked and protected_ids.isdisjoint({pk, main})}


def pseudonymise_cases(ids: list[int]) -> Counter[str]:
    """Erase these cases because their time has come, and record it on each. Return the numbers of destroyed keys and
    of unreadable files.

    What is counted of a case stays as it was, so that figures and releases do not change. Only the search handles the
    events: nobody gets a mail, and there is nothing to count. The caller has locked the cases, inside a transaction,
    and left out those that `lock_erasable_cases` does not return.
    """
    now = timezone.now()
    destroyed = erase_cases(ids, at=now)
    record_events_of_platform(ids, EventKind.ERASED, at=now, consumer=CONSUMER, expired=True)
    return destroyed
