"""Open cases follow the directory: whoever answers for a ground since it was opened, moved or closed has its cases.

A case that nobody ever took goes at once, with new targets for its new centre. One that a centre took is proposed to
the other centre, as a person would propose it, since a case changes hands by being taken. What a transfer settled, or
still asks, stays as people decided; so does a case that stands for doubles, and one that was taken and that no other
centre answers for. The directory is compared again once it, or the day, has changed.
"""

from datetime import date, datetime, timedelta

import structlog
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from csirts.models import Csirt
from csirts.routing import Route, csirt_for, directory_of, directory_version
from incidents.due import ANSWER_WITHIN
from incidents.enums import OPEN, ActorKind, EventKind, Rerouting, TransferState
from incidents.models import Incident, RoutingCheck
from incidents.services.due import DUE_FIELDS, settle_due
from incidents.services.record import record_event
from incidents.services.transfer import propose_to
from incidents.severity import ACKNOWLEDGE_WITHIN

logger = structlog.get_logger(__name__)

BATCH = 200
LONGEST_ROUND = timedelta(seconds=2)
# A declaration that was routed just before a change may be committed after it: cases are compared until then.
LATE = timedelta(seconds=30)
SETTLED = (TransferState.ASKED, TransferState.ACCEPTED)
MOVED = ("csirt", "route_reason", "assignee", "group", "acknowledge_by", "answer_by", *DUE_FIELDS)


def reroute_cases() -> int:
    """Compare the open cases with the directory, for a few seconds at most. Return how many follow it."""
    moved, until = 0, timezone.now() + LONGEST_ROUND
    while timezone.now() < until:
        check = begin_check(timezone.now())
        cases = list(cases_after(check.last_case)) if check else []
        if check is None:
            break
        moved += sum(reroute_misplaced(cases, check.checked_on or timezone.localdate()))
        if not note_progress(check, cases, timezone.now()):
            break
    return moved


def begin_check(now: datetime) -> RoutingCheck | None:
    """Return how far the comparison is, from the beginning where the directory or the day is new; None once it is
    finished. Two queries.
    """
    check, _is_new = RoutingCheck.objects.get_or_create(pk=1)
    version, today = directory_version(), timezone.localdate(now)
    if (check.version, check.checked_on) == (version, today):
        return None if check.is_finished else check
    check.version, check.checked_on, check.noticed_at = version, today, now
    check.last_case, check.is_finished = 0, False
    check.save()
    return check


def cases_after(pk: int) -> QuerySet[Incident]:
    """Return the next open cases, each with what its route is made from."""
    bodies = [f"collectivity{seat}__{part}" for seat in ("", "__seat") for part in ("region", "region_correction")]
    return Incident.objects.open().filter(pk__gt=pk).select_related(*bodies).order_by("pk")[:BATCH]


def note_progress(check: RoutingCheck, cases: list[Incident], now: datetime) -> bool:
    """Save how far it is, unless another change was noticed since. Tell whether there is more to compare now."""
    same = RoutingCheck.objects.filter(version=check.version, checked_on=check.checked_on)
    if cases:
        same.update(last_case=cases[-1].pk)
    else:
        same.update(last_case=0, is_finished=check.noticed_at + LATE < now)
    return bool(cases)


def reroute_misplaced(cases: list[Incident], on: date) -> list[bool]:
    """Return, for each case that the directory of that day gives to another centre, whether it follows."""
    directory = directory_of(on)
    return [follow(one.pk, on) for one in cases if directory.route(one.collectivity, ()).csirt != one.csirt]


def follow(pk: int, on: date) -> bool:
    """Reroute one case. What is wrong with one must not hold up the others."""
    try:
        return reroute_case(pk, on)
    except (OperationalError, InterfaceError):
        raise  # the database is away: all is compared again
    except Exception as error:  # noqa: BLE001  (see above)
        logger.error("a case cannot be rerouted", error=type(error).__name__)  # noqa: TRY400  (a trace may hold words)
        return False


@transaction.atomic
def reroute_case(pk: int, on: date) -> bool:
    """Move the case to the centre that answers for its body on that day, or propose it. Tell whether it was done."""
    incident = Incident.objects.select_for_update(of=("self",), no_key=True).get(pk=pk)
    route = csirt_for(incident.collectivity, on)
    if incident.csirt == route.csirt or not may_follow(incident, route.csirt):
        return False
    if incident.acknowledged_at is None:
        move(incident, route)
    elif route.csirt is None:
        return False
    else:
        propose_to(incident, route.csirt, motive=route.reason)
    return True


def may_follow(incident: Incident, centre: Csirt | None) -> bool:
    """Tell whether nobody decided otherwise: by a transfer, or by tying other cases to this one."""
    if incident.status not in OPEN or incident.doubles.exists():
        return False
    return not incident.transfers.filter(Q(state__in=SETTLED) | Q(taker=centre, taker__isnull=False)).exists()


def move(incident: Incident, route: Route) -> None:
    """Give a case that nobody has taken to its new centre, with new targets, or to none. The caller holds it."""
    now, former = timezone.now(), incident.csirt
    incident.csirt, incident.route_reason = route.csirt, route.reason
    incident.assignee, incident.group = None, None
    incident.acknowledge_by = now + ACKNOWLEDGE_WITHIN[incident.severity]
    incident.answer_by = incident.answer_by and now + ANSWER_WITHIN[incident.severity]
    settle_due(incident)
    incident.save(update_fields=MOVED)
    ends = {"from": former.slug if former else "", "to": route.csirt.slug if route.csirt else ""}
    why = reason_of(former, route.csirt)
    record_event(incident, EventKind.REROUTED, at=now, actor=None, by=ActorKind.SYSTEM, why=str(why), **ends)


def reason_of(former: Csirt | None, centre: Csirt | None) -> Rerouting:
    if centre is None:
        return Rerouting.CLOSED
    return Rerouting.MOVED if former else Rerouting.OPENED
