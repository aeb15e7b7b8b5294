"""The pages on which a declarant completes a declaration."""

from datetime import UTC, datetime
from typing import Any

from django.test import Client

from incidents.models import Incident
from incidents.services.declarant.access import derive_secret
from tests.reading import read_hidden_value
from tests.responses import Response

NOW = datetime(2026, 11, 24, 13, 10, tzinfo=UTC)


def open_by_link(client: Client, incident: Incident) -> None:
    client.post(f"/suivi/acces/{derive_secret(incident.accesses.get(revoked_at=None))}/")


def url(incident: Incident, *parts: str) -> str:
    return "/".join(["/suivi", incident.reference, "completer", *parts, ""])


def post(
    client: Client, incident: Incident, section: str, data: dict[str, Any] | None = None, **fields: Any
) -> Response:
    """Post the section as the page would, with the hidden fields that it holds now."""
    page = client.get(url(incident, section))
    hidden_fields = {"seen": read_hidden_value(page, "seen"), "author": "Dominique, accueil"}
    return client.post(url(incident, section), hidden_fields | (data or {}) | fields)
