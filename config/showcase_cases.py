"""How the cases of the demonstration are declared: by an invented caller, with hours counted back from now."""

from datetime import datetime, timedelta
from typing import Any

from accounts.models import User
from collectivities.models import Collectivity
from config.demonstration import DOMAIN
from incidents.declaration import Caller, Declaration, Instant, Submission
from incidents.enums import Certainty, IncidentType, Origin
from incidents.services.declare import Declared, declare_incident

# The range 06 39 98 is kept by the regulator (Arcep) for works of fiction.
CALLER = Caller(
    name="Dominique Exemple", role="secrétaire de mairie", phone="06 39 98 00 12", email=f"accueil@{DOMAIN}"
)


def name_of(kind: str) -> str:
    return f"demonstration {kind}"


def declare(
    kind: IncidentType, body: Collectivity, now: datetime, *, hours: int, actor: User | None = None, **said: Any
) -> Declared:
    """`hours`: since it was found out. One case of a type, a body and an hour."""
    return declare_as(name_of(kind), kind, body, now - timedelta(hours=hours), actor=actor, **said)


def declare_as(
    name: str, kind: IncidentType, body: Collectivity, found_at: datetime, *, actor: User | None = None, **said: Any
) -> Declared:
    found = Instant(at=found_at, certainty=Certainty.APPROXIMATE)
    declaration = Declaration(collectivity=body, caller=CALLER, type=kind, detected=found, **said)
    return declare_incident(declaration=declaration, submission=Submission(key=name, origin=Origin.WEB), actor=actor)
