"""Computation of the severity of a case from its structured facts, with the reasons. The severity only sorts the
queue, and a responder decides what to do.

Each fact gives points, which are added up: 0–1 low, 2–3 moderate, 4–5 high, 6 and more critical. The scale is the
project's own (it is not NCISS). The severity is displayed with its reasons. A person who sets another severity gives a
reason, and the severity never falls by itself.

| fact | points |
|---|---|
| the type of incident | 0 to 4 |
| a service is stopped or slowed; an essential service is stopped | 1; 2 |
| people who cannot be served, from 1 000; from 10 000 | 1; 2 |
| the spread: half of the computers (4 at least, of a known total), or one central server; the directory | 1; 2 |
| data are affected; they are sensitive, or their leak is confirmed | 1; 2 |
| data of more than 5 000 persons, or sensitive data of more than 300 | 1 more |
| the attacker is still active | 2 |
| some backups are damaged; all are, or there are none | 1; 2 |
| networks of other public bodies are connected | 1 |
| the payroll service is stopped or slowed in the second half of the month | 1 |
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import Enum
from typing import Any

from core.french import format_number
from incidents.enums import (
    TYPE_TERMS,
    DataCategory,
    IncidentType,
    InterruptionExtent,
    LeakStatus,
    PersonsBand,
    PublicService,
    Severity,
    find_persons_band,
)
from incidents.facts.shapes import Interruption, Leak

POINTS_OF_TYPE: dict[str, int] = {
    IncidentType.RANSOMWARE: 4,
    IncidentType.ADMIN_ACCOUNT: 4,
    IncidentType.TRANSFER: 4,  # A transfer can be stopped only by its payer, within hours of the order.
    IncidentType.LEAK: 2,
    IncidentType.SUPPLIER: 2,
    IncidentType.MAILBOX: 2,
    IncidentType.UNKNOWN: 2,
    IncidentType.DDOS: 1,
    IncidentType.DEFACEMENT: 1,
    IncidentType.DEVICE: 1,
    IncidentType.MISDELIVERY: 1,
}
# Without these services, people are harmed or unpaid within days.
ESSENTIAL_SERVICES = frozenset(
    {
        PublicService.CIVIL,
        PublicService.SOCIAL,
        PublicService.WATER,
        PublicService.PAYROLL,
        PublicService.TELEPHONY,
        PublicService.ELECTIONS,
    }
)
SENSITIVE_CATEGORIES = frozenset(
    {
        DataCategory.NIR,
        DataCategory.HEALTH,
        DataCategory.OFFENCES,
        DataCategory.OTHER_SENSITIVE,
        DataCategory.CREDENTIALS,
        DataCategory.OFFICIAL,
    }
)
# The project's own target for a first human answer, not a legal one.
ACKNOWLEDGE_WITHIN: dict[int, timedelta] = {
    Severity.CRITICAL: timedelta(hours=1),
    Severity.HIGH: timedelta(hours=4),
    Severity.MODERATE: timedelta(hours=24),
    Severity.LOW: timedelta(hours=72),
}
# How many people the interruptions affect.
PEOPLE_FOR_ONE_POINT, PEOPLE_FOR_TWO_POINTS = 1_000, 10_000
# Below this number of computers, half of them being down proves nothing about the spread.
MIN_TOUCHED_COMPUTERS = 4
# The days of the month in which payrolls are prepared.
PAY_DAYS = range(15, 32)
LARGE_BANDS = frozenset({PersonsBand.OVER_5000})
SENSITIVE_BANDS = LARGE_BANDS | {PersonsBand.UP_TO_5000}
# The questions that ask for the number of computers touched, and of all computers.
TOUCHED_COMPUTERS, ALL_COMPUTERS = "postes", "postes_total"


class WorryingAnswer(Enum):
    """Answers that make a case more severe. Each member is the code of a question with those of its choices that have
    the same effect. All codes are in the current version of the questions.
    """

    DIRECTORY = ("serveurs", {"annuaire"})
    CENTRAL_SERVER = ("serveurs", {"fichiers", "messagerie", "metier", "telephonie", "sauvegarde"})
    ONGOING_ATTACK = ("continue", {"oui"})
    ONGOING_FLOOD = ("rythme", {"continu", "vagues"})
    ALL_BACKUPS = ("sauvegardes_atteintes", {"toutes"})
    SOME_BACKUPS = ("sauvegardes_atteintes", {"partie"})
    NO_BACKUPS = ("sauvegardes_ou", {"aucune"})
    PUBLIC_NETWORK = ("reseaux", {"interco", "communes", "etat", "finances", "comedec"})

    def is_among(self, answers: Mapping[str, Any]) -> bool:
        """Tell whether the answers contain one of these choices."""
        question, choices = self.value
        answer = answers.get(question) or ()
        return not choices.isdisjoint([answer] if isinstance(answer, str) else answer)


@dataclass(frozen=True)
class Reason:
    """A fact that adds points to the severity of a case. `words` describe the fact to a responder. `is_of_day` is true
    if the fact counts only on some days of a month.
    """

    points: int
    words: str
    is_of_day: bool = False


@dataclass(frozen=True, kw_only=True)
class Situation:
    """The known facts of a case. `answers` maps the codes of questions to their answers. `on` is today's date in the
    time zone of the body.
    """

    type: str
    interruptions: Collection[Interruption] = ()
    leak: Leak | None = None
    answers: Mapping[str, Any] = field(default_factory=dict)
    on: date


@dataclass(frozen=True)
class Assessment:
    """The reasons for the severity of a case, those with the most points first."""

    reasons: tuple[Reason, ...]

    @property
    def points(self) -> int:
        return sum(reason.points for reason in self.reasons)

    @property
    def severity(self) -> Severity:
        return convert_points_to_severity(self.points)

    @property
    def severity_without_day(self) -> Severity:
        """Return the severity without the reasons that count only on some days of a month."""
        return convert_points_to_severity(sum(reason.points for reason in self.reasons if not reason.is_of_day))


# From how many points on a case has each severity, the lowest first.
LEAST_POINTS = {Severity.LOW: 0, Severity.MODERATE: 2, Severity.HIGH: 4, Severity.CRITICAL: 6}


def convert_points_to_severity(points: int) -> Severity:
    """Return the severity of a case with this number of points."""
    return max(severity for severity, least in LEAST_POINTS.items() if points >= least)


def assess_situation(situation: Situation) -> Assessment:
    """Return all reasons for the severity of a case with these facts."""
    reasons = [
        *weigh_type(situation.type),
        *weigh_services([interruption for interruption in situation.interruptions if interruption.ended_at is None]),
        *weigh_leak(situation.leak),
        *weigh_spread(situation.answers),
        *weigh_attacker(situation.answers),
        *weigh_backups(situation.answers),
        *weigh_connections(situation.answers),
        *weigh_calendar(situation.interruptions, situation.on),
    ]
    return Assessment(tuple(sorted(reasons, key=lambda reason: -reason.points)))


def weigh_type(incident_type: str) -> Iterator[Reason]:
    """Yield the reason that the type of incident gives, if it gives points."""
    if points := POINTS_OF_TYPE.get(incident_type):
        yield Reason(points, TYPE_TERMS[incident_type])


def weigh_services(ongoing: Collection[Interruption]) -> Iterator[Reason]:
    """Yield the reasons that the ongoing interruptions give: which services they affect, and how many people."""
    # A service whose extent nobody could say counts as stopped.
    stopped = [
        interruption
        for interruption in ongoing
        if interruption.extent != InterruptionExtent.DEGRADED and interruption.service in ESSENTIAL_SERVICES
    ]
    if stopped:
        is_stated = all(interruption.extent == InterruptionExtent.STOPPED for interruption in stopped)
        extent = "arrêté" if is_stated else "arrêté ou ralenti"
        yield Reason(2, f"service essentiel {extent} : {join_service_labels(stopped)}")
    elif ongoing:
        yield Reason(1, f"service touché : {join_service_labels(ongoing)}")
    people = max((interruption.people_affected or 0 for interruption in ongoing), default=0)
    if people >= PEOPLE_FOR_ONE_POINT:
        points = 2 if people >= PEOPLE_FOR_TWO_POINTS else 1
        yield Reason(points, f"{format_number(people)} personnes gênées")


def weigh_leak(leak: Leak | None) -> Iterator[Reason]:
    """Yield the reasons that the leak gives: its status and categories, and the number of persons."""
    if leak is None or leak.status == LeakStatus.UNFOUNDED:
        return
    sensitive = SENSITIVE_CATEGORIES.intersection(leak.categories)
    if leak.status == LeakStatus.CONFIRMED:
        yield Reason(2, "fuite de données confirmée")
    elif sensitive:
        yield Reason(2, "fuite possible de données sensibles" if leak.status else "données sensibles touchées")
    else:
        yield Reason(1, "fuite possible de données" if leak.status else "données touchées")
    band = find_persons_band(leak.persons, leak.persons_band)
    if band in (SENSITIVE_BANDS if sensitive else LARGE_BANDS):
        label = str(PersonsBand(band).label)
        yield Reason(1, f"données {label if label.startswith('de ') else f'de {label}'}")


def weigh_spread(answers: Mapping[str, Any]) -> Iterator[Reason]:
    """Yield the reason that the number and kind of affected computers give."""
    touched, total = read_number(answers.get(TOUCHED_COMPUTERS)), read_number(answers.get(ALL_COMPUTERS))
    if WorryingAnswer.DIRECTORY.is_among(answers):
        yield Reason(2, "l’annuaire des comptes est touché")
    elif WorryingAnswer.CENTRAL_SERVER.is_among(answers):
        yield Reason(1, "un serveur central est touché")
    elif total and touched >= MIN_TOUCHED_COMPUTERS and touched * 2 >= total:
        yield Reason(1, "la moitié des ordinateurs ou plus")


def weigh_attacker(answers: Mapping[str, Any]) -> Iterator[Reason]:
    """Yield a reason if the attacker is still active."""
    if WorryingAnswer.ONGOING_ATTACK.is_among(answers) or WorryingAnswer.ONGOING_FLOOD.is_among(answers):
        yield Reason(2, "l’attaque continue")


def weigh_backups(answers: Mapping[str, Any]) -> Iterator[Reason]:
    """Yield a reason if backups are damaged or missing."""
    if WorryingAnswer.ALL_BACKUPS.is_among(answers) or WorryingAnswer.NO_BACKUPS.is_among(answers):
        yield Reason(2, "aucune sauvegarde utilisable")
    elif WorryingAnswer.SOME_BACKUPS.is_among(answers):
        yield Reason(1, "une partie des sauvegardes est touchée")


def weigh_connections(answers: Mapping[str, Any]) -> Iterator[Reason]:
    """Yield a reason if networks of other public bodies are connected."""
    if WorryingAnswer.PUBLIC_NETWORK.is_among(answers):
        yield Reason(1, "d’autres réseaux publics y sont reliés")


def weigh_calendar(interruptions: Collection[Interruption], on: date) -> Iterator[Reason]:
    """Yield a reason if the payroll service is interrupted in the second half of the month. `on` is today in the time
    zone of the body.
    """
    paying = any(
        interruption.service == PublicService.PAYROLL and interruption.ended_at is None
        for interruption in interruptions
    )
    if paying and on.day in PAY_DAYS:
        yield Reason(1, "la paie du mois est proche", is_of_day=True)


def join_service_labels(interruptions: Collection[Interruption]) -> str:
    """Return the labels of the interrupted services, separated by commas."""
    return ", ".join(str(PublicService(interruption.service).label).lower() for interruption in interruptions)


def read_number(answer: Any) -> int:
    """Return the answer if it is a whole number, or else 0."""
    return answer if isinstance(answer, int) else 0
