"""The public page, through its door, in each of its states."""

import inspect
import re
from datetime import date
from pathlib import Path
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.test import Client
from psycopg.types.range import DateRange
from selectolax.lexbor import LexborHTMLParser

from collectivities.models import Region
from config.pages.templatetags.french import choose_french_plural
from core.french import choose_plural
from csirts.models import Coverage
from csirts.wording import format_region_with_en
from incidents.enums import Cause, DataCategory, PublicService
from stats.disclosure.tables import Period
from stats.pages import sentences
from stats.pages.freshness import PAGE_FOLDERS, page_cache
from stats.services import publish_due_periods
from tests.cast import a_lead, a_responder, an_agent, breizh_cyber
from tests.stats.cases import bodies, one_each, paris_time, store
from tests.stats.pages import fill
from tests.stats.printing import print_release, print_year, spread_tables
from tests.stats.public_page import PAGE, read_main, words

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clear_pages() -> None:
    page_cache.clear()


def read_table(main, caption):
    """Return the rows of a table by the text of their head."""
    [match] = [node for node in main.css("table") if words(node.css_first("caption")) == caption]
    rows = [[words(cell) for cell in row.css("th, td")] for row in match.css("tr")]
    return {head: cells for head, *cells in rows}


def list_titles(main):
    return [words(title) for title in main.css("h2")]


def test_counted_cases_are_printed_and_read_on_the_page(client):
    """Sixty bodies of Bretagne, two of Corse: counted, drawn, audited, printed and read."""
    store(
        one_each(bodies("53", 60), paris_time(2025, 2, 1), hours=(2,))
        + one_each(bodies("94", 2), paris_time(2025, 5, 1))
    )
    publish_due_periods(now=paris_time(2026, 4, 1))
    main = read_main(client)
    printed = read_table(main, "Incidents par région")
    assert printed["Corse"] == ["moins de 5 collectivités"]
    assert printed["Bretagne"] in (["60"], ["55"], ["65"])
    assert printed["Ensemble"] in (["60"], ["65"])
    assert f"{printed['Ensemble'][0]} incidents vérifiés en France en 2025. Ils comptent" in words(main)
    assert "Publié une fois, le 1er avril 2026." in words(main)
    assert words(main).count("chiffres sont arrondis au hasard à un multiple de 5") == 1


# A full year


def test_a_year_of_5_000_incidents_has_every_table(client):
    print_year(2024, 4_000)
    print_year(2025, 5_000)
    main = read_main(client)
    assert words(main.css_first("h1")) == "Les incidents dans les collectivités françaises, 2025"
    assert list_titles(main) == [
        "Plus d’incidents déclarés qu’en 2024",
        "Trimestre par trimestre",
        "Les incidents, région par région",
        "Les types d’incidents",
        "Le plus souvent : hameçonnage, 1 060 sur 5 000",
        "Le plus souvent : état civil, 500 sur 2 500",
        "Au moins une interruption sur deux dure moins de 3 jours",
        "Le plus souvent : état civil, 320 sur 1 500",
        "Le plus souvent : de 0 à 5 personnes, 405 sur 1 500",
        "Ce que l’on sait de ces fuites",
        "Au moins un incident sur deux déclaré en moins d’un jour",
        "Au moins un incident sur deux pris en charge en moins d’un jour",
        "Au moins un incident sur deux clos en moins d’un jour",
        "Le taux le plus haut : départements, régions et collectivités à statut particulier",
        "Comment ces chiffres sont faits",
    ]
    quarters = read_table(main, "Totaux par trimestre")
    assert quarters["Incidents"] == ["1 250", "1 250", "1 250", "1 250"]
    assert read_table(main, "Incidents par mois")["Janvier"] == ["510", "410"]


def test_a_year_of_317_incidents_has_the_services_but_no_crossing(client):
    print_year(2025, 317)
    main = read_main(client)
    assert read_table(main, "Interruptions par service")["Ensemble"] == ["160"]
    assert read_table(main, "Incidents par région")["Bretagne"] == ["15"]
    region = read_main(client, region="53")
    assert list_titles(region) == [
        "En Bretagne et dans les autres régions",
        "Ce que cette page ne montre pas",
        "Comment ces chiffres sont faits",
    ]
    assert "Trop peu de cas publiés en Bretagne en 2025 pour ces tableaux : les trimestres, les types" in words(region)
    assert region.css_first("a[href='?annee=2025']") is not None


def test_a_year_of_84_incidents_says_what_is_closed(client):
    print_year(2025, 84)
    main = read_main(client)
    assert "Trop peu de cas publiés en France en 2025 pour ces tableaux : les données en cause, le" in words(main)
    assert "Ce que l’on sait de ces fuites" not in list_titles(main)
    assert read_table(main, "Interruptions par service")["Ensemble"] == ["40"]


def test_a_region_with_many_incidents_has_quarters_types_and_causes(client):
    print_year(2025, 5_000)
    main = read_main(client, region="53", annee="2025")
    assert words(main.css_first("h1")) == "Les incidents dans les collectivités de Bretagne, 2025"
    assert list_titles(main)[:5] == [
        "Environ 35 à 70 incidents par trimestre",
        "Les types d’incidents",
        "Comment c’est arrivé",
        "En Bretagne et dans les autres régions",
        "Ce que cette page ne montre pas",
    ]
    assert read_table(main, "Incidents par trimestre")["1er trimestre"] == ["70"]
    assert main.css_first(".tile--mine a[aria-current]").text().split()[0] == "Bretagne"


def test_a_region_with_a_dash_is_never_shown_as_zero(client):
    print_year(2025, 317)
    main = read_main(client, region="94")
    assert "En Corse, en 2025 : « moins de 5 collectivités » (–)." in words(main)
    assert "Le nombre d’incidents n’est pas publié ; cela ne dit pas s’il y en a eu." in words(main)
    assert [words(item) for item in main.css(".key li")][-1] == "– moins de 5 collectivités"
    tile = main.css_first(".tile.cor")
    assert ("withheld" in tile.attributes["class"], words(tile)) == (True, "Corse COR moins de 5 collectivités –")


def test_a_region_with_a_dash_and_without_a_centre_says_that_nobody_verifies_there(client):
    """The directory has no centre in Mayotte (06). Once it has one for that year, the page says so at once."""
    print_year(2025, 317)
    sentence = (
        "En 2025, l’annuaire n’avait aucun centre de secours informatique à Mayotte : sans centre pour vérifier les "
        "déclarations, il y a peu d’incidents vérifiés."
    )
    Coverage.objects.filter(region__code="06").delete()
    assert sentence in words(read_main(client, region="06"))
    centre = breizh_cyber()
    Coverage.objects.create(
        csirt=centre, region=Region.objects.get(code="06"), valid=DateRange(date(2025, 12, 31)), source="essai"
    )
    main = words(read_main(client, region="06"))
    assert "« moins de 5 collectivités » (–)." in main
    assert "aucun centre de secours informatique" not in main


def test_a_key_figure_without_a_number_is_a_dash_explained_below_its_name(client):
    print_year(2025, 317)
    first, nation = read_main(client, region="94").css(".keys div")
    assert (words(first.css_first("dd")), words(first.css_first("small"))) == ("–", "– : moins de 5 collectivités")
    assert (words(nation.css_first("dd")), words(nation.css_first("small"))) == ("315", "la même année")


@pytest.mark.parametrize(("page", "current"), [("", "page"), ("methode/", "true"), ("publications/", "true")])
def test_the_menu_marks_the_pages_of_figures(client, page, current):
    menu = LexborHTMLParser(client.get(PAGE + page).content).css(".nav [aria-current]")
    assert [(link.text(), link.attributes["aria-current"]) for link in menu] == [("Chiffres", current)]


def test_no_number_is_written_as_zero(client):
    """Every table is open, and full of dashes."""
    print_year(2025, 317, incidents_by_type={(code,): None for code in fill("incidents_by_type")})
    main = read_main(client)
    cells = [words(cell) for cell in main.css("td")]
    assert {"0", "—", "-", ""}.isdisjoint(cells)
    assert set(map(tuple, read_table(main, "Incidents par type").values())) == {
        ("Nombre",),
        ("moins de 5 collectivités",),
        ("315",),
    }


def test_each_printed_number_is_a_multiple_of_five(client):
    print_year(2025, 317)
    numbers = re.findall(
        r"(?<![\d,])\d[\d ]*(?![\d,]| %)", " ".join(words(cell) for cell in read_main(client).css("dd"))
    )
    assert {int(number.replace(" ", "")) % 5 for number in numbers} == {0}


# A year in progress, and nothing at all


@pytest.fixture
def running(db: None) -> None:
    print_year(2025, 317)
    for quarter in (1, 2):
        print_release(Period(2026, quarter), spread_tables(Period(2026, quarter), 90))


def test_a_year_in_progress_has_its_quarters(client, running):
    main = read_main(client, annee="2026")
    assert words(main.css_first(".story")) == (
        "90 incidents vérifiés en France au 2e trimestre 2026. Deux trimestres de 2026 ont paru. "
        "L’année entière paraît à partir du 1er avril 2027."
    )
    assert list_titles(main) == [
        "Les incidents, mois par mois",
        "Trimestre par trimestre",
        "Ce que cette page ne montre pas",
        "Comment ces chiffres sont faits",
    ]
    assert read_table(main, "Totaux par trimestre")["Incidents"] == ["90", "90"]
    assert read_table(main, "Incidents par mois")["Juillet"] == ["à venir", "35"]


def test_a_region_has_no_figures_before_the_year_is_published(client, running):
    main = read_main(client, annee="2026", region="53")
    assert "Les chiffres de Bretagne paraissent avec l’année entière, à partir du 1er avril 2027." in words(main)
    assert main.css("table") == []
    assert main.css_first("a[href='?annee=2026']") is not None


def test_the_last_full_year_comes_first(client, running):
    assert words(read_main(client).css_first("h1")).endswith(", 2025")
    years = [words(pill) for pill in read_main(client).css(".filters > ul a")]
    assert years == ["2026, en partie", "2025"]


def test_the_first_quarters_of_the_service_are_shown_before_any_year(client):
    print_release(Period(2026, 1), {"incidents": {(): 45}, "leaks": {(): None}})
    main = read_main(client)
    assert words(main.css_first(".story")).startswith("45 incidents vérifiés en France au 1er trimestre 2026. Un trim")
    assert read_table(main, "Totaux par trimestre")["Incidents"] == ["45"]
    assert read_table(main, "Totaux par trimestre")["Fuites"] == ["moins de 5 collectivités –"]
    assert read_table(main, "Totaux par trimestre")["Interruptions"] == ["pas publié n. p."]
    assert "– : moins de 5 collectivités. n. p. : pas publié." in words(main)


def test_quarters_without_a_number_have_no_table(client):
    print_release(Period(2026, 1), {})
    main = read_main(client)
    assert words(main.css_first(".story")).startswith(
        "Un trimestre de 2026 a paru ; aucun de ses totaux n’est assez grand pour être publié."
    )
    assert main.css("table") == []


def test_months_with_few_numbers_are_a_table_without_a_chart(client):
    months = {("01",): 10, ("02",): None, ("03",): 15}
    print_release(Period(2026, 1), {"incidents": {(): 45}, "incidents_by_month": months})
    main = read_main(client)
    assert read_table(main, "Incidents par mois")["Janvier"] == ["10"]
    assert (main.css(".chart svg"), main.css(".chart details")) == ([], [])
    print_release(Period(2026, 2), {"incidents": {(): 45}, "incidents_by_month": {("04",): 10}})
    assert read_main(client).css(".chart svg") != []


def test_before_the_first_release_the_page_says_what_will_appear(client):
    main = read_main(client)
    assert "Rien n’est encore publié" in list_titles(main)
    assert "Un trimestre paraît 30 jours après sa fin, une année le printemps suivant." in words(main)
    assert client.get(PAGE, {"annee": "2025"}).status_code == 404


# What is asked for

FORGED = [
    {"region": "999"},
    {"region": "989"},
    {"region": "' OR 1=1"},
    {"region": "53", "annee": "2019"},
    {"annee": "2019"},
    {"annee": "deux mille"},
    {"annee": "02025"},
    {"annee": "²025"},
    {"annee": "99999999999999999999"},
]


def test_an_unknown_choice_is_a_page_that_helps(client, running):
    for choice in FORGED:
        answer = client.get(f"{PAGE}?{urlencode(choice)}")
        assert answer.status_code == 404, choice
        main = LexborHTMLParser(answer.content).css_first("main")
        assert words(main.css_first("h1")) == "Ces chiffres n’existent pas", choice
        assert main.css_first("a[href='?region=53&annee=2025']") is not None, choice


def test_a_null_byte_is_refused(client, running):
    assert client.get(f"{PAGE}?region=53%00").status_code in (400, 404)


def test_query_parameters_of_former_addresses_are_ignored(client, running):
    assert words(read_main(client, trimestre="3", publication="1")) == words(read_main(client))


def test_the_page_of_an_unknown_region_says_that_small_territories_are_counted_together(client, running):
    """976 is the département of Mayotte, whose région is 06."""
    main = LexborHTMLParser(client.get(PAGE, {"region": "976"}).content).css_first("main")
    assert words(main.css_first("h1 + p")) == (
        "Cette adresse ne correspond à aucune région de nos tableaux. Quelques petits territoires d’outre-mer sont "
        "comptés ensemble, sous « autres territoires d’outre-mer »."
    )
    assert "open" in main.css_first(".filters details").attributes
    main = LexborHTMLParser(client.get(PAGE, {"annee": "2019"}).content).css_first("main")
    assert words(main.css_first("h1 + p")) == "Rien n’est publié de cette année."


def test_the_region_menu_lists_the_regions_that_have_bodies(client, running):
    names = [words(pill) for pill in read_main(client).css(".filters details a")]
    assert len(names) == 20
    assert {"Bretagne", "Mayotte", "Nouvelle-Calédonie"} < set(names)


@pytest.mark.parametrize("size", [84, 5_000])
def test_the_page_costs_few_queries_whatever_is_printed(client, size, django_assert_max_num_queries):
    print_year(2024, size)
    print_year(2025, size)
    for choice in ({}, {"region": "53"}, {"annee": "2024"}):
        with django_assert_max_num_queries(13):
            assert client.get(PAGE, choice).status_code == 200


# What caches keep


def test_an_unchanged_page_is_answered_with_few_queries(client, running, django_assert_max_num_queries):
    first = client.get(PAGE, {"region": "53"})
    assert first["Cache-Control"] == "public, max-age=300"
    for _ in range(2):  # the first also asks whether this is a demonstration
        with django_assert_max_num_queries(2):
            again = client.get(PAGE, {"region": "53"}, headers={"If-None-Match": first["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
    mark = {"If-None-Match": first["ETag"]}
    assert client.get(PAGE, {"region": "94"}, headers=mark).status_code == 200
    print_release(Period(2026, 3), {"incidents": {(): 90}})
    assert client.get(PAGE, {"region": "53"}, headers=mark).status_code == 200


def test_a_page_is_rendered_once_for_everybody(client, running, django_assert_num_queries, monkeypatch):
    first = client.get(PAGE, {"region": "53"})
    calls = []
    monkeypatch.setattr("stats.pages.views.read_figures_page", calls.append)
    for _ in range(3):
        with django_assert_num_queries(1):
            again = Client().get(PAGE, {"region": "53"})
        assert (again.content, again["ETag"]) == (first.content, first["ETag"])
    assert calls == []


def test_a_page_that_does_not_exist_is_not_cached(client, running):
    for _ in range(2):
        assert client.get(PAGE, {"annee": "1999"}).status_code == 404


def test_the_page_of_a_signed_in_person_is_not_shared_by_a_cache(client, running):
    """It names the person, so no cache may give it to somebody else."""
    client.get(PAGE)
    client.force_login(a_responder())
    page = client.get(PAGE)
    assert "private" in page["Cache-Control"]
    assert "ETag" not in page
    client.logout()
    assert "Se déconnecter" not in client.get(PAGE).content.decode()


def test_only_a_lead_gets_the_link_to_exact_figures(client):
    for person, is_shown in ((a_lead(), True), (a_responder(), False), (an_agent(), False)):
        client.force_login(person)
        assert ("/statistiques/mon-centre/" in client.get(PAGE).content.decode()) is is_shown


@pytest.mark.parametrize(
    "part",
    [
        *(Cause, DataCategory, PublicService, format_region_with_en, sentences.list_summary_sentences),
        *(choose_plural, choose_french_plural),
    ],
)
def test_a_change_of_the_code_of_a_page_changes_its_etag(part):
    """Else a reader who has the page would learn that it has not changed, until the next release."""
    file = Path(inspect.getfile(part)).relative_to(settings.BASE_DIR)
    assert any(file.is_relative_to(folder) for folder in PAGE_FOLDERS)
