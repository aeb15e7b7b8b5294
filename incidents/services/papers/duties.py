"""The two legal delays in force that a body must know, each with its source.

GDPR, articles 33 and 34, if personal data are or may be concerned; code des assurances, article L12-10-1, if an attack
is or may be the cause. Each delay runs from its own instant, in hours without pause. No longer delay is shown.
"""

from datetime import date, datetime, timedelta
from typing import NamedTuple

from collectivities.zones import CLOCKS, day_of
from incidents.enums import Answer, IncidentType
from incidents.models import Incident
from incidents.moments import has_hour
from incidents.questions.saying import format_moment

WITHIN = timedelta(hours=72)
# A breakdown, a mistake, an unused flaw and a lost device are not attacks on a system.
NO_ATTACK = {IncidentType.OUTAGE, IncidentType.MISDELIVERY, IncidentType.FLAW, IncidentType.DEVICE}


class Duty(NamedTuple):
    title: str
    text: str
    by: str
    source: str


def duties_of(incident: Incident, zone: str) -> list[Duty]:
    duties = []
    if incident.data_concerned != Answer.NO:
        duties += data_duties(incident, zone)
    if incident.type not in NO_ATTACK:
        duties.append(complaint(incident, zone))
    return duties


def data_duties(incident: Incident, zone: str) -> list[Duty]:
    known = incident.data_concerned == Answer.YES
    maybe = "Des données personnelles sont peut-être touchées."
    first = "Des données personnelles sont touchées." if known else maybe
    return [
        Duty(
            "Prévenir la CNIL",
            f"{first} "
            + (
                "La CNIL est prévenue dans les 72 heures après le moment où la collectivité en a connaissance, sauf "
                "si le risque pour les personnes est improbable. Une première notification peut être complétée."
            ),
            before(incident.breach_known_at if known else None, zone),
            "RGPD, article 33 ; CNIL",
        ),
        Duty(
            "Prévenir les personnes, tenir le registre",
            (
                "Les personnes sont prévenues si le risque pour elles est élevé. Toute violation est inscrite dans le "
                "registre de la collectivité, même si la CNIL n’est pas prévenue."
            ),
            "",
            "RGPD, articles 33 (5) et 34",
        ),
    ]


def complaint(incident: Incident, zone: str) -> Duty:
    return Duty(
        "Porter plainte, si vous êtes assurés",
        (
            "Si votre contrat couvre les attaques informatiques : l’indemnité suppose une plainte dans les 72 heures "
            "après le moment où la collectivité a connaissance de l’attaque. Police, gendarmerie ou procureur."
        ),
        before(incident.attack_known_at, zone),
        "Code des assurances, article L12-10-1",
    )


def before(known_at: datetime | None, zone: str) -> str:
    """Return the end of the delay in the body's time zone, or "" if its start is not known."""
    if known_at is None:
        return ""
    at = format_moment(end_of_delay(known_at, zone), zone)
    return f"D’après ce qui est déclaré : avant le {at}, {CLOCKS.get(zone, zone)}."


def end_of_delay(known_at: datetime, zone: str) -> date | datetime:
    """Return the end of the delay: 72 hours after an instant, or three days of the body after a day without hour."""
    return known_at + WITHIN if has_hour(known_at, zone) else day_of(known_at, zone) + WITHIN
