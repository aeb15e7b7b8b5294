"""The sentences at the head of the page, the key figures, and what is written of tables that are not there."""

import pytest

from stats.disclosure.tables import SHORT_LIST_OF, TABLES_OF_A_YEAR
from stats.pages.method import list_method_paragraphs
from stats.pages.sections import DELAY_SECTION_TEXTS, SECTION_TEXTS
from stats.pages.sentences import (
    DASH,
    ROUNDING,
    TABLE_NAMES,
    explain_missing_tables,
    format_late_line,
    list_key_figures,
    list_summary_sentences,
)
from stats.reports.content import EFFECTS, OVER_TIME, RATES
from tests.stats.pages import BRETAGNE, CORSE, a_page, fill, plain

BEYOND = "au-delà de l’arrondi et du hasard."
TOTALS = {"incidents": 315, "reports": 190, "interruptions": 160, "leaks": 95}


def read_story(page):
    return [plain(sentence) for sentence in list_summary_sentences(page)]


def list_missing_facts(page):
    return [plain(sentence) for sentence in explain_missing_tables(page)]


def compare_years(now, before, **changed):
    [_total, *sentences] = read_story(a_page({"incidents": now}, before={"incidents": before}, **changed))
    return sentences


def test_the_story_begins_with_the_totals_of_the_year():
    assert read_story(a_page(TOTALS)) == [
        "315 incidents vérifiés en France en 2025.",
        "Ils comptent 160 interruptions de service public (parfois plusieurs pour un incident) et 95 fuites de "
        "données revendiquées, soupçonnées ou confirmées.",
    ]


def test_an_effect_with_a_dash_is_left_out():
    assert read_story(a_page(TOTALS | {"leaks": None})) == [
        "315 incidents vérifiés en France en 2025.",
        "Ils comptent 160 interruptions de service public (parfois plusieurs pour un incident).",
    ]
    assert read_story(a_page({"incidents": 315})) == ["315 incidents vérifiés en France en 2025."]


@pytest.mark.parametrize(
    ("now", "before", "words"),
    [
        (315, 315, "Il y avait 315 incidents en 2024 : le même nombre, à l’arrondi près."),
        (315, 310, "Il y avait 310 incidents en 2024 : l’arrondi suffit à expliquer la différence."),
        (10, 5, "Il y avait 5 incidents en 2024 : l’arrondi suffit à expliquer la différence."),
        (315, 300, "Il y avait 300 incidents en 2024 : la différence peut être due au hasard."),
        (315, 260, "Il y avait 260 incidents en 2024 : la différence peut être due au hasard."),
        (315, 255, f"Il y avait 255 incidents en 2024 : plus d’incidents déclarés, {BEYOND}"),
        (
            250,
            315,
            f"Il y avait 315 incidents en 2024 : moins d’incidents déclarés, {BEYOND}",
        ),
        (4_900, 5_000, "Il y avait 5 000 incidents en 2024 : la différence peut être due au hasard."),
    ],
)
def test_two_years_are_compared_beyond_rounding_and_chance(now, before, words):
    assert compare_years(now, before)[0] == words


def test_a_trend_of_declarations_is_not_called_a_trend_of_attacks():
    caution = "Cela ne dit pas si les attaques ont changé, ou l’habitude de déclarer."
    assert compare_years(315, 200)[1:] == compare_years(200, 315)[1:] == [caution]
    assert compare_years(315, 300)[1:] == []


def test_a_first_year_is_compared_with_nothing():
    assert len(read_story(a_page({"incidents": 315}))) == 1


def test_no_year_is_compared_with_one_that_began_with_the_service():
    page = a_page({"incidents": 315}, before={"incidents": 100})
    del page.before.quarters[1]
    assert len(read_story(page)) == 1


@pytest.mark.parametrize(
    ("quarters", "words"),
    [
        ((4,), ["Le service a commencé au 4e trimestre 2025 : l’année n’est pas entière."]),
        ((2, 3, 4), ["Le service a commencé au 2e trimestre 2025 : l’année n’est pas entière."]),
        ((1, 2, 3, 4), []),
        ((), []),
    ],
)
def test_a_year_that_began_with_the_service_is_not_whole(quarters, words):
    tables = {"incidents": 315, "incidents_by_region": {"53": 25, "94": None}}
    assert read_story(a_page(tables, quarters=quarters))[1:] == words
    assert read_story(a_page(tables, quarters=quarters, region=BRETAGNE))[1:] == words
    assert read_story(a_page(tables, quarters=quarters, region=CORSE))[2:] == words


def test_a_dash_is_compared_with_nothing():
    assert compare_years(40, None) == []


def test_a_region_has_its_own_total():
    tables = TOTALS | {"incidents_by_region": {"53": 25, "94": None}}
    assert read_story(a_page(tables, region=BRETAGNE)) == ["25 incidents vérifiés en Bretagne en 2025."]


def test_a_region_with_a_dash_may_have_zero_cases_or_few():
    tables = TOTALS | {"incidents_by_region": {"53": 25, "94": None}}
    assert read_story(a_page(tables, region=CORSE)) == [
        "En Corse, en 2025 : « moins de 5 collectivités » (–).",
        "Le nombre d’incidents n’est pas publié ; cela ne dit pas s’il y en a eu.",
    ]


def test_a_region_of_a_year_with_few_incidents_has_no_number():
    assert read_story(a_page({"incidents": 35}, region=CORSE)) == [
        "Trop peu d’incidents en France en 2025 pour un nombre en Corse."
    ]


def test_the_year_in_progress_has_quarters_of_the_nation_alone():
    page = {1: {"incidents": 70}, 2: {"incidents": 80}, 3: {"incidents": 75}}
    assert read_story(a_page(page, quarters=(1, 2, 3), is_over=False)) == [
        "75 incidents vérifiés en France au 3e trimestre 2025.",
        "Trois trimestres de 2025 ont paru.",
        "L’année entière paraît à partir du 1er avril 2026.",
    ]
    assert read_story(a_page(page, quarters=(1, 2, 3), is_over=False, region=BRETAGNE)) == [
        "Les chiffres de Bretagne paraissent avec l’année entière, à partir du 1er avril 2026."
    ]


@pytest.mark.parametrize(
    ("quarters", "words"),
    [
        ((2,), "Un trimestre de 2025 a paru"),
        ((1, 2), "Deux trimestres de 2025 ont paru"),
        ((1, 2, 3, 4), "Les quatre trimestres de 2025 ont paru"),
    ],
)
def test_the_story_of_a_current_year_counts_its_published_quarters(quarters, words):
    numbers = {quarters[0]: {"reports": 40}}
    assert read_story(a_page(numbers, quarters=quarters, is_over=False))[0] == f"{words}."
    whose = "ses" if len(quarters) == 1 else "leurs"
    without = read_story(a_page({}, quarters=quarters, is_over=False))[0]
    assert without == f"{words} ; aucun de {whose} totaux n’est assez grand pour être publié."


def test_the_notes_on_rounding_and_dashes_have_their_exact_text():
    assert str(ROUNDING) == (
        "Pour que personne ne reconnaisse une collectivité, les chiffres sont arrondis au hasard à un multiple de 5, "
        "à 4 près au plus : 160 veut dire de 156 à 164, et 5 de 5 à 9. Chaque total est arrondi à part : la somme des "
        "lignes peut différer."
    )
    assert str(DASH) == (
        "« Moins de 5 collectivités » (–) : de zéro à quatre collectivités y ont un cas vérifié, ou une seule y a "
        "l’essentiel des cas. Le nombre n’est pas donné, pour ne désigner personne."
    )


def test_the_definition_of_the_dash_is_the_same_in_the_method():
    tables, rule, audit, _cases = map(plain, list_method_paragraphs())
    assert tables.endswith(
        "Quand le nombre publié d’une région atteint 100, s’y ajoutent ses trimestres, et ses types et ses causes "
        "assez fréquents en France."
    )
    assert rule.endswith(f" {DASH}")
    assert audit == (
        "Avant de publier, un programme vérifie que les nombres, mis ensemble, ne prouvent rien de ce que les « – » "
        "cachent ; chacun peut le refaire sur les fichiers publiés. Une année est publiée une seule fois."
    )


# Key figures


def list_keys(page):
    return [(key.name, plain(key.text), key.is_figure) for key in list_key_figures(page)]


def test_the_four_totals_are_the_key_figures():
    assert list_keys(a_page(TOTALS | {"incidents": 5_000, "leaks": None})) == [
        ("incidents vérifiés", "5 000", True),
        ("signalements vérifiés", "190", True),
        ("interruptions de service", "160", True),
        ("fuites de données", "moins de 5 collectivités", False),
    ]


def test_a_region_is_compared_with_the_nation():
    assert list_keys(a_page(TOTALS | {"incidents_by_region": {"53": 25}}, region=BRETAGNE)) == [
        ("incidents vérifiés", "25", True),
        ("incidents vérifiés en France", "315", True),
    ]


def test_a_year_in_progress_has_no_key_figure():
    assert list_keys(a_page({1: {"incidents": 70}}, quarters=(1,), is_over=False)) == []


def test_the_key_figure_of_leaks_gives_the_confirmed_ones_where_they_have_a_number():
    with_status = TOTALS | {"leaks_by_status": {"confirmed": 25}}
    assert list_key_figures(a_page(with_status))[3].under == "dont 25 confirmées"
    assert list_key_figures(a_page(TOTALS))[3].under == "revendiquées, soupçonnées ou confirmées"


def test_the_key_figures_explain_interruptions_and_reports():
    _incidents, reports, interruptions, _leaks = [plain(key.under) for key in list_key_figures(a_page(TOTALS))]
    assert interruptions == "arrêts ou ralentissements de services publics ; un incident peut en compter plusieurs"
    assert reports == "à part : comportements anormaux, sans dommage prouvé"


def test_late_cases_are_one_line_of_the_year():
    words = "Comptés plus tard (incidents des années d’avant, absents des chiffres de leur année)"
    before = {"before": {"incidents": 250}}
    assert plain(format_late_line(a_page(TOTALS | {"late": 15}, **before))) == f"{words} : 15."
    dash = format_late_line(a_page(TOTALS | {"late": None}, **before))
    assert plain(dash) == f"{words} : moins de 5 collectivités."
    assert format_late_line(a_page(TOTALS, **before)) == ""
    assert format_late_line(a_page(TOTALS | {"late": 15}, region=BRETAGNE, **before)) == ""


def test_the_first_year_of_the_service_has_no_line_on_earlier_years():
    assert format_late_line(a_page(TOTALS | {"late": None})) == ""


# What is not there


SPRING = {2: {"incidents": 80}}


def test_the_missing_facts_list_the_tables_with_too_few_cases():
    assert list_missing_facts(a_page({"incidents": 35, "interruptions": 20, "leaks": None} | SPRING)) == [
        "Trop peu de cas publiés en France en 2025 pour ces tableaux : les mois, les régions, les types d’incidents, "
        "les causes, les services interrompus, la durée des interruptions, les données en cause, le nombre de "
        "personnes par fuite, l’état des fuites, le délai de déclaration, le délai de prise en charge, le délai de "
        "clôture et le taux selon la nature et la population."
    ]


def test_every_table_of_the_nation_has_a_name_or_a_section():
    """A table that is not printed is named, on the page and in the report; a printed one is laid out. Of the services,
    the short list is named and the long one is laid out, whichever is printed.
    """
    tables = {table.code for table in TABLES_OF_A_YEAR if len(table.by) == 1}
    named_tables = tables - set(SHORT_LIST_OF)
    assert named_tables <= set(TABLE_NAMES)
    assert named_tables == {*OVER_TIME, *EFFECTS, *RATES}
    charts = {"incidents_by_month", "incidents_by_region", "bodies_by_stratum"}  # the line, the map and the rates
    laid_out = tables - set(SHORT_LIST_OF.values()) - charts
    assert laid_out == {naming.table for naming in (*SECTION_TEXTS, *DELAY_SECTION_TEXTS)}


def test_the_missing_facts_list_a_table_that_the_audit_closed_apart(db):
    """Nothing but hours is missing, and there were enough interruptions for them."""
    tables = (
        SPRING
        | TOTALS
        | {
            code: fill(code, 40)
            for code in (
                *("incidents_by_month", "incidents_by_region", "incidents_by_type", "incidents_by_cause"),
                *("incidents_by_discovery", "incidents_by_help", "incidents_by_closing", "leaks_by_persons"),
                *("leaks_by_status", "leaks_by_category", "interruptions_by_service", "bodies_by_stratum"),
            )
        }
    )
    assert list_missing_facts(a_page(tables)) == [
        "La vérification a fermé ce tableau, qui en dirait trop à côté des autres : la durée des interruptions."
    ]
    whole = tables | {"interruptions_by_hours": fill("interruptions_by_hours", 40)}
    assert list_missing_facts(a_page(whole)) == []
    del whole["bodies_by_stratum"], whole["leaks_by_status"]
    assert list_missing_facts(a_page(whole | {"incidents": 35})) == [
        "Trop peu de cas publiés en France en 2025 pour ce tableau : le taux selon la nature et la population.",
        "La vérification a fermé ce tableau, qui en dirait trop à côté des autres : l’état des fuites.",
    ]


def test_tables_whose_total_the_audit_closed_are_not_said_to_have_too_few_cases(db):
    tables = dict(TOTALS)
    del tables["leaks"]
    closed, *_others = list_missing_facts(a_page(tables))
    assert closed.startswith("La vérification a fermé ces tableaux")
    assert "l’état des fuites" in closed


def test_quarters_without_a_number_are_listed_once():
    words = "Aucun trimestre de 2025 n’a de nombre : un total de trimestre ne paraît qu’à partir de 40."
    tables = {"incidents": 90}
    assert list_missing_facts(a_page(tables))[-1] == words
    assert words not in list_missing_facts(a_page(tables | SPRING))
    assert words not in list_missing_facts(a_page(tables, quarters=()))
    assert words not in list_missing_facts(a_page(tables, region=BRETAGNE))


def test_the_crossings_of_a_region_are_listed_as_having_too_few_cases():
    tables = TOTALS | {"incidents_by_region": {"53": 25}}
    rest = (
        "Les signalements, les mois, les interruptions, les fuites, les délais et les taux se publient pour toute la "
        "France seulement."
    )
    assert list_missing_facts(a_page(tables, region=BRETAGNE)) == [
        "Trop peu de cas publiés en Bretagne en 2025 pour ces tableaux : les trimestres, les types d’incidents et les "
        "causes.",
        rest,
    ]
    many = {
        "incidents_by_region": {"53": 120},
        "incidents_by_type": {"rancon": 200},
        "incidents_by_cause": {"flaw": 90},
    }
    quarters = {("53", "T1"): 40, ("53", "T2"): 40, ("53", "T3"): 40, ("53", "T4"): None}
    tables = {"incidents": 900, **many, "incidents_by_region_and_quarter": quarters}
    assert list_missing_facts(a_page(tables, region=BRETAGNE)) == [
        "La vérification a fermé ces tableaux, qui en diraient trop à côté des autres : les types d’incidents et les "
        "causes.",
        rest,
    ]
    tables["incidents_by_cause"] = {"flaw": 35}
    assert list_missing_facts(a_page(tables, region=BRETAGNE)) == [
        "Trop peu de cas publiés en Bretagne en 2025 pour ce tableau : les causes.",
        "La vérification a fermé ce tableau, qui en dirait trop à côté des autres : les types d’incidents.",
        rest,
    ]


def test_the_missing_facts_give_the_tables_of_the_year_and_their_release_day():
    running = {"quarters": (1,), "is_over": False}
    assert list_missing_facts(a_page({1: {"incidents": 70}}, **running)) == [
        "Un trimestre paraît 30 jours après sa fin, pour toute la France : incidents, signalements, interruptions et "
        "fuites, chacun si son total arrondi atteint 40 ; et ses mois, si les incidents l’atteignent.",
        "Régions, types, causes, services et délais paraissent avec l’année entière, à partir du 1er avril 2026.",
    ]
    assert list_missing_facts(a_page({1: {"incidents": 70}}, **running, region=BRETAGNE)) == [
        "Une région n’a pas de chiffres par trimestre avant cela : ils seraient trop petits."
    ]
