"""The service's auditor and an attacker that shares no code with it: on hard countries, and on leaks made on purpose.

Neither is told what the other says. The attacker may come when the auditor has spoken, as everybody does.
"""

from collections.abc import Iterator
from itertools import product

import pytest

from stats import cutting, disclosure
from stats.audit import AuditError, audit
from stats.family import tied_to
from stats.models import Release
from stats.partition import K
from stats.proof import family_of, question_of
from stats.question import Question
from stats.services import publish_release
from tests.stats.attacking import Watch
from tests.stats.cases import store
from tests.stats.hard_cases import CASES, NEW_YEAR, crowd
from tests.stats.leaks import publish_beside, small_sum


def auditor_finds(release: Release, *, with_coalitions: bool = False) -> bool:
    """What it says of a release that stands, whether or not it was asked when it was made."""
    questions = list(questions_of(release))
    try:
        if any(audit(family_of(one), k=K, deadline=60, coalitions=()) for one in questions):
            return True
        return with_coalitions and any(audit(family_of(one), k=K, deadline=60) for one in questions)
    except AuditError:
        return True  # nothing would be published


def questions_of(release: Release) -> Iterator[Question]:
    for draft in disclosure.drafts(release, number=release.number, until=release.covers_until):
        changed_too = {measure: [*left, *draft.became[measure]] for measure, left in draft.unshown.items()}
        readings = [draft.unshown, changed_too] if any(draft.became.values()) else [draft.unshown]
        there = {one.measure for one in draft.shown} | {measure for measure, left in draft.unshown.items() if left}
        ties = {frozenset(tied_to(measure, there)) for measure in there}
        for tables, left in product(ties, readings):
            yield question_of(draft, set(tables), left)


LEAKY_UNLESS_AUDITED = {
    *("demonstration", "one commune", "dominant 60", "one corrected", "four corrected", "five corrected", "overseas"),
    *("all were hit", "few of a kind", "trickle", "late and often", "around five", "hit again", "changed elsewhere"),
    *("other services", "nearly all", "few cases", "left out", "many services", "a band of two regions"),
    "leaks of later quarters",
}


@pytest.mark.parametrize("name", CASES)
def test_it_works(client, db, name):
    """Neither finds anything in what is published; both find one raw sum beside it."""
    watch, release = Watch(client), None
    for moment in CASES[name]():
        if published := publish_release(now=moment):
            assert watch.look() is None
            release = published
    assert not auditor_finds(release)

    leaky = publish_beside(small_sum(watch.truths[-1]))
    assert watch.look()
    assert auditor_finds(leaky)


@pytest.mark.parametrize("name", CASES)
def test_they_agree_on_what_is_not_audited(client, db, monkeypatch, name):
    """Each table is cut well, and published as finely as that is; held against each other, some tell of few."""
    monkeypatch.setattr(cutting, "what_tells", lambda *_args, **_said: [])
    watch = Watch(client)
    releases = (publish_release(now=moment) for moment in CASES[name]())
    verdicts = [(bool(watch.look(again=True)), auditor_finds(one, with_coalitions=True)) for one in releases if one]
    assert all(attacker == auditor for attacker, auditor in verdicts), verdicts
    assert any(attacker for attacker, _auditor in verdicts) == (name in LEAKY_UNLESS_AUDITED)


@pytest.mark.parametrize(("seed", "number"), [(1, 40), (3, 40), (5, 200)])
def test_crowds_of_four_regions(client, db, seed, number):
    """What is known stratum by stratum, and of all regions but one that is named."""
    store(crowd(seed, number, "53", "11", "94", "06"))
    assert publish_release(now=NEW_YEAR)
    assert Watch(client).look() is None
