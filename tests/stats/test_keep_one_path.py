"""There is no way from a case to a public figure but `stats/disclosure.py`."""

import ast
from pathlib import Path

import pytest

from stats.models import Block

ROOT = Path(__file__).resolve().parents[2]
STATS = ROOT / "stats"
# What holds cases or exact sums, and the modules that read them.
EXACT = {
    "CaseFact",
    "Rollup",
    "Presence",
    "BlockMember",
    "Incident",
    "ServiceInterruption",
    "DataLeak",
    "IncidentEvent",
}
EXACT_MODULES = {"stats.facts", "stats.closed", "stats.rollups", "incidents.models"}


def names(path):
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield node.module
            yield from (alias.name for alias in node.names)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Attribute):
            yield node.attr


def test_it_works():
    """It is read for disclosure alone, and compared with what was published."""
    assert {"stats.facts", "CaseFact"} <= set(names(STATS / "closed.py"))
    assert "ClosedYears" in set(names(STATS / "disclosure.py"))
    users = {path.name for path in STATS.rglob("*.py") if "ClosedYears" in set(names(path))}
    assert users == {"disclosure.py", "carrying.py"}


# What the public pages and files are made of.
PUBLIC = [
    *(f"published/{path.name}" for path in sorted((STATS / "published").glob("*.py"))),
    *(f"reports/{path.name}" for path in sorted((STATS / "reports").glob("*.py"))),
    *(
        "story.py",
        "method.py",
        "tiles.py",
        "titles.py",
        "words.py",
        "sections.py",
        "charts.py",
        "chance.py",
        "freshness.py",
        "seal.py",
    ),
    *("exports.py", "package.py", "open_data.py", "dictionary.py", "api/views.py", "api/serializers.py"),
    "templatetags/figures.py",
]


@pytest.mark.parametrize("module", PUBLIC)
def test_the_public_page_reads_no_case_and_no_exact_sum(module):
    found = set(names(STATS / module))
    assert not found & (EXACT | EXACT_MODULES)
    assert "aggregate" not in found


def test_only_disclosure_makes_blocks():
    makers = {
        str(path.relative_to(ROOT))
        for app in ("accounts", "collectivities", "config", "csirts", "incidents", "notifications", "stats")
        for path in (ROOT / app).rglob("*.py")
        if "migrations" not in path.parts and {"Block", "ReleaseBlock", "BlockMember"} & set(names(path))
    }
    readers = {f"stats/{name}.py" for name in ("published/reading", "seal", "exports", "mine", "carrying")}
    assert makers == {"stats/disclosure.py"} | readers
    for reader in readers:
        source = (ROOT / reader).read_text()
        assert not any(word in source for word in ("create(", ".save(", "bulk_create", "update("))


def test_a_block_says_nothing_of_bodies_or_cases():
    assert {field.name for field in Block._meta.local_concrete_fields} == {
        "id",
        "measure",
        "region",
        "starts_on",
        "ends_on",
        "band",
        "value",
    }
