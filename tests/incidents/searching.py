"""The search of a centre."""

from incidents.services.history.index import index_all

URL = "/admin/incidents/incident/recherche/"


def look(client, query, **more):
    index_all()
    return client.get(URL, {"q": query} | more)


def find_references(client, query):
    page = look(client, query)
    assert page.status_code == 200, page.context.get("problem") or page.context.get("too_long")
    return {hit.incident.reference for hit in page.context["hits"]}
