"""Copies of cases, made by SQL: millions of raw rows, to check that the pages of figures do not depend on their
number.
"""

from typing import Any

from psycopg import Connection, sql

COPY_OF = {
    "incidents_incident": {
        "id": "{id} + id",
        "reference": "'B' || lpad(to_hex({id} + id), 7, '0')",
        "submission_key": "'B' || ({id} + id)",
        "merged_into_id": "NULL",
        "group_id": "NULL",
    },
    "incidents_serviceinterruption": {"id": "{row} + id", "incident_id": "{id} + incident_id"},
    "incidents_dataleak": {"id": "{row} + id", "incident_id": "{id} + incident_id"},
}
COLUMNS = """
    SELECT column_name FROM information_schema.columns
    WHERE table_name = %s AND is_generated = 'NEVER' ORDER BY ordinal_position
"""


def copy_cases(connection: Connection, under: int) -> None:
    """Copy incidents with their interruptions and leaks, and nothing else, until there are `under` incidents."""
    # Each copy is as valid as its case, so triggers and foreign keys are not checked.
    connection.execute("SET session_replication_role = replica")
    count, first = fetch_row(connection, "SELECT count(*), max(id) FROM incidents_incident")
    sizes = {name: fetch_row(connection, f"SELECT max(id) FROM {name}")[0] or 0 for name in COPY_OF}  # noqa: S608 (ours)
    for copy in range(1, -(-under // count)):
        most = min(count, under - copy * count)
        for name, changed in COPY_OF.items():
            add_copy(connection, name, changed, {"id": copy * first, "row": copy * sizes[name]}, most)
    connection.execute("SET session_replication_role = origin")


def add_copy(connection: Connection, name: str, changed: dict[str, str], added: dict[str, int], most: int) -> None:
    """Copy the rows of the first `most` cases. `changed` gives the SQL of the columns that differ, `added` the offsets
    of its keys.
    """
    columns = [column for (column,) in connection.execute(COLUMNS, [name])]
    values = [changed[column].format(**added) if column in changed else f'"{column}"' for column in columns]
    case = "id" if name == "incidents_incident" else "incident_id"
    statement = (
        "INSERT INTO {name} ({columns}) SELECT {values} FROM {name} WHERE {case} <= (SELECT max(id) FROM firsts)"
    )
    firsts = "WITH firsts AS (SELECT id FROM incidents_incident ORDER BY id LIMIT {most}) "
    connection.execute(
        sql.SQL(firsts + statement).format(
            name=sql.Identifier(name),
            columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
            values=sql.SQL(", ".join(values)),
            case=sql.Identifier(case),
            most=sql.Literal(most),
        )
    )


def fetch_row(connection: Connection, query: str) -> tuple[Any, ...]:
    return connection.execute(query).fetchone()  # type: ignore[return-value]  # a sum has one row
