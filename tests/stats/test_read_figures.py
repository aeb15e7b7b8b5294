"""The public page, through its door."""

from urllib.parse import urlencode

import pytest
import time_machine

from incidents.services.triage import acknowledge_incident, verify_incident
from stats.models import Block, Release
from stats.services import publish_release
from stats.tasks import fold_events
from stats.tasks import publish_release as publish
from tests.cast import a_lead, a_responder, an_agent, breizh_cyber, declare
from tests.stats.cases import bodies, on, one_each, store
from tests.stats.pages import tables_of

YEAR_CLOSED = on(2026, 1, 30)
PAGE = "/statistiques/"


@pytest.fixture
def two_regions(db):
    """2025: Bretagne 12 + 6 by quarter; Corse 3 + 3, so its year; Guadeloupe 2, Martinique 4: together."""
    bretagne, corse = bodies("53", 18), bodies("94", 6)
    store(one_each(bretagne[:12], on(2025, 2, 1), hours=(2,)))
    store(one_each(bretagne[12:], on(2025, 5, 1), leaks=(("confirmed", "6-50"),)))
    store(one_each(corse[:3], on(2025, 2, 1)) + one_each(corse[3:], on(2025, 11, 1)))
    store(one_each(bodies("01", 2), on(2025, 2, 1)) + one_each(bodies("02", 4), on(2025, 8, 1)))
    publish_release(now=YEAR_CLOSED)


def test_it_works(client, two_regions):
    page = client.get(PAGE)
    assert "<b>30 incidents</b> vérifiés sont publiés en France pour 2025" in page.content.decode()
    tables = tables_of(client)
    assert tables["Par trimestre"] == {
        "1er trimestre": [12, 12, None],
        "2e trimestre": [6, None, 6],
        "3e trimestre": [None, None, None],
        "4e trimestre": [None, None, None],
        "Non ventilé par trimestre": [12, None, None],
        "Ensemble": [30, 12, 6],
    }
    regions = tables["Par région"]
    assert regions.pop("Régions regroupées") == [6, None, None]
    assert regions.pop("Ensemble") == [30, 12, 6]
    assert {name: row for name, row in regions.items() if row != [None, None, None]} == {
        "Bretagne": [18, 12, 6],
        "Corse": [6, None, None],
    }
    assert tables["Interruptions de service selon leur durée"]["Moins de 4 heures"] == [12]
    assert tables["Fuites de données selon le nombre de personnes"]["De 6 à 50 personnes"] == [6]
    assert tables["Fuites de données selon leur état"]["Confirmée"] == [6]


def test_a_region_has_its_page(client, two_regions):
    assert tables_of(client, region="53", annee="2025")["Par trimestre"] == {
        "1er trimestre": [12, 12, None],
        "2e trimestre": [6, None, 6],
        "3e trimestre": [None, None, None],
        "4e trimestre": [None, None, None],
        "Ensemble": [18, 12, 6],
    }


def test_a_region_that_cannot_be_shown_alone_says_so(client, two_regions):
    page = client.get(PAGE, {"region": "01"}).content.decode()
    assert "Aucun nombre ne peut être montré à part en Guadeloupe pour 2025" in page
    assert "<table" not in page


@pytest.mark.parametrize(
    "choice",
    [
        {"region": "999"},
        {"region": "53\0"},
        {"region": "' OR 1=1"},
        {"annee": "2019"},
        {"annee": "deux mille"},
        {"annee": "02025"},
        {"annee": "99999999999999999999"},
        {"region": "53", "annee": "2024"},
    ],
    ids=str,
)
def test_an_unknown_choice_is_not_found(client, two_regions, choice):
    assert client.get(f"{PAGE}?{urlencode(choice)}").status_code == 404


def test_nothing_published_yet_says_what_will_appear(client, db):
    page = client.get(PAGE).content.decode()
    assert "Rien n’est encore publié" in page
    assert "Un trimestre paraît 30&nbsp;jours après sa fin" in page
    assert client.get(PAGE, {"region": "53"}).status_code == 200
    assert client.get(PAGE, {"annee": "2025"}).status_code == 404


def test_it_reads_the_last_release(client, two_regions):
    store(one_each(bodies("53", 30)[18:], on(2026, 2, 1)))
    publish_release(now=on(2026, 4, 30))
    page = client.get(PAGE).content.decode()
    assert "Publication n<sup>o</sup>&nbsp;2 du 30 avril 2026, jusqu’au 31 mars 2026" in page
    assert "<b>12 incidents</b> vérifiés sont publiés en France pour 2026, année en cours" in page
    assert tables_of(client, annee="2025")["Par trimestre"]["Ensemble"] == [30, 12, 6]


def test_it_costs_few_queries_whatever_the_number_of_blocks(client, two_regions, django_assert_max_num_queries):
    for choice in ({}, {"region": "53"}):
        with django_assert_max_num_queries(5):
            client.get(PAGE, choice)
    assert Block.objects.count() < 40
    for code in ("11", "27", "28", "32", "44", "52", "75", "76", "84", "93"):
        for month in (1, 4, 7, 10):
            store(one_each(bodies(code, 6), on(2025, month, 1), hours=(2, 30, 90), leaks=(("claimed", "0-5"),)))
    publish_release(now=on(2026, 4, 30))
    assert Release.objects.latest("number").blocks.count() > 150
    for choice in ({}, {"region": "53"}):
        with django_assert_max_num_queries(5):
            client.get(PAGE, choice)


def test_only_a_lead_is_shown_the_way_to_exact_figures(client, db):
    for person, shown in ((a_lead(), True), (a_responder(), False), (an_agent(), False)):
        client.force_login(person)
        assert ("/statistiques/mon-centre/" in client.get(PAGE).content.decode()) is shown


def test_the_figures_of_the_region_count_a_declaration(client, db):
    """Declared, taken, verified: in the lead's figures at once, in everyone's when the quarter is closed."""
    csirt = breizh_cyber()
    with time_machine.travel(on(2026, 2, 10), tick=False):
        lead = a_lead(csirt)
        store(one_each(bodies("53", 4), on(2026, 2, 3)))
        incident = declare()
        fold_events()
        client.force_login(lead)
        assert "<b>0 vérifiée</b>" in client.get(f"{PAGE}mon-centre/").content.decode()
        acknowledge_incident(reference=incident.reference, actor=lead)
        verify_incident(reference=incident.reference, actor=lead)
        fold_events()
        assert "<b>1 vérifiée</b>" in client.get(f"{PAGE}mon-centre/").content.decode()
        publish()
    client.logout()
    assert "Rien n’est encore publié" in client.get(PAGE).content.decode()
    with time_machine.travel(on(2026, 4, 29), tick=False):
        publish()
    assert "Rien n’est encore publié" in client.get(PAGE).content.decode()
    with time_machine.travel(on(2026, 4, 30), tick=False):
        publish()
    assert tables_of(client, region="53", annee="2026")["Par trimestre"]["1er trimestre"] == [5, None, None]
