"""An attacker takes all that is served, of several releases, and tries to prove something of fewer than five bodies.

On countries in which it must find nothing: `test_agree`. Here: what it finds at once, that nothing is served to it
which it does not hold against the rest, and that it shares no code with what it attacks.
"""

import ast
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest

from stats import cutting
from stats.partition import Cell, Scope, groups
from stats.services import publish_release
from tests.stats.attacker.differences import Change
from tests.stats.attacker.knowledge import Knowledge
from tests.stats.attacker.knowledge import Scope as About
from tests.stats.attacker.proofs import Attack, Claim, Target
from tests.stats.attacker.said import Pages
from tests.stats.attacker.served import Number, Release, generations, read_all
from tests.stats.attacker.system import UNBOUNDED, Fact, System
from tests.stats.attacking import Watch
from tests.stats.cases import bodies, change, on, one_each, store
from tests.stats.hard_cases import NEW_YEAR, SPRING, SUMMER, crowd
from tests.stats.leaks import publish_beside, publish_without, small_sum

HERE = Path(__file__).parent
YEAR = date(2025, 1, 1), date(2025, 12, 31)


@pytest.fixture
def not_audited(monkeypatch):
    monkeypatch.setattr(cutting, "what_tells", lambda *_args, **_said: [])


def test_it_works(client, db):
    """Four of Corsica are hidden behind other regions; their sum, published on purpose, is seen at once."""
    store(one_each([*bodies("53", 9), *bodies("94", 4), *bodies("01", 4)], on(2025, 2, 1)))
    publish_release(now=NEW_YEAR)
    watch = Watch(client)
    assert watch.look() is None
    publish_beside(small_sum(watch.truths[-1]))
    found = watch.look()
    assert (found.kind, found.what.regions, found.lo) == ("certain", {"01"}, 4)


# What it finds


def test_cells_that_nobody_put_together(client, db, monkeypatch, not_audited):
    def finest(units, _until, _shape):
        cells = groups(units, lambda unit: (unit.region, unit.month, unit.band))
        return [
            Cell(Scope(region, first, first.replace(day=28), band), tuple(some))
            for (region, first, band), some in cells
        ]

    monkeypatch.setattr(cutting, "partition", finest)
    store(crowd(1, 30, "53", "94"))
    publish_release(now=NEW_YEAR)
    assert Watch(client).look().kind == "certain"


def test_tables_that_nobody_held_against_each_other(client, db, not_audited):
    """« Flaw » for the nation, of which all but four are in a region that is named."""
    store(one_each(bodies("53", 10), on(2025, 2, 1), cause="phishing"))
    store(one_each([*bodies("94", 3), *bodies("01", 6)], on(2025, 2, 1), cause="flaw"))
    some = bodies("52", 10)
    store(one_each(some[:4], on(2025, 2, 1), cause="flaw") + one_each(some[4:], on(2025, 2, 1), cause="phishing"))
    publish_release(now=NEW_YEAR)
    assert Watch(client).look().kind == "certain"


def test_a_number_made_again_for_one_body(client, db):
    cases = store(one_each(bodies("53", 12), on(2025, 2, 1)))
    watch = Watch(client)
    publish_release(now=SPRING)
    assert watch.look() is None
    change(cases[:1], status="closed", closed_at=on(2025, 5, 1), closing_reason="withdrawn")
    publish_without(cases[0].pk)
    found = watch.look()
    assert isinstance(found, Change)
    assert (found.measure, found.change) == ("incidents", -1)


def test_a_late_case_among_six_that_only_changed_month(client, db):
    """Made again as a whole, their quarter's number would be of one more."""
    cases = store(one_each(bodies("53", 14), on(2025, 2, 1), nature="report"))
    watch = Watch(client)
    publish_release(now=SPRING)
    assert watch.look() is None
    change(cases[:6], received_at=on(2025, 3, 1))
    store(one_each(bodies("53", 15)[14:], on(2025, 2, 1), nature="report"))
    publish_release(now=SUMMER)
    assert watch.look() is None


# Everything that is served says the same


def test_pages_files_and_answers_of_all_releases_say_the_same(client, db, not_audited):
    """Of the nation, of each region and quarter; `read_all` holds the API, the JSON, the CSV and what is signed."""
    store(crowd(5, 300, "53", "94", "01", "11"))
    publish_release(now=SUMMER)
    publish_release(now=NEW_YEAR)
    figures = Counter()
    for release in read_all(client):
        for region in ("", *release.regions):
            pages = Pages(client, release, 2025, region)
            assert pages.wrong() == []
            figures[release.number] += len(list(pages.figures()))
        for quarter in (1, 2):
            assert Pages(client, release, 2025, "53", quarter).wrong() == []
    assert figures[2] > figures[1] > 500


def test_a_page_that_says_more_than_the_files_is_seen(client, db):
    store(one_each(bodies("53", 12), on(2025, 2, 1)))
    publish_release(now=NEW_YEAR)
    [release] = read_all(client)
    hidden = replace(release, numbers=[one for one in release.numbers if one.measure != "incidents"])
    wrong = Pages(client, hidden, 2025, "").wrong()
    assert {figure.said for figure in wrong} == {12}


# Alone, on numbers written here


def a_release(*numbers, number=1, existing=None):
    said = {
        "incidents": ["a", "b"],
        "causes": ["flaw", "phishing"],
        "bodies": [""],
        "strata": ["grouping", "large", "small"],
    }
    rows = [Number(measure, region, *YEAR, band, value) for measure, region, band, value in numbers]
    return Release(number, YEAR[1], rows, existing or {}, {"53": "", "94": "", "52": ""}, said, {})


def known(*releases, unfinished=()):
    found = Knowledge(list(releases), 2025, unfinished)
    found.believe(lambda _fact: True)
    return found


def least_and_most(found, measure, region, first=None, band=""):
    scope = About(measure, first, frozenset([region]), range(1, 13), band)
    inside, touched = found.whole(found.inside(scope)), found.touched(found.touching(scope))
    return found.system.least(inside), UNBOUNDED if touched is None else found.system.most(touched)


def test_two_tables_of_the_same_cases_are_subtracted():
    """Nine incidents of Brittany are in no number: its causes count 21."""
    numbers = [("incidents", "53", "a", 12), ("causes", "53", "flaw", 21)]
    assert least_and_most(known(a_release(*numbers), unfinished=["incidents"]), "incidents", "53", 0) == (9, 9)


def test_wider_numbers_hold_what_narrower_ones_do_not():
    found = known(a_release(("incidents", "53", "a", 12), ("incidents", "53", "", 6), ("incidents", "", "", 7)))
    assert least_and_most(found, "incidents", "53") == (18, 18)
    assert least_and_most(found, "incidents", "53", band="b") == (6, 6)
    assert least_and_most(found, "incidents", "94") == (0, 7)


def test_what_came_later_is_told_apart():
    first = a_release(("incidents", "53", "a", 12))
    second = a_release(("incidents", "53", "a", 12), ("incidents", "53", "a", 5), number=2)
    assert [release for release, _number in generations([first, second])] == [2, 1]
    assert least_and_most(known(first, second), "incidents", "53", 2) == (5, 5)


def test_all_of_a_kind_but_a_few():
    bodies_there = {(2025, "", "large"): 20, (2025, "", "small"): 90}
    found = known(a_release(("strata", "", "large", 17), ("strata", "", "small", 40), existing=bodies_there))
    assert [(claim.what.band, claim.lo, claim.hi) for claim in Attack(found, []).spared()] == [("large", 17, 20)]


def test_of_two_kinds_together_where_neither_is_certain():
    """Twelve of a region in which ten small bodies exist: two at least are a grouping or a large one."""
    there = {(2025, "53", "small"): 10, (2025, "53", "grouping"): 2, (2025, "53", "large"): 2}
    found = known(a_release(("bodies", "53", "", 12), ("strata", "", "", 12), existing=there))
    bands = ("grouping", "large", "grouping or large")
    assert [least_and_most(found, "strata", "53", band=band)[0] for band in bands] == [0, 0, 2]


def test_whoever_colludes_knows_its_own():
    """Of five in y z, one is known to be in z: of the five of x y, four at most are in y."""
    system = System(3, [Fact({0: 1, 1: 1}, 5, 5), Fact({1: 1, 2: 1}, 5, 5)])
    attack = Attack(SimpleNamespace(system=system), [])
    x = Target("x", frozenset([0]), frozenset([0]))
    assert list(attack.colluded([x], {7: {0: 1}, 8: {1: 1}})) == []
    assert list(attack.colluded([x], {9: {2: 1}})) == [Claim("certain", "x", 1, UNBOUNDED, (9,))]


# It shares nothing with what it attacks

MACHINERY = (
    *("stats.audit", "stats.collusion", "stats.worlds", "stats.proof", "stats.family", "stats.partition"),
    *("stats.question", "stats.links", "stats.hidden", "stats.rests", "stats.atoms", "stats.cutting", "stats.repair"),
    *("stats.closed", "stats.carrying", "stats.disclosure"),
)


def imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            yield from (node.module, *(f"{node.module}.{alias.name}" for alias in node.names))
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@pytest.mark.parametrize("path", sorted((HERE / "attacker").glob("*.py")), ids=lambda path: path.stem)
def test_the_attacker_knows_nothing_of_the_service(path):
    assert not [name for name in imported(path) if name.split(".")[0] == "stats"]
    ours = {name for name in imported(path) if name.startswith("tests.")}
    assert all(name.startswith(("tests.stats.attacker", "tests.stats.pages")) for name in ours)


@pytest.mark.parametrize("name", ["judge", "attacking", "pages"])
def test_the_judge_reads_rows_and_nothing_else(name):
    found = {one for one in imported(HERE / f"{name}.py") if one.startswith("stats")}
    assert not found.intersection(MACHINERY)
    assert all(one.startswith("stats.models") for one in found)
