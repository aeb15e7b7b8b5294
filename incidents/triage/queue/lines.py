"""The lines of a list of cases, with the facts by which responders choose what to do first."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils.formats import number_format

from accounts.models import User
from collectivities.zones import PARIS, find_region_zone
from core.telephone import format_phone
from csirts.wording import format_centre_with_au
from incidents.enums import DueFor, Nature, Severity, Status
from incidents.models import DataLeak, Incident, ServiceInterruption
from incidents.querysets import IncidentQuerySet
from incidents.services.handling.readings import has_news
from incidents.triage import wording
from incidents.triage.queue.order import is_late
from incidents.workflow import is_abandoned, must_be_taken

TO_CALL_BACK, TO_TAKE_OVER = "à rappeler", "à reprendre"


@dataclass(frozen=True)
class CaseLine:
    """A case as a line of the queue, with its texts ready for display."""

    incident: Incident
    reference: str
    body: str
    # Shown after the verification: whether the case came in a burst, and the population of the body.
    about: str
    marks: list[str]
    term: str
    nature: str
    level: int
    severity: str
    is_verified: bool
    received_at: str
    received: str
    services: str
    data: str
    # `clock` is what is due next and by when. `clock_below` is the text below it, such as the time that remains.
    clock: str
    clock_below: str
    late: timedelta | None
    # True if `clock_below` says who waits for an answer, the declarant or the centre.
    says_who_waits: bool
    # True if an answer to the declarant is late, and `clock` shows another deadline.
    is_answer_late: bool
    zone: str
    # True if the case has news for the reader of the list, or must be taken and nobody has opened it.
    has_news: bool
    phone: str
    caller: str
    is_member: bool = False

    @property
    def level_class(self) -> str:
        """Return the CSS class of the row. It is text, because templates format numbers slowly."""
        return f"row--{self.level}"

    @property
    def heading_level(self) -> str:
        """Return the level of the HTML heading, "2" or "3". It is text, because templates format numbers slowly."""
        return "3" if self.is_member else "2"

    @property
    def must_be_taken(self) -> bool:
        """Tell whether somebody must take the case, even if it is already assigned to somebody."""
        row: Any = self.incident  # Any, for its annotations
        return must_be_taken(row.status, has_holder=row.has_holder)

    @property
    def is_abandoned(self) -> bool:
        """Tell whether the case must be taken over, because nobody at the centre is in charge of it any more."""
        return is_row_abandoned(self.incident)

    @property
    def is_closed(self) -> bool:
        return self.incident.status == Status.CLOSED

    @property
    def is_overseas(self) -> bool:
        """Tell whether the time zone of the body is not that of Paris."""
        return self.zone != PARIS

    @property
    def owner(self) -> User | None:
        """Return the assignee of the case. Return None if the case is open and this person has left the centre."""
        row: Any = self.incident  # Any, for its annotations
        return self.incident.assignee if row.has_holder or self.is_closed else None


# The columns that a line shows: fifty rows of whole models would cost more than the rest of the page.
DISPLAYED_FIELDS = (
    *("burst", "reference", "status", "type", "nature", "severity", "verification", "received_at", "closing_reason"),
    *("due_at", "due_for", "is_taken", "awaited_since", "answer_by"),
    *("declarant_wrote_at", "service_stopped", "data_concerned", "is_to_call_back"),
    *("story__contact_phone", "story__contact_name", "story__supplier"),
    *("collectivity__kind", "collectivity__name", "collectivity__population", "collectivity__departement__name"),
    *("assignee__display_name", "assignee__email"),
)


def select_line_columns(cases: IncidentQuerySet) -> IncidentQuerySet:
    """Return the cases with only the columns and annotations that `build_lines` reads."""
    leaks = DataLeak.objects.filter(incident=OuterRef("pk")).order_by("pk")
    joined: IncidentQuerySet = cases.select_related("story", "collectivity__departement", "assignee")
    return (
        joined.only(*DISPLAYED_FIELDS)
        .annotate_has_holder()
        .annotate(
            leak_status=Subquery(leaks.values("status")[:1]),
            region_code=Coalesce("collectivity__region_correction__code", "collectivity__region__code"),
        )
    )


def build_lines(incidents: Iterable[Incident], now: datetime) -> list[CaseLine]:
    """Return a line for each case. `incidents` must come from `select_line_columns`. Runs one query in all.

    If the cases are annotated with `read_at`, the user's last reading, the lines also show whether there is news.
    """
    rows: list[Any] = list(incidents)  # Any, for their annotations
    affected = load_affected_services(rows)
    return [build_line(row, affected.get(row.pk, []), find_region_zone(row.region_code), now) for row in rows]


def load_affected_services(incidents: list[Incident]) -> dict[int, list[tuple[str, bool]]]:
    """Return lists of affected services, by primary key of the case. Runs one query.

    A service is given as (service code, is_still_interrupted).
    """
    affected: dict[int, list[tuple[str, bool]]] = defaultdict(list)
    rows = ServiceInterruption.objects.filter(incident__in=[row.pk for row in incidents]).order_by("pk")
    for incident, service, ended_at in rows.values_list("incident", "service", "ended_at"):
        affected[incident].append((service, ended_at is None))
    return affected


@lru_cache(maxsize=4096)
def format_population(number: int | None) -> str:
    """Return a population as text, such as « 4 210 », or "" if it is unknown.

    The result is cached, because it is slow to format a number for each line.
    """
    return number_format(number, force_grouping=True) if number else ""


def is_waiting_for_declarant(incident: Incident) -> bool:
    """Tell whether the case waits for an answer from the declarant. A closed case never does."""
    return incident.awaited_since is not None and incident.status != Status.CLOSED


def is_unread(incident: Any) -> bool:
    """Tell whether nobody has taken the case and nobody at its centre has opened its page.

    The result is False if the case is not annotated with `is_read`.
    """
    return incident.status == Status.DECLARED and not getattr(incident, "is_read", True)


def find_answer_due(incident: Incident) -> datetime | None:
    """Return the deadline for the answer to the declarant, if the line must show it beside the next deadline.

    It is None if the declarant waits for no answer, or only for somebody to take the case. It is also None if the case
    is closed, or if the answer is itself the next deadline.
    """
    if incident.status == Status.CLOSED or incident.due_for == DueFor.ANSWER:
        return None
    waits_for_taking = incident.status == Status.DECLARED and incident.declarant_wrote_at is None
    return None if waits_for_taking else incident.answer_by


def format_who_waits(incident: Incident, answer_by: datetime | None, now: datetime, zone: str) -> str:
    """Return a text that says who waits for an answer: the declarant or the centre. Return "" if neither does.

    `answer_by` comes from `find_answer_due`. The line shows this text instead of the time left.
    """
    if answer_by:
        return f"répondre avant {wording.format_short_moment(answer_by, now, zone)}"
    return "attend le déclarant" if is_waiting_for_declarant(incident) else ""


def format_burst_and_population(incident: Incident) -> str:
    """Return the mark of a burst and the population of the body, such as « , en rafale · 4 210 hab. », or ""."""
    population = format_population(incident.collectivity.population)
    return (", en rafale" if incident.burst else "") + (f" · {population} hab." if population else "")


def list_case_marks(incident: Any) -> Iterator[str]:
    """Yield the marks of the line.

    They say if the case must be taken over, if its declarant must be called back, and if it is offered to a centre.
    """
    if is_row_abandoned(incident):
        holder = incident.assignee
        yield f"{TO_TAKE_OVER}\N{NO-BREAK SPACE}: {holder} n’est plus au centre" if holder else TO_TAKE_OVER
    if incident.is_to_call_back and incident.status != Status.CLOSED:
        yield TO_CALL_BACK
    if offered_to := getattr(incident, "offered_to", None):
        yield f"transfert proposé {format_centre_with_au(offered_to)}"


def is_row_abandoned(incident: Any) -> bool:
    """Tell whether the case must be taken over, because nobody at the centre is in charge of it any more.

    The case must be annotated by `annotate_has_holder`.
    """
    return is_abandoned(incident.status, incident.assignee_id, has_holder=incident.has_holder)


def build_deadline_fields(incident: Incident, answer_by: datetime | None, now: datetime, zone: str) -> dict[str, Any]:
    """Return the fields of a `CaseLine` that say what is due, by when, how late it is, and who waits."""
    clock, below = wording.format_deadline_texts(incident, now, zone, is_abandoned=is_row_abandoned(incident))
    late = now - incident.due_at if is_late(incident, now) else None
    who_waits = "" if late else format_who_waits(incident, answer_by, now, zone)
    return {
        "clock": clock,
        "clock_below": who_waits or below,
        "says_who_waits": bool(who_waits),
        "late": late,
        "is_answer_late": answer_by is not None and answer_by < now,
    }


def build_line(incident: Any, affected: list[tuple[str, bool]], zone: str, now: datetime) -> CaseLine:
    """Return the line of a case. `affected` are its affected services, as (service code, is_still_interrupted)."""
    stopped = [service for service, is_stopped in affected if is_stopped]
    services = wording.format_services_still_stopped(incident, stopped, had_interruptions=bool(affected))
    return CaseLine(
        incident=incident,
        reference=incident.reference,
        body=str(incident.collectivity),
        about=format_burst_and_population(incident),
        marks=list(list_case_marks(incident)),
        term=wording.format_capital_term(incident.type),
        nature=wording.format_label(Nature, incident.nature),
        level=incident.severity,
        severity=wording.format_label(Severity, incident.severity).capitalize(),
        is_verified=incident.is_verified,
        received_at=incident.received_at.isoformat(),
        received=wording.format_short_moment(incident.received_at, now, zone),
        services=services if stopped else f"Services\N{NO-BREAK SPACE}: {services}",
        data=wording.format_data_status(incident, incident.leak_status),
        **build_deadline_fields(incident, find_answer_due(incident), now, zone),
        zone=zone,
        has_news=has_news(incident, getattr(incident, "read_at", None)) or is_unread(incident),
        phone=format_phone(incident.story.contact_phone),
        caller=incident.story.contact_name,
    )
