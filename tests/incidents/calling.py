"""The form in which a responder writes down a call about a case."""

from typing import Any

from django.test import Client

from incidents.models import Incident
from tests.incidents.triage_pages import case_url
from tests.reading import read_hidden_value
from tests.responses import Response


def post_call(client: Client, incident: Incident, **changes: str) -> Response:
    """Post the form of the call as the page shows it, with `changes`."""
    page = client.get(case_url(incident, "appel"))
    form = page.context["form"]
    values = {name: form[name].value() for name in form.fields}
    data: dict[str, Any] = {
        "vu": read_hidden_value(page, "vu"),
        "cle": read_hidden_value(page, "cle"),
        "direction": "call_out",
    }
    data |= {name: value for name, value in values.items() if value not in (None, "")}
    return client.post(case_url(incident, "appel"), data | changes)
