"""The templates beside the reply form. A script inserts one into the form; without a script, `?modele=` does."""

from collections.abc import Iterator
from typing import Any

from accounts.models import User
from incidents.catalogues.message_templates import (
    OfferedTemplate,
    fill_placeholders,
    is_offered_for_type,
    list_national_templates,
)
from incidents.models import Incident, MessageTemplate
from incidents.services.library.templates import format_centre_phone, map_placeholder_values


def build_templates_block(incident: Incident, user: User) -> dict[str, Any]:
    """Return the templates offered on this case, with their placeholders filled in. Runs two queries.

    The templates of the centre come first, then the national ones.
    """
    live = MessageTemplate.objects.filter(csirt=incident.csirt_id, withdrawn_at=None).order_by("title")
    written = live.values_list("uid", "title", "text", "types")
    centre_templates = [OfferedTemplate(str(uid), title, text, tuple(types)) for uid, title, text, types in written]
    values = map_placeholder_values(incident, user, format_centre_phone(incident.csirt_id))
    return {
        "messages": [
            message._replace(text=fill_placeholders(message.text, values))
            for message in list_offered_templates(incident, centre_templates)
        ]
    }


def insert_template(context: dict[str, Any], incident: Incident, user: User, code: str) -> None:
    """Insert the ready-made message with this code into the reply form of the page that `context` describes.

    The message is put below the text that is already in the form. Nothing is done for an unknown code.
    """
    ready = build_templates_block(incident, user)
    if chosen := next((message for message in ready["messages"] if message.code == code), None):
        context["ready"] = ready | {"chosen": chosen.code}
        form = context["thread"]["form"]
        form.initial["text"] = "\n\n".join(filter(None, [form.initial.get("text", "").rstrip(), chosen.text]))


def list_offered_templates(incident: Incident, centre_templates: list[OfferedTemplate]) -> Iterator[OfferedTemplate]:
    """Yield the ready-made messages that are offered for the type of the case, those of the centre first."""
    titles = {message.title for message in centre_templates}
    for message in (*centre_templates, *list_national_templates(titles)):
        if is_offered_for_type(message.types, incident.type):
            yield message
