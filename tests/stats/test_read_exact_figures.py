"""Exact figures of a centre, a région, the nation: for the coordination and for analysts entitled in writing."""

import re
from datetime import date, timedelta

import pytest
import time_machine
from psycopg.types.range import DateRange

from collectivities.enums import Kind
from collectivities.models import Collectivity, Departement, Region
from csirts.models import Coverage, Csirt
from incidents.enums import PublicService
from stats.counting.strata import count_existing_bodies, list_regions_with_bodies, make_stratum_expression
from stats.enums import Stratum
from stats.exact import sums
from stats.exact.sums import find_quantile
from stats.pages.labels import bind_words
from stats.services import fold_new_events
from tests.cast import breizh_cyber
from tests.stats.cases import Case, bodies, change_cases, one_each, paris_time, store
from tests.stats.exact_pages import BRETAGNE, CENTRE, NATION, read_html, store_cases_of_two_centres
from tests.stats.rows import format_row, format_two_years

NARROW = "\N{NARROW NO-BREAK SPACE}"

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("march_of_2026")]


def test_a_region_has_exact_figures_in_every_table(client, national):
    incidents = store_cases_of_two_centres()
    incidents[0].leaks.update(categories=["nir"])
    change_cases(
        incidents[:1],
        cause="supplier",
        first_acknowledged_at=paris_time(2026, 1, 5, 14),
        detected_at=paris_time(2026, 1, 4),
        detected_certainty="exact",
    )
    fold_new_events()
    page = read_html(client, BRETAGNE)
    assert "Les chiffres exacts en Bretagne, 2026" in page
    for line in [
        format_two_years("Janvier", (1, "–"), (1, "–"), (0, "–"), (2, "–"), (1, "–")),
        format_two_years("Février", (2, "–"), (2, "–"), (0, "–"), (0, "–"), (0, "–")),
        format_two_years("Mars", (1, "–"), (0, "–"), (1, "–"), (0, "–"), (0, "–")),
        format_two_years("Ensemble", (4, "–"), (3, "–"), (1, "–"), (2, "–"), (1, "–")),
        format_two_years("Rançongiciel", (3, 0)),
        format_two_years("Prestataire compromis", (1, 0)),
        format_two_years("Pas encore dite", (2, 0)),
        format_two_years("Moins de 4 heures", (1, 0)),
        format_two_years("De 1 à 4 heures", (1, 0)),
        format_two_years("Numéro de sécurité sociale (NIR)", (1, 0)),
        format_two_years("De 6 à 50 personnes", (1, 0)),
        format_two_years("Confirmée", (1, 0)),
        format_two_years("Sans fondement", (0, 0)),
    ]:
        assert line in page, line
    assert "Votre consultation est notée" in page
    assert "Je ne sais pas" not in page  # the town hall's words, in the form


def test_a_body_with_two_centres_is_counted_once_in_each_scope(client, national):
    store_cases_of_two_centres()

    def count_bodies(url, **choice):
        page = read_html(client, url, **choice)
        return [int(part.split("</dd>")[0]) for part in page.split("<dd>")[3:]]

    assert count_bodies(BRETAGNE) == [2, 1]  # one of them with two centres
    assert count_bodies(CENTRE) == [2, 1]
    assert count_bodies("/statistiques/exacts/centre/loin-cyber/") == [2, 1]
    assert count_bodies(NATION) == [3, 2]
    assert count_bodies(NATION, annee="2025") == [1, 0]


def test_rates_have_the_bodies_of_the_official_list_as_denominators(client, national):
    store_cases_of_two_centres()
    existing = count_existing_bodies(2026)
    bretagne = existing[Region.objects.get(code="53").pk, ""]
    assert bretagne > 1000
    percent = f"{100 * 2 / bretagne:.2f}".replace(".", ",")
    figures = (f"{bretagne:,}".replace(",", NARROW), 2, f"{percent} %", 1)
    cells = "".join(f'<td class="number">{figure}</td>' for figure in figures)
    before = f'<td class="number before">{100 / bretagne:.2f} %</td>'.replace(".", ",")  # the body of July 2025
    assert f'<th scope="row">Collectivités de la région</th>{cells}{before}</tr>' in read_html(client, BRETAGNE)
    assert f'<th scope="row">Collectivités de son territoire</th>{cells}{before}</tr>' in read_html(client, CENTRE)
    assert "ce centre ne répond seul pour aucune" in read_html(client, "/statistiques/exacts/centre/loin-cyber/")
    nation = read_html(client, NATION)
    for stratum in Stratum:
        number = f"{existing[0, stratum]:,}".replace(",", NARROW)
        label = bind_words(stratum.label[0].upper() + stratum.label[1:])
        assert f'<th scope="row">{label}</th><td class="number">{number}</td>' in nation


def test_a_body_outside_the_official_list_is_counted_but_not_in_a_rate(client, national):
    csirt = breizh_cyber()
    (body,) = bodies("53", 1)
    Collectivity.objects.filter(pk=body.pk).update(is_listed=False)
    store([Case(body=body, at=paris_time(2026, 1, 5), csirt=csirt)])
    fold_new_events()
    page = read_html(client, BRETAGNE)
    assert "<dd>1</dd>" in page
    assert '<td class="number">0</td><td class="number">0,00 %</td>' in page


def test_a_body_is_in_no_denominator_of_a_year_before_it_existed():
    region = Region.objects.get(code="53")
    (body,) = bodies("53", 1)
    counted = count_existing_bodies(2025)[region.pk, ""]
    Collectivity.objects.filter(pk=body.pk).update(appeared_on="2026-01-01")
    assert count_existing_bodies(2025)[region.pk, ""] == counted - 1
    assert count_existing_bodies(2026)[region.pk, ""] == counted
    Collectivity.objects.filter(pk=body.pk).update(vanished_on="2027-01-01")
    assert [count_existing_bodies(year)[region.pk, ""] - counted for year in (2025, 2026, 2027)] == [-1, 0, -1]


def test_the_regions_with_bodies_are_those_of_the_official_list(django_assert_num_queries):
    empty = Region.objects.create(code="999", name="Terre vide", zone="com", sort_key="terre vide")
    with django_assert_num_queries(1):
        regions = list_regions_with_bodies()
    assert empty not in regions
    assert {"53", "11", "988"} <= {region.code for region in regions}
    assert regions == sorted(regions, key=lambda region: region.sort_key)
    (body,) = bodies("53", 1)
    Collectivity.objects.filter(pk=body.pk).update(region_correction=empty, region_correction_on="2026-01-01")
    assert empty in list_regions_with_bodies()


@pytest.mark.parametrize(
    ("kind", "population", "stratum"),
    [
        (Kind.COMMUNE, 0, Stratum.COMMUNE_UNDER_500),
        (Kind.COMMUNE, 499, Stratum.COMMUNE_UNDER_500),
        (Kind.COMMUNE, 500, Stratum.COMMUNE_UNDER_2000),
        (Kind.COMMUNE, 1_999, Stratum.COMMUNE_UNDER_2000),
        (Kind.COMMUNE, 2_000, Stratum.COMMUNE_UNDER_10000),
        (Kind.COMMUNE, 9_999, Stratum.COMMUNE_UNDER_10000),
        (Kind.COMMUNE, 10_000, Stratum.COMMUNE_OVER_10000),
        (Kind.COMMUNE, None, ""),
        (Kind.CC, 800, Stratum.GROUPING),
        (Kind.DEPARTEMENT, None, Stratum.LARGE),
        (Kind.OTHER, 800, ""),
    ],
)
def test_the_stratum_of_a_body_is_that_of_its_kind_and_population(kind, population, stratum):
    (body,) = bodies("53", 1)
    rows = Collectivity.objects.filter(pk=body.pk)
    rows.update(kind=kind, population=population)
    assert rows.values_list(make_stratum_expression(), flat=True).get() == stratum


def test_the_official_list_has_bodies_of_each_stratum():
    existing = count_existing_bodies(2026)
    assert all(existing[0, stratum] for stratum in Stratum)


def test_medians_are_written_for_few_cases_and_bands_for_many(client, national, monkeypatch):
    csirt = breizh_cyber()
    incidents = store(one_each(bodies("53", 11), paris_time(2026, 1, 5), csirt=csirt))
    for number, incident in enumerate(incidents):
        change_cases([incident], first_acknowledged_at=incident.received_at + timedelta(minutes=10 * number))
    change_cases(incidents[:1], nature="report")  # A case that is no incident has no delay in the figures.
    fold_new_events()
    half = "Cas connus : 10. La moitié en 55 min au plus, neuf sur dix en 1 h 31 au plus."
    assert half in read_html(client, BRETAGNE)
    monkeypatch.setattr(sums, "MAX_TIMED_INCIDENTS", 9)
    page = read_html(client, BRETAGNE)
    assert "Cas connus" not in page
    assert (
        "La moitié des cas connus : « moins d’une heure » ou moins. Neuf sur dix : « de 1 à 4 heures » ou moins."
        in page
    )


def test_whole_days_are_written_without_hours(client, national):
    incidents = store(one_each(bodies("53", 2), paris_time(2026, 1, 5), csirt=breizh_cyber()))
    change_cases(incidents, first_acknowledged_at=incidents[0].received_at + timedelta(days=3))
    fold_new_events()
    assert "La moitié en 3 jours au plus, neuf sur dix en 3 jours au plus." in read_html(client, BRETAGNE)


def test_bars_are_drawn_longest_first_and_the_unknown_last(client, national):
    csirt = breizh_cyber()
    first, second, third = bodies("53", 3)
    store(
        [
            *one_each([first, second, third], paris_time(2026, 1, 5), csirt=csirt, type="inconnu"),
            *one_each([first, second], paris_time(2026, 1, 6), csirt=csirt, type="panne"),
            Case(body=first, at=paris_time(2026, 1, 7), csirt=csirt, type="rancon", cause="supplier"),
        ]
    )
    fold_new_events()
    figure = read_html(client, BRETAGNE).partition('aria-labelledby="t-types"')[2].partition("</figure>")[0]
    drawn = re.findall(r'<li( class="rest")?><span>(.*?)</span> <b>(\d+)</b>', figure)
    assert drawn == [("", "Panne", "2"), ("", "Rançongiciel", "1"), (' class="rest"', "À qualifier", "3")]
    lengths = re.findall(r'<rect width="([\d.]+)" height="4"/></svg>', figure)
    assert lengths == ["66.7", "33.3", "100.0"]


def test_the_twelve_largest_services_are_drawn_and_the_table_has_all(client, national):
    services = PublicService.values[:14]
    store([Case(body=bodies("53", 1)[0], at=paris_time(2026, 1, 5), csirt=breizh_cyber(), services=tuple(services))])
    fold_new_events()
    figure = read_html(client, BRETAGNE).partition('aria-labelledby="t-services"')[2].partition("</figure>")[0]
    assert figure.count("<li>") == 12
    assert "Et 2 autres, dans le tableau." in figure
    assert figure.count('<th scope="row">') == 14


# Beside the year before


def store_two_years():
    """Store, in Bretagne, two cases in February 2025 and three in October, one in February 2026 and one in March."""
    csirt = breizh_cyber()
    first, second, third = bodies("53", 3)
    store(
        [
            *one_each([first, second], paris_time(2025, 2, 5), csirt=csirt, type="hameconnage"),
            *one_each([first, second, third], paris_time(2025, 10, 5), csirt=csirt),
            Case(body=first, at=paris_time(2026, 2, 5), csirt=csirt, type="hameconnage"),
            Case(body=first, at=paris_time(2026, 3, 5), csirt=csirt, hours=(2,)),
        ]
    )
    fold_new_events()
    return csirt


def test_the_current_year_is_compared_with_the_same_months(client, national):
    """October 2025 is in nothing that stands beside January to March 2026, but for the distinct bodies of the year."""
    store_two_years()
    page = read_html(client, BRETAGNE)
    assert "2 de janvier à mars 2025" in page
    assert "Les dossiers sont comparés à ceux des mêmes mois : de janvier à mars 2025." in page
    assert "Les collectivités, comptées une fois dans l’année, et leurs taux le sont à toute l’année 2025." in page
    assert "L’année précédente est comptée sur les mêmes mois" not in page
    assert "Mars 2026 n’est pas fini, et ses dossiers ont eu moins de temps pour être vérifiés." in page
    assert "Les premiers chiffres datent de février 2025." in page
    assert '<th scope="col" class="number before">Janvier à mars 2025</th>' in page
    assert "chacune une fois ; 3 en 2025, toute l’année" in page
    for line in [
        format_two_years("Février", (1, 2), (1, 2), (0, 0), (0, 0), (0, 0)),
        format_two_years("Ensemble", (2, 2), (2, 2), (0, 0), (1, 0), (0, 0)),
        format_two_years("Hameçonnage", (1, 2)),
        format_two_years("Rançongiciel", (1, 0)),
    ]:
        assert line in page, line
    assert "Octobre" not in page


def test_a_year_that_is_over_is_compared_whole(client, national):
    store_two_years()
    with time_machine.travel(paris_time(2027, 2, 3)):
        client.force_login(national)
        page = read_html(client, BRETAGNE, annee="2026")
    assert "5 en 2025" in page
    assert '<th scope="col" class="number before">2025</th>' in page
    assert "mêmes mois" not in page
    assert "toute l’année" not in page
    assert format_two_years("Octobre", (0, 3), (0, 3), (0, 0), (0, 0), (0, 0)) in page
    assert format_two_years("Rançongiciel", (1, 3)) in page


def test_a_first_year_is_compared_with_nothing(client, national):
    store_two_years()
    page = read_html(client, BRETAGNE, annee="2025")
    assert "Il n’y a pas de chiffres de 2024 à comparer." in page
    assert "before" not in page
    assert format_row("Octobre", 3, 3, 0, 0, 0) in page


def test_the_line_of_the_current_year_stops_at_the_current_month(client, national):
    """Three dots of 2026; of 2025, the eleven months since the first figures."""
    store_two_years()
    page = read_html(client, BRETAGNE)
    wide = page.partition('<svg class="wide"')[2].partition("</svg>")[0]
    assert wide.count('<circle class="dot"') == 3
    assert wide.count('<circle class="dot--before"') == 11
    assert read_html(client, BRETAGNE, annee="2025").count('<circle class="dot"') == 2 * 12


def test_months_before_the_first_figures_have_no_number(client, national):
    """The first figures of the service are of February 2025."""
    store_two_years()
    page = read_html(client, BRETAGNE)
    january = page.partition('<tr><th scope="row">Janvier</th>')[2].partition("</tr>")[0]
    assert january.count('<td class="number before">–</td>') == 5
    february = page.partition('<tr><th scope="row">Février</th>')[2].partition("</tr>")[0]
    assert "–" not in february


def test_a_centre_that_shares_its_region_has_no_rate(client, national):
    csirt = store_two_years()
    assert "Collectivités de son territoire" in read_html(client, CENTRE)
    finistere, other = Departement.objects.get(code="29"), Csirt.objects.exclude(pk=csirt.pk).first()
    Coverage.objects.create(
        csirt=other, region=finistere.region, departement=finistere, valid=DateRange(date(2025, 1, 1)), source="essai"
    )
    page = read_html(client, CENTRE)
    assert "Collectivités de son territoire" not in page
    assert "il est calculé par région entière, et ce centre ne répond seul pour aucune." in page


def test_a_centre_whose_territory_changed_has_no_rate_of_the_year_before(client, national):
    csirt = store_two_years()
    assert "autre territoire" not in read_html(client, CENTRE)
    csirt.coverages.update(valid=DateRange(date(2026, 1, 1), None))
    page = read_html(client, CENTRE)
    assert '<td class="number before">autre territoire</td>' in page


def test_regions_are_sorted_by_their_number_of_incidents(client, national):
    csirt = store_two_years()
    store(
        [
            *one_each(bodies("11", 3), paris_time(2026, 1, 5), csirt=csirt),
            *one_each(bodies("84", 1), paris_time(2025, 1, 5)),
        ]
    )
    fold_new_events()
    figure = read_html(client, NATION).partition('aria-labelledby="t-regions"')[2].partition("</figure>")[0]
    lines = re.findall(r'region/(\d+)/\?annee=2026">.*?<td class="number">(\d+)</td>.*?before">(\d+)</td>', figure)
    assert lines[:4] == [("11", "3", "0"), ("53", "2", "2"), ("84", "0", "1"), ("27", "0", "0")]
    assert len(lines) == len(list_regions_with_bodies())
    assert 'aria-labelledby="t-regions"' not in read_html(client, BRETAGNE)


def test_a_quantile_is_computed_as_postgresql_does():
    minutes = [timedelta(minutes=number) for number in (1, 2, 3, 4)]
    assert find_quantile(minutes, 0.5) == timedelta(minutes=2, seconds=30)
    assert find_quantile(minutes, 0.9) == timedelta(minutes=3, seconds=42)
    assert find_quantile(minutes[:1], 0.9) == timedelta(minutes=1)


def test_the_year_is_chosen_by_links(client, national):
    store_cases_of_two_centres()
    page = read_html(client, NATION, annee="2025")
    assert '<a class="pill" href="?annee=2025" aria-current="true">2025</a>' in page
    assert '<a class="pill" href="?annee=2026">2026</a>' in page
    assert "Décembre" in page
    for wrong in ("2024", "2027", "abc", "20 25", "²⁰²⁵"):
        assert client.get(NATION, {"annee": wrong}).status_code == 404


def test_the_page_of_a_year_without_cases_tells_that_there_is_none(client, national):
    breizh_cyber()
    page = read_html(client, CENTRE)
    assert "Aucune déclaration retenue dans l’année." in page
    assert "Rien n’est encore vérifié pour 2026" in page
    assert "Durée des interruptions" not in page


def test_a_case_of_the_last_evening_of_a_month_counts_in_the_next_month_east_of_paris(client, national):
    """In Nouméa it is 1 April. The case is in the total, as it is in the tables by type."""
    with time_machine.travel(paris_time(2026, 3, 31, 20)):
        store(
            one_each(bodies("988", 2), paris_time(2026, 3, 31, 19))
            + one_each(bodies("53", 1), paris_time(2026, 3, 31, 19))
        )
        fold_new_events()
        page = read_html(client, NATION)
    for line in [
        format_row("Mars", 1, 1, 0, 0, 0),
        format_row("Avril", 2, 2, 0, 0, 0),
        format_row("Ensemble", 3, 3, 0, 0, 0),
    ]:
        assert line in page, line
