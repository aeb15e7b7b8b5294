"""Rerouting of open cases: when another centre answers for a body, that centre gets the open cases of the body.

A case on which no centre worked moves at once, with new deadlines. A case on which a centre worked is proposed to the
other centre, which must accept it. If the TLP of the case forbids proposing it, its centre gets the task to ask the
declarant first.

A case is not rerouted if a transfer was accepted or is pending, if it has duplicates, or if it was worked on and no
centre answers for the body any more. A proposal of the platform is withdrawn once its taker no longer answers for the
body. All open cases are compared with the directory again some minutes after a change of the directory, of a body's
territory, or of the day.

A centre in service that gets a mail about its territories keeps its open cases for a day, so that it reads the mail
before another centre reads the cases. They are compared once more after that day. A case that came between a
first change and a second one within an hour does not wait.
"""

from datetime import date, datetime, timedelta

import structlog
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Q, QuerySet, Subquery
from django.utils import timezone

from accounts.models import Membership
from accounts.services.territories import (
    count_moved_case,
    has_any_wait_ended,
    has_report_since,
    keeps_case_after_report,
)
from collectivities.territory_version import read_territory_version
from csirts.models import Csirt
from csirts.routing import CASES_FOLLOW_AFTER, Route, find_route, load_directory, read_directory_version
from incidents.due import ANSWER_WITHIN
from incidents.enums import OPEN, ActorKind, EventKind, Rerouting, TransferState
from incidents.models import Incident, IncidentEvent, RoutingCheck, Transfer
from incidents.services.handling.due import CSIRT, DUE_FIELDS, recompute_due
from incidents.services.handling.tasks import add_agreement_task
from incidents.services.history.record import record_event
from incidents.services.transfer.proposal import create_platform_proposal, withdraw_platform_proposal
from incidents.severity import ACKNOWLEDGE_WITHIN
from incidents.sharing import ReaderKind, needs_agreement

logger = structlog.get_logger(__name__)

BATCH = 200
PASS_TIME_LIMIT = timedelta(seconds=2)
BLOCKING_STATES = (TransferState.ASKED, TransferState.ACCEPTED)
REROUTED_FIELDS = ("csirt", "region", "route_reason", "assignee", "group", "acknowledge_by", "answer_by", *DUE_FIELDS)
# Events that only the people of a centre cause by working on a case. Assigning or grouping a case is not such work.
# A legal hold is: a case that loses its centre would have nobody who may end the hold.
WORK_EVENTS = (
    *(EventKind.ACKNOWLEDGED, EventKind.VERIFIED, EventKind.QUALIFIED, EventKind.SEVERITY, EventKind.NOTED),
    *(EventKind.HANDED_OVER, EventKind.TASKS_ADDED, EventKind.TASK_DONE, EventKind.OBSERVED, EventKind.ADVISED),
    *(EventKind.MERGED, EventKind.UNMERGED, EventKind.REOPENED, EventKind.TRANSFERRED),
    *(EventKind.HELD, EventKind.HOLD_ENDED),
)
CENTRE_MESSAGES = Q(kind=EventKind.MESSAGE, data__side=CSIRT)
# The newest event of ROUTING_EVENTS is the last routing of the case. If its body was corrected or merged later
# (BODY_CHANGES), this is why the case is rerouted.
ROUTING_EVENTS = (EventKind.DECLARED, EventKind.REROUTED, EventKind.TRANSFERRED)
BODY_CHANGES = Q(kind=EventKind.BODY_MERGED) | (Q(kind=EventKind.BODY_CORRECTED) & ~Q(data__fields=["name"]))


def reroute_cases() -> int:
    """Compare the open cases with the directory, and reroute those that another centre answers for.

    Stops after `PASS_TIME_LIMIT`. Returns the number of cases that were rerouted.
    """
    moved, until = 0, timezone.now() + PASS_TIME_LIMIT
    while timezone.now() < until:
        check = begin_routing_check(timezone.now())
        cases = list(list_open_cases_after(check.last_case)) if check else []
        if check is None:
            break
        moved += sum(reroute_misplaced_cases(cases, check.checked_on or timezone.localdate()))
        if not save_check_progress(check, cases):
            break
    return moved


def begin_routing_check(now: datetime) -> RoutingCheck | None:
    """Return the progress of the comparison, restarted if the directory, a body's territory or the day has changed, or
    if the day is over that cases wait after a mail about territories.

    Returns None once the comparison is finished, and during the minutes after a change. Runs four queries.
    """
    check, _is_new = RoutingCheck.objects.get_or_create(pk=1)
    current = read_directory_version(), read_territory_version(), timezone.localdate(now)
    is_changed = (check.version, check.grounds, check.checked_on) != current
    if is_changed or has_any_wait_ended(check.noticed_at, now):
        check.version, check.grounds, check.checked_on = current
        check.noticed_at, check.last_case, check.is_finished = now, 0, False
        check.save()
    return None if check.is_finished or now < check.noticed_at + CASES_FOLLOW_AFTER else check


def list_open_cases_after(pk: int) -> QuerySet[Incident]:
    """Return the next `BATCH` open cases whose id is greater than `pk`.

    They are loaded with the relations from which a route is computed.
    """
    bodies = [f"collectivity{seat}__{part}" for seat in ("", "__seat") for part in ("region", "region_correction")]
    return Incident.objects.open().filter(pk__gt=pk).select_related(*bodies).order_by("pk")[:BATCH]


def save_check_progress(check: RoutingCheck, cases: list[Incident]) -> bool:
    """Save the progress of the comparison, unless another change was noticed meanwhile.

    Returns whether cases are left.
    """
    same = RoutingCheck.objects.filter(noticed_at=check.noticed_at)
    same.update(last_case=cases[-1].pk if cases else 0, is_finished=not cases)
    return bool(cases)


def reroute_misplaced_cases(cases: list[Incident], on: date) -> list[bool]:
    """Reroute the misplaced cases. Returns, for each misplaced case, whether it was rerouted.

    A case is misplaced if the directory of the day `on` names another centre than its present one. If the platform has
    proposed the case to a centre, this centre counts instead of the present one. A case is also misplaced if its TLP
    no longer allows the pending proposal.
    """
    directory = load_directory(on)
    offers = Transfer.objects.filter(incident__in=cases, state=TransferState.ASKED, asked_by=None)
    offered_to = dict(offers.values_list("incident", "taker"))

    def is_misplaced(case: Incident) -> bool:
        if case.pk in offered_to and needs_agreement(case.tlp, ReaderKind.COLLEAGUE):
            return True  # Its TLP has been restricted since the proposal.
        centre = directory.find_route(case.collectivity, ()).csirt
        return (centre.pk if centre else None) != offered_to.get(case.pk, case.csirt_id)

    return [try_to_reroute_case(case.pk, on) for case in cases if is_misplaced(case)]


def try_to_reroute_case(pk: int, on: date) -> bool:
    """Return the result of `reroute_case`, or False if it failed.

    The error is logged, so that the next cases are still rerouted. Only an error of the connection to the database is
    raised.
    """
    try:
        return reroute_case(pk, on)
    except (OperationalError, InterfaceError):
        raise  # the database is unreachable: the whole run stops, and a later run tries these cases again
    except Exception as error:  # noqa: BLE001  (see above)
        logger.error("a case cannot be rerouted", error=type(error).__name__)  # noqa: TRY400  (a traceback may hold texts)
        return False


@transaction.atomic
def reroute_case(pk: int, on: date) -> bool:
    """Move the case to the centre that answers for its body on the day `on`, or propose it to that centre.

    Returns whether the case was moved or proposed, got a task, or lost an outdated proposal.
    """
    incident = Incident.objects.select_for_update(of=("self",), no_key=True).get(pk=pk)
    route = find_route(incident.collectivity, on)
    may_stay = not needs_agreement(incident.tlp, ReaderKind.COLLEAGUE)
    is_withdrawn = withdraw_platform_proposal(incident, unless_to=route.csirt if may_stay else None)
    if incident.csirt == route.csirt or must_stay_for_now(incident) or not may_be_rerouted(incident, route.csirt):
        return is_withdrawn
    if not has_centre_worked_on(incident):
        move_case(incident, route)
        return True
    return (route.csirt is not None and offer_case(incident, route.csirt, route.reason)) or is_withdrawn


def offer_case(incident: Incident, centre: Csirt, reason: str) -> bool:
    """Propose the case to the centre, or add the task to ask the declarant first if the TLP requires it.

    Returns whether a proposal or a task was added. An erased case does not change.
    """
    if incident.erased_at:
        return False
    if needs_agreement(incident.tlp, ReaderKind.COLLEAGUE):
        return add_agreement_task(incident, centre)
    create_platform_proposal(incident, centre, reason=reason)
    return True


def must_stay_for_now(incident: Incident) -> bool:
    """Tell whether the case stays for now, because its centre may not have read yet that it loses the territory."""
    centre = incident.csirt
    return centre is not None and keeps_case_after_report(centre, incident.received_at, timezone.now())


def may_be_rerouted(incident: Incident, centre: Csirt | None) -> bool:
    """Tell whether the case may be moved or proposed to `centre`.

    The case must be open and have no duplicate. No transfer of it may be pending or accepted, and no person may have
    refused or withdrawn a transfer to `centre`.
    """
    if incident.status not in OPEN or incident.doubles.exists():
        return False
    by_people = incident.transfers.exclude(state=TransferState.WITHDRAWN, answered_by=None)
    return not by_people.filter(Q(state__in=BLOCKING_STATES) | Q(taker=centre, taker__isnull=False)).exists()


def has_centre_worked_on(incident: Incident) -> bool:
    """Tell whether a centre ever took the case or wrote in it, even if the case was unassigned since."""
    if incident.first_acknowledged_at:
        return True
    return incident.events.filter(Q(kind__in=WORK_EVENTS) | CENTRE_MESSAGES).exists()


def move_case(incident: Incident, route: Route) -> None:
    """Move a case on which nobody worked to the centre of the route, with new deadlines. Its former centre reads how
    many such cases it lost, besides those whose body its own people corrected or merged.

    If the route has no centre, the case is left without one. The caller has locked the case.
    """
    now, former = timezone.now(), incident.csirt
    why = find_rerouting_reason(incident, route.csirt)
    is_counted = former is not None and not is_moved_by_body_change(incident, former)
    incident.csirt, incident.route_reason = route.csirt, route.reason
    incident.region = incident.collectivity.home_region
    incident.assignee, incident.group = None, None
    incident.acknowledge_by = now + ACKNOWLEDGE_WITHIN[incident.severity]
    incident.answer_by = incident.answer_by and now + ANSWER_WITHIN[incident.severity]
    incident.worked_at = None  # the work of the former centre does not shorten the targets of the new one
    recompute_due(incident)
    incident.save(update_fields=REROUTED_FIELDS)
    centres = {"from": former.slug if former else "", "to": route.csirt.slug if route.csirt else ""}
    record_event(incident, EventKind.REROUTED, at=now, actor=None, by=ActorKind.SYSTEM, why=str(why), **centres)
    if former and is_counted:
        count_moved_case(former)


def find_rerouting_reason(incident: Incident, centre: Csirt | None) -> Rerouting:
    """Return why the case is rerouted. Call it before the case is changed."""
    if was_territory_changed(incident):
        return Rerouting.CORRECTED
    if centre is None:
        return Rerouting.CLOSED
    return Rerouting.MOVED if incident.csirt else Rerouting.OPENED


def was_territory_changed(incident: Incident) -> bool:
    """Tell whether the territory of the body has changed since the case was routed.

    If so, the region of the body is another one, or the body was corrected or merged.
    """
    return incident.region != incident.collectivity.home_region or was_body_changed(incident)


def was_body_changed(incident: Incident) -> bool:
    """Tell whether a person corrected or merged the body since the case was routed."""
    return list_body_changes(incident).exists()


def list_body_changes(incident: Incident) -> QuerySet[IncidentEvent]:
    """Return the events by which a person corrected or merged the body since the case was routed."""
    routed = list_routing_events(incident).values("id")[:1]
    return incident.events.filter(BODY_CHANGES, id__gt=Subquery(routed))


def list_routing_events(incident: Incident) -> QuerySet[IncidentEvent]:
    """Return the events that routed the case, the newest one first."""
    return incident.events.filter(kind__in=ROUTING_EVENTS).order_by("-id")


def is_moved_by_body_change(incident: Incident, former: Csirt) -> bool:
    """Tell whether the case leaves `former` because people of `former` corrected or merged its body, and for nothing
    else: since the case was routed, nobody else did so, the region of the body was not corrected apart, and the
    territories of `former` did not change.

    Call it before the case is changed.
    """
    changes, own = list_body_changes(incident), Membership.objects.in_force().filter(csirt=former)
    if incident.region != incident.collectivity.home_region or not changes.exists():
        return False
    if changes.exclude(actor__in=own.values("user")).exists():
        return False
    return not has_report_since(former, list_routing_events(incident)[0].at)
