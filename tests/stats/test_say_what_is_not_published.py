"""Where no number says it: not published, or nobody there, and never zero. Blocks by hand."""

from datetime import date

import pytest

from stats import story
from stats.published import Asked, read_page
from stats.published.numbers import State
from stats.words import cell_words
from tests.stats.blocks import a_page, a_release, block, quarter, year
from tests.stats.test_read_figures import BODIES, OF_2025, PAGE
from tests.stats.test_tell_story import words


@pytest.mark.parametrize("region", ["", "53", "94"])
def test_of_a_table_that_was_left_out_nobody_says_zero(region):
    """Some may have had an interruption or a leak: too few for any number."""
    told = [block("incidents", year(2025), 14, region=code) for code in ("53", "94")]
    page = a_page(*told, block("bodies_hit", year(2025), 7, region="53"), region=region, years=(2025,))
    [_, interruptions, leaks, _] = story.keys(page)
    assert cell_words(interruptions.value) == cell_words(leaks.value) == "pas publié"
    assert words([interruptions.under]) == "un service public arrêté ou ralenti"
    assert ":" not in words(story.story(page))


def test_where_incidents_are_told_of_the_nation_only_no_region_has_zero():
    told = [block("quarters", quarter(2025, n), 6) for n in (1, 2, 3, 4)]
    page = a_page(*told, block("reports", year(2025), 30, region="94"), region="94", years=(2025,))
    assert words(story.story(page)) == (
        "Le nombre d’incidents en Corse n’est pas publié pour 2025. Cela ne veut pas dire qu’il n’y en a pas eu."
    )
    assert cell_words(story.keys(page)[0].value) == "pas publié"
    nation = a_page(*told, years=(2025,))
    assert story.keys(nation)[0].value == 24


def no_rates(*blocks, **choice):
    page = a_page(block("incidents", year(2025), 14, region="53"), *blocks, years=(2025,), **choice)
    return {line.region.code: cell_words(line.no_rate) for line in page.by_region.lines if not line.rate}


def test_a_region_without_a_rate_says_why():
    """Of several regions together, eight bodies: of Corse perhaps, never of where there is none at all."""
    bretagne, several = block("bodies", year(2025), 10, region="53"), block("bodies", year(2025), 8)
    known = {(2025, code, ""): 300 for code in ("53", "94", "01", "11", "")}
    assert no_rates(bretagne, several, bodies=known) == {
        "94": "regroupé",
        "01": "regroupé",
        "11": "regroupé",
        "975": "aucune collectivité",
    }
    assert no_rates(bretagne, bodies=known) == {"975": "aucune collectivité"}
    assert no_rates(bretagne, bodies=known, until=date(2025, 9, 30)) == {"975": "à venir"}


@pytest.mark.parametrize("region", ["", "53", "94"])
def test_without_a_number_of_bodies_no_rate_is_published(region):
    """Of the region's own page too, and of the nation's: its key figure and its table say the same."""
    known = {(2025, code, ""): 300 for code in ("53", "94", "01", "11", "975", "")}
    told = no_rates(bodies=known, region=region)
    assert set(told.values()) == {"pas publié"}
    assert len(told) == 5
    page = a_page(block("incidents", year(2025), 14, region="53"), bodies=known, region=region)
    assert cell_words(story.keys(page)[3].value) == "pas publié"


def test_a_region_has_zero_of_a_table_that_is_published_and_nothing_of_one_left_out(client, db):
    """Bretagne has numbers of interruptions and of leaks; nobody has one of signalements."""
    a_release(*OF_2025, until=date(2025, 12, 31), bodies=BODIES)
    page = read_page(Asked(region="94"))
    assert [one.value.state for one in story.keys(page)[1:3]] == [State.ZERO, State.ZERO]
    a_release(*OF_2025[:4], until=date(2025, 12, 31), bodies=BODIES)
    assert {one.value.state for one in story.keys(read_page(Asked(region="94")))[1:]} == {State.ABSENT}
    assert '<span class="help">pas publié</span>' in client.get(PAGE, {"region": "94"}).content.decode()
