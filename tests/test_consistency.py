"""Rules about the code itself. Each one is a review comment we never want to write again."""

import ast
import re
import tomllib
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path

from django.apps import apps
from django.core.management import call_command
from django.db import models
from django.db.migrations import AddField
from django.db.migrations.loader import MigrationLoader
from django.template.loader import get_template
from rest_framework.permissions import AllowAny

from accounts.api.permissions import HasScope
from accounts.enums import MailKind
from config.api.urls import urlpatterns as api_patterns
from incidents.enums import EventKind
from notifications.enums import Recipient
from tests.measure_house import (
    APPS,
    CROWDED_FOLDER,
    CROWDED_TESTS,
    LONG_FILE,
    LONG_FUNCTION,
    MOST_SHARED_NAMES,
    count_lines,
    find_shared_names,
    list_functions,
    list_recipe_sizes,
    list_sources,
    measure_complexity,
)

ROOT = Path(__file__).resolve().parents[1]
LAYERS = ["collectivities", "csirts", "accounts", "incidents", "notifications", "stats", "retention"]
OURS = [model for app in LAYERS for model in apps.get_app_config(app).get_models()]
WRITTEN = [model for model in OURS if not hasattr(model, "pgh_tracked_model")]  # the others are kept by triggers
SOURCES = [path for app in [*LAYERS, "config", "core"] for path in (ROOT / app).rglob("*.py")]
TEMPLATES = [path for app in [*LAYERS, "config"] for path in (ROOT / app).rglob("templates/**/*.*")]
ADMIN_OVERRIDES = {"admin", "registration", "django"}  # found by their name, by Django
MAILS = {f"notifications/{who}_{what}" for who in Recipient.values for what in EventKind.values}
MAILS |= {f"accounts/mail/{what}" for what in MailKind.values}


@cache
def read_source(path):
    """Return the text of a file, which several rules read."""
    return path.read_text()


def test_migrations_match_the_models(db):
    """The migrations say all that the models say."""
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


# The newest migration of each application before the rule below: later ones are judged.
LAST_UNJUDGED = {"collectivities": 6, "csirts": 4, "accounts": 6, "incidents": 22, "notifications": 4, "stats": 9}


def test_each_list_of_packages_is_whole():
    """A new package is judged by every rule only once it is in each of these lists."""
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    project = tomllib.loads(read_source(ROOT / "pyproject.toml"))["tool"]
    makefile = re.search(r"^SOURCE := (.+)$", read_source(ROOT / "Makefile"), re.MULTILINE)
    assert {*LAYERS, "config", "core"} == packages
    assert set(APPS) == packages
    assert set(project["importlinter"]["root_packages"]) == packages
    assert set(project["coverage"]["run"]["source"]) == packages
    assert makefile
    assert set(makefile[1].split()) == packages


def test_running_code_can_insert_rows_after_a_migration():
    """The code that runs between `migrate` and the restart inserts rows without the new columns."""
    added = [
        (f"{name} adds {operation.model_name}.{operation.name}", operation.field)
        for (app, name), migration in MigrationLoader(None).disk_migrations.items()
        if app in LAYERS and int(name[:4]) > LAST_UNJUDGED.get(app, 0)
        for operation in migration.operations
        if isinstance(operation, AddField)
    ]
    wrong = [what for what, field in added if not (field.null or field.many_to_many or field.has_db_default())]
    assert wrong == []


LOOSE_MARK = re.compile(r"(?<=[\w»)]) (?=[:;!?»](?!=))|(?<=«) ")
FRENCH_WORD = re.compile(r"[éèàêç’«]|\b(le|la|un|une|est|de|du|ne|pas)\b")
# Their texts go through a function that sets the spaces, or to a terminal, or are in the migrations.
SPACES_SET_ELSEWHERE = ("stats/", "config/", "csirts/models.py", "core/french.py")


def test_french_marks_of_the_sources_follow_a_no_break_space():
    """A text of the sources is displayed as it is, so that a narrow screen could begin a line with its mark."""
    loose = []
    for path in SOURCES:
        name = str(path.relative_to(ROOT))
        if name.startswith(SPACES_SET_ELSEWHERE) or "migrations" in path.parts or "management" in path.parts:
            continue
        for text, line in list_texts(ast.parse(read_source(path))):
            if LOOSE_MARK.search(text) and FRENCH_WORD.search(text):
                loose.append(f"{name}:{line}")
    assert loose == []


def list_texts(tree):
    """Return the (text, line) of each string of the module, except docstrings."""
    with_docstrings = (ast.Module, ast.ClassDef, ast.FunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, with_docstrings)
        if node.body and isinstance(node.body[0], ast.Expr)
    }
    return [
        (node.value, node.lineno)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings
    ]


def test_foreign_keys_point_to_lower_applications_only():
    """import-linter cannot see a ForeignKey written as a string; this can."""
    for field in (field for model in OURS for field in model._meta.get_fields()):
        if field.is_relation and not field.auto_created and field.related_model._meta.app_label in LAYERS:
            own_layer, other_layer = (LAYERS.index(end._meta.app_label) for end in (field.model, field.related_model))
            assert other_layer <= own_layer, f"{field} points up"


def test_choices_are_enforced_by_the_database():
    """Django's choices bind forms only."""
    for model in WRITTEN:
        checked = {
            name
            for constraint in model._meta.constraints
            if isinstance(constraint, models.CheckConstraint)
            for name, _ in leaves(constraint.condition)
        }
        choices = {f"{field.name}__in" for field in model._meta.local_concrete_fields if field.choices}
        assert choices <= checked, f"{model._meta.label}: {choices - checked}"


def leaves(condition):
    for child in getattr(condition, "children", []):
        if isinstance(child, models.Q):
            yield from leaves(child)
        elif isinstance(child, tuple):
            yield child


def test_each_label_is_given_and_in_lower_case():
    for model in WRITTEN:
        fields = [field for field in model._meta.local_concrete_fields if not field.primary_key]
        for label in [model._meta.verbose_name, *(field._verbose_name for field in fields)]:
            assert label, f"{model._meta.label}: a field shows its English name to people"
            word = re.split(r"[\s’]", str(label))[0]  # Django’s own user has lazy ones
            assert word.islower() or word.isupper(), f"{model._meta.label}: {label!r}"


def name_template(path):
    """Return the name by which Django finds the template."""
    return str(path).split("/templates/", 1)[1]


def test_every_template_can_be_read():
    """A filter or a tag that is not there shows only on the page that comes to it."""
    for path in TEMPLATES:
        get_template(name_template(path))


def test_every_template_is_used():
    assert [str(path.relative_to(ROOT)) for path in TEMPLATES if not is_used(path)] == []


def is_used(path):
    name = name_template(path)
    stem = name.rsplit(".", 1)[0]
    if name.split("/")[0] in ADMIN_OVERRIDES or re.fullmatch(r"\d{3}\.html", name) or stem in MAILS:
        return True
    others = [read_source(other) for other in [*SOURCES, *TEMPLATES] if other != path]
    if stem.startswith("icons/"):
        return any(f"{quote}{path.stem}{quote}" in text for text in others for quote in "\"'")
    return any(stem in text for text in others)


INLINE_CODE = re.compile(r"<script(?![^>]*\bsrc=)|<style\b|\sstyle=|\son[a-z]+=|javascript:")
OTHER_HOST = re.compile(r"<(?:script|link|img|iframe)\b[^>]*(?:src|href)=[\"']?(?:https?:)?//")


def test_no_template_carries_inline_code_or_calls_another_host():
    for path in TEMPLATES:
        for rule in (INLINE_CODE, OTHER_HOST):
            assert not rule.search(read_source(path)), path.relative_to(ROOT)


# Each of these names is that of a module or more: stats/exact/files.py, stats/open_data/package.py and csv_files.py.
MODULES_FOR_READERS = {"views.py", "charts.py", "files.py", "package.py", "csv_files.py"}


def test_views_and_exports_of_figures_read_no_raw_facts():
    """Pages and files of exact figures read sums, those of published figures read releases, and neither reads what was
    counted of one case.
    """
    readers = [path for path in (ROOT / "stats").rglob("*.py") if path.name in MODULES_FOR_READERS]
    assert {path.name for path in readers} == MODULES_FOR_READERS
    for path in readers:
        assert not re.search(r"\bCaseFact\b", read_source(path)), f"{path.relative_to(ROOT)} reads raw facts"


LOOSE = re.compile(r"(?<=\S) [:;?!»](?=[\s<{\"]|$)|« ", re.MULTILINE)
TAGS = re.compile(r"\{%.*?%\}|\{#.*?#\}|\{% comment %\}.*?\{% endcomment %\}", re.DOTALL)


def test_french_marks_keep_their_word():
    """A no-break space before : ; ? ! » and after «. Mails are set by a rule of their own."""
    folders = ["incidents/templates", "config/templates", "accounts/templates"]
    for path in (path for folder in folders for path in (ROOT / folder).rglob("*.html")):
        words = read_source(path)
        for text in (TAGS.sub("", words), *re.findall(r'(?:legend|help|title|rest|label|words)="([^"]*)"', words)):
            assert not LOOSE.search(text), (path.name, LOOSE.search(text), text[:200])


def test_every_form_of_the_triage_turns_off_the_messages_of_the_browser():
    """The page names a missing field in French, because the browser of a responder may be set to another language."""
    forms = [
        (path.name, form)
        for path in (ROOT / "incidents/templates/incidents/triage").rglob("*.html")
        for form in re.findall(r'<form[^>]*method="post"[^>]*>', read_source(path))
    ]
    assert forms
    assert not [name for name, form in forms if "novalidate" not in form]


def test_no_test_module_imports_another():
    """Code that several modules share is in a support module or a conftest, where a reader finds it by its subject."""
    importing = re.compile(r"^from tests(?:\.\w+)*\.test_\w+ import|^from tests(?:\.\w+)* import test_", re.MULTILINE)
    modules = [path for path in (ROOT / "tests").rglob("*.py") if importing.search(read_source(path))]
    assert modules == []


def test_functions_and_files_stay_short():
    sources = [path for app in APPS for path in list_sources(app)]
    assert [name for name, lines in list_functions(sources) if lines > LONG_FUNCTION] == []
    assert [path.name for path in [*sources, *list_sources("tests")] if count_lines([path]) > LONG_FILE] == []


def test_few_names_are_defined_more_than_once():
    """Two functions of one name in two modules make a reader open both. Lower the limit when a name goes."""
    assert len(find_shared_names([path for app in APPS for path in list_sources(app)])) <= MOST_SHARED_NAMES


def test_the_figures_of_the_house_find_every_function_and_recipe():
    """`make figures` reads what ruff prints and the table of recipes, whose forms may change."""
    sources = [path for app in APPS for path in list_sources(app)]
    assert len(measure_complexity()) == len(list_functions(sources))
    recipes = re.findall(r"^## (\d+\. .+)$", (ROOT / "docs/recipes.md").read_text(), re.MULTILINE)
    assert [name.lower() for name, _files in list_recipe_sizes()] == [name.lower() for name in recipes]


# The sets of ids behind the roles of a person (accounts/models/people.py).
IDS_OF_A_PERSON = re.compile(r"\b((readable|workable|led)_centre_ids|get_(collectivity|centre)_ids)\b")


def test_one_place_decides_in_which_centres_and_bodies_somebody_has_a_role():
    """Elsewhere the person answers (`reads_centre`, `works_in_any_centre`, `has_body`…) or, for a condition and for
    rows, `accounts.access`: `match_centres`, `list_centres`, `is_member`, `list_bodies`, `get_body`.
    """
    paths = [path for path in [*SOURCES, *TEMPLATES] if path.relative_to(ROOT).parts[0] != "accounts"]
    texts = {str(path.relative_to(ROOT)): read_source(path) for path in paths}
    callers = {path for path, text in texts.items() if IDS_OF_A_PERSON.search(text)}
    assert callers == {"incidents/access.py", "incidents/querysets.py"}
    # These need the ids themselves: for a key derived from the centre, and for SQL written by hand.
    callers = {path for path, text in texts.items() if "list_centre_ids" in text}
    assert callers == {"incidents/services/groups/group_acts.py", "incidents/triage/search/page.py"}


def test_one_query_lists_the_cases_of_the_centres_of_a_person():
    """These modules ask it of other rows with a centre: groups, jobs in bulk, and roles."""
    others = {"groups/group", "groups/group_acts", "bulk/jobs", "handling/assign"}
    allowed = {f"incidents/services/{name}.py" for name in others} | {"incidents/triage/bulk/pages.py"}
    callers = {
        str(path.relative_to(ROOT))
        for path in SOURCES
        for node in ast.walk(ast.parse(read_source(path)))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "match_centres" and len(node.args) == 2
    }
    assert callers == allowed | {"incidents/querysets.py"}


def test_each_operation_of_the_api_is_public_or_has_a_scope():
    """A view that forgets its scopes refuses everybody (`HasScope`), and here somebody hears of it."""
    views = list(list_api_views(api_patterns))
    assert len(views) > 8
    for view in views:
        permissions = view.initkwargs.get("permission_classes", view.cls.permission_classes)
        if permissions == [AllowAny]:  # and no token, even one that has expired, is looked at
            assert view.initkwargs.get("authentication_classes", view.cls.authentication_classes) == [], view.cls
            continue
        assert HasScope in permissions, view.cls
        methods = {method.upper() for method in view.cls.http_method_names if hasattr(view.cls, method)} - {"OPTIONS"}
        assert {*view.cls.scopes} == methods | ({"HEAD"} if "GET" in methods else set()), view.cls


def list_api_views(patterns):
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            yield from list_api_views(pattern.url_patterns)
        else:
            yield pattern.callback


# The clients of the network that the standard library and our dependencies offer.
NETWORK_CLIENTS = re.compile(
    r"^\s*(?:from|import) (?:requests|urllib\.request|urllib3|http\.client|socket|smtplib|imaplib|poplib|ftplib|ssl|"
    r"httpx|aiohttp|boto3|subprocess|xmlrpc)\b|^\s*from redis import .*\bRedis\b|^\s*import (?:redis|psycopg)\b",
    re.MULTILINE,
)


def test_no_module_opens_a_connection_of_its_own():
    """Mails go through one module, the broker is asked for its health by another. Django and Celery do all the rest,
    by the addresses of the settings (docs/threat-model.md, « Systems that are called »).
    """
    sources = {path.relative_to(ROOT).as_posix(): read_source(path) for path in SOURCES}
    callers = {name for name, text in sources.items() if NETWORK_CLIENTS.search(text)}
    assert {name for name in callers if not name.startswith("config/devserver/")} == {
        "accounts/transports/email.py",
        "config/pages/health.py",
    }


def test_no_folder_gets_crowded():
    sources = [path for app in APPS for path in list_sources(app) if path.name != "__init__.py"]
    folders = Counter(str(path.parent.relative_to(ROOT)) for path in sources)
    assert {folder for folder, count in folders.items() if count > CROWDED_FOLDER} == set()
    tests = Counter(str(path.parent.relative_to(ROOT)) for path in (ROOT / "tests").rglob("*.py"))
    assert {folder for folder, count in tests.items() if count > CROWDED_TESTS} == set()


def test_the_shared_case_and_responder_are_fixtures_of_one_file():
    """A test module that needs another case names it after its data."""
    shared = {(path, node.name) for path, node in list_fixtures() if node.name in ("incident", "responder")}
    assert shared == {("tests/incidents/conftest.py", name) for name in ("incident", "responder")}


def test_no_fixture_is_written_twice():
    """What several modules share is in a conftest above them. What one sets up otherwise has a name that says it."""
    places = defaultdict(list)
    for path, node in list_fixtures():
        statements = node.body[1:] if ast.get_docstring(node) else node.body
        places[node.name, ast.unparse(ast.Module(statements, type_ignores=[]))].append(path)
    assert [(name, paths) for (name, _body), paths in places.items() if len(paths) > 1] == []


def test_fixtures_are_typed():
    arguments = [(path, node, [*node.args.args, *node.args.kwonlyargs]) for path, node in list_fixtures()]
    assert [
        f"{path}::{node.name}"
        for path, node, taken in arguments
        if node.returns is None or any(argument.annotation is None for argument in taken if argument.arg != "self")
    ] == []


@cache
def list_fixtures() -> list[tuple[str, ast.FunctionDef]]:
    return [
        (path.relative_to(ROOT).as_posix(), node)
        for path in (ROOT / "tests").rglob("*.py")
        for node in ast.walk(ast.parse(read_source(path)))
        if isinstance(node, ast.FunctionDef) and any(is_fixture(decorator) for decorator in node.decorator_list)
    ]


def is_fixture(decorator: ast.expr) -> bool:
    return ast.unparse(decorator).split("(")[0] == "pytest.fixture"


def test_links_between_documents_lead_somewhere():
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    links = [
        (path, link) for path in documents for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text())
    ]
    assert [(path.name, link) for path, link in links if not (path.parent / link).exists()] == []
