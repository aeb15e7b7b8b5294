"""Pages beside numbers that are wider, of another table or of a later release. Blocks by hand, no database."""

from dataclasses import replace
from datetime import date

import pytest

from stats import sections, story, titles
from stats.models import Release
from stats.published.numbers import State
from stats.published.page import page_of
from stats.reports.tables import types_said
from stats.words import cell_words
from tests.stats.blocks import a_page, block, month, quarter, year
from tests.stats.test_tell_story import words

RANSOM, MAILBOX = "information-content-security/rancon", "intrusions/boite"


def typed(number, value, band=RANSOM):
    return block("incidents", month(2025, number), value, band=band, region="53")


def test_signalements_of_a_quarter_are_not_all_of_them():
    told = [block("quarters", quarter(2025, n), 100) for n in (1, 2, 3, 4)]
    told += [block("reports", quarter(2025, 1), 5, region="53"), block("reports", year(2025), 300)]
    first = a_page(*told, quarter_number=1, years=(2025,))
    assert "5 signalements vérifiés" in words([story.keys(first)[0].under])
    assert words([story.keys(first)[0].under]).endswith("300 de plus dans l’année, non ventilés par trimestre")
    running = a_page(*told[:2], told[4], until=date(2025, 6, 30), years=(2025,))
    assert words([story.keys(running)[0].under]).endswith("d’autres peuvent attendre la fin de l’année")


def test_types_of_a_quarter_are_those_of_that_quarter():
    """Sixty of the first one, of two types; many more of the others."""
    first = [typed(n, value, band) for n in (1, 2, 3) for value, band in ((12, RANSOM), (8, MAILBOX))]
    page = a_page(*first, *(typed(n, 50) for n in range(4, 13)), region="53", quarter_number=1, years=(2025,))
    assert (page.types.total.total, page.types.total.loose, page.types.says_something) == (60, 0, True)
    assert "types" not in words(story.not_shown(page))


def test_what_is_counted_for_the_year_is_in_no_month_and_not_zero():
    """Corse has one number for its year: in which month its cases lie, nobody says."""
    alone = [typed(n, 20, band) for n in range(1, 13) for band in (RANSOM, MAILBOX)]
    types = a_page(*alone, block("incidents", year(2025), 90, region="94"), years=(2025,)).types
    assert (types.grouped.loose, types.grouped.total) == (90, 90)
    assert {span.cell.state for span in types.grouped.spans} == {State.WITHHELD}
    late = a_page(
        *alone, late=[block("incidents", quarter(2025, 1), 6, region="53")], region="53", years=(2025,)
    ).types
    assert [span.cell.state for span in late.grouped.spans][:2] == [State.WITHHELD, State.ZERO]


def test_a_type_by_month_and_then_by_quarter_adds_up():
    """A second quarter that was cut more coarsely; and six of the first one that came late."""
    told = [typed(n, value, band) for n in (1, 2, 3) for value, band in ((20, RANSOM), (15, MAILBOX))]
    told += [block("incidents", quarter(2025, 2), value, region="53", band=RANSOM) for value in (30, 9)]
    late = [block("incidents", quarter(2025, 1), 6, region="53", band=RANSOM)]
    page = a_page(*told, region="53", until=date(2025, 6, 30), years=(2025,), late=late)
    ransom, mailbox = page.types.rows
    assert (ransom.total, ransom.loose, mailbox.total) == (105, 6, 45)
    assert [(span.first, span.length, span.value) for span in ransom.spans if span.is_merged] == [(3, 3, 39)]
    assert page.types.total.total == 150


def test_a_trend_that_is_not_all_says_so():
    told = [block("incidents", month(2025, n), 77, region="11") for n in range(1, 7)]
    told += [block("quarters", quarter(2025, n), 250) for n in (1, 2)]
    page = a_page(*told, until=date(2025, 6, 30), years=(2025,))
    assert (page.totals.incidents, page.trend.now.total) == (500, 462)
    assert "38 autres incidents publiés ne sont pas ici." in words([titles.under_trend(page)])


def kinds(types):
    return {row.label: [cell_words(span.cell) for span in row.spans] for row in (*types.rows, types.grouped)}


@pytest.mark.parametrize("region", ["", "53"])
def test_where_all_are_of_one_type_no_type_is_missing(region):
    page = a_page(*(typed(n, 20) for n in range(1, 13)), region=region, years=(2025,))
    assert "types" not in words(story.not_shown(page))
    assert words([titles.title_of_types(page.types)]) == "« Rançongiciel » : 240 incidents sur 240"
    more = a_page(*(typed(n, 20) for n in range(1, 13)), block("incidents", year(2025), 6, region="53"), region=region)
    assert "les types d’incidents" in words(story.not_shown(more))
    assert not more.types.says_something


def test_where_the_nation_counts_more_than_its_regions_no_type_is_zero():
    """January's forty others are of any type, in any month of their quarter; in the second one there are none."""
    told = [block("quarters", quarter(2025, n), value) for n, value in ((1, 100), (2, 60))]
    told += [typed(1, 60), typed(4, 30), typed(4, 30, MAILBOX)]
    types = a_page(*told, until=date(2025, 6, 30), years=(2025,)).types
    waits = ["à venir", "à venir"]
    assert kinds(types) == {
        "Rançongiciel": ["60", *waits, "30", *waits],
        "Compromission de messagerie": ["regroupé", *waits, "30", *waits],
        "Types regroupés": ["regroupé", *waits, "0", *waits],
    }
    assert types.apart == 40
    [*_, grouped, total] = types_said(types)["lines"]
    assert (grouped["cells"][-1]["text"], total["cells"][-1]["text"]) == ("regroupé", "120")


def test_what_the_nation_counts_for_the_year_may_be_of_any_quarter_without_a_number():
    told = [block("quarters", quarter(2025, 1), 30), block("quarters", year(2025), 6)]
    types = a_page(*told, typed(1, 20), typed(2, 10, MAILBOX), years=(2025,)).types
    zeros = {
        label: [index for index, word in enumerate(cells) if word == "0"] for label, cells in kinds(types).items()
    }
    assert zeros == {"Rançongiciel": [1, 2], "Compromission de messagerie": [0, 2], "Types regroupés": [0, 1, 2]}
    assert [span.length for span in types.total.spans if span.cell.is_withheld] == [9]


def incidents_by_region(page):
    return {line.region.code: cell_words(line.incidents) for line in page.by_region.lines}


def test_where_the_nation_counts_more_than_its_regions_no_region_has_zero():
    """Six more of the nation may be of Corse; not where the regions' year holds as many as the nation's quarters."""
    told = [block("incidents", quarter(2025, 1), 30, region="53"), block("quarters", quarter(2025, 1), 36)]
    page = a_page(*told, years=(2025,))
    assert set(incidents_by_region(page).values()) == {"30", "regroupé"}
    corse = a_page(*told, region="94", years=(2025,))
    assert words(story.story(corse)).startswith("Aucun nombre d’incidents ne peut être montré à part en Corse")
    year_too = block("incidents", year(2025), 6, region="11")
    for number, word in ((0, "6"), (1, "regroupé")):
        of_all = incidents_by_region(a_page(*told, year_too, quarter_number=number, years=(2025,)))
        assert (of_all["94"], of_all["11"]) == ("0", word)


def test_where_the_regions_count_more_than_the_nation_no_quarter_is_zero():
    told = [block("incidents", year(2025), 12, region="53"), block("incidents", year(2025), 6)]
    page = a_page(block("quarters", quarter(2025, 1), 5), *told, years=(2025,))
    assert [(span.length, cell_words(span.cell)) for span in page.trend.now.spans] == [(1, "5"), (3, "regroupé")]
    assert titles.title_of_trend(page) == "Les incidents, trimestre par trimestre"
    assert words([titles.summary_of_trend(page)]).endswith(" : 5 (1er trimestre).")
    alone = a_page(block("quarters", quarter(2025, 1), 5), block("incidents", year(2025), 5), years=(2025,))
    assert titles.title_of_trend(alone) == "De 0 à 5 incidents par trimestre"


def test_a_trend_that_is_not_all_has_no_range_in_its_title():
    told = [block("quarters", quarter(2025, n), 30 + n) for n in (1, 2, 3, 4)]
    more = block("incidents", year(2025), 150, region="53")
    assert titles.title_of_trend(a_page(*told, more, years=(2025,))) == "Les incidents, trimestre par trimestre"


def test_of_nothing_no_detail_is_missing():
    told = [block("incidents", year(2025), 30, region="94"), block("incidents", year(2025), 60, region="11")]
    told += [block("leaks", year(2025), 20, region="11"), block("interruptions", year(2025), 20, region="11")]
    told += [block("services", year(2025), 20), block("categories", year(2025), 20)]
    missing = words(story.not_shown(a_page(*told, region="94", years=(2025,))))
    assert "les causes" in missing
    assert not {"interruptions", "services", "fuite", "données"} & set(missing.replace(",", "").split())


def test_what_is_told_of_a_region_alone_is_not_all_of_it():
    """Its incidents are counted with others; so are its other causes."""
    told = [block("incidents", year(2025), 60, region="11"), block("incidents", year(2025), 45)]
    told += [
        block("causes", year(2025), 10, region="94", band="phishing"),
        block("causes", year(2025), 60, band="flaw"),
    ]
    [causes] = sections.causes(a_page(*told, region="94", years=(2025,)))
    assert causes.title == "Comment c’est arrivé"
    [alone] = sections.causes(a_page(*told[:3], block("incidents", year(2025), 10, region="94"), region="94"))
    assert words([alone.title]) == "Hameçonnage : 10 sur 10"


def test_a_region_of_which_no_number_counts_an_incident():
    told = [block("reports", year(2025), 30, region="94"), block("incidents", year(2025), 60, region="11")]
    page = a_page(*told, region="94", years=(2025,))
    assert words(story.story(page)) == "Aucun nombre publié ne compte d’incident en Corse pour 2025."
    assert cell_words(story.keys(page)[0].value) == "0"
    assert cell_words(story.keys(page)[3].value) == "pas publié"


def test_a_year_in_which_the_service_began_is_not_drawn_beside():
    """Three quarters of zero would say that nothing happened then."""
    told = [block("quarters", quarter(2025, n), 30) for n in (1, 2, 3, 4)]
    assert a_page(*told, block("quarters", quarter(2024, 4), 5)).trend.before is None
    assert a_page(*told, *(block("quarters", quarter(2024, n), 5) for n in (1, 4))).trend.before


def test_a_quarter_that_was_first_told_months_later_is_not_late_for_that():
    """No release came when it closed: what the first one told after that is all that could be told."""
    told = [block("incidents", quarter(2025, 1), 53, region="53")]
    now = block("incidents", quarter(2026, 1), 30, region="53")
    source = a_page(now, late=told, of_year=2026, until=date(2026, 3, 31), region="53", years=(2026, 2025)).source
    releases = [Release(number=n, covers_until=date(year, 12, 31)) for n, year in ((1, 2024), (2, 2025))]
    assert page_of(replace(source, releases=[*source.releases, *releases])).comparison.late == 0
