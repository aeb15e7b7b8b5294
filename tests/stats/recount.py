"""The exact figures counted again in plain Python, from the raw rows and the definitions of the figures. It shares no
code with `stats`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from collectivities.models import Region
from incidents.models import DataLeak, Incident, PendingEvent, ServiceInterruption
from stats.models import Presence, Rollup

ZONES = {"03": "America/Cayenne"}
CLASSES = {
    "rancon": "information-content-security/rancon",
    "fuite": "information-content-security/fuite",
    "panne": "availability/panne",
    "boite": "intrusions/boite",
    "inconnu": "other/inconnu",
}
HOURS = ((4, "0-4h"), (24, "4-24h"), (72, "1-3d"), (168, "3-7d"))
DELAYS = ((1, "0-1h"), (4, "1-4h"), (24, "4-24h"), (72, "1-3d"), (168, "3-7d"), (720, "7-30d"))

# A row of a model: column → value.
type Row = Mapping[str, Any]
type Sums = Counter[tuple[int | None, int | None, date, str, str]]
type Presences = dict[tuple[int | None, int | None, int, int], list[int]]


def recount_figures() -> tuple[Sums, Presences]:
    """Return (csirt, region, month, measure, band) → number, and (csirt, region, year, body) → [incidents, hits]."""
    codes = dict(Region.objects.values_list("pk", "code"))
    stopped, leaked = group_by_incident(ServiceInterruption), group_by_incident(DataLeak)
    sums: Sums = Counter()
    presences: Presences = {}
    for row in Incident.objects.values().iterator():
        if row["closing_reason"] in ("not_an_incident", "duplicate", "withdrawn"):
            continue
        zone = ZoneInfo(ZONES.get(codes.get(row["region_id"], ""), "Europe/Paris"))
        month = row["received_at"].astimezone(zone).date().replace(day=1)
        units = ["declared/"]
        if row["verification"] != "unverified":
            if row["nature"] == "report":
                units.append("reports/")
            else:
                leaks = leaked.get(row["id"], [])
                units += list_row_units(row, stopped.get(row["id"], []), leaks)
                key = (row["csirt_id"], row["region_id"], month.year, row["collectivity_id"])
                counted = presences.setdefault(key, [0, 0])
                counted[0] += 1
                counted[1] += bool(stopped.get(row["id"])) or any(leak["status"] != "unfounded" for leak in leaks)
        for unit in units:
            measure, _, band = unit.partition("/")
            sums[row["csirt_id"], row["region_id"], month, measure, band] += 1
    return sums, presences


def group_by_incident(model: type[ServiceInterruption] | type[DataLeak]) -> dict[int, list[Row]]:
    rows: dict[int, list[Row]] = {}
    for row in model.objects.values():
        rows.setdefault(row["incident_id"], []).append(row)
    return rows


def list_row_units(row: Row, stopped: list[Row], leaks: list[Row]) -> Iterator[str]:
    yield f"incidents/{CLASSES[row['type']]}"
    yield f"causes/{row['cause'] or 'not_said'}"
    yield f"discovery/{find_band(row['detected_at'], row['received_at'], DELAYS, '30d+')}"
    yield f"help/{find_band(row['received_at'], row['first_acknowledged_at'], DELAYS, '30d+')}"
    yield f"closing/{find_band(row['received_at'], row['closed_at'], DELAYS, '30d+')}"
    for interruption in stopped:
        yield f"interruptions/{find_band(interruption['started_at'], interruption['ended_at'], HOURS, '7d+')}"
        yield f"services/{interruption['service']}"
    for leak in leaks:
        if leak["status"] == "unfounded":
            yield "unfounded/"
            continue
        yield f"leaks/{band_persons(leak)}/{leak['status']}"
        for category in set(leak["categories"]) or {"inconnues"}:
            yield f"categories/{category}"


def find_band(since: datetime | None, until: datetime | None, limits: Iterable[tuple[int, str]], over: str) -> str:
    if not since or not until or until < since:
        return "unknown"
    hours = (until - since).total_seconds() / 3600
    return next((name for limit, name in limits if hours < limit), over)


def band_persons(leak: Row) -> str:
    number = leak["persons"]
    if number is None:
        return leak["persons_band"] or "unknown"  # a leak that only the centre judged has no band
    if number > 5000:
        return "5000+"
    return "0-5" if number <= 5 else "6-50" if number <= 50 else "51-300" if number <= 300 else "301-5000"


def read_stored_figures() -> tuple[Sums, Presences]:
    """Return the sums and presences that the database stores, in the same form as `recounted`."""
    sums: Sums = Counter()
    for *key, value in Rollup.objects.values_list("csirt", "region", "month", "measure", "band", "value"):
        if value:
            sums[tuple(key)] = value
    rows = Presence.objects.values_list("csirt", "region", "year", "collectivity", "incidents", "hits")
    return sums, {tuple(key): [incidents, hits] for *key, incidents, hits in rows if incidents or hits}  # type: ignore[misc]


def count_pending_events() -> int:
    return PendingEvent.objects.filter(consumer="stats").count()
