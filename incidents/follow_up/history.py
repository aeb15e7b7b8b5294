"""The events of a case, as sentences for the person who declared it."""

from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from incidents.enums import ActorKind, ClosingReason, EventKind
from incidents.models import Incident, IncidentEvent
from incidents.services.correspond import DECLARANT

SENTENCES: dict[str, Promise | str] = {
    EventKind.DECLARED: _("%(who)s a déclaré l’incident"),
    EventKind.ACKNOWLEDGED: _("%(who)s a pris votre dossier en charge"),
    EventKind.VERIFIED: _("%(who)s a vérifié votre déclaration par téléphone"),
    EventKind.CLOSED: _("%(who)s a clos le dossier : %(reason)s"),
    EventKind.FACTS: _("%(who)s a ajouté ou corrigé des faits"),
    EventKind.FILE: _("%(who)s a remis une pièce"),
    EventKind.MESSAGE: _("%(who)s a écrit un message"),
    EventKind.WITHDRAWN: _("%(who)s a retiré la déclaration"),
    EventKind.CLAIMED: _("%(who)s a rattaché la déclaration à son compte"),
    EventKind.SHARED: _("%(who)s a partagé la phrase à lire"),
    EventKind.UNSHARED: _("%(who)s a cessé de partager la phrase à lire"),
    EventKind.REOPENED: _("%(who)s a rouvert le dossier"),
    EventKind.RATED: _("%(who)s a donné son avis sur l’aide reçue"),
    EventKind.LINK_ROTATED: _("%(who)s a renouvelé le code de suivi"),
    EventKind.ERASED: _("%(who)s a effacé les données personnelles"),
}
# What the declarant did is said to the declarant.
YOURS: dict[str, Promise | str] = {
    EventKind.DECLARED: _("Vous avez déclaré l’incident"),
    EventKind.FACTS: _("Vous avez ajouté ou corrigé des faits"),
    EventKind.FILE: _("Vous avez remis une pièce"),
    EventKind.MESSAGE: _("Vous avez écrit au centre"),
    EventKind.WITHDRAWN: _("Vous avez retiré la déclaration"),
    EventKind.SHARED: _("Vous avez partagé la phrase à lire"),
    EventKind.UNSHARED: _("Vous avez cessé de partager la phrase à lire"),
    EventKind.RATED: _("Vous avez donné votre avis sur l’aide reçue"),
    EventKind.LINK_ROTATED: _("Vous avez renouvelé le code de suivi"),
}


# Said by nobody of the centre: its name has no place there.
BY_THE_BODY = (
    *(EventKind.DECLARED, EventKind.FACTS, EventKind.FILE, EventKind.WITHDRAWN, EventKind.CLAIMED),
    *(EventKind.SHARED, EventKind.UNSHARED, EventKind.RATED),
)
EVENTS_READ = 500


class Line(NamedTuple):
    at: datetime
    sentence: str


def history_of(incident: Incident) -> list[Line]:
    """Newest first, in one query. What one person did several times on end is one line, with its number.

    A kind that declarants have no sentence for is left out.
    """
    events = incident.events.filter(kind__in=SENTENCES).select_related("actor").order_by("-id")[:EVENTS_READ]
    alike = groupby(events, key=lambda event: (event.kind, event.actor_kind, event.actor_id))
    return [line_of(list(some), incident) for _key, some in alike]


def line_of(events: list[IncidentEvent], incident: Incident) -> Line:
    newest, said = events[0], sentence(events[0], incident)
    times = _(" (%d fois)") % len(events) if len(events) > 1 else ""
    return Line(newest.at, f"{said}{times}")


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
    centre = incident.csirt.name if incident.csirt and not is_of_the_body(event) else ""
    return ", ".join(part for part in (name, centre) if part) or str(_("Le centre"))


def is_of_the_body(event: IncidentEvent) -> bool:
    """Whether the declarant's side did it."""
    return event.kind in BY_THE_BODY or event.data.get("side") == DECLARANT
