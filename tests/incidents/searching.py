"""The search of a centre."""

from django.test import Client

from incidents.services.search.index import index_pending_events
from tests.responses import Response

URL = "/admin/incidents/incident/recherche/"


def search(client: Client, query: str, **more: str) -> Response:
    index_pending_events()
    return client.get(URL, {"q": query} | more)


def find_references(client: Client, query: str) -> set[str]:
    page = search(client, query)
    assert page.status_code == 200, page.context.get("problem") or page.context.get("too_long")
    return {hit.incident.reference for hit in page.context["hits"]}
