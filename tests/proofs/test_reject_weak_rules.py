"""Controls: rules that were rejected, in which the attacker finds what it must find."""

import pytest

from tests.proofs.attacker import attack
from tests.proofs.bad_rules import Rule, attack_audit_on_truth, draw_leaky_country, print_year
from tests.proofs.countries import draw_country, draw_country_with_nine_long_interruptions, draw_late_cases

SEEDS = range(4)
YEARLY = (84, 317, 640)


def attack_draws(number, rule):
    """Yield what an outsider finds in each of four draws. Most callers need only the first that proves something."""
    for seed in SEEDS:
        yield attack([print_year(draw_country(number, seed=seed), rule, seed=seed)], insiders=())


def proves_certain_facts(number, rule):
    return any(findings.count("certain") for findings in attack_draws(number, rule))


@pytest.mark.parametrize("number", YEARLY)
def test_exact_numbers_prove_certain_facts(number):
    missing = {"certain"} if number > 400 else {"certain", "narrow"}
    for findings in attack_draws(number, Rule(base=1)):
        missing -= {kind for kind in missing if findings.count(kind)}
        if not missing:
            break
    assert not missing


@pytest.mark.parametrize("number", YEARLY)
def test_the_attacker_proves_facts_when_all_crossings_are_open(number):
    assert proves_certain_facts(number, Rule(opens_everything=True))


@pytest.mark.parametrize("number", YEARLY)
def test_printed_zeros_make_every_dash_certain(number):
    assert proves_certain_facts(number, Rule(shows_zeros=True))


def test_an_audit_that_reads_the_true_numbers_lets_the_attacker_prove_facts():
    """Two dashes are proved to hold somebody together: with this audit, each of them is."""
    edition = print_year(draw_leaky_country(), Rule(is_audited_on_truth=True))
    assert not attack([edition], insiders=()).facts
    facts = attack_audit_on_truth(edition).facts
    assert {cell.at for fact in facts for cell in fact.cells} >= {(("status", "claimed"),), (("status", "suspected"),)}


@pytest.mark.parametrize("number", YEARLY)
def test_a_second_release_of_a_year_proves_facts_about_late_cases(number):
    assert any(attack(list(print_twice(number, seed)), is_sure=False, insiders=()).facts for seed in SEEDS)


def print_twice(number, seed):
    """Yield two releases of one year, the second with late cases."""
    cases = draw_country(number, seed=seed)
    yield print_year(cases, Rule(), seed=seed)
    yield print_year([*cases, *draw_late_cases(cases, share=0.04)], Rule(), seed=seed + 100, number=2)


def test_a_body_with_five_of_the_nine_units_of_a_cell_learns_the_others_exactly():
    """Printed as 5, the cell holds nine at most: the four others, at least, have one each."""
    cases = draw_country_with_nine_long_interruptions(317)
    editions = (print_year(cases, Rule(), seed=seed) for seed in range(20))
    printed = next(edition for edition in editions if read_hours(edition)["7d+"] == 5)
    [fact] = attack([printed], insiders=[cases[0].body]).facts
    assert (fact.least, fact.most, fact.true) == (4, 4, 4)


def read_hours(edition):
    [table] = [table for table in edition.printed["tables"] if table["code"] == "interruptions_by_hours"]
    return {cell[0]: value for cell, value in table["cells"]}
