"""The data of a case as the declarant described them, and the centre's judgement of the leak.

The row of a leak (`DataLeak`) holds the status that counts for the severity and the figures: the centre's judgement if
there is one, otherwise the declared status. The declarations are in the answer sheets (`AnswerSheet`), which a
judgement does not change.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from incidents.enums import EventKind, LeakStatus
from incidents.facts.description import Section
from incidents.facts.shapes import Leak, make_leak
from incidents.models import AnswerSheet, DataLeak, Incident, IncidentEvent
from incidents.services.history.snapshots import (
    Values,
    read_leak_row,
    snapshot_data,
    snapshot_rows,
)


def read_declared_section(incident: Incident, section: str) -> Values:
    """Return the values of one section as they were last declared."""
    return read_declared_data(incident) if section == Section.DATA else snapshot_rows(incident, section)


def read_declared_data(incident: Incident) -> Values:
    """Return the latest declaration about personal data, without the centre's judgement.

    For an erased case, return only `data_concerned`: its sheets are empty, and the row of the leak may hold a
    judgement. Runs one query, two for a case without a sheet about data, and none for an erased case.
    """
    if incident.erased_at:
        return snapshot_data(incident.data_concerned, None)
    newest = exclude_judgement_sheets(incident.sheets.filter(section=Section.DATA)).order_by("-id").first()
    return newest.values if newest and newest.values else snapshot_rows(incident, Section.DATA)


def exclude_judgement_sheets(sheets: QuerySet[AnswerSheet]) -> QuerySet[AnswerSheet]:
    """Return the sheets, except those in which a centre judged the leak."""
    # In earlier versions, a judgement was also written to a sheet, at the instant of its event.
    judged = IncidentEvent.objects.filter(
        incident=OuterRef("incident"),
        at=OuterRef("written_at"),
        kind__in=(EventKind.QUALIFIED, EventKind.CLOSED),
    )
    return sheets.exclude(Exists(judged), section=Section.DATA)


def read_declared_data_by_case(incidents: Sequence[Incident], leaks: Mapping[int, DataLeak]) -> dict[int, Values]:
    """Return a dict from the id of each case to what `read_declared_data` returns for it.

    `leaks` maps the id of a case to its first `DataLeak` row. Runs one query, or none without a case.
    """
    of_cases = AnswerSheet.objects.filter(incident__in=[incident.pk for incident in incidents], section=Section.DATA)
    sheets = exclude_judgement_sheets(of_cases)
    newest = dict(sheets.order_by("id").values_list("incident", "values"))  # the last sheet of each case counts
    return {
        incident.pk: snapshot_data(incident.data_concerned, None)
        if incident.erased_at
        else newest.get(incident.pk) or snapshot_leak_row(incident, leaks.get(incident.pk))
        for incident in incidents
    }


def snapshot_leak_row(incident: Incident, row: DataLeak | None) -> Values:
    """Return the snapshot of the section about data. `row` is the row of its leak, or None if there is no leak."""
    return snapshot_data(incident.data_concerned, read_leak_row(row) if row else None)


def read_declared_leak(values: Mapping[str, Any]) -> Leak | None:
    """Return the leak that the values of a sheet about data declare, or None if they declare none."""
    return None if values["leak"] is None else make_leak(values["leak"])


def read_declared_leak_status(values: Mapping[str, Any]) -> str:
    """Return the status of the leak that the values of a sheet about data declare, or "" if they declare none."""
    return values["leak"]["status"] if values["leak"] else ""


def find_leak_judgement(
    incident: Incident, values: Mapping[str, Any], leak: DataLeak | None, history: Sequence[IncidentEvent] = ()
) -> str:
    """Return the status of the leak according to the centre, or "" if the centre did not change the declared status.

    `values` holds the declared answers about personal data, and `leak` is the row of the leak, or None. `history` may
    hold all events of the case, newest first. Runs one query for an erased case, or if neither a row nor `history` is
    given.
    """
    if incident.erased_at:
        return find_leak_judgement_in_events(incident)
    if leak is None:
        return find_judgement_without_leak(incident, history)
    return leak.status if leak.status != read_declared_leak_status(values) else ""


def find_judgement_without_leak(incident: Incident, history: Sequence[IncidentEvent] = ()) -> str:
    """Return « unfounded » if the centre last judged so about a leak without `DataLeak` row, or "".

    `history` may hold all events of the case, newest first. Without these events, runs one query.
    """
    if history:
        newest = next((event for event in history if judges_leak(event)), None)
    else:
        judgements = incident.events.filter(kind=EventKind.QUALIFIED, data__changed__has_key="leak")
        newest = judgements.order_by("-id").first()
    return LeakStatus.UNFOUNDED if newest and newest.data["changed"]["leak"][1] == LeakStatus.UNFOUNDED else ""


def judges_leak(event: IncidentEvent) -> bool:
    """Tell whether the event is a qualification that changed the judgement of the leak."""
    return event.kind == EventKind.QUALIFIED and "leak" in event.data.get("changed", {})


def find_leak_judgement_in_events(incident: Incident) -> str:
    """Return the last judgement of the leak, or "" if it equals the status before the first judgement."""
    judgements = incident.events.filter(kind__in=(EventKind.QUALIFIED, EventKind.CLOSED)).order_by("id")
    codes = judgements.values_list("data", flat=True)
    changes = [leak for data in codes if (leak := data.get("changed", data).get("leak"))]
    return changes[-1][1] if changes and changes[-1][1] != changes[0][0] else ""


def format_leak_judgement(judgement: str) -> str:
    """Return the judgement (`find_leak_judgement`) in French, such as « fuite soupçonnée », or ""."""
    return f"fuite {LeakStatus(judgement).label}" if judgement else ""


def format_leak_judgement_sentence(incident: Incident, judgement: str) -> str:
    """Return the centre's judgement of the leak (`find_leak_judgement`) as a French sentence, or ""."""
    judged = format_leak_judgement(judgement)
    who = incident.csirt.name if incident.csirt else "Le centre"
    return f"{who} juge : {judged}." if judged else ""
