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
from collectivities.models import Region
from collectivities.zones import PARIS, find_region_zone
from core.telephone import format_phone
from csirts.wording import format_centre_with_a
from incidents.enums import DueFor, Nature, Severity, Status
from incidents.models import DataLeak, Incident, ServiceInterruption
from incidents.querysets import IncidentQuerySet
from incidents.services.handling.readings import has_news
from incidents.triage import wording
from incidents.triage.queue.order import is_late
from incidents.workflow import is_abandoned, is_to_take

TO_CALL_BACK, TO_TAKE_OVER = "à rappeler", "à reprendre"


@dataclass(frozen=True)
class CaseLine:
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
    # True if the case has news for the reader of the list, or is to be taken and nobody has opened it.
    has_news: bool
    phone: str
    caller: str
    is_member: bool = False

    @property
    def heading(self) -> str:
        """Return the HTML level of the heading, as text, since templates are slow to format numbers."""
        return "3" if self.is_member else "2"

    @property
    def is_to_take(self) -> bool:
        row: Any = self.incident  # Any, for its annotations
        return is_to_take(row.status, has_holder=row.has_holder)

    @property
    def is_abandoned(self) -> bool:
        """Tell whether the case is to be taken over."""
        return is_row_abandoned(self.incident)

    @property
    def is_closed(self) -> bool:
        return self.incident.status == Status.CLOSED

    @property
    def is_overseas(self) -> bool:
        return self.zone != PARIS

    @property
    def owner(self) -> User | None:
        """Return the assignee, or None if they have left the centre while the case is open."""
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


def load_line_columns(cases: IncidentQuerySet) -> IncidentQuerySet:
    """Load only the columns of the cases that `build_lines` reads."""
    leaks = DataLeak.objects.filter(incident=OuterRef("pk")).order_by("pk")
    region = Coalesce(OuterRef("collectivity__region_correction"), OuterRef("collectivity__region"))
    joined: IncidentQuerySet = cases.select_related("story", "collectivity__departement", "assignee")
    return (
        joined.only(*DISPLAYED_FIELDS)
        .annotate_has_holder()
        .annotate(
            leak_status=Subquery(leaks.values("status")[:1]),
            region_code=Subquery(Region.objects.filter(pk=region).values("code")[:1]),
        )
    )


def build_lines(incidents: Iterable[Incident], now: datetime) -> list[CaseLine]:
    """Return the lines. `incidents` must come from `load_line_columns`. Runs one query, however many cases there are.

    Cases annotated with `read_at`, the user's last reading, also show whether there is news.
    """
    rows: list[Any] = list(incidents)  # Any, for their annotations
    touched = read_touched_services(rows)
    return [build_line(row, touched.get(row.pk, []), find_region_zone(row.region_code), now) for row in rows]


def read_touched_services(incidents: list[Incident]) -> dict[int, list[tuple[str, bool]]]:
    """Return, for each case id, the interrupted services, each with whether it is still interrupted."""
    touched: dict[int, list[tuple[str, bool]]] = defaultdict(list)
    rows = ServiceInterruption.objects.filter(incident__in=[row.pk for row in incidents]).order_by("pk")
    for incident, service, ended_at in rows.values_list("incident", "service", "ended_at"):
        touched[incident].append((service, ended_at is None))
    return touched


@lru_cache(maxsize=4096)
def format_population(number: int | None) -> str:
    """Return a text such as « 4 210 », or "" if unknown.

    It is cached, since grouping thousands for each row is slow.
    """
    return number_format(number, force_grouping=True) if number else ""


def is_awaited(incident: Incident) -> bool:
    """Tell whether the case waits for the declarant. A closed case does not, even with a pending question."""
    return incident.awaited_since is not None and incident.status != Status.CLOSED


def is_unread(incident: Any) -> bool:
    """Tell whether the case is to be taken and nobody has opened it.

    False if the row is not annotated with `is_read`.
    """
    return incident.status == Status.DECLARED and not getattr(incident, "is_read", True)


def find_answer_due(incident: Incident) -> datetime | None:
    """Return by when the declarant must be answered. Return None if nobody waits, if the case is closed, if the line
    already shows that deadline, or if the declarant only waits for somebody to take the case.
    """
    if incident.status == Status.CLOSED or incident.due_for == DueFor.ANSWER:
        return None
    waits_for_taking = incident.status == Status.DECLARED and incident.declarant_wrote_at is None
    return None if waits_for_taking else incident.answer_by


def format_who_waits(incident: Incident, answer_by: datetime | None, now: datetime, zone: str) -> str:
    """Return who waits, the declarant or the centre, as a text that replaces the time left; "" if nobody does."""
    if answer_by:
        return f"répondre avant {wording.format_short_moment(answer_by, now, zone)}"
    return "attend le déclarant" if is_awaited(incident) else ""


def format_burst_and_population(incident: Incident) -> str:
    """Return a text such as « , en rafale · 4 210 hab. »."""
    population = format_population(incident.collectivity.population)
    return (", en rafale" if incident.burst else "") + (f" · {population} hab." if population else "")


def list_case_marks(incident: Any) -> Iterator[str]:
    if is_row_abandoned(incident):
        holder = incident.assignee
        yield f"{TO_TAKE_OVER}\N{NO-BREAK SPACE}: {holder} n’est plus au centre" if holder else TO_TAKE_OVER
    if incident.is_to_call_back and incident.status != Status.CLOSED:
        yield TO_CALL_BACK
    if offered_to := getattr(incident, "offered_to", None):
        yield f"transfert proposé {format_centre_with_a(offered_to)}"


def is_row_abandoned(incident: Any) -> bool:
    """Tell whether the case is to be taken over (`is_abandoned`). It needs `annotate_has_holder()`."""
    return is_abandoned(incident.status, incident.assignee_id, has_holder=incident.has_holder)


def build_clock(incident: Incident, answer_by: datetime | None, now: datetime, zone: str) -> dict[str, Any]:
    """Return the fields of the line that say what is due, by when, and who waits."""
    clock, below = wording.format_clock(incident, now, zone, is_abandoned=is_row_abandoned(incident))
    late = now - incident.due_at if is_late(incident, now) else None
    who_waits = "" if late else format_who_waits(incident, answer_by, now, zone)
    return {
        "clock": clock,
        "clock_below": who_waits or below,
        "says_who_waits": bool(who_waits),
        "late": late,
        "is_answer_late": answer_by is not None and answer_by < now,
    }


def build_line(incident: Any, touched: list[tuple[str, bool]], zone: str, now: datetime) -> CaseLine:
    stopped = [service for service, is_stopped in touched if is_stopped]
    services = wording.format_services_still_stopped(incident, stopped, had_interruptions=bool(touched))
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
        **build_clock(incident, find_answer_due(incident), now, zone),
        zone=zone,
        has_news=has_news(incident, getattr(incident, "read_at", None)) or is_unread(incident),
        phone=format_phone(incident.story.contact_phone),
        caller=incident.story.contact_name,
    )
