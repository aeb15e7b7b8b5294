"""Exact figures beside those of the year before, and before the first month of the service."""

import re
from datetime import date

import pytest
import time_machine
from psycopg.types.range import DateRange

from collectivities.models import Departement
from csirts.models import Coverage, Csirt
from stats.counting.strata import list_regions_with_bodies
from stats.services import fold_new_events
from tests.cast import breizh_cyber
from tests.stats.cases import Case, bodies, one_each, paris_time, store
from tests.stats.exact_pages import BRETAGNE, CENTRE, NATION, read_html
from tests.stats.rows import format_row, format_two_years

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("march_of_2026")]


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
    """October 2025 is in nothing that stands beside January to March 2026, but for the distinct bodies of the year.
    The service began in February 2025: a comparison names the months that have figures.
    """
    store_two_years()
    page = read_html(client, BRETAGNE)
    assert "2 en février et mars 2025" in page
    assert "Les dossiers sont comparés à ceux des mêmes mois qui ont des chiffres : en février et mars 2025." in page
    assert "et leurs taux le sont à tous les mois de 2025 qui ont des chiffres." in page
    assert "L’année précédente est comptée sur les mêmes mois" not in page
    assert "Mars 2026 n’est pas fini, et ses dossiers ont eu moins de temps pour être vérifiés." in page
    assert "Le service a commencé en février 2025 : l’année 2025 n’est pas entière." in page
    assert '<th scope="col" class="number before">Février et mars 2025</th>' in page
    assert "chacune une fois ; 3 de février à décembre 2025" in page
    for line in [
        format_two_years("Février", (1, 2), (1, 2), (0, 0), (0, 0), (0, 0)),
        format_two_years("Ensemble", (2, 2), (2, 2), (0, 0), (1, 0), (0, 0)),
        format_two_years("Hameçonnage", (1, 2)),
        format_two_years("Rançongiciel", (1, 0)),
    ]:
        assert line in page, line
    assert "Octobre" not in page


def test_the_current_year_is_compared_with_a_whole_year_before(client, national):
    store([*one_each(bodies("53", 2), paris_time(2025, 1, 5), csirt=breizh_cyber())])
    fold_new_events()
    page = read_html(client, BRETAGNE)
    assert "2 de janvier à mars 2025" in page
    assert "Les dossiers sont comparés à ceux des mêmes mois : de janvier à mars 2025." in page
    assert "Les collectivités, comptées une fois dans l’année, et leurs taux le sont à toute l’année 2025." in page
    assert "chacune une fois ; 2 en 2025, toute l’année" in page
    assert '<th scope="col" class="number before">Taux en 2025, toute l’année</th>' in page
    assert "Le service a commencé" not in page


def test_months_that_have_no_figures_a_year_before_are_compared_with_nothing(client, national):
    """The service began in November 2025: January to March 2026 have nothing beside them, but the bodies have."""
    store(
        [
            *one_each(bodies("53", 2), paris_time(2025, 11, 5), csirt=breizh_cyber()),
            *one_each(bodies("53", 1), paris_time(2026, 1, 5), csirt=breizh_cyber()),
        ]
    )
    fold_new_events()
    page = read_html(client, BRETAGNE)
    assert "Il n’y a pas de chiffres des mêmes mois de 2025 à comparer." in page
    assert "<dt>incident vérifié </dt><dd>1</dd>" in page
    assert "chacune une fois ; 2 en novembre et décembre 2025" in page
    assert format_row("Rançongiciel", 1) in page


def test_a_year_that_is_over_names_the_months_of_a_year_before_that_is_not_whole(client, national):
    """The service began in February 2025."""
    store_two_years()
    with time_machine.travel(paris_time(2027, 2, 3)):
        client.force_login(national)
        page = read_html(client, BRETAGNE, annee="2026")
    assert "5 de février à décembre 2025" in page
    assert "chacune une fois ; 3 de février à décembre 2025" in page
    assert '<th scope="col" class="number before">Février à décembre 2025</th>' in page
    assert '<th scope="col" class="number before">Taux de février à décembre 2025</th>' in page
    assert re.findall(r"[>\d] en 2025", page) == []
    assert format_two_years("Rançongiciel", (1, 3)) in page


def test_a_year_that_is_over_is_compared_whole(client, national):
    store([Case(body=bodies("53", 1)[0], at=paris_time(2025, 1, 5), csirt=breizh_cyber(), nature="report")])
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
    """Three dots of 2026; of 2025, the eleven months since the service began."""
    store_two_years()
    page = read_html(client, BRETAGNE)
    wide = page.partition('<svg class="wide"')[2].partition("</svg>")[0]
    assert wide.count('<circle class="dot"') == 3
    assert wide.count('<circle class="dot--before"') == 11
    assert read_html(client, BRETAGNE, annee="2025").count('<circle class="dot"') == 2 * 11


def test_months_before_the_service_have_no_number(client, national):
    """The first figures of the service are of February 2025."""
    store_two_years()
    page = read_html(client, BRETAGNE)
    january = page.partition('<tr><th scope="row">Janvier</th>')[2].partition("</tr>")[0]
    assert january.count('<td class="number before">–</td>') == 5
    february = page.partition('<tr><th scope="row">Février</th>')[2].partition("</tr>")[0]
    assert "–" not in february
    assert "« – » : avant le service." in page


def test_the_first_year_has_no_number_before_the_service(client, national):
    store_two_years()
    page = read_html(client, BRETAGNE, annee="2025")
    assert format_row("Janvier", *"–––––") in page
    assert format_row("Février", 2, 2, 0, 0, 0) in page
    assert format_row("Ensemble", 5, 5, 0, 0, 0) in page
    assert "« – » : avant le service." in page
    assert "Le service a commencé en février 2025 : l’année 2025 n’est pas entière." in page


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
