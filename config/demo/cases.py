"""Declarations for the demonstration, with an invented caller and dates counted back from now."""

from datetime import datetime, timedelta
from typing import Any

from accounts.models import User
from collectivities.models import Collectivity
from config.demo.accounts import DOMAIN
from incidents.enums import Certainty, IncidentType, Origin
from incidents.facts.shapes import Caller, Declaration, Instant, Submission
from incidents.services.declaring.declare import DeclarationResult, declare_incident

# Arcep, the regulator, reserves the numbers 06 39 98 for works of fiction.
CALLER = Caller(
    name="Dominique Exemple", role="secrétaire de mairie", phone="06 39 98 00 12", email=f"accueil@{DOMAIN}"
)


def make_submission_key(kind: str) -> str:
    """Return the submission key of a case of the demonstration."""
    return f"demonstration {kind}"


def declare_case(
    kind: IncidentType, body: Collectivity, now: datetime, *, hours: int, actor: User | None = None, **answers: Any
) -> DeclarationResult:
    """Declare a case that was discovered `hours` ago. A second case of the same type needs `declare_case_with_key`,
    because the type is the submission key here.
    """
    return declare_case_with_key(
        make_submission_key(kind), kind, body, now - timedelta(hours=hours), actor=actor, **answers
    )


def declare_case_with_key(
    name: str, kind: IncidentType, body: Collectivity, found_at: datetime, *, actor: User | None = None, **answers: Any
) -> DeclarationResult:
    """Declare a case that was discovered at `found_at`. `name` is its submission key."""
    detected = Instant(at=found_at, certainty=Certainty.APPROXIMATE)
    declaration = Declaration(collectivity=body, caller=CALLER, type=kind, detected=detected, **answers)
    return declare_incident(declaration=declaration, submission=Submission(key=name, origin=Origin.WEB), actor=actor)
