"""A short attack of releases of small countries; the long one is in `tests/proofs`."""

import pytest

from stats.disclosure.tables import TABLES
from tests.proofs.attacker import attack
from tests.proofs.bad_rules import Rule, print_year
from tests.proofs.countries import draw_country, draw_country_without_region
from tests.proofs.releases import draw_year
from tests.proofs.tally import TABLES_OF_A_YEAR

COUNTRIES = [(draw_country, 84), (draw_country, 317), (draw_country_without_region, 150)]
SECRETS = (b"one secret", b"another")


def list_editions(cases, key, *, is_quarterly=False):
    return [edition for edition, _drawn in draw_year(cases, key, is_quarterly=is_quarterly)]


def test_many_readers_ask_many_questions_of_a_small_release():
    findings = attack(list_editions(draw_country(150), b"secret"))
    assert findings.readers > 100
    assert findings.questions > 1000
    assert not findings.is_contradiction
    assert not findings.facts


def test_every_table_is_attacked():
    """The tally counts each published table without the code that publishes; two of them need a rule of their own."""
    assert {*TABLES_OF_A_YEAR, "bodies_by_stratum", "late"} == set(TABLES)


def test_each_unit_within_the_incidents_has_its_relation_in_the_audit():
    """A unit that is counted by a classification of the incidents lies within their cells. The audit and the attacker
    must know the relation before the pair is added here: `Figures.list_inclusions`, `add_inclusions`,
    `list_remainders`.
    """
    of_incidents = {table.by for table in TABLES.values() if table.counts == "incidents"}
    others = [table for table in TABLES.values() if table.counts != "incidents" and table.by in of_incidents]
    units = ("reports", "interruptions", "leaks", "unfounded", "late")
    assert {(table.counts, table.by) for table in others} == {(unit, ()) for unit in units}


@pytest.mark.parametrize("key", SECRETS)
@pytest.mark.parametrize(("draw", "number"), COUNTRIES)
def test_nothing_is_proved_of_few_bodies(draw, number, key):
    """By an outsider, or by any body that has a case."""
    assert not attack(list_editions(draw(number), key)).facts


@pytest.mark.parametrize("is_sure", [True, False])
def test_nothing_is_proved_by_quarters_and_their_year(is_sure):
    editions = list_editions(draw_country(317), b"secret", is_quarterly=True)
    assert len(editions) == 5
    months = [
        len(table["cells"]) for edition in editions for table in edition.printed["tables"] if table["by"] == ["month"]
    ]
    assert months == [3, 3, 3, 3, 0]  # as production prints them
    assert not attack(editions, is_sure=is_sure).facts


def test_exact_numbers_would_prove_something():
    edition = print_year(draw_country(84), Rule(base=1))
    assert attack([edition], insiders=()).facts
