"""The legal duties with a time limit of 72 hours that a body must know, each with its source.

They come from the GDPR, articles 33 and 34, if personal data are or may be concerned, and from the code des
assurances, article L12-10-1, if an attack is or may be the cause. Each time limit runs without pause from an instant
of its own. Duties with longer time limits are left out.
"""

from datetime import date, datetime, timedelta
from typing import NamedTuple

from collectivities.zones import CLOCK_LABELS, find_local_day
from incidents.enums import Answer, IncidentType, LeakStatus
from incidents.models import Incident
from incidents.moments import has_hour
from incidents.questions.formatting import format_moment
from incidents.services.history.snapshots import Values

LEGAL_TIME_LIMIT = timedelta(hours=72)
# A breakdown, a mistake, an unused flaw and a lost device are not attacks on a system.
NO_ATTACK = {IncidentType.OUTAGE, IncidentType.MISDELIVERY, IncidentType.FLAW, IncidentType.DEVICE}

DATA_TOUCHED = "Des données personnelles sont touchées."
DATA_CONFIRMED = "Le centre confirme que des données personnelles sont touchées."
DATA_MAYBE_TOUCHED = "Des données personnelles sont peut-être touchées."
NOTIFY_LATE = "Prévenez-la quand même, en disant pourquoi (RGPD, article 33)."
COMPLAIN_LATE = "Portez plainte quand même."
CNIL_TITLE = "Prévenir la CNIL"
CNIL_TITLE_IN_DOUBT = "Prévenir la CNIL, si des données personnelles sont touchées"


class Duty(NamedTuple):
    """A legal duty of a body. `by` is the French sentence that gives its deadline, or ""."""

    title: str
    text: str
    by: str
    source: str


INFORM_PERSONS = Duty(
    "Prévenir les personnes, tenir le registre",
    (
        "Les personnes sont prévenues si le risque pour elles est élevé. Toute violation est inscrite dans le "
        "registre de la collectivité, même si la CNIL n’est pas prévenue."
    ),
    "",
    "RGPD, articles 33 (5) et 34",
)


def list_duties(incident: Incident, zone: str, declared: Values, judgement: str, *, at: datetime) -> list[Duty]:
    """Return the duties that the case gives its body at the instant `at`. A deadline may have passed by then.

    `declared` holds the declared answers about personal data. `judgement` is that of the centre about the leak, or "".
    Deadlines are in the time zone `zone`.
    """
    duties = list_data_duties(incident, zone, declared, judgement, at=at)
    if incident.type not in NO_ATTACK:
        duties.append(describe_complaint_duty(incident, zone, at))
    return duties


def list_timed_duties(incident: Incident, zone: str, declared: Values, judgement: str, *, at: datetime) -> list[Duty]:
    """Return the duties that have a time limit, for pages with room for one line each.

    The parameters are as in `list_duties`.
    """
    duties = list_duties(incident, zone, declared, judgement, at=at)
    return [duty for duty in duties if duty != INFORM_PERSONS]


def list_data_duties(incident: Incident, zone: str, declared: Values, judgement: str, *, at: datetime) -> list[Duty]:
    """Return the duties about personal data.

    There are none if the centre judged the leak unfounded. Without a judgement of the centre, there are none if the
    declarant said that no data are concerned. A deadline is given only if the declarant said that data are concerned.
    """
    if judgement == LeakStatus.UNFOUNDED or (declared["concerned"] == Answer.NO and not judgement):
        return []
    if declared["concerned"] == Answer.YES:
        by = format_legal_deadline(incident.breach_known_at, zone, at, late=NOTIFY_LATE)
        notice = describe_cnil_duty(CNIL_TITLE, DATA_TOUCHED, by)
    elif judgement == LeakStatus.CONFIRMED:
        notice = describe_cnil_duty(CNIL_TITLE, DATA_CONFIRMED, "")
    else:
        notice = describe_cnil_duty(CNIL_TITLE_IN_DOUBT, DATA_MAYBE_TOUCHED, "")
    return [notice, INFORM_PERSONS]


def describe_cnil_duty(title: str, first: str, by: str) -> Duty:
    """Return the duty to notify the CNIL.

    `first` is the first sentence of its text, and `by` is the sentence that gives its deadline, or "".
    """
    within = (
        "La CNIL est prévenue dans les 72 heures après le moment où la collectivité en a connaissance, sauf "
        "si le risque pour les personnes est improbable. Une première notification peut être complétée."
    )
    return Duty(title, f"{first} {within}", by, "RGPD, article 33 ; CNIL")


def describe_complaint_duty(incident: Incident, zone: str, at: datetime) -> Duty:
    """Return the duty of an insured body to complain to the police. Its deadline is in the time zone `zone`."""
    return Duty(
        "Porter plainte, si vous êtes assurés",
        (
            "Si votre contrat couvre les attaques informatiques : l’indemnité suppose une plainte dans les 72 heures "
            "après le moment où la collectivité a connaissance de l’attaque. Police, gendarmerie ou procureur."
        ),
        format_legal_deadline(incident.attack_known_at, zone, at, late=COMPLAIN_LATE),
        "Code des assurances, article L12-10-1",
    )


def format_legal_deadline(known_at: datetime | None, zone: str, at: datetime, *, late: str) -> str:
    """Return the French sentence that gives the legal deadline in the time zone `zone`.

    If the deadline is before `at`, the sentence says so and the sentence `late` follows. Returns "" if the instant
    from which the time limit runs (`known_at`) is not known.
    """
    if known_at is None:
        return ""
    deadline = compute_legal_deadline(known_at, zone)
    day_or_hour = f"{format_moment(deadline, zone)}, {CLOCK_LABELS.get(zone, zone)}"
    if deadline < (at if isinstance(deadline, datetime) else find_local_day(at, zone)):
        return f"Ce délai est passé le {day_or_hour}. {late}"
    return f"D’après ce qui est déclaré : avant le {day_or_hour}."


def compute_legal_deadline(known_at: datetime, zone: str) -> date | datetime:
    """Return the legal deadline: the instant 72 hours later, or the day three days later if no hour is known."""
    return (
        known_at + LEGAL_TIME_LIMIT if has_hour(known_at, zone) else find_local_day(known_at, zone) + LEGAL_TIME_LIMIT
    )
