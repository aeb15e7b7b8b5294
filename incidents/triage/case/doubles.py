"""The other cases of a body: likely duplicates, the duplicates of this case, and its main case."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Count, Q

from accounts.models import User
from incidents.models import Incident, Message, Reading
from incidents.services.handling.readings import has_news
from incidents.triage.case.duplicates import list_likely_doubles

# How many of the newest cases of a body are compared, and how many are listed.
COMPARED, LISTED = 50, 10
# The columns that are shown and compared: fifty whole cases would cost more than the rest of the page.
COLUMNS = (
    *("reference", "type", "status", "origin", "received_at", "closed_at", "closing_reason", "declarant_wrote_at"),
    *("erased_at", "supplier_key", "collectivity", "csirt", "merged_into", "story__description"),
    *("story__contact_name", "story__contact_role", "story__contact_phone", "story__contact_email"),
)


def build_doubles_block(incident: Incident, user: User, now: datetime) -> dict[str, Any]:
    """Return the blocks about the other cases of the body.

    One query; two more if the case has duplicates, and a third if one of these has news.
    """
    family = list_family(incident, user)
    others = [case for case in family if case.merged_into_id != incident.pk]
    doubles = [case for case in family if case.merged_into_id == incident.pk]
    read_at, written = read_marks(doubles, user)
    marked = [(double, has_news(double, read_at.get(double.pk))) for double in doubles]
    newest = find_newest_messages([double.pk for double, is_new in marked if is_new])
    for double in doubles:
        double.written = written.get(double.pk, 0)  # type: ignore[attr-defined]  # for the template
        double.newest = newest.get(double.pk)  # type: ignore[attr-defined]
    return {
        "others": family[:LISTED],
        "likely": list_likely_doubles(incident, others, now),
        "doubles": marked,
        "doubles_without_mail": sum(not case.erased_at and not case.story.contact_email for case in doubles),
        "main": next((case for case in others if case.pk == incident.merged_into_id), None),
    }


def list_family(incident: Incident, user: User) -> list[Incident]:
    """Return the newest other cases of the body that this person may see, with all its duplicates and its main case.

    Each is loaded with its story. One query, two if the body has more cases than are compared.
    """
    body = Incident.objects.visible_to(user).filter(collectivity=incident.collectivity_id).exclude(pk=incident.pk)
    body = body.select_related("story").only(*COLUMNS).order_by("-received_at", "-id")
    family = list(body[:COMPARED])
    if len(family) == COMPARED:
        family_keys = {case.pk for case in family}
        kin = body.filter(Q(merged_into=incident) | Q(pk=incident.merged_into_id))
        family += [case for case in kin if case.pk not in family_keys]
    return family


def find_newest_messages(keys: list[int]) -> dict[int, Message]:
    """Return, by case, the newest message of its declarant. One query, or none."""
    if not keys:
        return {}
    written = Message.objects.filter(incident__in=keys, is_from_csirt=False)
    return {message.incident_id: message for message in written.order_by("incident_id", "-id").distinct("incident_id")}


def read_marks(doubles: Iterable[Incident], user: User) -> tuple[dict[int, datetime], dict[int, int]]:
    """Return when this person last read each case, and the number of messages of each. Two queries, or none."""
    keys = [double.pk for double in doubles]
    if not keys:
        return {}, {}
    readings = Reading.objects.filter(user=user, incident__in=keys).values_list("incident", "last_at")
    written = Message.objects.filter(incident__in=keys).order_by().values_list("incident").annotate(Count("pk"))
    return dict(readings), dict(written)
