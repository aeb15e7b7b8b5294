"""The attacker, who proves nothing in releases drawn by the rule, over many secrets. pytest -s shows the summary."""

import random
from collections import Counter

import pytest

from stats.disclosure.tables import Period
from tests.proofs.attacker import attack, prepare_attack
from tests.proofs.countries import (
    draw_country,
    draw_country_of_large_bodies,
    draw_country_with_nine_long_interruptions,
    draw_country_without_region,
    draw_heavy_country,
    draw_late_cases,
    draw_struck_country,
)
from tests.proofs.figures import Measured, list_keys, measure_editions, tabulate_coverage
from tests.proofs.releases import draw_edition, draw_year

# Incidents a year → secrets.
YEARLY = {84: 40, 150: 10, 317: 40, 640: 40}
QUARTERLY = {84: 10, 150: 10, 317: 10, 640: 5}


def prove_nothing(prepared, *, insiders=None):
    """Let the outsider and each insider, by default every body that has a case, ask all questions."""
    findings = prepared.ask_all(prepared.own if insiders is None else insiders)
    assert not findings.is_contradiction
    assert not findings.facts
    return findings


def check_truth(prepared):
    """An attacker whose beliefs exclude the truth would prove nothing of it."""
    least, most = prepared.bound_others(0 * prepared.units)
    assert (least <= prepared.units).all()
    assert (prepared.units <= most).all()


def attack_secrets(number, secrets, *, is_quarterly=False, draw=draw_country):
    """Draw releases with one secret after another, attack each, and print what they tell. Return the releases with
    their draws.
    """
    released, sums = [], Counter()
    countries = [draw(number, seed=seed) for seed in range(5)]
    for index, key in enumerate(list_keys(secrets)):
        drawn = draw_year(countries[index % 5], key, is_quarterly=is_quarterly)
        editions = [edition for edition, _drawn in drawn]
        for is_sure in (True, False) if is_quarterly else (True,):
            prepared = prepare_attack(editions, is_sure=is_sure)
            check_truth(prepared)
            findings = prove_nothing(prepared)
            sums.update(readers=findings.readers, questions=findings.questions, readings=len(findings.readings))
            sums["cells of exactly 5 bodies"] += findings.limits
        released += drawn
    print(f"\n{draw.__name__} {number}: {secrets} secrets, 0 facts, {dict(sums)}")  # noqa: T201
    return released


@pytest.mark.parametrize("number", YEARLY)
def test_nothing_is_proved_of_a_year(number):
    measured = Measured()
    measure_editions(attack_secrets(number, YEARLY[number]), measured=measured)
    print(measured.describe_draws(), *tabulate_coverage({str(number): measured}), sep="\n")  # noqa: T201
    assert max(map(abs, measured.errors)) < 5
    assert abs(sum(measured.errors) / len(measured.errors)) < 0.2


@pytest.mark.parametrize("number", QUARTERLY)
def test_nothing_is_proved_of_quarters_and_then_their_year(number):
    """For a reader who is sure that nothing changed since, and for one who is not."""
    attack_secrets(number, QUARTERLY[number], is_quarterly=True)


@pytest.mark.parametrize("began", [3, 4])
def test_nothing_is_proved_of_the_year_in_which_the_service_began(began):
    """The months since then make up the whole year."""
    for seed, key in enumerate(list_keys(5)):
        cases = [case for case in draw_country(150, seed=seed) if (int(case.month[5:]) + 2) // 3 >= began]
        drawn = draw_year(cases, key, is_quarterly=True, quarters=range(began, 5))
        for is_sure in (True, False):
            prove_nothing(prepare_attack([edition for edition, _drawn in drawn], is_sure=is_sure))


def test_nothing_is_proved_of_a_region_in_which_nothing_happened():
    attack_secrets(317, 5, draw=draw_country_without_region)


def test_nothing_is_proved_of_a_stratum_where_nearly_all_bodies_declared():
    """Everybody knows how many bodies each region has: those behind its dash may not be too many to be spared."""
    for seed, key in enumerate(list_keys(10)):
        drawn = draw_year(draw_country_of_large_bodies(640, seed=seed), key)
        prove_nothing(prepare_attack([edition for edition, _drawn in drawn]), insiders=())


def test_a_body_that_has_most_of_a_cell_does_not_learn_the_others_exactly():
    cases = draw_country_with_nine_long_interruptions(317)
    for key in list_keys(10):
        editions = [edition for edition, _drawn in draw_year(cases, key)]
        prove_nothing(prepare_attack(editions), insiders=[cases[0].body])


@pytest.mark.parametrize(
    ("draw", "number"), [(draw_country, 5000), pytest.param(draw_struck_country, 317, marks=pytest.mark.longest)]
)
def test_nothing_is_proved_of_a_year_with_many_cases(draw, number):
    """Crossings are open. Readers are the bodies of which a question is asked, and two hundred others."""
    [(edition, drawn)] = draw_year(draw(number), b"secret")
    assert any(table["is_open"] for table in drawn.tables if "_and_" in table["code"])
    prepared = prepare_attack([edition])
    check_truth(prepared)
    other_readers = sorted(prepared.own.keys() - prepared.scopes_of.keys())
    prove_nothing(prepared, insiders=[*prepared.scopes_of, *random.Random(0).sample(other_readers, 200)])


@pytest.mark.parametrize("number", [84, 317])
def test_nothing_is_proved_of_two_years_together(number):
    """The second year prints the late cases of the first."""
    for seed, key in enumerate(list_keys(5)):
        first, second = draw_country(number, seed=seed, year=2024), draw_country(number, seed=seed)
        late = draw_late_cases(first, share=0.1)
        [(of_first, _drawn)] = draw_year(first, key, year=2024)
        [(of_second, _drawn)] = draw_year(second, key, late=late)
        prove_nothing(prepare_attack([of_first, of_second]))


@pytest.mark.parametrize("number", [84, 317])
def test_nothing_is_proved_of_cases_added_between_the_quarters_and_their_year(number):
    """The cases added since are no clearer than the rest."""
    for seed, key in enumerate(list_keys(5)):
        cases = draw_country(number, seed=seed)
        quarters = [edition for edition, _drawn in draw_year(cases, key, is_quarterly=True)][:-1]
        grown = [*cases, *draw_late_cases(cases, share=0.04, seed=seed)]
        year, _drawn = draw_edition(grown, key, Period(2025), earlier=quarters, number=5)
        prove_nothing(prepare_attack([*quarters, year], is_sure=False))


def test_a_body_with_half_of_all_incidents_proves_nothing_of_a_cell():
    """The difference between a total and its parts may be proved of that body, without a place or a name."""
    rests = {"no_leak", "neither", "leaks_without", "repeats"}
    for number in (84, 317):
        [(edition, _drawn)] = draw_year(draw_heavy_country(number), b"secret")
        facts = attack([edition]).facts
        assert not [fact for fact in facts if not {cell.counts for cell in fact.cells} <= rests]


@pytest.mark.longest
def test_nothing_is_proved_of_a_region_where_nearly_all_is_of_one_cause():
    """An outsider once proved that four bodies of Corse were behind the dashes and the cells without a figure."""
    [(edition, _drawn)] = draw_year(draw_struck_country(317, seed=2), b"x2")
    prove_nothing(prepare_attack([edition]), insiders=())
