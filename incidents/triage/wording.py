"""What the responders' pages say: short moments, what is touched, and why an act was refused."""

from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from collectivities.zones import day_of, zone_of
from incidents.enums import NOT_SAID, TYPE_TERMS, Answer, LeakStatus, PublicService, Status
from incidents.models import Incident
from incidents.workflow import InvalidTransition

NBSP = "\N{NO-BREAK SPACE}"


def hour(at: datetime, zone: str) -> str:
    """« 9 h 51 », at the clock of the town hall; like each moment here, `zone` is an IANA name."""
    local = at.astimezone(ZoneInfo(zone))
    return f"{local.hour}{NBSP}h{NBSP}{local.minute:02}"


def short_moment(at: datetime, now: datetime, zone: str) -> str:
    """« 9 h 51 » today, « 23 nov., 9 h 51 » this year, « 23 nov. 2025 » before."""
    day, today = day_of(at, zone), day_of(now, zone)
    if day == today:
        return hour(at, zone)
    month = format_month_day(day)
    return f"{month}, {hour(at, zone)}" if day.year == today.year else f"{month}{NBSP}{day.year}"


@lru_cache(maxsize=2048)
def format_month_day(day: date) -> str:
    """« 23 nov. »: a list says the same few days many times, in the one language of the site."""
    return date_format(day, "j N").replace(" ", NBSP)


def since(at: datetime, now: datetime, zone: str) -> str:
    """« à 9 h 51 » today, « le 23 novembre à 9 h 51 » else: the end of a sentence."""
    day = day_of(at, zone)
    if day == day_of(now, zone):
        return _("à %(hour)s") % {"hour": hour(at, zone)}
    return _("le %(day)s à %(hour)s") % {"day": date_format(day, "j F Y"), "hour": hour(at, zone)}


def why_refused(incident: Incident, refused: InvalidTransition, now: datetime) -> str:
    """« Camille l’a pris à 9 h 51. »: who was first, and when."""
    zone = zone_of(incident.collectivity)
    if incident.status == Status.ACKNOWLEDGED and incident.acknowledged_at:
        who, when = incident.acknowledged_by, since(incident.acknowledged_at, now, zone)
        return _("%(who)s l’a pris %(when)s.") % {"who": who, "when": when}
    if incident.status == Status.CLOSED and incident.closed_at:
        reason, when = incident.get_closing_reason_display(), since(incident.closed_at, now, zone)
        return _("Ce dossier a été clos %(when)s : %(reason)s.") % {"when": when, "reason": reason}
    return _("Ce dossier ne peut pas passer à « %(state)s ».") % {"state": refused.wanted.label}


def term(incident: Incident) -> str:
    return str(TYPE_TERMS[incident.type])


def stopped(incident: Incident, interruptions: list[Any]) -> str:
    """The services that are still touched, or the answer given where none is named."""
    still = [one.service for one in interruptions if one.ended_at is None]
    return still_stopped(incident, still, was_touched=bool(interruptions))


def still_stopped(incident: Incident, services: list[str], *, was_touched: bool) -> str:
    """The same of codes of services. `was_touched`: some were named, which may all be back."""
    if was_touched and not services:
        return _("tous repris")
    answers: dict[str, str] = {
        Answer.YES: _("oui, non précisés"),
        Answer.NO: _("aucun"),
        Answer.UNKNOWN: _("ne sait pas"),
    }
    named = ", ".join(str(PublicService(code).label) for code in services)
    return named or answers.get(incident.service_stopped, str(NOT_SAID))


def data(incident: Incident, leaks: list[Any]) -> str:
    """What is said of the first leak, or the answer given where nobody said anything of one."""
    return of_data(incident, leaks[0].status if leaks else None)


def of_data(incident: Incident, leak_status: str | None) -> str:
    if leak_status:
        return _("fuite %(status)s") % {"status": LeakStatus(leak_status).label}
    answers: dict[str, str] = {
        Answer.YES: _("concernées"),
        Answer.NO: _("non"),
        Answer.UNKNOWN: _("ne sait pas"),
    }
    return answers.get(incident.data_concerned, str(NOT_SAID))


def waiting(incident: Incident, now: datetime) -> timedelta:
    return now - incident.received_at


def lateness(incident: Incident, now: datetime) -> timedelta | None:
    """How long ago somebody should have taken it; None when it is taken or still in time."""
    late = incident.status == Status.DECLARED and incident.acknowledge_by < now
    return now - incident.acknowledge_by if late else None
