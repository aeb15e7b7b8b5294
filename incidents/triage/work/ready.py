"""The ready-made messages beside the reply form. A script inserts one, or `?modele=` does without a script."""

from collections.abc import Iterator
from typing import Any

from accounts.models import User
from incidents.catalogues.ready_messages import NATIONAL, ReadyMessage, filled, suits
from incidents.models import Incident, MessageTemplate
from incidents.services.correspondence.templates import phone_of, values_of


def ready_block(incident: Incident, user: User) -> dict[str, Any]:
    """Return the messages offered on this case, the centre's own and the national ones, filled with its values. Runs
    two queries.
    """
    live = MessageTemplate.objects.filter(csirt=incident.csirt_id, withdrawn_at=None).order_by("title")
    written = live.values_list("uid", "title", "text", "types")
    own = [ReadyMessage(str(uid), title, text, tuple(types)) for uid, title, text, types in written]
    values = values_of(incident, user, phone_of(incident.csirt_id))
    return {"messages": [one._replace(text=filled(one.text, values)) for one in offered_on(incident, own)]}


def choose_ready(context: dict[str, Any], incident: Incident, user: User, asked: str) -> None:
    """Insert the message with the code `asked`, if there is one, into the reply form of the page that `context`
    describes, below what is already typed there.
    """
    ready = ready_block(incident, user)
    if chosen := next((one for one in ready["messages"] if one.code == asked), None):
        context["ready"] = ready | {"chosen": chosen.code}
        form = context["thread"]["form"]
        form.initial["text"] = "\n\n".join(filter(None, [form.initial.get("text", "").rstrip(), chosen.text]))


def offered_on(incident: Incident, own: list[ReadyMessage]) -> Iterator[ReadyMessage]:
    """Yield the centre's messages, then the national ones. A message of the centre replaces the national one with the
    same title.
    """
    titles = {one.title for one in own}
    for one in (*own, *(each for each in NATIONAL if each.title not in titles)):
        if suits(one.types, incident.type):
            yield one
