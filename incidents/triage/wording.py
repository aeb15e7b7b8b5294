"""What the responders' pages say: short moments, what is touched, and why an act was refused."""

import re
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Choices
from django.utils.formats import date_format
from django.utils.text import capfirst

from collectivities.zones import find_local_day, find_zone
from core.french import choose_plural
from incidents.enums import NOT_SAID, TYPE_TERMS, Answer, ClosingReason, DueFor, LeakStatus, PublicService, Status
from incidents.models import Incident
from incidents.workflow import InvalidTransition

NBSP = "\N{NO-BREAK SPACE}"
FRENCH_NUMBER = re.compile(r"0\d{9}", re.ASCII)
DUE_VERBS = {DueFor.ACKNOWLEDGE: "prendre", DueFor.ANSWER: "répondre", DueFor.TASK: "faire", DueFor.REVIEW: "revoir"}


SERVICE_ANSWERS: dict[str, str] = {
    Answer.YES: "oui, non précisés",
    Answer.NO: "aucun",
    Answer.UNKNOWN: "ne sait pas",
}
DATA_ANSWERS: dict[str, str] = {Answer.YES: "concernées", Answer.NO: "non", Answer.UNKNOWN: "ne sait pas"}


@cache
def label(choices: type[Choices], value: Any) -> str:
    """What a choice is called. A list says the same few many times, in the one language of the site."""
    return str(choices(value).label)


@lru_cache(maxsize=4096)
def format_phone(number: str) -> str:
    """Return a French number in pairs, « 02 98 00 00 00 », and any other as it was typed."""
    if FRENCH_NUMBER.fullmatch(number):
        return NBSP.join(number[at : at + 2] for at in range(0, len(number), 2))
    return number


@cache
def capital_term(incident_type: str) -> str:
    """« Rançongiciel »: the field's name of a type, at the head of a line."""
    return capfirst(str(TYPE_TERMS[incident_type]))


def hour(at: datetime, zone: str) -> str:
    """« 9 h 51 », at the clock of the town hall; like each moment here, `zone` is an IANA name."""
    local = at.astimezone(ZoneInfo(zone))
    return f"{local.hour}{NBSP}h{NBSP}{local.minute:02}"


def short_moment(at: datetime, now: datetime, zone: str) -> str:
    """« 9 h 51 » today, « 23 nov., 9 h 51 » this year, « 23 nov. 2025 » before."""
    day, today = find_local_day(at, zone), find_local_day(now, zone)
    if day == today:
        return hour(at, zone)
    month = format_month_day(day)
    return f"{month}, {hour(at, zone)}" if day.year == today.year else f"{month}{NBSP}{day.year}"


def short_day(day: date, today: date) -> str:
    """« aujourd’hui », « 23 nov. » this year, « 23 nov. 2025 » before."""
    if day == today:
        return "aujourd’hui"
    month = format_month_day(day)
    return month if day.year == today.year else f"{month}{NBSP}{day.year}"


@lru_cache(maxsize=2048)
def format_month_day(day: date) -> str:
    """« 23 nov. », « 1er déc. »: a list says the same few days many times, in the one language of the site."""
    month = date_format(day, "N")
    return f"{day.day if day.day > 1 else '1er'}{NBSP}{month}"


def format_clock(incident: Incident, now: datetime, zone: str, *, is_left: bool = False) -> tuple[str, str]:
    """Return what is to be done by when, and what is left: « prendre avant 10 h 40 », « il reste 28 min ».

    `is_left`: whoever had it left the centre, so that it is to be taken where it would be to be seen again.
    Of another day « avant le 23 nov. », then the hour. Late: « en retard de 2 h », then by when it was to be done.
    """
    if incident.status == Status.CLOSED:
        return "clos", label(ClosingReason, incident.closing_reason)
    due_for = DueFor.ACKNOWLEDGE if is_left and incident.due_for == DueFor.REVIEW else DueFor(incident.due_for)
    verb, due_at = DUE_VERBS[due_for], incident.due_at
    left, day = format_duration(due_at - now), find_local_day(due_at, zone)
    if due_at < now:
        return f"en retard de {left}", f"{verb} avant {short_moment(due_at, now, zone)}"
    if day == find_local_day(now, zone):
        return f"{verb} avant {hour(due_at, zone)}", f"il reste {left}"
    return f"{verb} avant le {format_month_day(day)}", f"{hour(due_at, zone)}, il reste {left}"


def format_duration(value: timedelta) -> str:
    """« 31 h »: minutes under one hour, days from the fifth; rounded down, and never negative."""
    minutes = int(abs(value).total_seconds()) // 60
    if minutes < 60:
        return f"{minutes}{NBSP}min"
    if minutes < 96 * 60:
        return f"{minutes // 60}{NBSP}h"
    return choose_plural("%d\N{NO-BREAK SPACE}jour", "%d\N{NO-BREAK SPACE}jours", minutes // 1440) % (minutes // 1440)


def since(at: datetime, now: datetime, zone: str) -> str:
    """« à 9 h 51 » today, « le 23 novembre à 9 h 51 » else: the end of a sentence."""
    day = find_local_day(at, zone)
    if day == find_local_day(now, zone):
        return f"à {hour(at, zone)}"
    return "le {day} à {hour}".format(day=date_format(day, "j F Y"), hour=hour(at, zone))


def why_refused(incident: Incident, refused: InvalidTransition, now: datetime) -> str:
    """« Camille l’a pris à 9 h 51. »: who was first, and when, or who has the case since."""
    zone = find_zone(incident.collectivity)
    if incident.status == Status.ACKNOWLEDGED and incident.acknowledged_at:
        if incident.assignee and incident.assignee != incident.acknowledged_by:
            return f"{incident.assignee} s’occupe de ce dossier."
        who, when = incident.acknowledged_by, since(incident.acknowledged_at, now, zone)
        return f"{who} l’a pris {when}."
    if incident.status == Status.CLOSED and incident.closed_at:
        reason, when = incident.get_closing_reason_display(), since(incident.closed_at, now, zone)
        return f"Ce dossier a été clos {when} : {reason}."
    return f"Ce dossier ne peut pas passer à « {refused.wanted.label} »."


def term(incident: Incident) -> str:
    return str(TYPE_TERMS[incident.type])


def stopped(incident: Incident, interruptions: list[Any]) -> str:
    """The services that are still touched, or the answer given where none is named."""
    still = [one.service for one in interruptions if one.ended_at is None]
    return still_stopped(incident, still, was_touched=bool(interruptions))


def still_stopped(incident: Incident, services: list[str], *, was_touched: bool) -> str:
    """The same of codes of services. `was_touched`: some were named, which may all be back."""
    if was_touched and not services:
        return "tous repris"
    named = ", ".join(label(PublicService, code) for code in services)
    return named or SERVICE_ANSWERS.get(incident.service_stopped) or str(NOT_SAID)


def of_data(incident: Incident, leak_status: str | None) -> str:
    if leak_status:
        return f"fuite {label(LeakStatus, leak_status)}"
    return DATA_ANSWERS.get(incident.data_concerned) or str(NOT_SAID)


def waiting(incident: Incident, now: datetime) -> timedelta:
    return now - incident.received_at


def lateness(incident: Incident, now: datetime) -> timedelta | None:
    """How long ago somebody should have taken it; None when it is taken or still in time."""
    late = incident.status == Status.DECLARED and incident.acknowledge_by < now
    return now - incident.acknowledge_by if late else None
