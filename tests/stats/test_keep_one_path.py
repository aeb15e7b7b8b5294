"""There is one way from a case to a public figure: `stats/releases/publish.py`."""

import ast
from functools import cache
from pathlib import Path

import pytest

from stats.models import Figure

ROOT = Path(__file__).resolve().parents[2]
STATS = ROOT / "stats"
APPS = ("accounts", "collectivities", "config", "core", "csirts", "incidents", "notifications", "retention", "stats")
# What holds cases or exact sums, and the modules that read them.
EXACT = {
    *("CaseFact", "Rollup", "Presence", "CountedCase", "Incident", "ServiceInterruption", "DataLeak", "IncidentEvent"),
    *("stats.counting.facts", "stats.counting.rollups", "stats.exact.sums", "stats.exact.year", "stats.exact.tables"),
    *("stats.releases.tally", "incidents.models"),
}
# What the public pages, reports and files are made of.
PUBLIC = [
    str(path.relative_to(STATS))
    for room in ("pages", "reports", "open_data", "api", "templatetags")
    for path in sorted((STATS / room).glob("*.py"))
]
# This page tells a declarant of the own case, and asks who may see it.
OF_ONE_CASE = "pages/views.py"


@cache
def find_names(path):
    """Return the names of what a module imports, and of the attributes that it reads."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            imported = [alias.name for alias in node.names]
            names.update([node.module, *imported, *(f"{node.module}.{name}" for name in imported)])
        elif isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.Attribute):
            names.add(node.attr)
    return names


def find_users(names):
    return {
        str(path.relative_to(ROOT))
        for app in APPS
        for path in (ROOT / app).rglob("*.py")
        if "migrations" not in path.parts and names & find_names(path)
    }


def test_cases_are_frozen_and_counted_only_to_publish_a_release():
    """The cases are frozen and counted for a release alone."""
    assert find_users({"freeze_cases", "count_cells"}) == {"stats/releases/publish.py"}
    assert find_users({"draw_release"}) == {"stats/releases/publish.py"}


@pytest.mark.parametrize("module", PUBLIC)
def test_a_public_page_reads_no_case_and_no_exact_sum(module):
    assert not find_names(STATS / module) & EXACT


def test_only_a_release_makes_figures():
    users = find_users({"Figure", "Denominator"})
    readers = ("models", "releases/publish", "releases/reading", "releases/seal", "reports/making")
    assert users == {f"stats/{name}.py" for name in readers}
    for reader in ("reading", "seal"):
        source = (STATS / "releases" / f"{reader}.py").read_text()
        assert not any(word in source for word in ("create(", ".save(", "bulk_create", "update("))


def test_a_stored_figure_has_no_column_about_bodies_or_cases():
    names = {field.name for field in Figure._meta.local_concrete_fields}
    assert names == {"id", "release", "table", "first", "second", "value"}


@pytest.mark.parametrize("module", ["tables", "figures", "audit", "draw"])
def test_the_modules_of_the_disclosure_rule_read_numbers_only(module):
    names = find_names(STATS / "disclosure" / f"{module}.py")
    assert not {name for name in names if name and name.startswith("django")}
    assert not names & EXACT
