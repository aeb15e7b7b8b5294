"""The public page, through its door."""

import inspect
from datetime import date
from pathlib import Path
from urllib.parse import urlencode

import pytest
import time_machine
from django.conf import settings
from django.test import Client

from csirts.wording import at
from incidents.enums import Cause, DataCategory, PublicService
from incidents.services.triage import acknowledge_incident, verify_incident
from stats import story
from stats.chance import Direction
from stats.freshness import SHOWN
from stats.published import Asked, read_page
from stats.services import publish_release
from stats.tasks import fold_events
from stats.tasks import publish_release as publish
from tests.cast import a_lead, a_responder, an_agent, breizh_cyber, declare
from tests.stats.blocks import a_release, block, month, quarter, year
from tests.stats.cases import bodies, on, one_each, store
from tests.stats.pages import rows_of, tables_of

YEAR_CLOSED = on(2026, 1, 30)
PAGE = "/statistiques/"


TYPE = "information-content-security/rancon"
BODIES = {(2025, "53", ""): 1267, (2025, "", ""): 36_000}


@pytest.fixture
def published(db):
    """2025: Bretagne 12 + 6 by quarter; Corse 3 + 3, so its year; Guadeloupe 2, Martinique 4: together."""
    bretagne, corse = bodies("53", 18), bodies("94", 6)
    store(one_each(bretagne[:12], on(2025, 2, 1), hours=(2,)))
    store(one_each(bretagne[12:], on(2025, 5, 1), leaks=(("confirmed", "6-50"),)))
    store(one_each(corse[:3], on(2025, 2, 1)) + one_each(corse[3:], on(2025, 11, 1)))
    store(one_each(bodies("01", 2), on(2025, 2, 1)) + one_each(bodies("02", 4), on(2025, 8, 1)))
    publish_release(now=YEAR_CLOSED)


OF_2025 = [
    block("incidents", month(2025, 2), 12, region="53", band=TYPE),
    block("incidents", month(2025, 5), 6, region="53", band=TYPE),
    block("incidents", year(2025), 6, region="94"),
    block("incidents", year(2025), 6),
    block("interruptions", quarter(2025, 1), 12, region="53", band="0-4h"),
    block("leaks", quarter(2025, 2), 6, region="53", band="6-50/confirmed"),
    block("quarters", quarter(2025, 1), 17),
    block("quarters", quarter(2025, 2), 6),
    block("quarters", year(2025), 7),
    block("bodies", year(2025), 18, region="53"),
    block("bodies", year(2025), 12),
]


@pytest.fixture
def two_regions(db):
    """The same, without making it: what the rule publishes of it."""
    a_release(*OF_2025, until=date(2025, 12, 31), bodies=BODIES)


@pytest.fixture
def two_releases(two_regions):
    more = [block("incidents", month(2026, 2), 12, region="53"), block("quarters", quarter(2026, 1), 12)]
    a_release(*OF_2025, *more, until=date(2026, 3, 31), bodies=BODIES)


def read(client, **choice):
    """The words of a page, with plain spaces."""
    response = client.get(PAGE, choice)
    assert response.status_code == 200
    return response.content.decode().replace("\u202f", " ").replace("\u00a0", " ").replace("&nbsp;", " ")


def test_it_works(client, published):
    page = read(client)
    assert "30 incidents vérifiés sont publiés en France pour 2025 : 12 interruptions de service" in page
    assert "et 6 fuites de données." in page
    assert "dont 6 confirmées" in page
    tables = tables_of(client)
    assert tables["Par trimestre"] == {
        "1er trimestre": [12],
        "2e trimestre": [6],
        "3e trimestre": [None],
        "4e trimestre": [None],
        "Non ventilé": [12],
        "Ensemble": [30],
    }
    assert {name: row[:3] for name, row in tables["Par région"].items() if isinstance(row[0], int)} == {
        "Bretagne": [18, 12, 6],
        "Corse": [6, 0, 0],
        "Régions regroupées": [6, 0, 0],
        "Ensemble": [30, 12, 6],
    }
    assert tables["Interruptions selon leur durée"]["Moins de 4 heures"] == [12]
    assert tables["Fuites selon le nombre de personnes"]["De 6 à 50 personnes"] == [6]
    assert tables["Fuites selon leur état"]["Confirmée"] == [6]
    assert tables_of(client, region="53")["Par mois"]["Février"] == [12]


def test_a_merged_number_is_one_cell_over_its_periods(client, two_regions):
    """Seven in the third and the fourth quarter together."""
    table = tables_of(client)["Par trimestre"]
    third = table.pop("3e trimestre")
    assert (third[0].value, table.pop("4e trimestre")) == (7, third)
    assert table == {"1er trimestre": [17], "2e trimestre": [6], "Ensemble": [30]}


def test_late_cases_are_laid_over_no_quarter(client, db):
    """Four late ones of winter, three of autumn: nobody may read that all seven came after winter."""
    some = bodies("53", 40)
    store(one_each(some[:12], on(2025, 2, 1)))
    publish_release(now=YEAR_CLOSED)
    store(one_each(some[12:16], on(2025, 2, 20)) + one_each(some[16:19], on(2025, 11, 1)))
    store(one_each(some[19:30], on(2026, 2, 1)))
    publish_release(now=on(2026, 4, 30))
    lines = tables_of(client, annee="2025")["Par trimestre"]
    assert list(lines.values()) == [[12], [None], [None], [None], [7], [19]]
    months = tables_of(client, annee="2025", region="53")["Par mois"]
    assert (months["Février"], months["Novembre"], months["Non ventilé"]) == ([12], [None], [7])


def test_what_came_late_of_a_year_is_held_against_nothing(client, db):
    """Thirty of the first quarter were told in time, as many as this year; forty came later."""
    some = bodies("53", 70)
    store(one_each(some[:30], on(2025, 2, 1)))
    publish_release(now=on(2025, 4, 30))
    store(one_each(some[30:], on(2025, 2, 4)) + one_each(some[:31], on(2026, 2, 1)))
    publish_release(now=on(2026, 4, 30))
    compared = read_page(Asked(region="53", year="2026", quarter="1")).comparison.change
    assert (compared.now, compared.before, compared.direction) == (31, 70, Direction.UNSURE)
    page = client.get(PAGE, {"region": "53", "annee": "2026", "trimestre": "1"}).content.decode()
    assert "dont 40 comptés plus tard : la différence peut être due à ce retard, ou au hasard." in page.replace(
        "\xa0", " "
    ).replace("&nbsp;", " ")


def test_a_region_has_its_page(client, two_regions):
    page = read(client, region="53", annee="2025")
    assert "18 incidents vérifiés sont publiés en Bretagne pour 2025" in page
    assert "Les incidents dans les collectivités de Bretagne, 2025" in page
    assert 'aria-current="true"><span>Bretagne</span>' in page
    table = tables_of(client, region="53", annee="2025")["Par mois"]
    assert table["Février"] == [12]
    assert table["Mai"] == [6]
    assert table["Ensemble"] == [18]


def test_a_merged_year_is_one_cell_over_its_quarters(client, two_regions):
    """Corse: three bodies in winter, three in autumn. No chart is drawn of one number for the whole year."""
    page = read(client, region="94")
    assert "6 incidents vérifiés sont publiés en Corse pour 2025." in page
    assert "Par trimestre" not in tables_of(client, region="94")
    assert (
        "pourraient désigner quelqu’un en Corse pour 2025 : les mois ou les trimestres, les types d’incidents" in page
    )


def test_a_region_that_cannot_be_shown_alone_says_so(client, two_regions):
    page = read(client, region="01")
    assert "Aucun nombre d’incidents ne peut être montré à part en Guadeloupe pour 2025" in page
    assert "Avec plus de déclarations en Guadeloupe, des nombres apparaîtront ici d’eux-mêmes." in page
    assert set(tables_of(client, region="01")) == {"Par région"}
    assert tables_of(client, region="01")["Par région"]["Guadeloupe"] == [None, None]


def test_zero_merged_and_withheld_never_look_alike(client, two_regions):
    """Bretagne, Corse have numbers; Guadeloupe is counted with others; no wider number covers nobody else's zero."""
    page = read(client)
    for code, state in (("gua", "withheld"), ("mtq", "withheld"), ("bre", "q4"), ("cor", "q2")):
        assert f'<li class="tile {code} {state}' in page
    assert "regroupé, pas montré seul" in page
    assert "aucun incident dans cette publication" not in page, "the legend shows what is used, and nothing else"


FORGED = [
    {"region": "999"},
    {"region": "53\0"},
    {"region": "' OR 1=1"},
    {"annee": "2019"},
    {"annee": "deux mille"},
    {"annee": "02025"},
    {"annee": "99999999999999999999"},
    {"region": "53", "annee": "2024"},
    {"annee": "2025", "trimestre": "5"},
    {"annee": "2025", "trimestre": "un"},
    {"annee": "2025", "trimestre": "3"},
    {"region": "94", "annee": "2025", "trimestre": "1"},
    {"publication": "0"},
    {"publication": "2"},
    {"publication": "-1"},
    {"publication": "1e9"},
]


def test_an_unknown_choice_is_a_page_that_helps(client, two_regions):
    """Three bodies of Corse in winter, four cases in all in the third quarter: those pages are simply not there."""
    for choice in FORGED:
        answer = client.get(f"{PAGE}?{urlencode(choice)}")
        assert answer.status_code in (400, 404), choice
        if "\0" not in choice.get("region", ""):
            assert answer.status_code == 404, choice
            assert "Ces chiffres n’existent pas" in answer.content.decode(), choice
            assert "?region=53" in answer.content.decode(), choice


def test_a_quarter_that_is_published_has_its_page(client, two_regions):
    page = read(client, region="53", annee="2025", trimestre="1")
    assert "12 incidents vérifiés sont publiés en Bretagne pour le 1er trimestre 2025 : 12 interruptions" in page
    regions = tables_of(client, annee="2025", trimestre="1")["Par région"]
    assert regions["Bretagne"] == [12, 12, 0]
    assert regions["Corse"] == [None, 0, 0]
    links = read(client, region="94")
    assert "trimestre=" not in links


def test_nothing_published_yet_says_what_will_appear(client, db):
    page = client.get(PAGE).content.decode()
    assert "Rien n’est encore publié" in page
    assert "Un trimestre paraît 30&nbsp;jours après sa fin" in page
    assert client.get(PAGE, {"region": "53"}).status_code == 200
    assert client.get(PAGE, {"annee": "2025"}).status_code == 404


def test_it_reads_the_last_release(client, two_releases):
    page = read(client)
    assert "Publication n<sup>o</sup> 2 du 30 avril 2026, jusqu’au 31 mars 2026" in page
    assert "12 incidents vérifiés sont publiés en France pour 2026, année en cours, jusqu’au 31 mars 2026." in page
    assert tables_of(client, annee="2025")["Par région"]["Ensemble"][0] == 30


def test_an_older_release_keeps_its_address(client, two_releases):
    assert "publication=2" in read(client)
    page = read(client, publication="1")
    assert "Publication n<sup>o</sup> 1 du 30 janvier 2026" in page
    assert "30 incidents vérifiés sont publiés en France pour 2025" in page
    assert "La dernière est la n<sup>o</sup> 2" in page
    assert "?annee=2025&amp;publication=1&amp;region" not in page
    assert "region=94&amp;publication=1" in page, "links stay in the release that is read"
    assert client.get(PAGE, {"publication": "1", "annee": "2026"}).status_code == 404


def test_a_region_that_says_nothing_this_year_opens_on_the_year_before(client, two_releases):
    assert "en Corse pour 2025" in read(client, region="94")
    assert "pour l’instant" in read(client, region="94", annee="2026")
    assert "en Bretagne pour 2026" in read(client, region="53")


def test_late_cases_stand_in_what_is_not_broken_down(client, published):
    """Six bodies of Bretagne call back in autumn for May and June: too few a month, enough for a number."""
    late = bodies("53", 24)[18:]
    store(one_each(late[:3], on(2025, 5, 2)) + one_each(late[3:], on(2025, 6, 2)))
    publish_release(now=on(2026, 4, 30))
    page = read(client, region="53", annee="2025")
    assert "24 incidents vérifiés sont publiés en Bretagne pour 2025" in page
    assert "S’y ajoutent 6 incidents non ventilés par période." in page
    table = tables_of(client, region="53", annee="2025")["Par mois"]
    assert (table["Mai"], table["Juin"]) == ([6], [None])
    assert (table["Non ventilé"], table["Ensemble"]) == ([6], [24])


def test_it_costs_few_queries_whatever_the_number_of_blocks(client, two_regions, django_assert_max_num_queries):
    for choice in ({}, {"region": "53"}):
        with django_assert_max_num_queries(8):
            client.get(PAGE, choice)
    many = [
        block("incidents", month(2025, number), 6, region=code, band=band)
        for code in ("11", "27", "28", "32", "44", "52", "75", "76", "84", "93")
        for number in range(1, 13)
        for band in ("intrusions/boite", "fraud/virement", "availability/panne")
    ]
    a_release(*OF_2025, *many, until=date(2026, 3, 31), bodies=BODIES)
    for choice in ({}, {"region": "53"}, {"annee": "2025", "trimestre": "1"}, {"publication": "1"}):
        with django_assert_max_num_queries(8):
            assert client.get(PAGE, choice).status_code == 200


def test_who_holds_a_page_is_told_in_one_query_that_it_is_the_same(client, two_regions, django_assert_max_num_queries):
    first = client.get(PAGE, {"region": "53"})
    assert first["Cache-Control"] == "public, max-age=300"
    mark = first["ETag"]
    for _ in range(2):  # the first also asks whether this is a demonstration
        with django_assert_max_num_queries(2):
            again = client.get(PAGE, {"region": "53"}, headers={"If-None-Match": mark})
        assert (again.status_code, again.content) == (304, b"")
        assert again["Cache-Control"] == "public, max-age=300"
    other = client.get(PAGE, {"region": "94"}, headers={"If-None-Match": mark})
    assert other.status_code == 200
    a_release(*OF_2025, until=date(2026, 3, 31))
    assert client.get(PAGE, {"region": "53"}, headers={"If-None-Match": mark}).status_code == 200


def test_a_page_is_made_once_for_everybody(client, two_regions, django_assert_num_queries, monkeypatch):
    """Ten thousand requests of a scraper cost a query each, and no page is made again."""
    first = client.get(PAGE, {"region": "53"})
    made = []
    monkeypatch.setattr("stats.views.read_page", made.append)
    for _ in range(3):
        with django_assert_num_queries(1):
            again = Client().get(PAGE, {"region": "53"})
        assert again.content == first.content
        assert again["ETag"] == first["ETag"]
        assert again["Cache-Control"] == "public, max-age=300"
    assert made == []


def test_a_page_that_was_kept_is_nobodys_with_an_account(client, two_regions):
    client.get(PAGE)
    client.force_login(a_lead())
    assert "mon-centre" in client.get(PAGE).content.decode()
    client.logout()
    assert "mon-centre" not in client.get(PAGE).content.decode()


def test_a_page_that_does_not_exist_is_not_kept(client, two_regions):
    for _ in range(2):
        assert client.get(PAGE, {"annee": "1999"}).status_code == 404


def test_the_page_of_a_person_is_their_own(client, two_regions):
    """It says who is signed in, so no cache may give it to somebody else."""
    client.force_login(a_responder())
    page = client.get(PAGE)
    assert "private" in page["Cache-Control"]
    assert "public" not in page["Cache-Control"]
    assert "ETag" not in page


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
    assert tables_of(client, region="53", annee="2026")["Par mois"]["Février"] == [5]


def test_what_nobody_knows_is_said_in_the_words_of_the_dictionary(client, db):
    unknown = [
        block("leaks", year(2025), 12, band="unknown/confirmed"),
        block("categories", year(2025), 12, band="inconnues"),
    ]
    a_release(*OF_2025, *unknown, until=date(2025, 12, 31), bodies=BODIES)
    html = client.get(PAGE, {"annee": "2025"}).content.decode()
    assert "Nombre de personnes pas connu" in html
    assert "Catégories pas connues" in html
    assert "Catégories pas connues : 12" not in html.replace("\xa0", " ")  # what is not known is no finding
    assert "Je ne sais pas" not in html


def test_what_stands_in_no_number_by_region_is_said_under_the_map(client, db):
    """The nation has its own table: while the year goes on, much of it stands in no region's number."""
    blocks = [block("incidents", month(2026, 2), 12, region="53"), block("quarters", quarter(2026, 1), 40)]
    a_release(*blocks, until=date(2026, 3, 31))
    page, regions = read(client, annee="2026"), tables_of(client, annee="2026")["Par région"]
    assert "40 incidents vérifiés sont publiés en France" in page
    assert "Comptés pour la France entière, pas par région : 28." in page
    assert regions["Ensemble"][0] == 12
    [rate] = {row[-1].text for row in rows_of(client, annee="2026")["Par région"][1:-2]}
    assert rate == "à venir"


@pytest.mark.parametrize("words", [Cause, DataCategory, PublicService, at, story.story])
def test_a_page_is_new_when_the_words_on_it_are(words):
    """Else whoever holds a page would be told that it has not changed, until the next release."""
    file = Path(inspect.getfile(words)).relative_to(settings.BASE_DIR)
    assert any(file.is_relative_to(folder) for folder in SHOWN)
