"""Show on the page of a case what the declarants of its duplicates entered, because a merge copies none of it."""

from collections import defaultdict
from collections.abc import Sequence

from incidents.models import DataLeak, Incident, ServiceInterruption
from incidents.services.history.declared import read_declared_data_by_case
from incidents.triage.case.context import list_instants
from incidents.triage.case.data import summarise_data
from incidents.triage.wording import format_stopped_services


def attach_declared_facts(duplicates: Sequence[Incident]) -> None:
    """Set the attribute `declared` of each duplicate to a dict of its instants, services and data.

    The texts of the dict are worded like those of the page of a case. Runs three queries, or none without a duplicate.
    """
    if not duplicates:
        return
    interruptions = defaultdict[int, list[ServiceInterruption]](list)
    for row in ServiceInterruption.objects.filter(incident__in=duplicates).order_by("started_at", "id"):
        interruptions[row.incident_id].append(row)
    leaks = {leak.incident_id: leak for leak in DataLeak.objects.filter(incident__in=duplicates).order_by("-id")}
    data = read_declared_data_by_case(duplicates, leaks)
    for duplicate in duplicates:
        rows = interruptions[duplicate.pk]
        duplicate.declared = {  # type: ignore[attr-defined]  # for the template
            "instants": list(list_instants(duplicate)),
            "services": format_stopped_services(duplicate, rows),
            "interruptions": rows,
            "data": summarise_data(data[duplicate.pk], ""),
        }
