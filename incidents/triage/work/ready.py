"""The ready-made messages beside the reply form: what a script puts into it, or `?modele=` without one."""

from collections.abc import Iterator
from typing import Any

from accounts.models import User
from csirts.queries import published_phone
from incidents.models import Incident, MessageTemplate
from incidents.ready_messages import NATIONAL, ReadyMessage, filled, suits
from incidents.services.templates import values_of
from incidents.triage.together import Columns, Row


def template_rows(incident: Incident) -> Columns:
    live = MessageTemplate.objects.filter(csirt=incident.csirt_id, withdrawn_at=None).order_by("title")
    return Columns(live, "uid", "title", "text", "types")


def phone_rows(incident: Incident) -> Columns:
    """The published number of the centre."""
    return Columns(published_phone(incident.csirt_id), "value")


def ready_block(incident: Incident, user: User, templates: list[Row], phones: list[Row]) -> dict[str, Any]:
    """Those offered on this case, the centre's own and the national ones, filled with its words."""
    own = [ReadyMessage(row.uid, row.title, row.text, tuple(row.types)) for row in templates]
    values = values_of(incident, user, next((row.value for row in phones), ""))
    return {"messages": [one._replace(text=filled(one.text, values)) for one in offered_on(incident, own)]}


def choose_ready(context: dict[str, Any], asked: str) -> None:
    """The page of a case that was asked for with a message comes with it in the reply form."""
    ready = context["ready"]
    chosen = next((one for one in ready["messages"] if one.code == asked), None)
    if chosen:
        ready["chosen"] = chosen.code
        context["thread"]["form"].initial["text"] = chosen.text


def offered_on(incident: Incident, own: list[ReadyMessage]) -> Iterator[ReadyMessage]:
    """The centre's first; one that has the title of a national one stands in its place."""
    titles = {one.title for one in own}
    for one in (*own, *(each for each in NATIONAL if each.title not in titles)):
        if suits(one.types, incident.type):
            yield one
