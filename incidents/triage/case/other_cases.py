"""The other cases of the body of a case: likely duplicates, the duplicates of the case, and its main case."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Count, F, Q

from accounts.models import User
from incidents.facts.shapes import INSTANTS
from incidents.models import Incident, Message, Reading
from incidents.services.handling.readings import has_news
from incidents.triage.duplicates.likely import list_likely_duplicates

# How many of the newest other cases of a body are compared with the case, and how many the page lists.
MAX_COMPARED, MAX_LISTED = 50, 10
# Only the columns that are shown and compared, since fifty whole cases would cost more than the rest of the page.
COLUMNS = (
    *("reference", "type", "status", "origin", "received_at", "closed_at", "closing_reason", "declarant_wrote_at"),
    *("service_stopped", "data_concerned", *(f"{name}_{part}" for name in INSTANTS for part in ("at", "certainty"))),
    *("is_to_call_back", "erased_at", "supplier_key", "collectivity", "csirt", "merged_into", "story__description"),
    *("story__contact_name", "story__contact_role", "story__contact_phone", "story__contact_email"),
)


def build_other_cases_block(incident: Incident, user: User, now: datetime) -> dict[str, Any]:
    """Return the context about the other cases of the body.

    Runs one query, two more if the case has duplicates, and another one if a duplicate has news.
    """
    other_cases = list_other_cases(incident, user)
    not_merged = [case for case in other_cases if case.merged_into_id != incident.pk]
    duplicates = [case for case in other_cases if case.merged_into_id == incident.pk]
    read_at, written = load_readings_and_counts(duplicates, user)
    marked = [(duplicate, has_news(duplicate, read_at.get(duplicate.pk))) for duplicate in duplicates]
    newest = load_newest_messages([duplicate.pk for duplicate, is_new in marked if is_new])
    for duplicate in duplicates:
        duplicate.written = written.get(duplicate.pk, 0)  # type: ignore[attr-defined]  # for the template
        duplicate.newest = newest.get(duplicate.pk)  # type: ignore[attr-defined]
    return {
        "others": other_cases[:MAX_LISTED],
        "likely": list_likely_duplicates(incident, not_merged, now),
        "duplicates": marked,
        "duplicates_without_mail": sum(not case.erased_at and not case.story.contact_email for case in duplicates),
        "main": next((case for case in not_merged if case.pk == incident.merged_into_id), None),
    }


def list_other_cases(incident: Incident, user: User) -> list[Incident]:
    """Return the newest other cases of the body that the user may see. Each is loaded with its `story`.

    The duplicates and the main case of `incident` are always among them. Runs one query, or two if the body has more
    than MAX_COMPARED cases.
    """
    body = Incident.objects.visible_to(user).filter(collectivity=incident.collectivity_id).exclude(pk=incident.pk)
    body = body.select_related("story").only(*COLUMNS).order_by("-received_at", "-id")
    other_cases = list(body[:MAX_COMPARED])
    if len(other_cases) == MAX_COMPARED:
        keys = {case.pk for case in other_cases}
        linked = body.filter(Q(merged_into=incident) | Q(pk=incident.merged_into_id))
        other_cases += [case for case in linked if case.pk not in keys]
    return other_cases


def load_newest_messages(keys: list[int]) -> dict[int, Message]:
    """Return a dict from case id to the newest message of the declarant. Runs one query, or none without `keys`."""
    if not keys:
        return {}
    written = Message.objects.filter(incident__in=keys, is_from_csirt=False)
    return {message.incident_id: message for message in written.order_by("incident_id", "-id").distinct("incident_id")}


def load_readings_and_counts(duplicates: Iterable[Incident], user: User) -> tuple[dict[int, datetime], dict[int, int]]:
    """Return two dicts by case id. They tell when `user` last read each case, and how many messages each case has.

    Runs two queries, or none without `duplicates`.
    """
    keys = [duplicate.pk for duplicate in duplicates]
    if not keys:
        return {}, {}
    own_readings = Reading.objects.filter(user=user, incident__in=keys, csirt=F("incident__csirt"))
    written = Message.objects.filter(incident__in=keys).order_by().values_list("incident").annotate(Count("pk"))
    return dict(own_readings.values_list("incident", "last_at")), dict(written)
