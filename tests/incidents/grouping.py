"""Helpers of the tests of groups: a group and its address, towns that declare, copies of a case as raw rows."""

from datetime import timedelta
from typing import Any

from django.test import Client

from accounts.models import User
from incidents.enums import GroupKind
from incidents.models import CaseGroup, Incident, Story
from incidents.services.groups.group import add_to_group, open_group
from tests.cast import breizh_cyber, declare, plouexemple
from tests.responses import Response

GROUPS = "/admin/incidents/incident/groupes/"


def a_group(actor: User, title: str = "Exemple SAS", **fields: Any) -> CaseGroup:
    defaults: dict[str, Any] = {"csirt": breizh_cyber(), "kind": GroupKind.SUPPLIER, "title": title, "actor": actor}
    return open_group(**defaults | fields)


def url(group: CaseGroup, *parts: str) -> str:
    return "/".join([GROUPS.rstrip("/"), str(group.uid), *parts, ""])


def send_letter(client: Client, group: CaseGroup, fields: dict[str, Any]) -> Response:
    """Preview the message, press « Envoyer » and return the response."""
    preview = client.post(url(group, "message"), fields)
    mark = preview.context["form"]["seen"].value()
    return client.post(url(group, "message"), fields | {"seen": mark, "envoyer": "1"})


def declare_town(number: int, **fields: Any) -> Incident:
    return declare(collectivity=plouexemple(insee_code=f"299{number:02}", name=f"Saint-Exemple-{number}"), **fields)


def a_group_of_towns(actor: User, towns: int = 3) -> CaseGroup:
    """Return a group with one case of each of several towns."""
    group = a_group(actor)
    for number in range(towns):
        add_to_group(reference=declare_town(number).reference, group=group.uid, actor=actor)
    return group


def copy_case(incident: Incident, group: CaseGroup | None, number: int) -> list[Incident]:
    """Create `number` copies of the case in the group, as raw rows."""
    story, copies = Story.objects.get(incident=incident), []
    fields = {f.attname: getattr(incident, f.attname) for f in Incident._meta.concrete_fields if not f.generated}
    fields = {name: value for name, value in fields.items() if name != "id"} | {"group_id": group and group.pk}
    for index in range(number):
        own_fields: dict[str, Any] = {"reference": f"R{index:07}", "submission_key": f"m{index}"}
        own_fields["received_at"] = incident.received_at - timedelta(seconds=index // 3)
        copies.append(Incident(**fields | own_fields))
    cases = Incident.objects.bulk_create(copies)
    Story.objects.bulk_create(Story(incident=case, supplier=story.supplier) for case in cases)
    return cases
