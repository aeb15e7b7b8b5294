"""A small list in the place of the official one, and the command that loads it."""

from io import StringIO
from pathlib import Path

from django.core.management import call_command
from django.db import connection

from tests.superuser import act_as_superuser


def delete_bodies() -> None:
    """Empty the tables, which the site never does."""
    with act_as_superuser(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM collectivities_alias")
        cursor.execute("DELETE FROM collectivities_grouping")
        cursor.execute("DELETE FROM collectivities_collectivity")


def load_list(source: Path | None = None) -> str:
    out = StringIO()
    call_command("import_collectivities", *(["--source", source] if source else []), stdout=out)
    return out.getvalue()


def read_counts(output: str) -> tuple[int, ...]:
    words = ("créées", "modifiées", "fusionnées", "disparues", "inchangées")
    return tuple(int(line.split()[1]) for line in output.splitlines() if line.split() and line.split()[0] in words)
