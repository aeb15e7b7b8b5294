"""What becomes of blocks on a page: sums, merged spans, cells, tiles, marks of a chart. No database."""

from datetime import date

import pytest

from incidents.enums import PublicService
from stats.charts import BESIDE, CHARACTER, NARROW, WIDE, line_chart
from stats.published.numbers import State
from stats.published.tables import Scale, scale_for
from stats.titles import beside_map
from stats.words import step_words
from tests.stats.blocks import REGIONS, a_page, block, month, quarter, year

SHOWN, ZERO, WITHHELD, WAITING = State.SHOWN, State.ZERO, State.WITHHELD, State.WAITING


def spans(row):
    return [(span.first, span.length, span.value, span.is_merged, span.over) for span in row.spans]


def quarters(*values, of_year=2025):
    return [block("quarters", quarter(of_year, number), value) for number, value in enumerate(values, 1) if value]


def test_it_works():
    """Two quarters alone, the others in one number of the year."""
    page = a_page(*quarters(30, 40), block("quarters", year(2025), 12), years=(2025,))
    assert page.totals.incidents == 82
    assert spans(page.trend.now) == [(0, 1, 30, False, ""), (1, 1, 40, False, ""), (2, 2, 12, True, "")]
    assert (page.trend.now.total, page.trend.now.loose) == (82, 0)


def test_a_number_of_the_whole_quarter_lies_over_its_months():
    """January and February alone, 24 for the second quarter, nothing in the third: zero, for nothing covers it."""
    page = a_page(
        block("incidents", month(2025, 1), 10, region="53"),
        block("incidents", month(2025, 2), 12, region="53"),
        block("incidents", month(2025, 3), 8, region="53"),
        block("incidents", quarter(2025, 2), 24, region="53"),
        region="53",
    )
    assert spans(page.trend.now) == [
        *((0, 1, 10, False, ""), (1, 1, 12, False, ""), (2, 1, 8, False, "")),
        (3, 3, 24, True, "quarter"),
        *((index, 1, 0, False, "") for index in range(6, 12)),
    ]


def test_late_cases_of_the_year_may_be_of_a_quarter_that_was_told():
    """The first quarter was published; what came late in it may be in the number of the year, which lies nowhere."""
    page = a_page(*quarters(30), late=[block("quarters", year(2025), 9)], years=(2025,))
    assert (page.trend.now.total, page.trend.now.loose) == (39, 9)
    assert [span.cell.state for span in page.trend.now.spans] == [SHOWN, WITHHELD]


def test_a_late_number_of_a_quarter_takes_nothing_from_the_year():
    """Twelve in the last three quarters, as they were told: that the second one has late cases leaves them there."""
    page = a_page(*quarters(30), block("quarters", year(2025), 12), late=quarters(0, 6), years=(2025,))
    assert page.trend.now.loose == 12
    late_too = a_page(*quarters(30), late=[*quarters(5), block("quarters", year(2025), 12)], years=(2025,))
    assert spans(late_too.trend.now) == [(0, 1, 35, False, ""), (1, 3, 12, True, "")]


def test_periods_that_do_not_touch_have_no_common_number():
    """April and June were put together: no plateau goes over May, and the sum is told beside."""
    page = a_page(
        block("incidents", month(2025, 5), 20, region="53"),
        block("incidents", quarter(2025, 2), 8, region="53"),
        region="53",
    )
    assert page.trend.now.loose == 8
    assert [cell.cell.state for cell in page.trend.now.spans[3:6]] == [WITHHELD, SHOWN, WITHHELD]


def test_what_one_region_keeps_for_the_year_is_not_what_another_lacks():
    """Bretagne by quarter, Corse by year: its twelve do not lie in the two quarters that have no number."""
    page = a_page(
        *(block("incidents", quarter(2025, number), 20, region="53") for number in (1, 2)),
        block("incidents", year(2025), 12, region="94"),
        years=(2025,),
    )
    assert [span.value for span in page.trend.now.spans] == [20, 20, None]
    assert page.trend.now.spans[2].cell.state is WITHHELD
    assert (page.trend.now.loose, page.trend.now.total) == (12, 52)


def test_late_blocks_of_one_scope_are_added():
    page = a_page(*quarters(30, 40, 50, 60), *quarters(6, 0, 0, 0), years=(2025,))
    assert [span.value for span in page.trend.now.spans] == [36, 40, 50, 60]
    assert page.totals.incidents == 186


def test_a_year_that_goes_on_waits():
    page = a_page(*quarters(30, 40), until=date(2025, 6, 30), years=(2025,))
    assert [span.cell.state for span in page.trend.now.spans] == [SHOWN, SHOWN, WAITING, WAITING]


def test_the_year_alone_draws_no_trend():
    assert a_page(block("incidents", year(2025), 9, region="53"), region="53").trend is None


def test_the_nation_says_whichever_table_of_the_same_incidents_says_more():
    page = a_page(*quarters(30, 40, 20, 20), block("incidents", year(2025), 90, region="53"))
    assert page.totals.incidents == 110
    assert (page.by_region.totals, page.by_region.apart) == ([90], 20)


# The map


def states(page):
    return {line.region.code: (line.incidents.value, line.incidents.state) for line in page.by_region.lines}


def test_each_region_is_alone_or_counted_with_others():
    page = a_page(block("incidents", year(2025), 18, region="53"), block("incidents", year(2025), 7))
    assert states(page) == {"53": (18, SHOWN)} | {code: (None, WITHHELD) for code in REGIONS if code != "53"}
    assert page.by_region.several == [7]


def test_a_region_is_zero_only_where_no_number_covers_it():
    page = a_page(block("incidents", year(2025), 18, region="53"))
    assert states(page)["94"] == (0, ZERO)
    waits = a_page(block("incidents", quarter(2025, 1), 18, region="53"), until=date(2025, 3, 31))
    assert states(waits)["94"] == (None, WAITING)


def test_a_table_that_is_not_published_has_no_zeros():
    page = a_page(*quarters(30, 40, 20, 20))
    assert page.by_region is None
    assert [str(one) for one in a_page(block("incidents", year(2025), 9, region="53")).by_region.measures] == [
        "incidents"
    ]


def test_levels_are_counted_by_round_numbers():
    scale = scale_for([386, 24, 231])
    assert scale == Scale(100)
    assert [scale.level(value) for value in (1, 100, 101, 386, 9999)] == [1, 1, 2, 4, 5]
    assert scale.steps([1, 3, 5]) == [(1, 1, 100), (3, 201, 300), (5, 401, None)]
    assert scale_for([5]) == Scale(1)


def test_a_key_names_no_number_that_is_never_published():
    assert [step_words(step) for step in Scale(5).steps([1, 2, 5])] == ["jusqu’à 5", "6 à 10", "21 et plus"]


# Bands


def test_a_band_is_zero_only_where_all_is_told():
    """Of 20 interruptions 12 have a service of their own; where the others are told nowhere, no service is at zero."""
    services = [block("services", year(2025), 12, region="53", band="eau")]
    some = a_page(*services, block("interruptions", year(2025), 20, region="53")).services
    assert {line.code: line.cell.state for line in some.lines}["civil"] is WITHHELD
    every = a_page(*services, block("interruptions", year(2025), 12, region="53")).services
    assert {line.code: (line.value, line.cell.state) for line in every.lines}["civil"] == (0, ZERO)


def test_a_remainder_is_the_last_line_and_says_how_much():
    """What is known of persons alone, of persons and status, and of neither."""
    leaks = [
        block("leaks", year(2025), 9, region="53", band="6-50/confirmed"),
        block("leaks", year(2025), 7, region="53", band="6-50"),
        block("leaks", year(2025), 5, region="53"),
    ]
    page = a_page(*leaks, region="53")
    assert [(line.label, line.value) for line in page.persons.bars] == [
        ("de 6 à 50 personnes", 16),
        ("Non ventilé", 5),
    ]
    assert [(line.label, line.value) for line in page.status.bars] == [("confirmée", 9), ("Non ventilé", 12)]
    assert page.status.named + page.status.rest == page.persons.named + page.persons.rest == page.totals.leaks == 21


def test_long_lists_keep_their_shortest_lines_for_the_table():
    codes = [code for code, _label in PublicService.choices]
    for number, drawn in ((13, 13), (14, 12), (20, 12)):
        blocks = [block("services", year(2025), 50 - n, band=code) for n, code in enumerate(codes[:number])]
        services = a_page(*blocks).services
        assert len(services.bars) == drawn
        assert services.bars[0].value == 50
        assert services.only_in_table == number - drawn


# Types by period


def test_types_stand_alone_in_their_class_or_grouped():
    blocks = [
        block("incidents", month(2025, 1), 9, region="53", band="intrusions/boite"),
        block("incidents", month(2025, 1), 6, region="53", band="intrusions"),
        block("incidents", month(2025, 1), 5, region="53"),
        block("incidents", quarter(2025, 2), 11, region="53"),
        block("incidents", month(2025, 7), 7, region="53", band="intrusions/boite"),
    ]
    heat = a_page(*blocks, region="53").types
    rows = {row.label: row for row in heat.rows}
    assert set(rows) == {"Compromission de messagerie", "Intrusions, types regroupés"}
    alone = rows["Compromission de messagerie"]
    assert alone.total == 16
    # 0 where the month is told and nothing covers the type; grouped where a wider number may hold some.
    assert [(span.first, span.length, span.cell.state) for span in alone.spans][:5] == [
        *((0, 1, SHOWN), (1, 1, ZERO), (2, 1, ZERO), (3, 3, WITHHELD), (6, 1, SHOWN)),
    ]
    assert spans(heat.grouped)[:4] == [
        *((0, 1, 5, False, ""), (1, 1, 0, False, ""), (2, 1, 0, False, ""), (3, 3, 11, True, "quarter")),
    ]
    assert [span.value for span in heat.total.spans][:5] == [20, 0, 0, 11, 7]
    assert heat.total.total == sum(row.total for row in (*heat.rows, heat.grouped)) == 38


def test_two_regions_are_added_for_the_nation():
    heat = a_page(
        *(block("incidents", month(2025, 1), 6, region=code, band="fraud/virement") for code in ("53", "11")),
        *(block("incidents", month(2025, 1), 5, region=code, band="availability/panne") for code in ("53", "11")),
    ).types
    assert {row.label: row.spans[0].value for row in heat.rows} == {
        "Fraude au virement (FOVI)": 12,
        "Panne": 10,
    }


# Marks


def test_a_chart_starts_at_zero_and_stays_in_its_frame():
    page = a_page(*quarters(30, 40, 20, 71), *quarters(10, 90, 20, 5, of_year=2024))
    for frame in (WIDE, NARROW):
        chart = line_chart(page.trend, frame)
        assert chart.ticks[0].text == "0"
        assert chart.ticks[0].is_base
        assert chart.ticks[0].path.startswith(f"M{frame.left} {frame.floor}")
        for series in (chart.now, chart.before):
            assert len(series.dots) == 4
            assert all(frame.top <= float(y) <= frame.floor for _x, y in series.dots)
        assert len(chart.now.lines) == 1


@pytest.mark.parametrize("frame", [WIDE, NARROW])
@pytest.mark.parametrize("value", [40, 12_400, 1_240_000])
def test_the_words_of_the_ticks_stay_in_the_frame(frame, value):
    chart = line_chart(a_page(*quarters(value, value), years=(2025,)).trend, frame)
    longest = max(len(tick.text) for tick in chart.ticks)
    assert chart.frame.left - BESIDE >= longest * CHARACTER
    assert chart.ticks[0].path.startswith(f"M{chart.frame.left} ")


def test_a_plateau_holds_what_it_counts_and_breaks_the_line():
    """12 over two quarters stands at six; no point is invented between."""
    page = a_page(
        block("quarters", quarter(2025, 1), 30),
        block("quarters", quarter(2025, 4), 10),
        block("quarters", year(2025), 12),
        years=(2025,),
    )
    chart = line_chart(page.trend, WIDE)
    assert len(chart.now.dots) == 2
    assert len(chart.now.lines) == 2
    [plateau] = chart.now.plateaus
    assert plateau.words.text == "12 regroupés"
    unit = (WIDE.floor - WIDE.top) / int(chart.ticks[-1].text)
    assert plateau.edge.split()[1].startswith(f"{WIDE.floor - 6 * unit:.1f}H")


def test_a_chart_writes_all_of_its_numbers_or_none():
    months = [block("incidents", month(2025, number), 95 + number, region="53") for number in range(1, 13)]
    trend = a_page(*months, region="53").trend
    assert len(line_chart(trend, WIDE).now.numbers) == 12
    assert line_chart(trend, NARROW).now.numbers == []


@pytest.mark.parametrize("values", [(3, 3, 3, 3), (999_999, 1, 5, 8)])
def test_words_at_the_ends_of_two_lines_do_not_cover_each_other(values):
    page = a_page(*quarters(*values), *quarters(*values, of_year=2024))
    chart = line_chart(page.trend, WIDE)
    assert abs(float(chart.now.end.y) - float(chart.before.end.y)) >= 16


def test_late_cases_of_several_regions_may_be_of_one_that_has_a_number():
    """Nine came late: of Bretagne too, it may be, which has no late number."""
    told = [block("incidents", year(2025), 20, region="53"), block("incidents", year(2025), 6)]
    mixed = "Certains peuvent être d’une région qui a aussi son nombre, paru plus tôt ou plus tard."
    page = a_page(*told, late=[block("incidents", year(2025), 9)])
    assert beside_map(page.by_region).endswith(mixed)
    assert mixed not in beside_map(a_page(*told).by_region)
    own = [block("incidents", year(2025), 9), block("incidents", month(2025, 5), 7, region="53")]
    assert mixed not in beside_map(a_page(*told, late=own).by_region)
