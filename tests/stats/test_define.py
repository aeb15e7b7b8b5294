"""The dictionary of the tables tells what each number is, in the words that the pages use."""

import re

import pytest
from django.test import Client
from selectolax.lexbor import LexborHTMLParser

from stats.categories import LABELS
from stats.disclosure.tables import CATEGORIES, TABLES
from stats.open_data.definitions import (
    CLASSIFICATIONS,
    UNDER_DECLARED,
    UNITS,
    list_categories,
    list_definitions,
    list_sources,
)

PAGE = "/statistiques/definitions/"
NEVER = re.compile(r"victimi|touchée|\bzéros?\b(?! ou peu)|regroup|ventil|Wilson", re.IGNORECASE)


@pytest.fixture
def tree(client: Client, db: None) -> LexborHTMLParser:
    return LexborHTMLParser(client.get(PAGE).content.decode())


def test_the_page_has_every_table_and_no_broken_link(tree):
    assert str(UNDER_DECLARED) in tree.text()
    assert tree.text().count("défini ainsi depuis le 27 novembre 2026") == len(TABLES)
    for entry in list_definitions():
        assert tree.css_first(f"h2#{entry.code}").text() == entry.name[0].upper() + entry.name[1:]
    links = {link.attributes["href"] for link in tree.css("main nav a[href^='#']")}
    assert links == {f"#{code}" for code in TABLES} | {"#sources"}
    ids = {node.attributes["id"] for node in tree.css("[id]")}
    assert {link.attributes["href"][1:] for link in tree.css("main a[href^='#']")} <= ids


def test_every_table_has_its_entry_in_the_order_of_the_list():
    entries = list_definitions()
    assert [entry.code for entry in entries] == list(TABLES)
    assert len({entry.name for entry in entries}) == len(entries)
    for entry in entries:
        for text in (entry.definition, entry.formula, entry.unit.unit, entry.limits, entry.opening):
            assert str(text).strip(), entry.code


def test_every_unit_and_classification_is_used():
    assert set(UNITS) == {table.counts for table in TABLES.values()}
    assert set(CLASSIFICATIONS) == {code for table in TABLES.values() for code in table.by}


def test_every_category_has_its_label(db):
    for classification in CATEGORIES:
        labels = [label for _code, label in list_categories(classification)]
        assert all(labels), classification
        assert len(set(labels)) == len(labels), classification
    assert set(LABELS) == set(CATEGORIES) - {"region"}


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("incidents", "incidents vérifiés"),
        ("late", "incidents d’années antérieures, comptés plus tard"),
        ("incidents_by_help", "incidents vérifiés, par délai entre la déclaration et la prise en charge"),
        ("leaks_by_category", "fuites de données, par catégorie de données"),
        ("bodies_by_stratum", "collectivités ayant déclaré un incident vérifié, par nature et population"),
        ("incidents_by_region_and_type", "incidents vérifiés, par région et par type"),
    ],
)
def test_the_name_of_a_table_gives_its_unit_and_its_breakdown(code, name):
    assert {entry.code: entry.name for entry in list_definitions()}[code] == name


@pytest.mark.parametrize(
    ("code", "opening"),
    [
        ("late", "Paraît chaque année, sauf si la vérification le ferme."),
        (
            "interruptions",
            "Paraît chaque année, sauf si la vérification le ferme. Paraît dans un trimestre si ce total, arrondi, y "
            "atteint 40.",
        ),
        ("incidents_by_month", "S’ouvre quand le total, arrondi, atteint 40 : « incidents vérifiés »."),
        ("interruptions_by_service", "S’ouvre quand le total, arrondi, atteint 100 : « interruptions de service »."),
        (
            "interruptions_by_family",
            "S’ouvre quand le total, arrondi, atteint 40 : « interruptions de service ». "
            "Ne paraît pas quand la liste des services paraît.",
        ),
        (
            "incidents_by_region_and_cause",
            "S’ouvre région par région, quand le nombre de la région, arrondi, atteint 100. Les catégories sont "
            "celles qui, en France, atteignent 40.",
        ),
    ],
)
def test_the_dictionary_tells_when_a_table_opens(code, opening):
    """Read from the list of tables: a number that changes there changes here."""
    entry = {entry.code: entry for entry in list_definitions()}[code]
    assert entry.opening.replace("\xa0", " ") == opening


def test_what_tables_count_is_defined_once(tree):
    """A reader of a classification is led to the total; the files have the whole text."""
    entries = {entry.code: entry for entry in list_definitions()}
    whole = entries["incidents_by_type"]
    assert whole.definition == f"{entries['incidents'].definition} {whole.own_definition}"
    assert whole.total == "incidents"
    assert entries["leaks_by_category"].total == entries["bodies_by_stratum"].total == ""
    assert tree.text().count("Un incident est un dossier qu’un centre") == 1
    assert whole.formula.replace("\xa0", " ").endswith("; arrondi au hasard à un multiple de 5")


def test_a_rate_is_made_of_the_rounded_number_and_is_not_rounded_to_five():
    formulas = {entry.code: entry.formula.replace("\xa0", " ") for entry in list_definitions()}
    counted, share = formulas["bodies_by_stratum"].split(". ")
    assert counted.endswith("; arrondi au hasard à un multiple de 5")
    assert share.startswith("Le taux va de la borne « low » à la borne « high »")


def test_the_page_promises_no_total_beside_a_table_that_did_not_open(tree):
    words = tree.css_first("#lire ~ dl").text().replace("\xa0", " ")
    assert "paraît quand même" not in words
    assert "trop peu de cas, ou il en aurait trop dit à côté des autres, ou un autre plus détaillé" in words


def test_the_page_links_to_each_standard(tree):
    assert {source.code for source in list_sources()} == {"rsit", "cnil", "csirt", "insee"}
    urls = {link.attributes["href"] for link in tree.css("#sources ~ ul a")}
    assert urls == {source.url for source in list_sources()}


@pytest.mark.parametrize("path", [PAGE, "/statistiques/publications/"])
def test_the_page_calls_nobody_a_victim_and_nothing_zero(client, db, path):
    """Nobody is called a victim, nothing is called zero alone, and the words of the earlier rule are gone."""
    text = LexborHTMLParser(client.get(path).content.decode()).css_first("main").text()
    assert not NEVER.findall(text.replace("c’est zéro", "").replace("De zéro à quatre", ""))
