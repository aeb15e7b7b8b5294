# ruff: noqa: S608 (every name in these statements is ours)
"""The exact counts of a release. Its cases are frozen in a temporary table, from which PostgreSQL counts each
table.
"""

from typing import Any

from django.db import connection
from django.db.models import QuerySet

from collectivities.models import Collectivity, Region
from incidents.enums import LeakStatus, Nature
from stats.counting.strata import Bodies, make_stratum_expression, map_merged_bodies
from stats.disclosure.draw import EMPTY_COUNT, Categories, CellCount, CountsByTable, is_sensitive
from stats.disclosure.tables import OTHER_REGION, REGIONS, Period, Table, list_tables
from stats.enums import CAUSE_NOT_STATED, FAMILY_OF
from stats.releases.rows import Release

# It is one statement, so that all rows are read at one instant. The interruptions and leaks of a signalement do not
# count, because nothing was proved. A case that a yearly release has counted is in no later release, unless it was a
# signalement that became an incident. Incidents of earlier years are late.
FREEZE = """
CREATE TEMPORARY TABLE frozen_case ON COMMIT DROP AS
SELECT
    fact.incident_id AS fact_id,
    COALESCE(heir.body, fact.collectivity_id) AS body_id,
    fact.nature = %(report)s AS is_report,
    fact.month < %(starts_on)s AS is_late,
    CASE WHEN region.code = ANY(%(regions)s) THEN region.code ELSE %(other_region)s END AS region,
    to_char(fact.month, 'MM') AS month,
    'T' || to_char(fact.month, 'Q') AS quarter,
    fact.type,
    COALESCE(NULLIF(fact.cause, ''), %(no_cause)s) AS cause,
    fact.discovery_delay AS discovery,
    fact.help_delay AS help,
    fact.closing_delay AS closing,
    COALESCE(listed.stratum, '') AS stratum,
    CASE WHEN fact.nature = %(report)s THEN '{{}}' ELSE fact.interruption_hours END AS hours,
    CASE WHEN fact.nature = %(report)s THEN '{{}}' ELSE fact.interruption_services END AS services,
    COALESCE(leak.persons, '{{}}') AS persons,
    COALESCE(leak.statuses, '{{}}') AS statuses,
    CASE WHEN fact.nature = %(report)s THEN '{{}}' ELSE fact.leak_categories END AS categories,
    COALESCE(leak.unfounded, 0) AS unfounded
FROM stats_casefact fact
LEFT JOIN collectivities_region region ON region.id = fact.region_id
LEFT JOIN unnest(%(merged)s::bigint[], %(heirs)s::bigint[]) AS heir(merged, body) ON heir.merged = fact.collectivity_id
LEFT JOIN ({strata}) AS listed(body, stratum) ON listed.body = COALESCE(heir.body, fact.collectivity_id)
LEFT JOIN LATERAL (
    SELECT array_agg(part.persons) FILTER (WHERE part.status <> %(unfounded)s) AS persons,
           array_agg(part.status) FILTER (WHERE part.status <> %(unfounded)s) AS statuses,
           count(*) FILTER (WHERE part.status = %(unfounded)s) AS unfounded
    FROM unnest(fact.leak_persons, fact.leak_statuses) AS part(persons, status)
) leak ON cardinality(fact.leak_statuses) > 0 AND fact.nature <> %(report)s
WHERE fact.is_counted AND fact.is_verified AND fact.month <= %(last_month)s
    AND (fact.month >= %(starts_on)s OR %(is_yearly)s AND fact.nature <> %(report)s)
    AND NOT EXISTS (
        SELECT FROM stats_countedcase counted JOIN stats_release release ON release.id = counted.release_id
        WHERE counted.fact_id = fact.incident_id AND release.quarter = 0
            AND (NOT counted.is_report OR fact.nature = %(report)s)
    )
"""
SAVED_COLUMNS = (
    *("fact_id", "body_id", "is_report", "is_late", "region", "month", "quarter", "type", "cause", "discovery"),
    *("help", "closing", "stratum", "hours", "services", "persons", "statuses", "categories", "unfounded"),
)

# Unit → the query that gives one row for each unit. Each classification is a column with the same name.
INCIDENTS = "SELECT * FROM frozen_case WHERE NOT is_report AND NOT is_late"
UNIT_QUERIES = {
    "incidents": INCIDENTS,
    "reports": "SELECT * FROM frozen_case WHERE is_report",
    "late": "SELECT * FROM frozen_case WHERE is_late",
    "unfounded": f"SELECT incident.* FROM ({INCIDENTS}) incident, generate_series(1, unfounded)",
    "leaks": f"SELECT incident.*, part.* FROM ({INCIDENTS}) incident, "
    "unnest(incident.persons, incident.statuses) AS part(one_person, status)",
    "leak_categories": f"SELECT incident.*, category FROM ({INCIDENTS}) incident, unnest(categories) AS category",
    "interruptions": f"SELECT incident.*, part.*, family FROM ({INCIDENTS}) incident, "
    "unnest(incident.hours, incident.services) AS part(one_hours, service) "
    "JOIN unnest(%(services)s::text[], %(families)s::text[]) AS known(name, family) ON known.name = part.service",
    "bodies": f"SELECT DISTINCT ON (body_id) * FROM ({INCIDENTS}) incident WHERE stratum <> '' ORDER BY body_id",
}
# Classification → its column, if its own name is that of a list in the frozen cases.
LIST_COLUMNS = {"persons": "one_person", "hours": "one_hours"}
COUNT = """
SELECT {columns} sum(units), count(*), max(units)
FROM (SELECT {columns} body_id, count(*) AS units FROM ({rows}) unit GROUP BY {columns} body_id) of_a_body
{grouped}
"""


def freeze_cases(period: Period) -> None:
    """Copy the cases that a release of `period` counts, late cases included, to the temporary table `frozen_case`.

    The table disappears at the end of the transaction.
    """
    heirs = map_merged_bodies()
    listed = Collectivity.objects.filter(is_listed=True).values_list("pk", make_stratum_expression())
    strata, values_of_strata = convert_to_named_parameters(listed)
    arguments: dict[str, Any] = {
        "starts_on": period.starts_on,
        "last_month": period.last_month,
        "is_yearly": not period.quarter,
        "regions": list(REGIONS),
        "other_region": OTHER_REGION,
        "report": Nature.REPORT.value,
        "unfounded": LeakStatus.UNFOUNDED.value,
        "no_cause": CAUSE_NOT_STATED,
        "merged": list(heirs.keys()),
        "heirs": list(heirs.values()),
    }
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS frozen_case")
        cursor.execute(FREEZE.format(strata=strata), arguments | values_of_strata)
        cursor.execute("ANALYZE frozen_case")


def convert_to_named_parameters(rows: QuerySet[Any, Any]) -> tuple[str, dict[str, Any]]:
    """Return (SQL, values by name) of a query, for use inside a statement with named parameters."""
    statement, values = rows.query.sql_with_params()
    parameters = {f"part_{rank}": value for rank, value in enumerate(values)}
    return statement % tuple(f"%({name})s" for name in parameters), parameters


def count_cells(period: Period, existing: Bodies) -> CountsByTable:
    """Return the count of each cell of every table of the period, from the frozen cases.

    `existing` are the numbers of existing bodies, empty for a quarter.
    """
    with connection.cursor() as cursor:
        # A table of a large year groups some hundred thousand bodies, for which this memory avoids a sort on disk.
        cursor.execute("SET LOCAL work_mem = '256MB'")
        counts = {table.code: count_table(cursor, table) for table in list_tables(period)}
    return counts if period.quarter else counts | {"bodies_by_stratum": count_bodies_outside_cell(counts, existing)}


def count_bodies_outside_cell(counts: CountsByTable, existing: Bodies) -> dict[Categories, CellCount]:
    """Return the count of each stratum with its `bodies_outside_cell`. Runs one query.

    These are the existing bodies of the stratum in the régions with a printed number, minus the bodies that declared.
    The number of existing bodies is public. If nearly all of these bodies declared, a reader could conclude that
    bodies of a région with a dash declared too.
    """
    regions = Region.objects.filter(code__in=REGIONS).values_list("pk", "code")
    by_region = counts["incidents_by_region"]
    numbered = [pk for pk, code in regions if not is_sensitive(by_region.get((code,), EMPTY_COUNT))]
    return {
        (stratum,): count._replace(bodies_outside_cell=sum(existing[pk, stratum] for pk in numbered) - count.bodies)
        for (stratum,), count in counts["bodies_by_stratum"].items()
    }


def count_table(cursor: Any, table: Table) -> dict[Categories, CellCount]:
    """Return the count of each cell of a table. Cells without units are absent, except a total, which is then 0."""
    columns = "".join(f"{LIST_COLUMNS.get(name, name)}, " for name in table.by)
    grouped = f"GROUP BY {columns.rstrip(', ')}" if table.by else ""
    cursor.execute(
        COUNT.format(columns=columns, rows=UNIT_QUERIES[table.counts], grouped=grouped),
        {"services": list(FAMILY_OF), "families": [family.value for family in FAMILY_OF.values()]},
    )
    counts = {}
    for *cell, units, bodies, largest in cursor.fetchall():
        counts[tuple(cell)] = CellCount(int(units or 0), bodies, largest or 0)
    return counts


def save_cases(release: Release) -> None:
    """Save the frozen cases as the cases that the release counted."""
    columns = ", ".join(SAVED_COLUMNS)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO stats_countedcase (release_id, {columns}) SELECT %s, {columns} FROM frozen_case",
            [release.pk],
        )
        cursor.execute("DROP TABLE frozen_case")
