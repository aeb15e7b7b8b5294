"""The other cases of a body: likely duplicates, the duplicates of this case, and its main case."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Count, Q

from accounts.models import User
from incidents.models import Incident, Message, Reading
from incidents.services.handling.read import has_news
from incidents.triage.case.duplicates import likely_doubles

# How many of the newest cases of a body are compared, and how many are listed.
LOOKED_AT, LISTED = 50, 10
# The columns that are shown and compared: fifty whole cases would cost more than the rest of the page.
SAID = (
    *("reference", "type", "status", "origin", "received_at", "closed_at", "closing_reason", "declarant_wrote_at"),
    *("erased_at", "supplier_key", "collectivity", "csirt", "merged_into", "story__description"),
    *("story__contact_name", "story__contact_role", "story__contact_phone", "story__contact_email"),
)


def doubles_block(incident: Incident, user: User, now: datetime) -> dict[str, Any]:
    """Return the blocks about the other cases of the body. One query; two more if the case has duplicates."""
    family = family_of(incident, user)
    others = [one for one in family if one.merged_into_id != incident.pk]
    doubles = [one for one in family if one.merged_into_id == incident.pk]
    read_at, written = marks_of(doubles, user)
    for double in doubles:
        double.written = written.get(double.pk, 0)  # type: ignore[attr-defined]  # for the template
    return {
        "others": others[:LISTED],
        "likely": likely_doubles(incident, others, now),
        "doubles": [(one, has_news(one, read_at.get(one.pk))) for one in doubles],
        "main": next((one for one in others if one.pk == incident.merged_into_id), None),
    }


def family_of(incident: Incident, user: User) -> list[Incident]:
    """Return the newest other cases of the body that this person may see, with all its duplicates and its main case.

    Each is loaded with its story. One query, two if the body has more cases than are compared.
    """
    body = Incident.objects.visible_to(user).filter(collectivity=incident.collectivity_id).exclude(pk=incident.pk)
    body = body.select_related("story").only(*SAID).order_by("-received_at", "-id")
    family = list(body[:LOOKED_AT])
    if len(family) == LOOKED_AT:
        known = {one.pk for one in family}
        kin = body.filter(Q(merged_into=incident) | Q(pk=incident.merged_into_id))
        family += [one for one in kin if one.pk not in known]
    return family


def marks_of(doubles: Iterable[Incident], user: User) -> tuple[dict[int, datetime], dict[int, int]]:
    """Return when this person last read each case, and the number of messages of each. Two queries, or none."""
    keys = [one.pk for one in doubles]
    if not keys:
        return {}, {}
    readings = Reading.objects.filter(user=user, incident__in=keys).values_list("incident", "last_at")
    written = Message.objects.filter(incident__in=keys).order_by().values_list("incident").annotate(Count("pk"))
    return dict(readings), dict(written)
