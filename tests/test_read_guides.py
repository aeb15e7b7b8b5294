"""Every file, class and function that the guides for newcomers name exists, and the README sets nginx up whole."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
GUIDES = ("docs/recipes.md", "docs/tour.md")
# `path/of/a/file.py`, `path/of/a/folder` or `path/of/a/file.py::Name.member`. An address of the site begins with /.
NAMED = re.compile(r"`([\w.-]+(?:/[\w.-]+)+)(?:::([\w.]+))?`")
LINKS = re.compile(r"\[[^\]]+\]\(([^)\s:]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
FEWEST = 60


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


@pytest.mark.parametrize("guide", GUIDES)
def test_each_name_in_a_guide_exists(guide):
    references = list_named(read(guide))
    assert len(references) >= FEWEST
    assert [path for path, _name in references if not (ROOT / path).exists()] == []
    inside = [(path, name) for path, name in references if name and (ROOT / path).exists()]
    assert [f"{path}::{name}" for path, name in inside if name not in list_names(path)] == []


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


def test_the_nginx_of_the_readme_sends_the_headers_that_the_site_reads():
    """Without its Host, nginx sends 127.0.0.1:8000, which ALLOWED_HOSTS refuses."""
    headers = re.findall(r"^ +proxy_set_header (\S+) (\S+);$", read("README.md"), re.MULTILINE)
    assert dict(headers) == {"Host": "$host", "X-Forwarded-Proto": "$scheme", "X-Forwarded-For": "$remote_addr"}


def test_the_first_pages_link_to_the_guides():
    for page in ("README.md", "CONTRIBUTING.md"):
        assert [guide for guide in GUIDES if f"({guide})" not in read(page)] == []
