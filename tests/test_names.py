"""Names say what they name: those of the source and of the tests, of scripts, style sheets and templates."""

import ast
import re
from functools import cache
from pathlib import Path

from tests.measure_house import APPS, list_sources

ROOT = Path(__file__).resolve().parents[1]
# Where scripts, style sheets and templates give a name.
PAGE_NAMES = {
    "js": re.compile(r"\b(?:const|let|function) (\w+)|(?:dataset\.|\[data-)(\w+)"),
    "css": re.compile(r"\.([a-z]\w*)(?![\w-])"),
    "html": re.compile(r"\{% (?:with|for) (\w+)|\bdata-(\w+)(?![\w-])|class=\"(?:[^\"]* )?(\w+)(?=[\" {])"),
}


@cache
def read_source(path):
    return path.read_text(encoding="utf-8")


# As a name, but for a constant, each hides what the thing is or does: a declaration, a message, matches.
NOUN_OF_NOTHING = re.compile(
    r"said|told|shown|kept|asked|given|made|held|sent|wanted|stands|whoever|one|one_of|of_which|"
    r"mine|theirs|ours|these|those|here|there|named|typed|some|found|"
    r"which|beyond|meanwhile|made_of|next_one"
)


def list_defined_names(path):
    """Yield the names that a module gives to functions, classes, parameters and variables."""
    for node in ast.walk(ast.parse(read_source(path))):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def list_keys(path):
    """Yield the keys of the dict literals of a module, which templates read as names."""
    for node in ast.walk(ast.parse(read_source(path))):
        if isinstance(node, ast.Dict):
            yield from (key.value for key in node.keys if isinstance(key, ast.Constant) and isinstance(key.value, str))


def test_names_say_what_they_name():
    sources = [path for app in APPS for path in list_sources(app)]
    names = [(path, name) for path in sources for name in (*list_defined_names(path), *list_keys(path))]
    names += [(path, name) for path in list_sources("tests") for name in list_defined_names(path)]
    assert [
        f"{path.relative_to(ROOT)}::{name}"
        for path, name in names
        if not name.isupper() and NOUN_OF_NOTHING.fullmatch(name.lower())
    ] == []


def test_scripts_style_sheets_and_templates_name_what_they_name():
    files = [path for app in APPS for kind in PAGE_NAMES for path in (ROOT / app).rglob(f"*.{kind}")]
    names = [
        (path, name)
        for path in files
        for match in PAGE_NAMES[path.suffix.removeprefix(".")].finditer(read_source(path))
        for name in match.groups()
        if name
    ]
    assert {path.suffix for path, _name in names} == {".js", ".css", ".html"}
    assert [f"{path.relative_to(ROOT)}::{name}" for path, name in names if NOUN_OF_NOTHING.fullmatch(name)] == []


def list_routed_views():
    """Yield the names of the function views that have a route."""
    routes = [*(path for app in APPS for path in (ROOT / app).rglob("urls.py")), ROOT / "incidents/triage/routes.py"]
    for node in (node for path in routes for node in ast.walk(ast.parse(read_source(path)))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("path", "PageRoute") and len(node.args) > 1:
            yield ast.unparse(node.args[1]).rpartition(".")[2]


def test_no_view_is_named_for_its_page():
    """`show_case`, and not `case_page`: a page is what a view answers, not what it does."""
    views = [name for name in list_routed_views() if name.isidentifier()]
    assert len(views) > 100
    assert [name for name in views if re.fullmatch(r"(?!show_)\w+_(page|pdf)", name)] == []


def test_exceptions_are_named_for_the_fact():
    """As `DoesNotExist` of Django is: `raise` and `except` already say that it is an error."""
    classes = [
        (path, node)
        for path in [source for app in [*APPS, "tests"] for source in list_sources(app)]
        for node in ast.walk(ast.parse(read_source(path)))
        if isinstance(node, ast.ClassDef)
    ]
    exceptions = [
        (path, node.name)
        for path, node in classes
        if any(re.search(r"(Exception|Error)$", ast.unparse(base)) for base in node.bases)
    ]
    assert exceptions
    assert [f"{path.relative_to(ROOT)}::{name}" for path, name in exceptions if name.endswith("Error")] == []
