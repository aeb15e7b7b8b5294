"""Every file, class and function that the documents name exists, each requirement of ASVS is answered once, each
decision has the form of the others, and the README sets nginx up whole.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from accounts.enums import SecurityEventKind, SecurityOutcome
from incidents.facts.description import FactField
from tests.measure_house import APPS, list_sources
from tests.permission_matrix import MATRIX

ROOT = Path(__file__).resolve().parents[1]
ASVS, THREATS = "docs/asvs.md", "docs/threat-model.md"
LOGS = "docs/logs.md"
GUIDES = (ASVS, LOGS, "docs/recipes.md", THREATS, "docs/tour.md")
# These name a module by the end of its path, as `services/handling/due.py` or `urls.py`.
BRIEF_DOCUMENTS = ("ARCHITECTURE.md", "CONTRIBUTING.md", "docs/proofs.md")
NAMED_MODULES = re.compile(r"`([\w./-]+\.py)(?:::([\w.]+))?`")
NEVER_WRITTEN = "utils.py"  # ARCHITECTURE.md forbids a module of this name
# `path/of/a/file.py`, `path/of/a/folder` or `path/of/a/file.py::Name.member`. An address of the site begins with /.
NAMED = re.compile(r"`([\w.-]+(?:/[\w.-]+)+)(?:::([\w.]+))?`")
LINKS = re.compile(r"\[[^\]]+\]\(([^)\s:]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
FEWEST = 60
ANSWERS = ("holds", "fails", "not applicable")
# The number of requirements of each chapter of ASVS 5.0.0, at level 1 and at level 2.
LEVEL_1 = [8, 4, 8, 2, 4, 13, 6, 4, 4, 5, 3, 3, 1, 2, 3, 0, 0]
LEVEL_2 = [19, 8, 11, 8, 5, 22, 12, 3, 3, 24, 11, 6, 12, 7, 10, 16, 7]
# « V4.4.2–4 » are three requirements.
ASVS_IDS = re.compile(r"(V\d+\.\d+\.)(\d+)(?:–(\d+))?")
TEST_MODULES = [str(path.relative_to(ROOT)).removesuffix(".py") for path in (ROOT / "tests").rglob("test_*.py")]
# `test_look`, `test_look_*`, `tests/e2e/test_look` or `tests/e2e/test_look.py::test_what_it_does`.
NAMED_TEST = re.compile(r"`((?:tests/)?(?:\w+/)*test_[\w*]+)(?:\.py)?(?:::(\w+))?`")


@cache
def read(path: str) -> str:
    return (ROOT / path).read_text()


def list_named(text: str) -> list[tuple[str, str]]:
    """Return each path that a guide names, with the name of what is in it, empty for the file itself."""
    return NAMED.findall(text)


@cache
def list_names(path: str) -> frozenset[str]:
    return frozenset(walk(ast.parse(read(path)).body))


def walk(statements: list[ast.stmt], prefix: str = "") -> Iterator[str]:
    """Yield the classes, functions and variables of a module, then the members of its classes as « Class.member »."""
    for statement in statements:
        match statement:
            case ast.ClassDef(name=name, body=body):
                yield prefix + name
                yield from walk(body, f"{prefix}{name}.")
            case ast.FunctionDef(name=name) | ast.TypeAlias(name=ast.Name(id=name)):
                yield prefix + name
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield prefix + name
            case ast.Assign(targets=targets):
                yield from (prefix + target.id for target in targets if isinstance(target, ast.Name))


def list_cells(path: str, start: str) -> list[list[str]]:
    """Return the cells of each row that begins with this text, in all tables of a document."""
    return [row.strip("|").strip().split(" | ") for row in read(path).splitlines() if row.startswith(f"| {start}")]


class Judgement(NamedTuple):
    """A row of docs/asvs.md: the ids of requirements of one level, with their answer for Tocsin."""

    ids: list[str]
    level: int
    question: str
    answer: str
    evidence: str


@cache
def list_judgements() -> list[Judgement]:
    rows = list_cells(ASVS, "V")
    return [Judgement(expand_ids(ids), int(level), *texts) for ids, level, *texts in rows]


def expand_ids(cell: str) -> list[str]:
    """Return each id of « V4.4.2–4, V5.1.1 »."""
    return [
        f"{section}{number}"
        for section, first, last in ASVS_IDS.findall(cell)
        for number in range(int(first), int(last or first) + 1)
    ]


@pytest.mark.parametrize("guide", GUIDES)
def test_each_name_in_a_guide_exists(guide):
    references = list_named(read(guide))
    assert len(references) >= FEWEST
    assert [path for path, _name in references if not (ROOT / path).exists()] == []
    inside = [(path, name) for path, name in references if name and (ROOT / path).exists()]
    assert [f"{path}::{name}" for path, name in inside if name not in list_names(path)] == []


def test_each_limit_of_input_names_its_place_and_its_test():
    rows = [row.split(" | ") for row in read("docs/limits.md").splitlines() if row.startswith("| ")][1:]
    assert len(rows) >= 20
    for _input, _limit, where, tests in rows:
        assert list_named(where), where
        assert all(path.startswith("tests/") for path, _name in list_named(tests)), tests
        for path, name in [*list_named(where), *list_named(tests)]:
            assert (ROOT / path).exists(), path
            assert not name or name in list_names(path), f"{path}::{name}"


def test_each_requirement_of_asvs_is_answered_once():
    levels = [(id_, judgement.level) for judgement in list_judgements() for id_ in judgement.ids]
    assert [id_ for id_, number in Counter(id_ for id_, _level in levels).items() if number > 1] == []
    numbers = Counter((id_.partition(".")[0], level) for id_, level in levels)
    chapters = [f"V{number}" for number in range(1, len(LEVEL_1) + 1)]
    assert [numbers[chapter, 1] for chapter in chapters] == LEVEL_1
    assert [numbers[chapter, 2] for chapter in chapters] == LEVEL_2


def test_each_answer_has_its_evidence_or_its_reason():
    for judgement in list_judgements():
        assert judgement.answer in ANSWERS, judgement
        assert judgement.answer != "holds" or list_named(judgement.evidence), judgement
        assert judgement.evidence.strip(), judgement
        assert len(judgement.question.split()) <= 12, judgement


def test_the_answers_are_counted_at_the_end_of_the_document():
    numbers = Counter((row.answer, row.level) for row in list_judgements() for _id in row.ids)
    counts = {answer: [numbers[answer, 1], numbers[answer, 2]] for answer in ANSWERS}
    counts["all"] = [sum(column) for column in zip(*counts.values(), strict=True)]
    _before, end = read(ASVS).split("## Counts")
    assert re.findall(r"^\| (\D+) \| (\d+) \| (\d+) \| (\d+) \|$", end, re.MULTILINE) == [
        (answer, str(first), str(second), str(first + second)) for answer, (first, second) in counts.items()
    ]


def test_each_threat_has_its_test_and_what_remains():
    threats = list_cells(THREATS, "**") + list_cells(THREATS, "to ")
    assert len(threats) >= 20
    for threat, _protection, tests, remainder in threats:
        assert list_named(tests), threat
        assert all(path.startswith("tests/") and name for path, name in list_named(tests)), threat
        assert remainder.strip(), threat


def test_each_kind_of_security_event_is_in_the_inventory():
    """Once, with the outcomes that it may have, the place that records it and the tests."""
    rows = [cells for cells in list_cells(LOGS, "`") if len(cells) == 5]
    listed_kinds = [kind for kinds, *_others in rows for kind in re.findall(r"`(\w+)`", kinds)]
    assert sorted(listed_kinds) == sorted(SecurityEventKind.values)
    for kinds, outcomes, _when, where, tests in rows:
        assert set(outcomes.split(", ")) <= {*SecurityOutcome.values}, kinds
        assert list_named(where), kinds
        assert list_named(tests), kinds
        assert all(path.startswith("tests/") and name for path, name in list_named(tests)), kinds


def test_each_name_in_the_glossary_is_in_the_code():
    """Each name of the column « in the code », whose cells stand beside the French word and its meaning."""
    cells = [row.split(" | ")[1] for row in read("docs/glossary.md").splitlines() if row.count(" | ") == 2]
    words = {word for app in APPS for path in list_sources(app) for word in re.findall(r"\w+", path.read_text())}
    names = [part for cell in cells for name in re.findall(r"`([^`]+)`", cell) for part in re.findall(r"\w+", name)]
    assert len(names) >= FEWEST
    assert sorted(set(names) - words) == []


def test_the_architecture_is_read_in_one_sitting():
    assert len(read("ARCHITECTURE.md").splitlines()) <= 120


@pytest.mark.parametrize("document", BRIEF_DOCUMENTS)
def test_each_module_that_a_document_names_exists(document):
    paths = [*ROOT.glob("*.py"), *(path for app in [*APPS, "tests"] for path in list_sources(app))]
    modules = [str(path.relative_to(ROOT)) for path in paths]
    references = NAMED_MODULES.findall(read(document))
    assert references
    for end, name in references:
        paths_of_end = [path for path in modules if f"/{path}".endswith(f"/{end}")]
        assert paths_of_end or end == NEVER_WRITTEN, end
        assert not name or any(name in list_names(path) for path in paths_of_end), f"{end}::{name}"


def test_the_recipe_of_a_line_of_the_story_names_arguments_of_its_description():
    step = re.search(r"its description, with (.+?)\n2\. ", read("docs/recipes.md"), re.DOTALL)[1]
    arguments = re.findall(r"`(\w+)(?:=[\w.]+)?`", step)
    assert len(arguments) >= 4
    assert set(arguments) <= {field.name for field in fields(FactField)}


def test_each_decision_has_its_number_its_date_its_status_and_its_line_in_the_index():
    folder = ROOT / "docs/decisions"
    index = (folder / "README.md").read_text()
    for page in sorted(folder.glob("0*.md")):
        form = rf"# {int(page.name[:4])}\. (.+)\n\nDate: .+\n\nStatus: (?:accepted|superseded)\b"
        assert re.match(form, page.read_text()), page.name
        assert f"- [{int(page.name[:4])}. " in index, page.name
        assert f"]({page.name})" in index, page.name


@pytest.mark.parametrize("guide", GUIDES)
def test_links_lead_to_a_file_or_a_heading(guide):
    folder = (ROOT / guide).parent
    headings = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in HEADING.findall(read(guide))}
    for link in LINKS.findall(read(guide)):
        assert link[1:] in headings if link.startswith("#") else (folder / link).exists(), link


def test_a_missing_name_is_detected():
    text = "`incidents/gone.py`, `stats/enums.py::Measure.GONE`, `Measure`, `/suivi/gone/`"
    assert list_named(text) == [("incidents/gone.py", ""), ("stats/enums.py", "Measure.GONE")]
    assert "Measure.INCIDENTS" in list_names("stats/enums.py")
    assert "Measure.GONE" not in list_names("stats/enums.py")
    assert expand_ids("V4.4.2–4, V5.1.1") == ["V4.4.2", "V4.4.3", "V4.4.4", "V5.1.1"]


def test_the_nginx_of_the_readme_sends_the_headers_that_the_site_reads():
    """Without its Host, nginx sends 127.0.0.1:8000, which ALLOWED_HOSTS refuses."""
    headers = re.findall(r"^ +proxy_set_header (\S+) (\S+);$", read("README.md"), re.MULTILINE)
    assert dict(headers) == {"Host": "$host", "X-Forwarded-Proto": "$scheme", "X-Forwarded-For": "$remote_addr"}


def test_the_security_page_names_each_address_that_is_a_secret():
    """It says what each opens and how it ends, and tells the owner of the proxy to keep them all from the logs."""
    routes = {route.partition("{")[0] for _method, route, *_codes in MATRIX if re.search(r"\{(token|secret)\}", route)}
    page = read("SECURITY.md")
    assert len(routes) == 4
    for route in routes:
        assert f"| `/{route}…/` |" in page, route
        hidden = re.findall(r"`/(\S+/)`", page.partition("Keep the reverse proxy")[2])
        assert any(route.startswith(start) for start in hidden), route


def test_the_first_pages_link_to_the_guides():
    for page in ("README.md", "CONTRIBUTING.md"):
        assert [guide for guide in GUIDES if f"({guide})" not in read(page)] == []


# What docs/proofs.md names


def read_rows_of_proofs() -> list[list[str]]:
    """Return the cells of each row: the proofs, what they prove, and what fails in `make test` instead."""
    lines = read("docs/proofs.md").splitlines()
    return [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")][1:]


def find_modules(name: str) -> list[str]:
    """Return the modules with this name, or whose path ends with it. The name may end with a star."""
    return [module for module in TEST_MODULES if re.search(rf"(?:^|/){name.replace('*', r'\w+')}$", module)]


@cache
def read_tests(module: str) -> dict[str, bool]:
    """Return the tests of a module, with whether each is a proof or has a case that is one."""
    tree = ast.parse(read(f"{module}.py"))
    marks = [ast.unparse(node) for node in tree.body if isinstance(node, ast.Assign)]
    is_proof = module.startswith("tests/proofs/") or any("pytestmark" in mark and "proof" in mark for mark in marks)
    return {
        node.name: is_proof or any("mark.proof" in ast.unparse(mark) for mark in node.decorator_list)
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def test_each_test_that_the_document_names_exists():
    names = [name for row in read_rows_of_proofs() for cell in row for name in NAMED_TEST.findall(cell)]
    assert len(names) > 100
    missing = [
        f"{module}::{test}"
        for module, test in names
        if not any(not test or test in read_tests(path) for path in find_modules(module))
    ]
    assert missing == []


def test_each_module_with_a_proof_has_a_row():
    names = [module for row in read_rows_of_proofs() for module, _test in NAMED_TEST.findall(row[0])]
    modules = {module for name in names for module in find_modules(name)}
    with_proofs = {module for module in TEST_MODULES if any(read_tests(module).values())}
    assert sorted(with_proofs - modules) == []


def test_what_fails_instead_of_a_proof_runs_in_make_test():
    names = [name for row in read_rows_of_proofs() for name in NAMED_TEST.findall(row[2])]
    assert [f"{name}::{test}" for name, test in names if all(list_marks(name, test))] == []


def list_marks(name: str, test: str) -> list[bool]:
    """Return, for each test that the document names, whether it is a proof. An empty `test` names all of a module."""
    tests = [item for module in find_modules(name) for item in read_tests(module).items()]
    return [is_proof for key, is_proof in tests if test in ("", key)]
