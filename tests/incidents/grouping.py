"""What the tests of groups share: a group and its address, towns that declare, many cases as rows alone."""

from datetime import timedelta
from typing import Any

from django.test import Client

from accounts.models import User
from csirts.models import Csirt
from incidents.enums import GroupKind
from incidents.models import CaseGroup, Incident, Story
from incidents.services.groups.group import open_group
from tests.cast import breizh_cyber, declare, plouexemple
from tests.responses import Response

GROUPS = "/admin/incidents/incident/groupes/"


def a_group(actor: User, title: str = "Exemple SAS", **said: Any) -> CaseGroup:
    known: dict[str, Any] = {"csirt": breizh_cyber(), "kind": GroupKind.SUPPLIER, "title": title, "actor": actor}
    return open_group(**known | said)


def elsewhere() -> Csirt:
    return Csirt.objects.get_or_create(slug="ailleurs", defaults={"name": "Ailleurs", "level": "territorial"})[0]


def url(group: CaseGroup, *parts: str) -> str:
    return "/".join([GROUPS.rstrip("/"), str(group.uid), *parts, ""])


def send_letter(client: Client, group: CaseGroup, sent: dict[str, Any]) -> Response:
    """The answer to « Envoyer », once the message was read again."""
    shown = client.post(url(group, "message"), sent)
    seen = shown.context["form"]["seen"].value()
    return client.post(url(group, "message"), sent | {"seen": seen, "envoyer": "1"})


def town(number: int, **said: Any) -> Incident:
    return declare(collectivity=plouexemple(insee_code=f"299{number:02}", name=f"Saint-Exemple-{number}"), **said)


def many(incident: Incident, group: CaseGroup | None, number: int) -> list[Incident]:
    """That many more cases in the group, as rows alone: like the one given."""
    story, references = Story.objects.get(incident=incident), []
    fields = {f.attname: getattr(incident, f.attname) for f in Incident._meta.concrete_fields if not f.generated}
    fields = {name: value for name, value in fields.items() if name != "id"} | {"group_id": group and group.pk}
    for each in range(number):
        known: dict[str, Any] = {"reference": f"R{each:07}", "submission_key": f"m{each}"}
        known["received_at"] = incident.received_at - timedelta(seconds=each // 3)
        references.append(Incident(**fields | known))
    made = Incident.objects.bulk_create(references)
    Story.objects.bulk_create(Story(incident=one, supplier=story.supplier) for one in made)
    return made
