"""The page on which a centre notes the request of a person, and the fields of one."""

from incidents.models import Incident

LIST, ADD = "/admin/retention/datarequest/", "/admin/retention/datarequest/add/"


def make_fields(incident: Incident, **changes: object) -> dict[str, object]:
    fields = {"csirt": incident.csirt_id, "kind": "access", "received_on": "30/01/2026"}
    words = {"reference": incident.reference, "asker": "Nour Exemple", "proof": "Carte vue au guichet"}
    return fields | words | changes
