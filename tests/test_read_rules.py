"""The documents that list rules agree with the code: how each item is validated (docs/validation.md), which fields who
may read and write (docs/fields.md), which keys and certificates there are (docs/keys.md).
"""

import re
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest
from django.apps import apps

from core.fields import LARGEST_NUMBER
from core.french import NARROW_NBSP, format_number
from core.secrets import KeyUse
from incidents.facts.description import FieldKind, map_facts
from incidents.facts.shapes import Caller, Declaration, Interruption, Leak
from incidents.questions.catalogue import QuestionKind
from incidents.services.declaring import check

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = ("docs/authentication.md", "docs/validation.md", "docs/fields.md", "docs/keys.md")
OWN_APPLICATIONS = ("collectivities", "csirts", "accounts", "incidents", "notifications", "stats", "retention")
NAMED = re.compile(r"`((?:[\w.-]+/)+[\w.-]+)(?:::(\w+))?`")
ALL, OTHERS = "all", "the others"
MOMENT = "a day, or a day and an hour"
# Secrets whose setting is an address, or is read by a function for several.
OTHER_SECRETS = {"SECRET_KEY", "SECRET_KEY_FALLBACKS", "EVIDENCE_KEY", "EMAIL_URL", "EVIDENCE_S3_SECRET_KEY"}


@cache
def read(path):
    return (ROOT / path).read_text()


def list_rows(path, start="`"):
    """Return the cells of each row of a table that begins with this text."""
    lines = [line for line in read(path).splitlines() if line.startswith(f"| {start}")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_each_place_that_a_document_names_exists(document):
    places = NAMED.findall(read(document))
    assert len(places) > 10
    for path, name in places:
        assert (ROOT / path).exists(), path
        assert not name or re.search(rf"\b{name}\b", read(path)), f"{path}::{name}"


def describe_fact(fact):
    """Return in words what a fact of a declaration accepts."""
    number = format_number(fact.limit).replace(NARROW_NBSP, " ")
    listed = fact.choices.__name__ if fact.choices else ""
    return {
        FieldKind.LINE: f"a line of {number} characters",
        FieldKind.TEXT: f"a text of {number} characters",
        FieldKind.CHOICE: f"one of `{listed}`",
        FieldKind.CHOICES: f"some of `{listed}`",
        FieldKind.COUNT: "a number",
        FieldKind.FLAG: "yes or no",
        FieldKind.MOMENT: MOMENT,
        FieldKind.INSTANT: f"{MOMENT}, and how certain",
    }[fact.kind]


def test_each_item_of_a_declaration_is_described():
    expected = {
        f"`{shape.__name__}.{name}`": describe_fact(fact)
        for shape in (Declaration, Caller, Interruption, Leak)
        for name, fact in map_facts(shape).items()
    }
    described = {row[0]: row[1] for row in list_rows("docs/validation.md") if "." in row[0]}
    missing = "".join(f"| {item} | {words} |\n" for item, words in expected.items() if described.get(item) != words)
    assert described == expected, missing
    assert f"0 to {format_number(LARGEST_NUMBER)}".replace(NARROW_NBSP, " ") in read("docs/validation.md")


def test_each_kind_of_question_is_described():
    kinds = [kind for row in list_rows("docs/validation.md") if "." not in row[0] for kind in row[0].split(", ")]
    assert sorted(kinds) == sorted(f"`{kind}`" for kind in QuestionKind)


def test_each_rule_on_what_must_agree_is_described():
    rules = [name for name in vars(check) if re.fullmatch(r"list_\w+_problems|needs_complete_phone", name)]
    assert len(rules) > 6
    described = read("docs/validation.md")
    assert [name for name in rules if f"check.py::{name}`" not in described] == []


def test_each_column_of_each_table_has_its_readers_and_writers():
    models = {
        model.__name__: {field.name for field in model._meta.concrete_fields}
        for app in OWN_APPLICATIONS
        for model in apps.get_app_config(app).get_models()
        if not hasattr(model, "pgh_tracked_model")
    }
    rows = defaultdict(list)
    for table, columns, *rights in list_rows("docs/fields.md"):
        assert len(rights) == 3, table
        assert all(rights), table
        rows[table.strip("`")].append(columns)
    assert set(rows) == set(models)
    for table, cells in rows.items():
        names = [name for columns in cells for name in re.findall(r"`(\w+)`", columns)]
        assert len(names) == len(set(names)), table
        assert set(names) <= models[table], (table, set(names) - models[table])
        assert cells == [ALL] or cells.count(OTHERS) == 1 or set(names) | {"id"} >= models[table], table


def test_each_secret_of_the_settings_is_in_the_inventory():
    sources = "".join(path.read_text() for path in (ROOT / "config").rglob("*.py"))
    passwords = set(re.findall(r'read_text\("(\w+_PASSWORD)"', sources))
    assert {"DATABASE_PASSWORD", "REDIS_PASSWORD"} <= passwords
    secrets = {*KeyUse, *passwords, *OTHER_SECRETS}
    assert set(re.findall(r'"(\w+)"', sources)) >= OTHER_SECRETS
    listed = [name for row in list_rows("docs/keys.md") if len(row) == 5 for name in re.findall(r"`(\w+)`", row[0])]
    assert sorted(listed) == sorted(secrets)


def test_each_key_has_its_algorithm_and_its_life():
    """A table of the database holds a secret if a column is a hash, an encrypted text or a wrapped key."""
    for row in list_rows("docs/keys.md"):
        assert all(row), row
    holders = {
        model.__name__
        for app in OWN_APPLICATIONS
        for model in apps.get_app_config(app).get_models()
        if {field.name for field in model._meta.concrete_fields}
        & {"secret_hash", "code_hash", "token_hash", "encrypted_code", "wrapped", "session_key", "password"}
    }
    assert len(holders) > 6
    assert [name for name in holders if f"::{name}`" not in read("docs/keys.md")] == []
    assert len(re.findall(r"^\| .+", read("docs/keys.md").partition("## Certificates")[2], re.MULTILINE)) >= 6
