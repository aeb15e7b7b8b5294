"""The other cases of a body: which may tell the same thing, which are doubles of this one, of which this is one."""

from datetime import datetime
from typing import Any

from django.db.models import Case, Count, OuterRef, Subquery, When

from accounts.models import User
from incidents.duplicates import likely_doubles
from incidents.models import Incident, Message, Reading
from incidents.services.read import has_news

# The newest of a body: those among which doubles are looked for, and those that are listed.
LOOKED_AT, LISTED = 50, 10


def doubles_block(incident: Incident, user: User, now: datetime) -> dict[str, Any]:
    """What a case says of the others of its body, in one query."""
    family = family_of(incident, user)
    others = [one for one in family if one.merged_into_id != incident.pk]
    doubles = [one for one in family if one.merged_into_id == incident.pk]
    return {
        "others": others[:LISTED],
        "likely": likely_doubles(incident, others, now),
        "doubles": [(one, has_news(one, getattr(one, "read_at", None))) for one in doubles],
        "main": next((one for one in others if one.pk == incident.merged_into_id), None),
    }


def family_of(incident: Incident, user: User) -> list[Incident]:
    """The newest other cases of the same body that this person may see, all its doubles, and what it is a double of.

    Each comes with its story and when this person last read it, a double with the number of its messages.
    """
    body = Incident.objects.visible_to(user).filter(collectivity=incident.collectivity_id).order_by()
    newest = body.order_by("-received_at", "-id").values("pk")[:LOOKED_AT]
    legs = [body.filter(merged_into=incident).values("pk")]
    legs += [body.filter(pk=incident.merged_into_id).values("pk")] if incident.merged_into_id else []
    mine = Reading.objects.filter(incident=OuterRef("pk"), user=user).values("last_at")[:1]
    thread = Message.objects.filter(incident=OuterRef("pk")).order_by().values("incident")
    written = Case(When(merged_into=incident, then=Subquery(thread.annotate(number=Count("pk")).values("number"))))
    family = Incident.objects.filter(pk__in=newest.union(*legs)).exclude(pk=incident.pk).select_related("story")
    family = family.annotate(written=written, read_at=Subquery(mine))
    return list(family.order_by("-received_at", "-id"))
