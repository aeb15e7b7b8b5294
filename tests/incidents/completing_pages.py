"""The pages on which a declarant completes a declaration."""

from datetime import UTC, datetime

from incidents.services.declarant.access import secret_of
from tests.reading import hidden

NOW = datetime(2026, 11, 24, 13, 10, tzinfo=UTC)


def enter(client, incident):
    client.post(f"/suivi/acces/{secret_of(incident.accesses.get(revoked_at=None))}/")


def url(incident, *parts):
    return "/".join(["/suivi", incident.reference, "completer", *parts, ""])


def post(client, incident, section, data=None, **said):
    """As the page would send it, with the hidden fields that it holds now."""
    page = client.get(url(incident, section))
    kept = {"seen": hidden(page, "seen"), "author": "Dominique, accueil"}
    return client.post(url(incident, section), kept | (data or {}) | said)
