"""The positions of the marks of a chart, and the format of their numbers."""

from datetime import timedelta

import pytest
from django.template.loader import render_to_string
from selectolax.lexbor import LexborHTMLParser as Parser

from core.french import NARROW_NBSP, NBSP, format_number
from incidents.enums import IncidentType
from stats.labels import bind_words, format_duration_at_most, format_percent, lower_first, upper_first
from stats.pages.charts import (
    Bar,
    Interval,
    Series,
    choose_scale,
    compute_bar_lengths,
    make_line_charts,
    place_interval,
    round_up,
)
from stats.pages.sections import make_sections
from tests.stats.pages import a_page, fill

QUARTERS = ["T1", "T2", "T3", "T4"]
MONTHS = [f"m{number}" for number in range(1, 13)]


def test_a_line_chart_places_its_ticks_names_and_dots():
    """Four columns of 128 units from 44, twenty cases in the 248 units between 24 and 272."""
    chart = make_line_charts(QUARTERS, Series("2026", (0, 10, 20, 5)), None)["wide"]
    assert chart.view_box == "0 0 600 300"
    assert [(tick.text, tick.y, tick.is_base) for tick in chart.ticks] == [
        ("0", "276.0", True),
        ("5", "214.0", False),
        ("10", "152.0", False),
        ("15", "90.0", False),
        ("20", "28.0", False),
    ]
    assert chart.ticks[0].path == "M44 272.0H556"
    assert [(name.text, name.x, name.y) for name in chart.names] == [
        ("T1", "108.0", "292.0"),
        ("T2", "236.0", "292.0"),
        ("T3", "364.0", "292.0"),
        ("T4", "492.0", "292.0"),
    ]
    assert chart.now.lines == ["108.0,272.0 236.0,148.0 364.0,24.0 492.0,210.0"]
    assert chart.now.dots == [("108.0", "272.0"), ("236.0", "148.0"), ("364.0", "24.0"), ("492.0", "210.0")]
    assert [number.text for number in chart.now.numbers] == ["0", "10", "20", "5"]
    assert (chart.now.end.x, chart.now.end.y, chart.now.end.text) == ("504.0", "214.0", "2026")
    assert chart.before is None


def test_a_line_breaks_where_a_period_has_no_number():
    series = Series("2026", (1, 2, None, 3, None, None, 4, 5, None, None, None, None))
    chart = make_line_charts(MONTHS, series, None)["wide"]
    assert [len(run.split()) for run in chart.now.lines] == [2, 1, 2]
    assert len(chart.now.dots) == 5
    assert chart.now.end.text == "2026"
    assert float(chart.now.end.x) == float(chart.now.dots[-1][0]) + 12


def test_a_series_without_any_number_draws_no_line_and_no_dot():
    chart = make_line_charts(QUARTERS, Series("2026", (None,) * 4), Series("2025", (None,) * 4))["narrow"]
    for curve in (chart.now, chart.before):
        assert (curve.lines, curve.dots, curve.numbers, curve.end) == ([], [], [], None)
    assert [tick.text for tick in chart.ticks] == ["0", "1"]


def test_both_years_share_a_scale_and_only_the_first_has_written_numbers():
    chart = make_line_charts(QUARTERS, Series("2026", (1, 1, 1, 1)), Series("2025", (100, 0, 0, 0)))["wide"]
    assert [tick.text for tick in chart.ticks] == ["0", "50", "100"]
    assert [number.text for number in chart.now.numbers] == ["1", "1", "1", "1"]
    assert chart.before.numbers == []
    assert chart.before.dots[0] == ("108.0", "24.0")


@pytest.mark.parametrize(("last", "gap"), [(10, 16.0), (9, 16.0), (20, 124.0)])
def test_the_labels_at_the_ends_do_not_cover_each_other(last, gap):
    chart = make_line_charts(QUARTERS, Series("2026", (0, 0, 20, 10)), Series("2025", (0, 0, 0, last)))["wide"]
    assert abs(float(chart.before.end.y) - float(chart.now.end.y)) == gap


def test_labels_far_apart_stay_where_they_are():
    chart = make_line_charts(QUARTERS, Series("2026", (20, 10, None, None)), Series("2025", (0, 0, 0, 10)))["wide"]
    assert chart.before.end.y == chart.now.end.y


def test_a_narrow_screen_names_every_third_month_and_leaves_out_numbers_that_have_no_room():
    series = Series("2026", (1234,) * 12)
    charts = make_line_charts(MONTHS, series, None)
    assert [name.text for name in charts["wide"].names] == MONTHS
    assert [name.text for name in charts["narrow"].names] == ["m1", "m4", "m7", "m10"]
    assert len(make_line_charts(QUARTERS, Series("2026", (1,) * 4), None)["narrow"].names) == 4
    assert charts["narrow"].now.numbers == []
    assert len(make_line_charts(MONTHS, Series("2026", (12,) * 12), None)["wide"].now.numbers) == 12


def test_a_number_is_drawn_under_its_point_where_the_line_rises_on_both_sides():
    """Above at the tops; beside the line where it only rises or only falls."""
    chart = make_line_charts(MONTHS, Series("2026", (500, 300, 500, 400, 300, 400) * 2), None)["wide"]
    placed = [
        (round(float(number.x) - float(x)), round(float(number.y) - float(y)))
        for number, (x, y) in zip(chart.now.numbers, chart.now.dots, strict=True)
    ]
    assert placed[:6] == [(0, -10), (0, 20), (0, -10), (10, -10), (0, 20), (-10, -10)]


def test_only_the_highest_and_the_lowest_number_are_written_where_room_is_short():
    chart = make_line_charts(MONTHS, Series("2026", (500, 300, 510, 400, 295, 400) * 2), None)["narrow"]
    assert [number.text for number in chart.now.numbers] == ["510", "295"]


def test_no_number_covers_the_label_at_the_end_of_a_line():
    for before in (None, Series("2025", (100_000,) * 12)):
        chart = make_line_charts(QUARTERS, Series("2026", (100_000, 90_000, 100_000, 100_000)), before)["wide"]
        for end in filter(None, [chart.now.end, chart.before and chart.before.end]):
            number_end = float(chart.now.numbers[-1].x) + len(chart.now.numbers[-1].text) * 7.6 / 2
            assert number_end <= float(end.x) or abs(float(chart.now.numbers[-1].y) - float(end.y)) >= 12


def test_the_left_margin_grows_with_the_words_of_the_ticks():
    chart = make_line_charts(QUARTERS, Series("2026", (1_000_000,) * 4), None)["narrow"]
    assert chart.ticks[-1].text == f"1{NARROW_NBSP}000{NARROW_NBSP}000"
    assert chart.frame.left == 77  # nine characters of 7.6 units, rounded up, and eight beside


# Levels and bars


@pytest.mark.parametrize(("value", "up"), [(0, 1), (1, 1), (1.2, 2), (3, 5), (6, 10), (11, 20), (50, 50), (201, 500)])
def test_the_end_of_a_scale_is_one_two_or_five_times_a_power_of_ten(value, up):
    assert round_up(value) == up


def test_levels_are_of_equal_width_and_the_last_is_open():
    scale = choose_scale([5, 50])
    assert [scale.find_level(value) for value in (5, 10, 15, 40, 45, 400)] == [1, 1, 2, 4, 5, 5]
    assert scale.list_steps([5, 1, 2, 2]) == [(1, 5, 10), (2, 15, 20), (5, 45, None)]


def test_each_level_holds_at_least_one_printed_number():
    assert choose_scale([5, 10]).list_steps([1, 2]) == [(1, 5, 5), (2, 10, 10)]
    assert choose_scale([]).step == 5


def test_bars_are_as_long_as_their_numbers():
    assert compute_bar_lengths([8, 2, 0, None, 1]) == ["100.0", "25.0", "0", "0", "12.5"]
    assert compute_bar_lengths([1000, 1]) == ["100.0", "0.6"]
    assert compute_bar_lengths([]) == []
    assert compute_bar_lengths([0, None]) == ["0", "0"]


def test_all_intervals_are_drawn_on_the_scale_of_the_widest():
    assert place_interval(0.1, 0.2, 0.4, 0.8) == Interval("12.5", "37.5", "25.0")
    assert place_interval(0.1, 0.1, 0.1, 0.4) == Interval("25.0", "0.6", "25.0")
    assert place_interval(0, 0, 0, 0) == Interval("0.0", "0.6", "0.0")


# Templates


def test_a_bar_without_a_number_says_why():
    lines = [
        Bar("rançongiciel", 1200, "100.0"),
        Bar("panne", None, "0", text="moins de 5 collectivités"),
        Bar("pas dite", 3, "0.6", is_other=True),
    ]
    page = Parser(render_to_string("stats/chart_bars.html", {"lines": lines}))
    first, second, third = page.css("li")
    assert first.css_first("b").text() == f"1{NARROW_NBSP}200"
    assert first.css("rect")[1].attributes["width"] == "100.0"
    assert [span.text() for span in second.css("span")] == ["Panne", "moins de 5 collectivités"]
    assert second.css("svg") == []
    assert "withheld" in second.css_first("i").attributes["class"]
    assert third.attributes["class"] == "rest"


def test_a_chart_is_drawn_for_a_screen_reader_too():
    charts = make_line_charts(QUARTERS, Series("2026", (1, 2, 3, 4)), Series("2025", (4, 3, None, 1)))
    page = Parser(
        render_to_string("stats/chart_line.html", {"chart": charts["wide"], "size": "wide", "summary": "De 1 à 4"})
    )
    svg = page.css_first("svg.wide")
    assert (svg.attributes["role"], svg.attributes["aria-label"]) == ("img", "De 1 à 4")
    assert len(page.css("circle.dot")) == 4
    assert len(page.css("circle.dot--before")) == 3
    assert [line.attributes["class"] for line in page.css("polyline")] == [
        *["line line--before", "line line--before"],
        "line",
    ]
    assert "style" not in svg.html


# Words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (timedelta(0), "0 min"),
        (timedelta(minutes=12), "12 min"),
        (timedelta(minutes=12, seconds=1), "13 min"),
        (timedelta(hours=2), "2 h"),
        (timedelta(hours=2, minutes=10), "2 h 10"),
        (timedelta(hours=2, minutes=5), "2 h 05"),
        (timedelta(hours=23, minutes=59, seconds=59), "1 jour"),
        (timedelta(days=1), "1 jour"),
        (timedelta(hours=26), "26 h"),
        (timedelta(hours=47, minutes=59), "47 h 59"),
        (timedelta(days=2), "2 jours"),
        (timedelta(days=3), "3 jours"),
        (timedelta(days=3, minutes=1), "3 j 1 h"),
        (timedelta(days=3, hours=4), "3 j 4 h"),
        (timedelta(days=3, hours=23, minutes=1), "4 jours"),
        (timedelta(days=400), "400 jours"),
    ],
)
def test_a_duration_is_written_as_people_say_it_and_never_below_what_it_is(value, words):
    assert format_duration_at_most(value) == words.replace(" ", NBSP)


def test_numbers_and_sentences_do_not_break_where_french_binds_them():
    assert format_number(1234567) == f"1{NARROW_NBSP}234{NARROW_NBSP}567"
    assert [format_percent(share) for share in (0.0057, 0.054, 0.12, 1)] == [
        *[f"0,57{NBSP}%", f"5,4{NBSP}%"],
        *[f"12{NBSP}%", f"100{NBSP}%"],
    ]
    assert bind_words("« Vu : 2 000 »") == f"«{NBSP}Vu{NBSP}: 2{NARROW_NBSP}000{NBSP}»"
    assert [upper_first(word) for word in ("été", "")] == ["Été", ""]
    assert [lower_first(word) for word in ("Été", "EHPAD")] == ["été", "EHPAD"]


def find_types_section(tables):
    return next(section for section in make_sections(a_page(tables)) if section.code == "types")


def test_no_bar_is_drawn_that_is_smaller_than_one_left_to_the_table():
    """The unknown type is drawn last, and only if it is among the largest."""
    codes = list(fill("incidents_by_type", rest=None))
    known_codes = [code for code in codes if code != IncidentType.UNKNOWN]
    values = {code: 200 - 10 * rank for rank, code in enumerate(known_codes)}
    hidden = values[known_codes[11]]
    types = find_types_section({"incidents": 900, "incidents_by_type": values | {IncidentType.UNKNOWN: hidden - 5}})
    assert min(bar.value for bar in types.bars) > hidden
    assert not any(bar.is_other for bar in types.bars)
    assert types.undrawn_count == len(codes) - len(types.bars)

    types = find_types_section({"incidents": 900, "incidents_by_type": values | {IncidentType.UNKNOWN: 300}})
    assert [(bar.value, bar.is_other) for bar in types.bars][-1] == (300, True)
