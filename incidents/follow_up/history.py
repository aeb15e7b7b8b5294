"""The events of a case, as sentences for the person who declared it."""

from datetime import datetime
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from incidents.enums import ActorKind, ClosingReason, EventKind
from incidents.models import Incident, IncidentEvent

SENTENCES: dict[str, Promise | str] = {
    EventKind.DECLARED: _("%(who)s a déclaré l’incident"),
    EventKind.ACKNOWLEDGED: _("%(who)s a pris votre dossier en charge"),
    EventKind.VERIFIED: _("%(who)s a vérifié votre déclaration par téléphone"),
    EventKind.CLOSED: _("%(who)s a clos le dossier : %(reason)s"),
    EventKind.LINK_ROTATED: _("%(who)s a renouvelé le code de suivi"),
    EventKind.ERASED: _("%(who)s a effacé les données personnelles"),
}
# What the declarant did is said to the declarant.
YOURS: dict[str, Promise | str] = {
    EventKind.DECLARED: _("Vous avez déclaré l’incident"),
    EventKind.LINK_ROTATED: _("Vous avez renouvelé le code de suivi"),
}


class Line(NamedTuple):
    at: datetime
    sentence: str


def history_of(incident: Incident) -> list[Line]:
    """Newest first, in one query. A kind that declarants have no sentence for is left out."""
    events = incident.events.select_related("actor").order_by("-id")
    return [Line(event.at, sentence(event, incident)) for event in events if event.kind in SENTENCES]


def sentence(event: IncidentEvent, incident: Incident) -> str:
    if event.actor_kind == ActorKind.DECLARANT and event.kind in YOURS:
        return str(YOURS[event.kind])
    reason = event.data.get("reason", "")
    return str(SENTENCES[event.kind]) % {
        "who": who_did(event, incident),
        "reason": ClosingReason(reason).label if reason in ClosingReason.values else "",
    }


def who_did(event: IncidentEvent, incident: Incident) -> str:
    """« Camille, Breizh Cyber »: the name that a person chose to show, never an address."""
    name = event.actor.display_name if event.actor else ""
    centre = incident.csirt.name if incident.csirt and event.kind != EventKind.DECLARED else ""
    return ", ".join(part for part in (name, centre) if part) or str(_("Le centre"))
