"""Whatever happens to cases, in whatever order it is folded, the figures are those of a recount in plain Python.

TOCSIN_HISTORIES says how many histories are tried.
"""

import os
import random
from datetime import date

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from stats import rollups
from stats.queries import exact_year
from stats.reach import Reach
from stats.services import rebuild_figures, verify_figures
from tests.stats.histories import RAW_ACTS, SERVICE_ACTS, History
from tests.stats.recount import pending, recounted, stored

ACTS = st.sampled_from([*SERVICE_ACTS, *RAW_ACTS])
CHANCE = st.randoms(use_true_random=False)


class Figures(RuleBasedStateMachine):
    """Each run in a transaction that is undone."""

    def __init__(self):
        super().__init__()
        self.undone = transaction.atomic()
        self.undone.__enter__()
        self.history = History()

    def teardown(self):
        try:
            agree(self.history)
        finally:
            transaction.set_rollback(True)
            self.undone.__exit__(None, None, None)

    @initialize(rng=CHANCE)
    def some_cases(self, rng):
        for name in ("declares", "declares", "stores", "stores", "stores", "verifies", "verifies"):
            self.history.act(name, rng)

    @rule(name=ACTS, rng=CHANCE)
    def something_happens(self, name, rng):
        self.history.act(name, rng)

    @rule(size=st.integers(1, 4))
    def some_is_folded(self, size):
        whole, rollups.BATCH = rollups.BATCH, size
        try:
            rollups.fold_batch()
        finally:
            rollups.BATCH = whole

    @rule()
    def all_is_rebuilt(self):
        assert rebuild_figures().mistakes == 0

    @rule()
    def what_is_pending_is_excused(self):
        assert rollups.mistakes() == []


def agree(history):
    rollups.fold_all()
    assert pending() == 0
    assert verify_figures().mistakes == 0
    sums, there = recounted()
    assert stored() == (sums, there)
    reaches = [
        Reach("", csirts=frozenset([history.here.pk])),
        Reach("", csirts=frozenset([history.here.pk, history.there.pk])),
        *(Reach("", region=region.pk) for region in history.regions),
        Reach(""),
    ]
    for reach in reaches:
        for year in {key[2].year for key in sums}:
            assert read(reach, year) == expected(reach, year, sums, there)


def within(reach, csirt, region):
    return csirt in reach.csirts if reach.csirts else reach.region in (None, region)


def read(reach, year):
    exact = exact_year(reach, year=str(year) if year in years(reach) else "", today=date(2026, 12, 31))
    if exact.year != year:
        return (0,) * 5, 0, 0
    return exact.total.figures, exact.bodies, exact.bodies_hit


def years(reach):
    return exact_year(reach, year="", today=date(2026, 12, 31)).years


def expected(reach, year, sums, there):
    of = {key: value for key, value in sums.items() if within(reach, *key[:2]) and key[2].year == year}
    columns = ("declared", "incidents", "reports", "interruptions", "leaks")
    figures = tuple(sum(value for key, value in of.items() if key[3] == one) for one in columns)
    mine = [(key[3], hits) for key, (_n, hits) in there.items() if within(reach, *key[:2]) and key[2] == year]
    return figures, len({body for body, _hits in mine}), len({body for body, hits in mine if hits})


@pytest.mark.usefixtures("db")
def test_it_works():
    run_state_machine_as_test(
        Figures,
        settings=settings(
            max_examples=int(os.environ.get("TOCSIN_HISTORIES", "6")),
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )


def test_the_recount_sees_a_mistake(db, monkeypatch):
    """The machine is worth what its recount is: one that is broken must be seen."""
    history, rng = History(), random.Random(1)
    history.stores(rng, number=30)
    monkeypatch.setattr(rollups, "is_incident", lambda fact: fact.is_counted and fact.is_verified)
    with pytest.raises(AssertionError):
        agree(history)
