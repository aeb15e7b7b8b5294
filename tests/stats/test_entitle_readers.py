"""The register of the readers of exact figures, with the date and the act of each entitlement, and the log of their
readings.
"""

import pytest
import time_machine
from django.db import DatabaseError, IntegrityError, transaction

from accounts.enums import CENTRE_ABILITIES, CentreAbility, Role
from accounts.models import Membership
from stats.models import ExactReading
from stats.services import fold_new_events
from tests.cast import a_lead, a_person, a_responder, breizh_cyber
from tests.incidents.transferring import create_other_centre
from tests.stats.cases import bodies, one_each, paris_time, store
from tests.stats.exact_pages import (
    BRETAGNE,
    CENTRE,
    NATION,
    an_analyst,
    get_status,
    read_html,
    store_cases_of_two_centres,
)
from tests.stats.rows import format_two_years
from tests.superuser import act_as_superuser

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("march_of_2026")]


def test_the_national_reader_has_links_to_every_page(client, national):
    breizh_cyber()
    page = read_html(client, "/statistiques/")
    for url in (NATION, BRETAGNE, CENTRE):
        assert f'href="{url}"' in page


def test_an_entitled_analyst_reads_that_region_and_no_other(client):
    csirt = breizh_cyber()
    analyst = an_analyst()
    client.force_login(analyst)
    store_cases_of_two_centres()
    assert format_two_years("Janvier", (1, "–"), (1, "–"), (0, "–"), (2, "–"), (1, "–")) in read_html(client, BRETAGNE)
    assert f'href="{BRETAGNE}"' in read_html(client, "/statistiques/")
    for url in (NATION, CENTRE, "/statistiques/exacts/region/11/", "/statistiques/mon-centre/"):
        assert get_status(analyst, url) == 404, url
    assert csirt.slug in CENTRE


def read_header(client, url):
    """Return the markup of the header of the page, from its title to the links beside it."""
    return read_html(client, url).partition("<main")[2].partition("</header>")[0]


@pytest.mark.parametrize("url", ["/statistiques/", "/statistiques/?region=53", "/statistiques/?annee=2025"])
def test_the_page_of_published_figures_links_to_the_exact_figures_beside_its_title(client, release, url):
    own = f'href="{BRETAGNE}">Les chiffres exacts de Bretagne</a>'
    assert "exact" not in read_header(client, url)
    client.force_login(an_analyst())
    assert own in read_header(client, url)
    client.force_login(a_person(Role.NATIONAL))
    place = own if "region" in url else f'href="{NATION}">Les chiffres exacts de toute la France</a>'
    assert place in read_header(client, url)
    client.force_login(a_lead())
    assert 'href="/statistiques/mon-centre/">Les chiffres exacts de mon centre</a>' in read_header(client, url)


def test_a_role_that_may_lead_has_the_link_to_its_centre_whatever_its_name(client, release, monkeypatch):
    monkeypatch.setitem(CENTRE_ABILITIES, Role.RESPONDER, frozenset(CentreAbility))
    client.force_login(a_responder(breizh_cyber()))
    assert 'href="/statistiques/mon-centre/">' in read_header(client, "/statistiques/")


@pytest.mark.parametrize("url", ["/statistiques/", "/statistiques/?region=53"])
def test_an_analyst_without_a_written_decision_reads_why_the_figures_are_closed(client, release, url):
    client.force_login(an_analyst(exact_since_on=None, exact_act=""))
    header = read_header(client, url)
    assert "Les chiffres exacts de Bretagne ne vous sont pas ouverts : il faut un écrit" in header
    assert header.count("ne vous sont pas ouverts") == 1, "the other régions are not named"
    assert BRETAGNE not in read_header(client, url)


def test_readers_of_exact_figures_begin_at_their_page(client):
    for person, first in (
        (an_analyst(), BRETAGNE),
        (an_analyst(exact_until_on="2026-03-01"), "/statistiques/?region=53"),
        (a_person(Role.NATIONAL), NATION),
    ):
        client.force_login(person)
        assert client.get("/connexion/").headers["Location"] == first


@pytest.mark.parametrize(
    ("flag", "status"),
    [
        ({}, 200),
        ({"exact_since_on": None, "exact_act": ""}, 404),
        ({"exact_since_on": "2026-03-20"}, 200),
        ({"exact_since_on": "2026-03-21"}, 404),
        ({"exact_until_on": "2026-03-20"}, 200),
        ({"exact_until_on": "2026-03-19"}, 404),
        ({"ended_on": "2026-03-20"}, 404),
    ],
)
def test_the_written_decision_is_in_force_from_its_first_day_to_its_last(flag, status):
    analyst = an_analyst(**flag)
    assert get_status(analyst, BRETAGNE) == status
    assert ExactReading.objects.count() == (status == 200)


@pytest.mark.parametrize(
    "wrong",
    [
        {"exact_act": ""},
        {"exact_act": "  "},
        {"exact_since_on": None},
        {"exact_since_on": None, "exact_act": "", "exact_until_on": "2026-05-01"},
        {"exact_until_on": "2025-12-31"},
    ],
)
def test_the_database_refuses_an_incomplete_written_decision(wrong):
    with pytest.raises(IntegrityError), transaction.atomic():
        an_analyst(**wrong)


def test_the_database_refuses_a_written_decision_for_another_role():
    lead = a_lead()
    with pytest.raises(IntegrityError), transaction.atomic():
        lead.membership_set.update(exact_since_on="2026-01-01", exact_act="Délibération")


# Who read


def test_readings_of_one_scope_within_a_minute_are_one_row(client, national):
    store_cases_of_two_centres()
    with time_machine.travel(paris_time(2026, 3, 20, 9), tick=False) as clock:
        for url in (BRETAGNE, BRETAGNE, NATION, CENTRE, f"{NATION}?annee=2025"):
            client.get(url)
        clock.shift(61)
        client.get(BRETAGNE)
    readings = ExactReading.objects.order_by("pk").values_list("user", "csirt__slug", "region__code", "year")
    assert list(readings) == [
        (national.pk, None, "53", 2026),
        (national.pk, None, None, 2026),
        (national.pk, "breizh-cyber", None, 2026),
        (national.pk, None, None, 2025),
        (national.pk, None, "53", 2026),
    ]


def test_a_lead_of_two_centres_reads_the_figures_of_both(client):
    centre, other_centre = breizh_cyber(), create_other_centre()
    lead = a_lead(centre)
    Membership.objects.create(user=lead, role=Role.LEAD, csirt=other_centre, since_on="2021-01-01")
    client.force_login(lead)
    client.get("/statistiques/mon-centre/")
    assert set(ExactReading.objects.values_list("csirt", flat=True)) == {centre.pk, other_centre.pk}


def test_readings_are_never_changed(client, national):
    client.get(NATION)
    for change_it in (lambda: ExactReading.objects.update(year=2025), lambda: ExactReading.objects.all().delete()):
        with act_as_superuser(), pytest.raises(DatabaseError, match="pgtrigger"), transaction.atomic():
            change_it()
    assert ExactReading.objects.count() == 1


def test_the_administrator_reads_who_read(client, national):
    client.get(BRETAGNE)
    client.force_login(a_person(Role.ADMINISTRATOR))
    page = read_html(client, "/admin/stats/exactreading/")
    assert "Bretagne" in page
    assert str(national) in page
    assert client.get("/admin/stats/exactreading/1/change/").status_code == 404


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("exactreading", "Personne n’a encore ouvert de chiffres exacts : chaque consultation sera ici."),
        ("figurecheck", "Aucun recomptage n’a encore commencé : chaque nuit, les chiffres exacts sont recomptés"),
        ("attempt", "Aucune publication n’a encore été essayée : chaque essai, réussi ou non, sera ici."),
        ("report", "Aucun rapport n’a encore été demandé : chaque rapport demandé sera ici, fait ou non."),
    ],
)
def test_an_empty_list_of_the_figures_says_what_will_be_in_it(client, db, name, words):
    client.force_login(a_person(Role.ADMINISTRATOR))
    assert words in read_html(client, f"/admin/stats/{name}/")


@pytest.mark.parametrize("number", [2, 50])
@pytest.mark.parametrize("url", [NATION, BRETAGNE, CENTRE])
def test_a_page_costs_the_same_whatever_the_number_of_cases(
    client, national, django_assert_max_num_queries, url, number
):
    store(one_each(bodies("53", number), paris_time(2026, 1, 5), csirt=breizh_cyber(), hours=(2,)))
    fold_new_events()
    with django_assert_max_num_queries(20):
        assert client.get(url).status_code == 200
