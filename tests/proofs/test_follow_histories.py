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

from stats.counting import rollups
from stats.exact.access import Scope
from stats.exact.year import load_exact_year
from stats.services import rebuild_figures, verify_figures
from tests.stats.histories import RAW_ACTS, SERVICE_ACTS, History
from tests.stats.recount import count_pending_events, read_stored_figures, recount_figures

ACTS = st.sampled_from([*SERVICE_ACTS, *RAW_ACTS])
CHANCE = st.randoms(use_true_random=False)
TODAY = date(2026, 12, 31)


class Figures(RuleBasedStateMachine):
    """Each run is in a transaction that is undone."""

    def __init__(self):
        super().__init__()
        self.undone = transaction.atomic()
        self.undone.__enter__()
        self.history = History()

    def teardown(self):
        try:
            check_agreement(self.history)
        finally:
            transaction.set_rollback(True)
            self.undone.__exit__(None, None, None)

    @initialize(rng=CHANCE)
    def begin_with_cases(self, rng):
        for name in ["declare_case"] * 2 + ["store_cases"] * 3 + ["verify_case"] * 2:
            self.history.run_act(name, rng)

    @rule(name=ACTS, rng=CHANCE)
    def act(self, name, rng):
        self.history.run_act(name, rng)

    @rule(size=st.integers(1, 4))
    def fold_some(self, size):
        whole, rollups.BATCH = rollups.BATCH, size
        try:
            rollups.fold_batch()
        finally:
            rollups.BATCH = whole

    @rule()
    def rebuild_all(self):
        assert rebuild_figures().mistakes == 0

    @rule()
    def excuse_pending(self):
        assert verify_figures().differences == []


def check_agreement(history):
    rollups.fold_pending_events()
    assert count_pending_events() == 0
    assert verify_figures().mistakes == 0
    sums, presences = recount_figures()
    assert read_stored_figures() == (sums, presences)
    scopes = [
        Scope("", csirt_ids=frozenset([history.centre.pk])),
        Scope("", csirt_ids=frozenset([history.centre.pk, history.other_centre.pk])),
        *(Scope("", region_id=region.pk) for region in history.regions),
        Scope(""),
    ]
    years = {key[2].year for key in sums}
    for scope in scopes:
        offered = load_exact_year(scope, year="", today=TODAY).years
        for year in years:
            assert read_totals(scope, year, offered) == expect_totals(scope, year, sums, presences)


def is_within(scope, csirt, region):
    return csirt in scope.csirt_ids if scope.csirt_ids else scope.region_id in (None, region)


def read_totals(scope, year, offered):
    """Return the totals of a year as its page has them. `offered` are the years that the page of the scope offers."""
    exact = load_exact_year(scope, year=str(year) if year in offered else "", today=TODAY)
    if exact.year != year:
        return (0,) * 5, 0, 0
    return exact.now.total, exact.now.bodies.declared, exact.now.bodies.hit


def expect_totals(scope, year, sums, presences):
    in_scope = {key: value for key, value in sums.items() if is_within(scope, *key[:2]) and key[2].year == year}
    columns = ("declared", "incidents", "reports", "interruptions", "leaks")
    figures = tuple(sum(value for key, value in in_scope.items() if key[3] == measure) for measure in columns)
    bodies = [(key[3], hits) for key, (_n, hits) in presences.items() if is_within(scope, *key[:2]) and key[2] == year]
    return figures, len({body for body, _hits in bodies}), len({body for body, hits in bodies if hits})


@pytest.mark.usefixtures("db")
def test_figures_of_random_histories_agree_with_a_recount():
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


def test_the_recount_detects_a_mistake(db, monkeypatch):
    """The machine proves something only if it notices figures that are wrong."""
    history, rng = History(), random.Random(1)
    history.store_cases(rng, number=30)
    monkeypatch.setattr(rollups, "is_incident", lambda fact: fact.is_counted and fact.is_verified)
    with pytest.raises(AssertionError):
        check_agreement(history)
