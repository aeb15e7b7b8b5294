"""The ready-made messages beside the reply form: what a script puts into it, or `?modele=` without one."""

from collections.abc import Iterator
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Subquery
from django.db.models.functions import JSONObject

from accounts.models import User
from csirts.enums import ContactKind
from csirts.models import Contact, Csirt
from incidents.models import Incident, MessageTemplate
from incidents.ready_messages import NATIONAL, ReadyMessage, filled, suits
from incidents.reference import spaced


def ready_block(incident: Incident, user: User) -> dict[str, Any]:
    """Those offered on this case, filled with its words. One query: the centre's own, and its published telephone."""
    own, phone = own_and_phone(incident)
    offered = list(offered_on(incident, own))
    values = values_of(incident, user, phone)
    return {"messages": [one._replace(text=filled(one.text, values)) for one in offered]}


def choose_ready(context: dict[str, Any], asked: str) -> None:
    """The page of a case that was asked for with a message comes with it in the reply form."""
    ready = context["ready"]
    chosen = next((one for one in ready["messages"] if one.code == asked), None)
    if chosen:
        ready["chosen"] = chosen.code
        context["thread"]["form"].initial["text"] = chosen.text


def own_and_phone(incident: Incident) -> tuple[list[ReadyMessage], str]:
    live = MessageTemplate.objects.filter(csirt=OuterRef("pk"), withdrawn_at=None).order_by("title")
    rows = live.values(row=JSONObject(uid="uid", title="title", text="text", types="types"))
    phone = Contact.objects.filter(csirt=OuterRef("pk"), kind=ContactKind.PHONE).values("value")[:1]
    desk = Csirt.objects.filter(pk__in=[incident.csirt_id]).values_list(ArraySubquery(rows), Subquery(phone)).first()
    if desk is None:
        return [], ""
    own = [ReadyMessage(row["uid"], row["title"], row["text"], tuple(row["types"])) for row in desk[0]]
    return own, desk[1] or ""


def offered_on(incident: Incident, own: list[ReadyMessage]) -> Iterator[ReadyMessage]:
    """The centre's first; one that has the title of a national one stands in its place."""
    titles = {one.title for one in own}
    for one in (*own, *(each for each in NATIONAL if each.title not in titles)):
        if suits(one.types, incident.type):
            yield one


def values_of(incident: Incident, user: User, phone: str) -> dict[str, str]:
    return {
        "collectivite": str(incident.collectivity),
        "reference": spaced(incident.reference),
        "type": str(incident.get_type_display()),
        "centre": incident.csirt.name if incident.csirt else "",
        "telephone": phone,
        "prenom_nom": str(user),
    }
