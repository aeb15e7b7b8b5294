"""The texts that several responders' pages share: short dates, interrupted services, why an act was refused."""

from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Choices
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import capfirst

from collectivities.zones import find_local_day, find_zone
from core.french import NBSP, choose_plural, format_day
from incidents.due import compute_taking_due
from incidents.enums import NOT_STATED, TYPE_TERMS, Answer, ClosingReason, DueFor, LeakStatus, PublicService, Status
from incidents.facts.shapes import STORY_LINES
from incidents.models import Incident, Story
from incidents.workflow import InvalidTransition

DUE_VERBS = {DueFor.ACKNOWLEDGE: "prendre", DueFor.ANSWER: "répondre", DueFor.TASK: "faire", DueFor.REVIEW: "revoir"}
# The verb instead of « revoir », if nobody at the centre is in charge of the case any more.
TAKE_OVER = "reprendre"


SERVICE_ANSWERS: dict[str, str] = {
    Answer.YES: "oui, non précisés",
    Answer.NO: "aucun",
    Answer.UNKNOWN: "ne sait pas",
}
DATA_ANSWERS: dict[str, str] = {Answer.YES: "concernées", Answer.NO: "non", Answer.UNKNOWN: "ne sait pas"}


@cache
def format_label(choices: type[Choices], value: Any) -> str:
    """Return the label of a choice. It is cached, because a list shows the same few labels many times."""
    return choices(value).label


@cache
def format_capital_term(incident_type: str) -> str:
    """Return the French name of a type of incident with a capital letter, such as « Rançongiciel »."""
    return capfirst(TYPE_TERMS[incident_type])


def format_hour(at: datetime, zone: str) -> str:
    """Return a text such as « 9 h 51 ». In this module, `zone` is the IANA name of the time zone of the body."""
    local = at.astimezone(ZoneInfo(zone))
    return f"{local.hour}{NBSP}h{NBSP}{local.minute:02}"


def format_short_moment(at: datetime, now: datetime, zone: str) -> str:
    """Return an instant as « 9 h 51 » today, « 23 nov., 9 h 51 » this year, or « 23 nov. 2025 » before."""
    day, today = find_local_day(at, zone), find_local_day(now, zone)
    if day == today:
        return format_hour(at, zone)
    month = format_month_day(day)
    return f"{month}, {format_hour(at, zone)}" if day.year == today.year else f"{month}{NBSP}{day.year}"


def format_short_day(day: date, today: date) -> str:
    """Return a day as « aujourd’hui » today, « 23 nov. » this year, or « 23 nov. 2025 » before."""
    if day == today:
        return "aujourd’hui"
    month = format_month_day(day)
    return month if day.year == today.year else f"{month}{NBSP}{day.year}"


@lru_cache(maxsize=2048)
def format_month_day(day: date) -> str:
    """Return a day as « 23 nov. » or « 1er déc. ».

    The result is cached, because a list shows the same few days many times.
    """
    month = date_format(day, "N")
    return f"{day.day if day.day > 1 else '1er'}{NBSP}{month}"


def format_deadline_texts(incident: Incident, now: datetime, zone: str, *, is_abandoned: bool) -> tuple[str, str]:
    """Return two texts about what is due next, such as « prendre avant 10 h 40 » and « il reste 28 min ».

    If the deadline is on another day, the first text has the day and the second one the hour. If the deadline is past,
    the first text is « en retard de 2 h » and the second one has the deadline. For a closed case, they are « clos »
    and the closing reason. `is_abandoned` means that somebody must take the case over, not only review it.
    """
    if incident.status == Status.CLOSED:
        return "clos", format_label(ClosingReason, incident.closing_reason)
    verb, due_at = choose_due_verb(incident, is_abandoned=is_abandoned), incident.due_at
    duration, day = format_duration_rounded_down(due_at - now), find_local_day(due_at, zone)
    if due_at < now:
        return f"en retard de {duration}", f"{verb} avant {format_short_moment(due_at, now, zone)}"
    if day == find_local_day(now, zone):
        return f"{verb} avant {format_hour(due_at, zone)}", f"il reste {duration}"
    return f"{verb} avant le {format_month_day(day)}", f"{format_hour(due_at, zone)}, il reste {duration}"


def choose_due_verb(incident: Incident, *, is_abandoned: bool) -> str:
    """Return the French verb for what is due next on the open case, such as « répondre »."""
    return TAKE_OVER if is_abandoned and incident.due_for == DueFor.REVIEW else DUE_VERBS[DueFor(incident.due_for)]


def format_duration_rounded_down(value: timedelta) -> str:
    """Return a duration rounded down, such as « 31 h ». The sign of the duration is ignored.

    The text is in minutes under one hour, in hours under 96 hours, and in days above.
    """
    minutes = int(abs(value).total_seconds()) // 60
    if minutes < 60:
        return f"{minutes}{NBSP}min"
    if minutes < 96 * 60:
        return f"{minutes // 60}{NBSP}h"
    return choose_plural(f"%d{NBSP}jour", f"%d{NBSP}jours", minutes // 1440) % (minutes // 1440)


def format_since(at: datetime, now: datetime, zone: str) -> str:
    """Return a past instant as « à 9 h 51 » today, or « le 23 novembre 2026 à 9 h 51 » before."""
    day = find_local_day(at, zone)
    if day == find_local_day(now, zone):
        return f"à {format_hour(at, zone)}"
    return f"le {format_day(day)} à {format_hour(at, zone)}"


def explain_invalid_transition(incident: Incident, refusal: InvalidTransition) -> str:
    """Return a sentence that says why the case cannot get the wanted status.

    If the case was taken, the sentence says who took it, such as « Camille l’a pris à 9 h 51. », or who is in charge
    now. If the case is closed, it says when and why.
    """
    zone, now = find_zone(incident.collectivity), timezone.now()
    if incident.status == Status.ACKNOWLEDGED and incident.acknowledged_at:
        if incident.assignee and incident.assignee != incident.acknowledged_by:
            return f"{incident.assignee} s’occupe de ce dossier."
        who, when = incident.acknowledged_by, format_since(incident.acknowledged_at, now, zone)
        return f"{who} l’a pris {when}."
    if incident.status == Status.CLOSED and incident.closed_at:
        reason, when = incident.get_closing_reason_display(), format_since(incident.closed_at, now, zone)
        return f"Ce dossier a été clos {when} : {reason}."
    return f"Ce dossier ne peut pas passer à « {refusal.target.label} »."


def get_type_term(incident: Incident) -> str:
    """Return the professional term for the type of the incident, such as « rançongiciel », which responders read."""
    return TYPE_TERMS[incident.type]


def list_story_lines(story: Story) -> list[tuple[str, str]]:
    """Return the one-line details that the declarant wrote, such as the supplier, as (label, text).

    A text is "" if nothing was written.
    """
    return [(fact.short, getattr(story, name)) for name, fact in STORY_LINES.items()]


def format_stopped_services(incident: Incident, interruptions: list[Any]) -> str:
    """Return the names of the services that are still interrupted.

    If all of them work again, the text says so. If none was interrupted, the text is what the declarant answered.
    """
    still = [interruption.service for interruption in interruptions if interruption.ended_at is None]
    return format_services_still_stopped(incident, still, had_interruptions=bool(interruptions))


def format_services_still_stopped(incident: Incident, services: list[str], *, had_interruptions: bool) -> str:
    """Return the names of these services.

    If `services` is empty, `had_interruptions` decides. If it is true, the text says that all services work again. If
    it is false, the text is what the declarant answered.
    """
    if had_interruptions and not services:
        return "tous repris"
    service_names = ", ".join(format_label(PublicService, code) for code in services)
    return service_names or SERVICE_ANSWERS.get(incident.service_stopped) or NOT_STATED


def format_data_status(incident: Incident, leak_status: str | None) -> str:
    """Return the status of the leak. Without a leak, return what the declarant answered about data."""
    if leak_status:
        return f"fuite {format_label(LeakStatus, leak_status)}"
    return DATA_ANSWERS.get(incident.data_concerned) or NOT_STATED


def compute_waiting_time(incident: Incident, now: datetime) -> timedelta:
    """Return how long ago the case was received."""
    return now - incident.received_at


def compute_taking_lateness(incident: Incident, now: datetime) -> timedelta | None:
    """Return how long ago somebody should have taken the case, or None if it is taken or still in time."""
    due_at = compute_taking_due(incident)
    return now - due_at if incident.status == Status.DECLARED and due_at < now else None
