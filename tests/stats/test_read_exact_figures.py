"""Exact figures of a centre, a région, the nation: for the coordination and for analysts entitled in writing."""

import re
from datetime import timedelta

import pytest
import time_machine

from collectivities.enums import Kind
from collectivities.models import Collectivity, Region
from incidents.enums import PublicService
from stats.counting.strata import count_existing_bodies, list_regions_with_bodies, make_stratum_expression
from stats.enums import Stratum
from stats.exact import sums
from stats.exact.sums import find_quantile
from stats.labels import bind_words
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
        format_row("Rançongiciel", 3),
        format_row("Prestataire compromis", 1),
        format_row("Pas encore dite", 2),
        format_row("Moins de 4 heures", 1),
        format_row("De 1 à 4 heures", 1),
        format_row("Numéro de sécurité sociale (NIR)", 1),
        format_row("De 6 à 50 personnes", 1),
        format_row("Confirmée", 1),
        format_row("Sans fondement", 0),
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


def test_a_region_without_bodies_has_no_rate(client, national):
    """Clipperton (989) has no body: zero out of zero is no share."""
    store([Case(body=bodies("53", 1)[0], at=paris_time(2025, 1, 5), csirt=breizh_cyber())])
    fold_new_events()
    Region.objects.get_or_create(code="989", defaults={"name": "Île de Clipperton", "zone": "com", "sort_key": "cli"})
    page = read_html(client, "/statistiques/exacts/region/989/")
    row = page.partition('<th scope="row">Collectivités de la région</th>')[2].partition("</tr>")[0]
    assert re.findall(r">([^<>]+)</td>", row)[:4] == ["0", "0", "–", "0"]
    assert "0,00 %" not in page


def test_a_body_whose_case_is_not_verified_is_not_counted_and_the_page_says_so(client, national):
    csirt = breizh_cyber()
    first, second = bodies("53", 2)
    store([Case(body=first, at=paris_time(2026, 1, 5), csirt=csirt, verified=False)])
    fold_new_events()
    page = read_html(client, BRETAGNE)
    assert "<b>1 déclaration</b> retenue dans l’année, dont <b>aucune vérifiée</b>." in page
    assert "Aucune collectivité n’a d’incident vérifié." in page
    assert "<dt>collectivité ayant déclaré un incident vérifié <small>" in page
    assert "Taux de collectivités ayant déclaré un incident vérifié</h2>" in page
    assert '<th scope="col" class="number">Ayant déclaré un incident vérifié</th>' in page
    store(one_each([first, second], paris_time(2026, 1, 6), csirt=csirt))
    fold_new_events()
    page = read_html(client, BRETAGNE)
    assert "dont <b>2 vérifiées</b>." in page
    assert "<dt>collectivités ayant déclaré un incident vérifié <small>" in page
    assert "Aucune collectivité" not in page


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
