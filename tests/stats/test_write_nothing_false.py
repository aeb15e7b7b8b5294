"""No sentence is false in any country that the printed numbers fit: countries are drawn, printed, and read."""

import re
from fractions import Fraction
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from stats.disclosure.tables import CATEGORIES, TABLES
from stats.pages.intervals import TotalChange, compare_totals
from stats.pages.rates import find_scale_end, list_stratum_rates
from stats.pages.sections import make_delays_table, make_sections
from stats.pages.sentences import list_summary_sentences
from stats.pages.titles import DELAY_BAND_PHRASES, HOURS_BAND_PHRASES, format_months_title, format_strata_title
from stats.releases.reading import CellState, PrintedCell
from tests.stats.pages import BODIES, a_page, plain

UNITS = st.one_of(st.integers(0, 12), st.integers(0, 300))
TOTAL_OF = {"incidents": "incidents", "interruptions": "interruptions", "leaks": "leaks"}


@st.composite
def prints(draw, units):
    """One of the two multiples of five around a number, or a dash, whatever hides it."""
    if units < 5 or draw(st.integers(0, 5)) == 0:
        return None
    return units // 5 * 5 + draw(st.sampled_from((0, 5))) * (units % 5 > 0)


@st.composite
def countries(draw, table):
    """Draw the true values of a table that is a partition, and the page that prints it with its total."""
    codes = CATEGORIES[TABLES[table].by[-1]]
    values = draw(st.lists(UNITS, min_size=len(codes), max_size=len(codes)))
    total = sum(values) + (draw(st.integers(0, 20)) if table == "incidents_by_month" else 0)
    printed = {code: draw(prints(value)) for code, value in zip(codes, values, strict=True)}
    counts = table.partition("_by_")[0]
    page = a_page({counts: draw(prints(total)), table: printed})
    return SimpleNamespace(truth=dict(zip(codes, values, strict=True)), total=total, page=page)


def check_first(country, title):
    """« Le plus souvent : rançongiciel, 85 sur 320 »"""
    if not title.startswith("Le plus souvent"):
        return
    number, total = (int(word.replace(" ", "")) for word in re.search(r", ([\d ]+) sur ([\d ]+)$", title).groups())
    most = max(country.truth.values())
    assert list(country.truth.values()).count(most) == 1
    assert abs(most - number) <= 4
    assert abs(country.total - total) <= 4


def check_half(country, title, codes, words):
    for code, within in words.items():
        if title.endswith(str(within)):
            inside = sum(country.truth[band] for band in codes[: codes.index(code) + 1])
            assert 2 * inside >= country.total


@given(countries("incidents_by_cause"))
def test_the_title_and_the_bars_of_causes_are_true(country):
    """The country that is true is one of those that fit."""
    [section] = make_sections(country.page)
    check_first(country, plain(section.title))
    for bar in section.bars:
        [true] = [country.truth[line.code] for line in section.breakdown.lines if line.label == bar.label]
        assert abs(true - bar.value) <= 4


@given(countries("incidents_by_type"))
def test_the_type_called_most_frequent_is_the_most_frequent(country):
    check_first(country, plain(make_sections(country.page)[0].title))


@given(countries("leaks_by_persons"))
def test_the_band_of_persons_called_most_frequent_is_the_most_frequent(country):
    check_first(country, plain(make_sections(country.page)[0].title))


@given(st.data())
def test_the_category_of_data_called_most_frequent_is_the_most_frequent(data):
    """A leak is in one category or several."""
    codes = CATEGORIES["category"]
    leaks = data.draw(st.integers(0, 120))
    truth = {code: data.draw(st.integers(0, leaks)) for code in codes}
    printed = {code: data.draw(prints(value)) for code, value in truth.items()}
    page = a_page({"leaks": data.draw(prints(leaks)), "leaks_by_category": printed})
    [section] = make_sections(page)
    check_first(SimpleNamespace(truth=truth, total=leaks), plain(section.title))


@given(countries("interruptions_by_hours"))
def test_at_least_half_of_the_interruptions_are_as_short_as_the_title_says(country):
    check_half(country, make_sections(country.page)[0].title, CATEGORIES["hours"], HOURS_BAND_PHRASES)


@given(countries("incidents_by_help"))
def test_at_least_half_of_the_incidents_get_help_as_soon_as_the_title_says(country):
    check_half(country, make_delays_table(country.page).title, CATEGORIES["help"], DELAY_BAND_PHRASES)


@given(countries("incidents_by_month"))
def test_every_month_lies_within_the_range_in_the_title(country):
    match = re.fullmatch(r"Environ (\d+) à (\d+) incidents par mois", plain(format_months_title(country.page)))
    if match:
        assert abs(min(country.truth.values()) - int(match[1])) <= 4
        assert abs(max(country.truth.values()) - int(match[2])) <= 4


@given(st.data())
def test_a_total_called_higher_or_lower_is_truly_so(data):
    now, before = data.draw(UNITS), data.draw(UNITS)
    printed = data.draw(prints(now)), data.draw(prints(before))
    change = compare_totals(
        *(PrintedCell(value, CellState.SHOWN if value is not None else CellState.BELOW) for value in printed)
    )
    assert change is not TotalChange.MORE or now > before
    assert change is not TotalChange.FEWER or now < before
    assert (change is None) == (None in printed)
    sentences = " ".join(list_summary_sentences(a_page({"incidents": printed[0]}, before={"incidents": printed[1]})))
    assert ("plus d’incidents" in sentences) == (change is TotalChange.MORE)
    assert ("moins d’incidents" in sentences) == (change is TotalChange.FEWER)


def check_spread(rate):
    """« de 0,5 % à 1,3 % » holds every share that is possible, digit by digit, and the scale ends no lower."""
    numbers = [Fraction(number.replace(",", ".")) / 100 for number in re.findall(r"[\d,]+", rate.share_text)]
    assert bool(numbers) == rate.has_share
    if numbers:
        assert numbers[0] * rate.bodies <= rate.min_bodies <= rate.max_bodies <= numbers[-1] * rate.bodies
        assert find_scale_end([rate]) >= rate.high


@given(st.data())
def test_intervals_contain_the_true_rates_and_the_rate_called_highest_is_the_highest(data):
    """A dash may be all the bodies there are."""
    truth = {code: data.draw(st.integers(0, min(number, 400))) for code, number in BODIES.items()}
    page = a_page({"bodies_by_stratum": {code: data.draw(prints(value)) for code, value in truth.items()}})
    shares = {code: value / BODIES[code] for code, value in truth.items()}
    rates = list_stratum_rates(page)
    for rate, share in zip(rates, shares.values(), strict=True):
        assert rate.low <= share <= rate.high <= 1
        check_spread(rate)
    title = format_strata_title(rates)
    for code, rate in zip(shares, rates, strict=True):
        if plain(title).endswith(f": {plain(rate.label)}"):
            assert shares[code] == max(shares.values())
