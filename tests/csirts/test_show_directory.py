"""/annuaire/: whom to call, and the source and date of each value."""

import re
from collections.abc import Callable
from html import unescape

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange
from django.test import Client
from django.utils import timezone

from collectivities.models import Departement, Region
from csirts.models import Contact, Coverage, Csirt
from tests.factories.csirts import CoverageFactory, CsirtFactory

pytestmark = pytest.mark.django_db


class Page:
    def __init__(self, html: str) -> None:
        self.html = html
        self.text = read_text(html)
        lines = re.findall(r"<li>\s*<h3>(.*?)</h3>(.*?)</li>", html, re.DOTALL)
        self.lines = {read_text(place): read_text(rest) for place, rest in lines}


def read_text(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).replace("\N{NO-BREAK SPACE}", " ").split())


@pytest.fixture
def page(client: Client) -> Callable[..., Page]:
    def page(**query: str) -> Page:
        response = client.get("/annuaire/", query)
        assert response.status_code == 200
        return Page(response.content.decode())

    return page


def test_the_directory_lists_centres_by_territory(page):
    lines = page().lines

    assert lines["Bretagne"] == (
        "Breizh Cyber breizhcyber.bzh 0 800 200 008 lun.–jeu. 9 h–17 h 30, ven. 9 h–17 h "
        "(presse, à confirmer ; hors de ces heures, le centre national prend le relais) "
        "Liste de l’ANSSI, 23 juin 2026 Horaires : alouette.fr, 22 novembre 2023"
    )
    assert list(lines) == [
        "Auvergne-Rhône-Alpes",
        "Bourgogne-Franche-Comté",
        "Bretagne",
        "Centre-Val de Loire",
        "Corse",
        "Grand Est",
        "Hauts-de-France",
        "Île-de-France",
        "Normandie",
        "Nouvelle-Aquitaine",
        "Occitanie",
        "Pays de la Loire",
        "Provence-Alpes-Côte d’Azur",
        "Guadeloupe, Guyane, Martinique",
        "La Réunion",
        "Mayotte",
        "Île de Clipperton, Polynésie française, Terres australes et antarctiques françaises",
        "Nouvelle-Calédonie, Wallis et Futuna",
        "Saint-Barthélemy, Saint-Martin, Saint-Pierre-et-Miquelon",
    ]


def test_a_territory_without_centre_shows_the_national_ones(page):
    assert page().lines["Mayotte"] == (
        "Aucun centre ne couvre ce territoire. Demandez de l’aide ici : CERT-FR , +33 9 70 83 32 18 , "
        "club.ssi.gouv.fr 17Cyber , 17cyber.gouv.fr Tchat ouvert à toute heure Liste de l’ANSSI, 23 juin 2026"
    )


def test_a_centre_that_published_nothing_sends_to_a_number_that_answers(page):
    """The mayor of Vannes was sent to a centre without telephone, site and address."""
    centre = CsirtFactory(name="Centre Essai Morbihan", contacts={})
    CoverageFactory(csirt=centre, region=Region.objects.get(code="53"), departement=Departement.objects.get(code="56"))

    vannes = page(organisme="215602608")

    box = vannes.text.split("Qui appeler chez moi")[1].split("Métropole")[0]
    assert "Appelez le CERT-FR +33 9 70 83 32 18 À toute heure" in box
    assert box.index("CERT-FR") < box.index("Le Centre Essai Morbihan n’a pas publié de téléphone.")
    assert "Ou bien 17Cyber" in box
    assert "site" not in box
    assert "Joignez" not in box
    assert 'href="tel:+33970833218"' in vannes.html.split('id="appeler-maintenant"')[1].split("</section>")[0]


def test_a_value_of_another_source_names_that_source(page):
    lines = page().lines

    assert lines["Occitanie"].endswith(
        "Liste de l’ANSSI, 23 juin 2026 Courriel publié, horaires : cyberocc.com/nos-services/urgence-cyber"
    )
    assert lines["Auvergne-Rhône-Alpes"].endswith(
        "Liste de l’ANSSI, 23 juin 2026 Territoire : lejournaldesentreprises.com (ouverture annoncée), 13 octobre 2025"
    )


def test_a_source_of_the_first_day_of_a_month_is_dated_with_an_ordinal(page):
    Contact.objects.filter(csirt__slug="cyber-occ").update(source_on="2026-11-01")
    assert "1er novembre 2026" in page().lines["Occitanie"]


def test_missing_and_local_telephones_are_explained(page):
    assert "04 20 97 00 97 Presse, à confirmer" in page().lines["Corse"]
    Contact.objects.filter(csirt__slug="cyber-corsica", kind="phone").delete()
    directory = page()

    assert "Pas de téléphone publié" in directory.lines["Corse"]
    assert "505.300 Numéro local" in directory.lines["Nouvelle-Calédonie, Wallis et Futuna"]
    assert 'href="tel:505300"' in directory.html


def test_the_national_centres_are_shown(page):
    national = "CERT-FR , +33 9 70 83 32 18 (à toute heure ; depuis la métropole, le 3218 aussi) : le centre national"
    assert national in page().text
    assert "(lu le 28 novembre 2026)" in page().text
    assert "17Cyber (tchat ouvert à toute heure) :" in page().text
    assert "lessor.org, 17 décembre 2024" in page().text
    assert 'href="https://club.ssi.gouv.fr/#/declaration-incident"' in page().html
    assert "CERT Santé : répond aussi aux hôpitaux et aux Ehpad" in page().text


def test_the_directory_opens_to_anyone_in_few_queries(client, django_assert_max_num_queries):
    with django_assert_max_num_queries(10):
        assert client.get("/annuaire/", {"q": "Redon Agglomération"}).status_code == 200


def test_queries_do_not_grow_with_the_number_of_centres(client, django_assert_max_num_queries):
    brittany = Region.objects.get(code="53")
    for departement in Departement.objects.filter(region=brittany):
        CoverageFactory(region=brittany, departement=departement)
    CsirtFactory.create_batch(50)
    with django_assert_max_num_queries(10):
        client.get("/annuaire/", {"q": "29000"})


def test_a_search_shows_the_centre_of_a_town(page):
    directory = page(q="Landerneau")

    assert directory.text.count("0 800 200 008") == 2  # in the block, then in the list
    assert "Landerneau est en Bretagne, et Breizh Cyber répond aux collectivités de Bretagne." in directory.text
    [block] = re.findall(r'<section class="call .*?</section>', directory.html, re.DOTALL)
    assert read_text(block).startswith("Landerneau (Finistère) Appelez Breizh Cyber"), "the town that was found"


def test_homonyms_are_offered_to_choose_from(page):
    directory = page(q="Saint-Denis")

    assert 'class="call ' not in directory.html
    assert "Lequel est le vôtre ?" in directory.text
    reunion = re.search(r'href="([^"]*organisme=219740115)">(.*?)</a>', directory.html)
    assert "Réunion" in reunion[2]
    chosen = page(organisme="219740115")
    assert "0 262 974 999" in chosen.text
    assert "Saint-Denis est à La Réunion" in chosen.text


def test_a_town_without_centre_gets_a_call_block(page):
    directory = page(organisme="97611")

    assert "Mamoudzou est à Mayotte, et nous n’y connaissons pas de centre régional." in directory.text
    assert 'class="call ' in directory.html


def test_a_kind_of_body_is_answered_by_the_place_of_its_seat(page):
    directory = page(q="syndicat des eaux de Landerneau")
    assert "Où est son siège ?" in directory.text
    assert "Commune de Landerneau" in directory.text
    assert 'class="call ' not in directory.html


def test_people_who_are_not_local_authorities_are_sent_elsewhere(page):
    assert "CERT Santé, cyberveille.esante.gouv.fr" in page(q="hopital de brest").text
    directory = page(q="sarl exemple")
    assert "Entreprise : 17Cyber" in directory.text
    assert "Appelez le 112" in directory.text


@pytest.mark.parametrize(
    "query", ["zzzzqqqq", "<script>alert(1)</script>", "=1+1", "\u202e abc", "🏰", "x" * 5000, "\x00"]
)
def test_a_search_without_result_shows_the_whole_directory(page, query):
    directory = page(q=query)

    assert "<script>alert" not in directory.html
    assert "Breizh Cyber" in directory.text
    assert 'class="call ' not in directory.html


def test_a_search_without_result_repeats_the_words_that_were_typed(page):
    assert "Nous ne trouvons pas « Zzyzx »." in page(q="Zzyzx").text
    assert "Nous ne trouvons pas « <b>zzzz</b> »." in page(q="<b>zzzz</b>").text


def test_an_impossible_number_is_explained(page):
    directory = page(q="213402343")

    assert "Ce numéro SIREN n’existe pas" in directory.text
    assert 'aria-invalid="true"' in directory.html
    assert 'value="213402343"' in directory.html


def test_narrow_and_ended_coverages_are_listed(page):
    brittany = Region.objects.get(code="53")
    local = CoverageFactory(region=brittany, departement=Departement.objects.get(code="29"))
    Coverage.objects.filter(csirt__slug="csirt-bfc").update(valid=DateRange(None, timezone.localdate()))
    directory = page()

    assert directory.lines["Bretagne (Finistère)"].startswith(local.csirt.name)
    assert directory.lines["Bourgogne-Franche-Comté"].startswith("Aucun centre ne couvre ce territoire.")


def test_the_notification_address_is_never_shown(page):
    Csirt.objects.filter(slug="breizh-cyber").update(notification_email="secret@breizh.example")

    assert "secret@breizh.example" not in page(q="Landerneau").html


def test_an_empty_directory_gives_the_number_of_the_police(page):
    Contact.objects.all().delete()
    Coverage.objects.all().delete()
    Csirt.objects.all().delete()
    directory = page(q="Landerneau")

    assert "Aucun centre ne couvre ce territoire." in directory.text
    assert "Appelez la police ou la gendarmerie : le 17." in directory.text


def test_the_directory_refuses_a_post(client):
    assert client.post("/annuaire/").status_code == 405
