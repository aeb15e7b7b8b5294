"""Titles, bars, rates and the map: what is drawn of printed numbers, and no more."""

import pytest

from stats.pages.intervals import TotalChange, compare_totals, compute_binomial_tail
from stats.pages.map import draw_map, format_step
from stats.pages.page import TOTALS
from stats.pages.rates import StratumRate, list_stratum_rates
from stats.pages.sections import make_delay_sections, make_delays_table, make_sections
from stats.pages.titles import (
    format_map_subtitle,
    format_map_title,
    format_months_subtitle,
    format_months_title,
    format_quarters_subtitle,
    format_strata_subtitle,
    format_strata_title,
    has_enough_points,
    list_quarter_headings,
    list_quarter_totals,
    summarise_map,
    summarise_months,
)
from stats.printed_wording import format_cell
from stats.releases.reading import BELOW, CellState, PrintedCell
from tests.stats.pages import BRETAGNE, a_page, fill, plain

SHOWN = CellState.SHOWN


def find_section(code, tables, **changed):
    return next(section for section in make_sections(a_page(tables, **changed)) if section.code == code)


def make_months(*values, rest=None, **tables):
    return {"incidents": 100, "incidents_by_month": fill("incidents_by_month", *values, rest=rest), **tables}


def test_bars_have_their_labels_values_and_shares():
    causes = find_section(
        "causes", {"incidents": 320, "incidents_by_cause": fill("incidents_by_cause", 200, 55, rest=5)}
    )
    assert plain(causes.title) == "Le plus souvent : hameçonnage, 200 sur 320"
    assert [(bar.label, bar.value, bar.share) for bar in causes.bars[:2]] == [
        ("hameçonnage", 200, "100.0"),
        ("identifiants volés ou devinés", 55, "27.5"),
    ]
    assert (causes.total, causes.note) == ("320", "")


# Which one is first


def find_title_of_causes(total, *values, rest=None):
    tables = {"incidents": total, "incidents_by_cause": fill("incidents_by_cause", *values, rest=rest)}
    return plain(find_section("causes", tables).title)


def test_the_first_category_must_be_ahead_by_more_than_the_rounding():
    assert find_title_of_causes(60, 35, 25, rest=5) == "Le plus souvent : hameçonnage, 35 sur 60"
    assert find_title_of_causes(300, 100, 95, rest=5) == "Comment c’est arrivé"


def test_no_cause_is_called_most_frequent_while_a_dash_may_hold_more():
    """One body with sixty cases is a dash as well."""
    assert find_title_of_causes(100, 40, 5) == "Comment c’est arrivé"
    assert find_title_of_causes(100, 80, 5) == "Le plus souvent : hameçonnage, 80 sur 100"


def test_the_unknown_category_is_never_called_most_frequent():
    tables = {"incidents": 320, "incidents_by_cause": fill("incidents_by_cause", 20, rest=5) | {"not_found": 250}}
    causes = find_section("causes", tables)
    assert causes.title == "Comment c’est arrivé"
    assert [(bar.label, bar.is_other) for bar in causes.bars[-2:]] == [("pas trouvée", True), ("pas dite", True)]


def test_a_leak_is_in_several_categories():
    """Any category with a dash may hold all the leaks."""
    tables = {"leaks": 90, "leaks_by_category": fill("leaks_by_category", 85, rest=10)}
    assert plain(find_section("categories", tables).title) == "Le plus souvent : état civil, 85 sur 90"
    tables = {"leaks": 90, "leaks_by_category": fill("leaks_by_category", 85)}
    assert find_section("categories", tables).title == "Les données en cause"


# Half of them


@pytest.mark.parametrize(
    ("values", "title"),
    [
        ((60, 20, 10, 5, 5, 5), "Au moins une interruption sur deux dure moins de 4 heures"),
        ((50, 20, 10, 10, 5, 5), "Au moins une interruption sur deux dure moins d’un jour"),
        ((50, 30, 10, 10, 5, None), "Au moins une interruption sur deux dure moins d’un jour"),
        ((20, 10, 10, 10, 10, 40), "La durée des interruptions"),
        ((None, None, None, None, None, None), "La durée des interruptions"),
    ],
)
def test_a_title_says_half_only_if_the_bounds_prove_it(values, title):
    """Interruptions whose length nobody knows count among the longer ones."""
    tables = {"interruptions": 100, "interruptions_by_hours": fill("interruptions_by_hours", *values)}
    assert find_section("durees", tables).title == title


def test_the_title_gives_the_time_within_which_half_of_the_incidents_get_help():
    tables = {"incidents": 100} | {
        f"incidents_by_{code}": fill(f"incidents_by_{code}", 80, rest=5) for code in ("help",)
    }
    delays = make_delays_table(a_page(tables))
    assert delays.title == "Au moins un incident sur deux pris en charge en moins d’une heure"
    assert delays.heads == ["de la déclaration à la prise en charge"]
    assert delays.lines[:2] == [
        ("Moins d’une heure", [(PrintedCell(80, SHOWN), 5)]),
        ("De 1 à 4 heures", [(PrintedCell(5, SHOWN), 1)]),
    ]
    [section] = make_delay_sections(a_page(tables))
    assert section.title == delays.title
    assert section.subtitle == "Incidents vérifiés, selon le temps de la déclaration à la première prise en charge."
    assert [(bar.value, bar.is_other) for bar in section.bars] == [(80, False), *[(5, False)] * 6, (5, True)]
    assert make_delays_table(a_page({"incidents": 35})) is None


def test_only_a_delay_that_may_still_end_is_called_pending():
    """Of a case that was declared, the time before is known or never will be; that of help may still run."""
    tables = {"incidents": 100, "incidents_by_discovery": fill("incidents_by_discovery", 40)}
    assert make_delays_table(a_page(tables)).lines[-1][0] == "Pas connu"
    tables["incidents_by_help"] = fill("incidents_by_help", 40)
    assert make_delays_table(a_page(tables)).lines[-1][0] == "Pas connu, ou pas encore"
    last = [section.breakdown.lines[-1].label for section in make_delay_sections(a_page(tables))]
    assert last == ["pas connu", "pas connu, ou pas encore"]


@pytest.mark.parametrize(
    ("code", "title", "plainly"),
    [
        ("discovery", "Au moins un incident sur deux déclaré en moins de 4 heures", "Le délai de déclaration"),
        ("closing", "Au moins un incident sur deux clos en moins de 4 heures", "Le délai de clôture"),
    ],
)
def test_the_title_of_each_delay_says_within_what_time_half_of_the_incidents_were_handled(code, title, plainly):
    tables = {"incidents": 100, f"incidents_by_{code}": fill(f"incidents_by_{code}", 40, 40, rest=5)}
    assert [section.title for section in make_delay_sections(a_page(tables))] == [title]
    tables[f"incidents_by_{code}"] = fill(f"incidents_by_{code}")
    assert [section.title for section in make_delay_sections(a_page(tables))] == [plainly]


# Sections


def test_the_longest_known_bars_come_first_and_the_unknown_last():
    values = [5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60]
    causes = find_section(
        "causes", {"incidents": 500, "incidents_by_cause": fill("incidents_by_cause", *values, rest=65)}
    )
    assert [bar.value for bar in causes.bars] == [55, 50, 45, 40, 35, 30, 25, 20, 15, 10, 60, 65]
    assert causes.undrawn_count == 1


def test_bands_of_hours_stay_in_their_order():
    tables = {"interruptions": 100, "interruptions_by_hours": fill("interruptions_by_hours", 10, 40, 5, rest=15)}
    assert [bar.value for bar in find_section("durees", tables).bars] == [10, 40, 5, 15, 15, 15]


def test_categories_with_a_dash_are_listed_in_the_note_of_the_chart():
    causes = find_section(
        "causes",
        {
            "incidents": 90,
            "incidents_by_cause": fill("incidents_by_cause", 40, 30, 20, rest=5) | {"theft": None, "insider": None},
        },
    )
    assert plain(causes.note) == "Moins de 5 collectivités : perte ou vol de matériel ; malveillance interne."


def test_services_are_shown_by_family_while_they_are_few():
    tables = {"interruptions": 60, "interruptions_by_family": fill("interruptions_by_family", 30)}
    assert find_section("services", tables).breakdown.table == "interruptions_by_family"
    tables = {"interruptions": 200, "interruptions_by_service": fill("interruptions_by_service", 90)}
    assert find_section("services", tables).breakdown.table == "interruptions_by_service"


def test_unfounded_leaks_are_listed_beside_the_other_states():
    tables = {"leaks": 90, "unfounded": None, "leaks_by_status": fill("leaks_by_status", 30, 30, 30)}
    assert plain(find_section("etats", tables).note) == "Jugées sans fondement : moins de 5 collectivités."


def test_a_region_with_many_incidents_has_its_types():
    crossing = {("53", "rancon"): 60, ("53", "panne"): None}
    tables = {"incidents_by_region": {"53": 120}, "incidents_by_region_and_type": crossing}
    types = find_section("types", tables, region=BRETAGNE)
    assert [(bar.label, bar.value) for bar in types.bars] == [("rançongiciel", 60)]
    below, rare = plain(types.note).split(". ", 1)
    assert below == "Moins de 5 collectivités : panne"
    assert rare.startswith("Trop rares en France pour un nombre par région : à qualifier ; ")
    assert "rançongiciel" not in rare
    assert types.total == "120"


# Months and quarters


def test_the_title_of_the_months_gives_the_lowest_and_the_highest_number():
    assert format_months_title(a_page(make_months(10, 25, rest=15))) == "Environ 10 à 25 incidents par mois"
    assert format_months_title(a_page(make_months(rest=15))) == "Les incidents, mois par mois"
    assert format_months_title(a_page(make_months(10, 25))) == "Les incidents, mois par mois"


def test_the_title_of_the_months_says_more_if_the_year_surely_has_more_than_the_one_before():
    assert (
        format_months_title(a_page(make_months(incidents=400), before={"incidents": 250}))
        == "Plus d’incidents déclarés qu’en 2024"
    )
    assert (
        format_months_title(a_page(make_months(incidents=250), before={"incidents": 400}))
        == "Moins d’incidents déclarés qu’en 2024"
    )


def test_a_month_with_a_dash_breaks_the_line():
    page = a_page(make_months(10, 25, 15))
    words = "La ligne s’interrompt où il n’y a pas de nombre : « moins de 5 collectivités »."
    assert plain(format_months_subtitle(page)).endswith(words)
    assert plain(summarise_months(page)).startswith(
        "Incidents par mois en France en 2025 : 10 (janvier), 25 (février), 15 (mars), moins de 5 "
        "collectivités (avril), "
    )


def test_a_line_is_drawn_if_one_of_its_years_has_three_points():
    assert not has_enough_points(a_page(make_months(10, 25)))
    assert "La ligne" not in format_months_subtitle(a_page(make_months(10, 25)))
    assert has_enough_points(a_page(make_months(10, 25, 15)))
    assert has_enough_points(a_page(make_months(10), before=make_months(10, 25, 15)))


def test_a_month_before_the_service_began_is_not_shown_as_pending():
    """The service began in autumn: of the months before, nothing will ever come."""
    tables = make_months(10, rest=None) | {4: {"incidents_by_month": {"10": 10, "11": None, "12": 15}}}
    for is_over in (True, False):
        cells = a_page(tables, quarters=(4,), is_over=is_over).list_months()
        assert [cell.state for cell in cells[1:]] == [CellState.EARLIER] * 8 + [SHOWN, CellState.BELOW, SHOWN]
    assert format_cell(cells[1]) == "avant le service"
    running = a_page({2: {"incidents_by_month": {"04": 10}}}, quarters=(2,), is_over=False).list_months()
    assert [cell.state for cell in running] == [CellState.EARLIER] * 3 + [SHOWN] + [CellState.CLOSED] * 2 + [
        CellState.WAITING
    ] * 6


def test_a_month_is_read_where_it_was_printed():
    """January to March with their quarter, the others with the year."""
    first = {"incidents": 60, "incidents_by_month": {"01": 20, "02": 20, "03": None}}
    page = a_page({"incidents": 90, "incidents_by_month": {"04": 10}, 1: first})
    assert [cell.value for cell in page.list_months()[:5]] == [20, 20, None, 10, None]
    assert [cell.state for cell in page.list_months()[:5]] == [SHOWN, SHOWN, CellState.BELOW, SHOWN, CellState.CLOSED]


def test_the_table_of_quarters_has_those_that_were_printed():
    """The service began in summer: nothing is written of the quarters before."""
    page = a_page({"incidents": 90, "leaks": None, 3: {"incidents": 40}, 4: {"incidents": None}}, quarters=(3, 4))
    assert list_quarter_headings(page) == ["T3", "T4"]
    names = {name: [cell.state for cell in cells] for name, cells in list_quarter_totals(page)}
    assert names["Incidents"] == [SHOWN, CellState.BELOW]
    assert names["Fuites"] == [CellState.CLOSED, CellState.CLOSED]
    assert list_quarter_headings(a_page({1: {"reports": 40}}, quarters=(1,), is_over=False)) == ["T1"]
    assert list_quarter_headings(a_page({1: {}}, quarters=(1,), is_over=False)) == []
    assert list_quarter_headings(a_page({1: {"reports": 40}}, region=BRETAGNE)) == []


def test_the_subtitle_says_what_a_quarter_counts_and_why_it_may_have_no_number():
    def write_subtitle(quarter, *, is_over=True):
        return plain(format_quarters_subtitle(a_page({1: quarter}, quarters=(1,), is_over=is_over)))

    first = "Un trimestre compte ce qui était vérifié le jour où il a paru, 30 jours au moins après sa fin."
    year = "L’année compte ce qui l’était quand elle a paru."
    whole = dict.fromkeys(TOTALS, 40)
    assert write_subtitle(whole, is_over=False) == first
    assert write_subtitle(whole) == f"{first} {year}"
    assert write_subtitle({"incidents": 40, "reports": None}) == (
        f"{first} {year} Un total de trimestre ne paraît qu’à partir de 40. – : moins de 5 collectivités. "
        "n. p. : pas publié."
    )


def test_a_region_has_its_quarters():
    quarters = {("53", "T1"): 40, ("53", "T2"): 30, ("53", "T3"): 50, ("53", "T4"): 45}
    page = a_page({"incidents_by_region": {"53": 165}, "incidents_by_region_and_quarter": quarters}, region=BRETAGNE)
    assert format_months_title(page) == "Environ 30 à 50 incidents par trimestre"


# Rates


def test_the_interval_of_a_rate_contains_the_true_rate():
    """Ten bodies as printed, out of 18 700: from six to fourteen."""
    page = a_page({"bodies_by_stratum": fill("bodies_by_stratum", 10, 5, None, 1_050, 25, 120)})
    rates = list_stratum_rates(page)
    assert [plain(rate.text) for rate in rates] == [
        "entre 6 et 14 sur 18 700",
        "entre 5 et 9 sur 9 800",
        "",
        "entre 1 046 et 1 050 sur 1 050",
        "entre 21 et 29 sur 1 250",
        "entre 116 et 120 sur 120",
    ]
    assert [plain(rate.share_text) for rate in rates] == [
        *("de 0,03 % à 0,08 %", "de 0,05 % à 0,10 %", "", "de 99 % à 100 %", "de 1,6 % à 2,4 %", "de 96 % à 100 %"),
    ]
    assert format_strata_title(rates) == "Le taux selon la nature et la population"


def test_the_bounds_of_a_rate_are_rounded_outwards():
    """101 to 109 of 125 are 80,8 % to 87,2 %; five of five are known exactly."""

    def write(value, bodies):
        return plain(StratumRate("communes", PrintedCell(value, SHOWN), bodies).share_text)

    assert (write(105, 125), write(105, 1_060)) == ("de 80 % à 88 %", "de 9,5 % à 11 %")
    assert (write(5, 5), write(5, 6)) == ("100 %", "de 83 % à 100 %")


def test_the_subtitle_explains_the_scale_of_rates_and_the_dash_if_there_is_one():
    def write_subtitle(*values):
        return plain(format_strata_subtitle(a_page({"bodies_by_stratum": fill("bodies_by_stratum", *values)})))

    first = (
        "Part des collectivités ayant déclaré un incident vérifié en 2025, du plus petit taux possible au plus grand."
    )
    last = "Personne ne sait combien d’incidents ne sont pas déclarés."
    dash = (
        "Ici, « moins de 5 collectivités » peut aussi vouloir dire : toutes sauf moins de 5, "
        "dans les régions qui ont un nombre."
    )
    assert write_subtitle(10, 5, 10, 15, 25, 30) == f"{first} L’échelle va de 0 à 29 %. {last}"
    assert write_subtitle(10, 5, 10, 15, 25) == f"{first} L’échelle va de 0 à 2,4 %. {dash} {last}"
    assert write_subtitle() == f"{first} {dash} {last}"


def test_a_rate_is_called_highest_only_if_it_exceeds_the_upper_bounds_of_the_others():
    page = a_page({"bodies_by_stratum": fill("bodies_by_stratum", 10, 5, 10, 15, 25, 30)})
    highest = "Le taux le plus haut : départements, régions et collectivités à statut particulier"
    assert plain(format_strata_title(list_stratum_rates(page))) == highest
    dash = a_page({"bodies_by_stratum": fill("bodies_by_stratum", 10, 5, 10, 15, None, 30)})
    assert format_strata_title(list_stratum_rates(dash)) == "Le taux selon la nature et la population"
    assert list_stratum_rates(a_page({})) == []


# The map


@pytest.mark.django_db
def test_each_tile_of_the_map_has_the_level_of_its_number_or_is_hatched():
    page = a_page({"incidents": 90, "incidents_by_region": fill("incidents_by_region") | {"53": 60, "11": 25}})
    drawn = draw_map(page)
    tiles = {tile.letters: (tile.level, tile.line.cell) for tile in drawn.tiles}
    assert (tiles["BRE"], tiles["IDF"], tiles["COR"]) == (
        (3, PrintedCell(60, SHOWN)),
        (2, PrintedCell(25, SHOWN)),
        (0, BELOW),
    )
    assert (len(drawn.tiles), drawn.has_dash) == (20, True)
    assert drawn.unplaced.label == "autres territoires d’outre-mer, ou territoire pas connu"
    assert [words for _level, words in drawn.steps] == ["25 à 40", "45 à 60"]
    assert format_map_title(page) == "Les incidents, région par région"
    assert plain(format_map_subtitle(page)) == (
        "Incidents vérifiés en 2025. Les régions n’ont pas le même nombre de collectivités : ne les classez pas."
    )
    assert plain(summarise_map(page)) == (
        "Carte de France en carreaux, avec le nombre d’incidents : Île-de-France 25, Bretagne 60, ailleurs moins de "
        "5 collectivités."
    )
    assert draw_map(a_page({"incidents": 35})) is None


def test_the_key_of_a_map_writes_the_numbers_of_each_step_as_french_does():
    assert [format_step(5, 20), format_step(5, 5), plain(format_step(2_005, None))] == ["5 à 20", "5", "2 005 et plus"]


# Chance


@pytest.mark.parametrize(
    ("successes", "tries", "chance"),
    [(1, 1, 0.5), (6, 6, 1 / 64), (5, 6, 7 / 64), (15, 20, 21_700 / 2**20), (600, 1_000, 1.3642e-10)],
)
def test_the_binomial_tail_is_exact(successes, tries, chance):
    assert compute_binomial_tail(successes, tries) == pytest.approx(chance, rel=1e-4)


def test_totals_are_compared_by_the_bounds_that_differ_least():
    def change(now, before):
        return compare_totals(PrintedCell(now, SHOWN), PrintedCell(before, SHOWN))

    assert (change(10, 5), change(20, 5)) == (TotalChange.ROUNDING, TotalChange.UNSURE)
    assert (change(30, 5), change(5, 30)) == (TotalChange.MORE, TotalChange.FEWER)
    assert change(400_000, 396_000) is TotalChange.MORE
    assert compare_totals(BELOW, PrintedCell(50, SHOWN)) is None
