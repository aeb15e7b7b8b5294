"""The attacker and the audit against a list of every country that agrees with small printed releases."""

import random

import pytest

from stats.disclosure.audit import find_failing_tables
from tests.proofs.brute import SHAPES, Brute, bound_by_programs, print_at_random, print_values

FILES = 60
ATTACKED = 8


def print_files(name):
    """Yield printed files of a shape that at least one country agrees with, and their countries."""
    shape, printed = SHAPES[name], 0
    for seed in range(40 * FILES):
        editions = print_at_random(shape, random.Random(f"{name}/{seed}"))
        brute = Brute(shape, editions)
        if len(brute.countries):
            printed += 1
            yield editions, brute
        if printed == FILES:
            return


def is_passed(editions):
    *earlier, last = (edition.printed for edition in editions)
    return not find_failing_tables(last, earlier)


@pytest.mark.parametrize("name", SHAPES)
def test_the_audit_passes_every_safe_release_and_the_attacker_finds_its_bounds(name):
    """No other release passes. The attacker is compared with the list of all countries on the first files, because
    it asks hundreds of questions of each.
    """
    verdicts = []
    for number, (editions, brute) in enumerate(print_files(name)):
        if number < ATTACKED:
            sets = brute.list_sets()
            assert bound_by_programs(editions, sets) == [brute.bound(cells) for cells in sets]
        verdicts.append((is_passed(editions), brute.is_safe()))
    assert [passed for passed, _safe in verdicts] == [safe for _passed, safe in verdicts]
    assert {safe for _passed, safe in verdicts} == {True, False}


def test_the_audit_knows_that_a_case_gets_help_before_it_is_closed():
    """Five cases were closed within an hour: they had help within it, or nobody knows when."""
    values = {"incidents": [15], "help": [None, 10, None], "closing": [5, 5, None]}
    editions = print_values(SHAPES["delays in their order"], values)
    brute = Brute(SHAPES["delays in their order"], editions)
    assert not brute.is_safe()
    assert not is_passed(editions)
