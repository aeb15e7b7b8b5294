"""The page on which a declarant adds a body that no list carries."""

import html
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from collectivities.enums import Kind
from collectivities.models import Collectivity
from collectivities.services import create_proposed_body, save_body_confirmation
from csirts.routing import find_route
from incidents.bodies.views import MAX_UNCONFIRMED_BODIES
from incidents.models import Draft
from tests import harmless
from tests.cast import breizh_cyber
from tests.factories.collectivities import make_fake_siren
from tests.hostile import TRICK
from tests.incidents.journeys import begin, make_address, search_bodies
from tests.reading import list_descriptions, read_text

URL = "/declarer/qui/nouvelle/"
SIREN = make_fake_siren(515_151)


def make_fields(**changes):
    defaults = {"kind": "ccas", "name": "CCAS d’Exempleville", "siren": SIREN, "town": "29232"}
    return {name: value for name, value in (defaults | changes).items() if value is not None}


def find_added_bodies():
    return Collectivity.objects.to_confirm().select_related("seat", "region")


def read_hidden_fields(response):
    """Return the hidden fields of the page's form."""
    return dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', response.content.decode()))


@pytest.fixture
def declarant(db: None, client: Client) -> Client:
    client.defaults["REMOTE_ADDR"] = make_address()
    breizh_cyber()
    return client


def test_an_added_body_is_saved_with_its_seat_and_region(declarant):
    assert declarant.get(URL, {"nom": "CCAS d’Exempleville"}).status_code == 200
    response = declarant.post(URL, make_fields())
    body = find_added_bodies().get()
    assert (body.name, body.kind, body.siren) == ("CCAS d’Exempleville", Kind.CCAS, SIREN)
    assert (body.seat.insee_code, body.region.code) == ("29232", "53")
    assert response.status_code == 302
    assert response["Location"] == f"/declarer/qui/?collectivite={body.uid}"


def test_the_option_of_a_legal_kind_begins_with_its_plain_name(declarant):
    page = declarant.get(URL).content.decode()
    assert "Syndicat de communes et d’intercommunalités (syndicat mixte fermé)</option>" in page


def test_adding_a_body_begins_a_declaration(declarant):
    """The new body is kept: the first screen names it, and the next one offers it."""
    place = declarant.post(URL, make_fields())["Location"]
    page = declarant.get(place, follow=True)
    assert page.redirect_chain == [("/declarer/", 303)]
    assert "est gardé, pour CCAS d’Exempleville" in read_text(page)
    chosen = declarant.post("/declarer/", {"quoi": "rancon"}, follow=True)
    assert "Vous aviez choisi" in read_text(chosen)
    assert f'value="{find_added_bodies().get().uid}"' in chosen.content.decode()
    again = declarant.post(URL, make_fields(name="CCAS d’Autreville", siren=make_fake_siren(616_161), autre="oui"))
    assert declarant.get(again["Location"]).status_code == 200
    assert Draft.objects.count() == 1


PUBLIC, PRIVATE = "200046977", "732829320"


@pytest.mark.parametrize("kind", ["firm", "association", "health", "state", "person"])
def test_a_declarant_outside_public_bodies_learns_whom_to_call(declarant, kind):
    page = declarant.post(URL, make_fields(kind=kind))
    assert page.status_code == 422
    assert "Seul un organisme public local s’ajoute ici" in read_text(page)
    way = {"health": "cyberveille.esante.gouv.fr", "state": "+33 9 70 83 32 18"}.get(kind, "17cyber.gouv.fr")
    assert way in read_text(page)
    assert "112" in read_text(page)
    assert not find_added_bodies().exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"kind": "other", "siren": PRIVATE}, "Choisissez sa forme juridique"),
        ({"kind": "other", "siren": PRIVATE, "legal_form": "company"}, "Seul un organisme public local s’ajoute ici"),
        ({"kind": "public_body", "siren": PRIVATE, "legal_form": "association"}, "Seul un organisme public local"),
        ({"kind": "other", "siren": PRIVATE, "legal_form": "public"}, "Ce numéro est celui d’une entreprise"),
        ({"kind": "public_body", "siren": PRIVATE, "legal_form": "unknown"}, "Ce numéro est celui d’une entreprise"),
        *(
            ({"kind": kind, "siren": PRIVATE}, "commencent par 1, 2, 92 ou 93")
            for kind in ("ccas", "syndicate", "sivu", "open_mixed", "sdis", "cdg", "school_fund", "pole")
        ),
    ],
)
def test_a_company_is_not_added_as_another_public_body(declarant, changes, words):
    page = declarant.post(URL, make_fields(**changes))
    assert page.status_code == 422
    assert words in read_text(page)
    assert not find_added_bodies().exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "other", "siren": "130025265", "legal_form": "public"},
        {"kind": "public_body", "siren": PRIVATE, "legal_form": "public"},
        {"kind": "other", "siren": "", "no_siren": "oui", "legal_form": "unknown"},
        {"kind": "local_company", "siren": PRIVATE},
        {"kind": "regie", "siren": PRIVATE},
        {"kind": "housing", "siren": PRIVATE},
        {"kind": "digital", "siren": PRIVATE},
        {"kind": "syndicate", "name": "Syndicat d’Exempleville"},
    ],
)
def test_a_public_body_of_any_form_is_added(declarant, changes):
    assert declarant.post(URL, make_fields(**changes)).status_code == 302
    assert find_added_bodies().get().kind == changes["kind"]


def test_the_search_fills_the_form_with_what_it_knows(declarant):
    begin(declarant)
    results = declarant.get("/declarer/qui/", {"q": "hopital de brest"})
    assert "CERT Santé, cyberveille.esante.gouv.fr" in read_text(results).replace(" ,", ",")
    assert "Un hôpital s’ajoute avec la commune de son siège, et son numéro SIREN si vous le connaissez" in read_text(
        results
    )
    assert 'name="collectivite"' not in results.content.decode()
    links = [
        html.unescape(link) for link in re.findall(r'href="(/declarer/qui/nouvelle/[^"]+)"', results.content.decode())
    ]
    page = declarant.get(links[0])
    form = page.content.decode()
    assert 'value="hopital de brest"' in form
    assert '<option value="public_body" selected>' in form
    brest = Collectivity.objects.get(insee_code="29019")
    assert f'name="seat" id="seat-0" value="{brest.uid}" checked' in form


def test_a_number_that_was_searched_is_not_a_name(declarant):
    for number in ("29190", "123 456 789"):
        assert declarant.get(URL, {"nom": number}).context["form"]["name"].value() == ""


@pytest.mark.parametrize("query", ["sdis 29", "syndicat des eaux"])
def test_a_search_for_a_kind_of_body_offers_to_add_one(declarant, query):
    begin(declarant)
    results = declarant.get("/declarer/qui/", {"q": query})
    assert "s’ajoute avec la commune de son siège, et son numéro SIREN si vous le connaissez" in read_text(results)
    assert 'name="collectivite"' not in results.content.decode()


def test_a_postal_code_of_several_communes_is_refused(declarant):
    assert "Plusieurs communes ont ce code postal" in read_text(declarant.post(URL, make_fields(town="74300")))


def test_a_body_whose_siren_is_unknown_is_added_without_it(declarant):
    declarant.post(URL, make_fields(siren="", no_siren="oui"))
    assert find_added_bodies().get().siren is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"siren": "980000011"}, "Ce numéro n’existe pas"),
        ({"siren": "12"}, "Un numéro SIREN compte 9 chiffres"),
        ({"siren": ""}, "Donnez son numéro SIREN"),
        ({"siren": "980000011", "no_siren": "oui"}, "Ce numéro n’existe pas"),
        ({"name": " <> !! "}, "Écrivez son nom"),
        ({"name": "x" * 151}, "150 suffisent"),
        ({"name": "\u202e\u200f"}, "Écrivez son nom"),
        ({"kind": "commune"}, "Choisissez ce qui ressemble le plus"),
        ({"kind": ""}, "Choisissez ce qui ressemble le plus"),
        ({"town": ""}, "Dites dans quelle commune est son siège"),
        ({"town": "zzqxkjw"}, "Nous n’avons pas trouvé cette commune"),
        ({"town": "123456789"}, "Nous n’avons pas trouvé cette commune"),
        ({"town": "Saint-Denis"}, "Plusieurs communes portent ce nom"),
        ({"town": "Saint-Denis-en"}, "Plusieurs communes ressemblent à ce nom"),
        ({"town": "zzq", "town_asked": "zzq", "seat": "pas un identifiant\x00"}, "cette commune"),
    ],
)
def test_a_wrong_field_has_its_message_and_the_typed_values_are_kept(declarant, changes, words):
    response = declarant.post(URL, make_fields(**changes))
    assert response.status_code == 422
    assert words in read_text(response)
    page = html.unescape(response.content.decode())
    assert all(make_fields(**changes)[name].strip("\u202e\u200f") in page for name in ("name", "siren", "town"))
    assert not find_added_bodies().exists()


def test_only_a_wrong_field_is_described_by_an_error(declarant):
    descriptions = list_descriptions(declarant.post(URL, make_fields(siren="12")))
    assert descriptions["name"] == ["id_name_helptext"]
    assert descriptions["siren"] == ["id_siren_helptext", "id_siren_error"]


def test_the_declarant_chooses_between_homonyms(declarant):
    page = declarant.post(URL, make_fields(town="Saint-Denis"))
    towns = re.findall(r'name="seat" id="[\w-]+" value="([\w-]+)"', page.content.decode())
    assert len(towns) > 1
    reunion = str(Collectivity.objects.get(insee_code="97411").uid)
    assert reunion in towns
    declarant.post(URL, make_fields(town="Saint-Denis", town_asked="Saint-Denis", seat=reunion))
    assert find_added_bodies().get().region.code == "04"


@pytest.mark.parametrize(
    ("town", "code"), [("Brest", "29019"), ("Quimper", "29232"), ("lyon", "69123"), (" RENNES ", "35238")]
)
def test_the_exact_name_of_one_town_is_taken_without_a_question(declarant, town, code):
    """Longer names begin like it: Brestot, Quimperlé, Lyons-la-Forêt, Rennes-le-Château."""
    assert declarant.post(URL, make_fields(town=town)).status_code == 302
    assert find_added_bodies().get().seat.insee_code == code


def test_a_town_typed_after_the_choice_of_a_seat_replaces_it(declarant):
    before = str(Collectivity.objects.get(insee_code="97411").uid)
    declarant.post(URL, make_fields(town="29232", town_asked="Saint-Denis", seat=before))
    assert find_added_bodies().get().seat.insee_code == "29232"


def test_a_seat_that_was_merged_meanwhile_is_the_commune_that_took_it_in(declarant):
    seat, heir = Collectivity.objects.get(insee_code="29232"), Collectivity.objects.get(insee_code="29019")
    Collectivity.objects.filter(pk=seat.pk).update(vanished_on="2026-01-01", merged_into=heir)
    declarant.post(URL, make_fields(town="Quimper", town_asked="Quimper", seat=str(seat.uid)))
    assert find_added_bodies().get().seat == heir


def test_a_seat_that_vanished_is_asked_again(declarant):
    seat = Collectivity.objects.get(insee_code="29232")
    Collectivity.objects.filter(pk=seat.pk).update(vanished_on="2026-01-01")
    response = declarant.post(URL, make_fields(town="29232", town_asked="29232", seat=str(seat.uid)))
    assert response.status_code == 422
    assert not find_added_bodies().exists()


def test_a_double_click_adds_one_body(declarant):
    first, second = declarant.post(URL, make_fields()), declarant.post(URL, make_fields())
    assert first["Location"] == second["Location"]
    assert find_added_bodies().count() == 1


def test_two_posts_at_once_add_one_body(transactional_db):
    breizh_cyber()

    def send(number):
        try:
            return Client(REMOTE_ADDR=make_address()).post(URL, make_fields(name=f"CCAS numéro {number}", autre="oui"))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(send, range(4)))
    assert {answer.status_code for answer in answers} <= {200, 302}
    assert find_added_bodies().count() == 1


def test_a_known_siren_shows_its_body(declarant):
    brest = Collectivity.objects.get(insee_code="29019")
    response = declarant.post(URL, make_fields(siren=brest.siren))
    assert "Ce numéro SIREN est celui-ci" in read_text(response)
    assert f"collectivite={brest.uid}" in response.content.decode()
    mended = declarant.post(URL, read_hidden_fields(response))
    assert mended.status_code == 200
    assert f'value="{brest.siren}"' in mended.content.decode()
    assert declarant.post(URL, make_fields(siren=brest.siren, autre="oui", confirme="oui")).status_code == 200
    assert not find_added_bodies().exists()


def test_the_number_of_a_body_that_vanished_is_refused(declarant):
    brest = Collectivity.objects.get(insee_code="29019")
    Collectivity.objects.filter(pk=brest.pk).update(vanished_on="2026-01-01")
    response = declarant.post(URL, make_fields(siren=brest.siren))
    assert response.status_code == 422
    assert "qui a disparu" in read_text(response)


def test_similar_bodies_are_shown_before_one_is_added(declarant):
    seat = Collectivity.objects.with_territory().get(insee_code="29232")
    save_body_confirmation(
        similar := create_proposed_body(kind=Kind.CCAS, name="CCAS d’Exemple-Ville", siren=None, seat=seat)
    )
    response = declarant.post(URL, make_fields())
    assert "Est-ce l’un de ceux-ci ?" in read_text(response)
    assert f"collectivite={similar.uid}" in response.content.decode()
    assert not find_added_bodies().exists()
    assert declarant.post(URL, read_hidden_fields(response)).status_code == 302
    assert find_added_bodies().get().siren == SIREN


def test_an_address_that_adds_many_bodies_must_press_one_more_button(declarant):
    for number in range(MAX_UNCONFIRMED_BODIES):
        declarant.post(
            URL, make_fields(siren=make_fake_siren(600_000 + number), name=f"Régie {chr(97 + number)}", autre="oui")
        )
    response = declarant.post(URL, make_fields(autre="oui"))
    assert "Encore un bouton" in read_text(response)
    assert find_added_bodies().count() == MAX_UNCONFIRMED_BODIES
    assert declarant.post(URL, read_hidden_fields(response)).status_code == 302
    assert find_added_bodies().count() == MAX_UNCONFIRMED_BODIES + 1


def test_a_hostile_name_is_escaped_on_every_page(declarant):
    pages = [declarant.get(URL, {"nom": TRICK}), declarant.post(URL, make_fields(name=TRICK, siren=""))]
    declarant.post(URL, make_fields(name=TRICK))
    body = find_added_bodies().get()
    results = search_bodies(declarant, q=SIREN)
    pages += [results, declarant.post(URL, make_fields(name=TRICK, siren=make_fake_siren(7)))]
    for page in pages:
        harmless.check_response(page)
        assert "{{ settings.SECRET_KEY }}" in page.content.decode()
    assert body.name == TRICK.replace("  ", " ")
    assert "pas encore confirmé" in read_text(results)


def test_a_body_whose_seat_has_no_centre_gets_a_reason(declarant):
    """A CCAS of Mamoudzou: nobody answers for Mayotte, and the route says where to go."""
    declarant.post(URL, make_fields(name="CCAS de Mamoudzou", town="97608"))
    body = find_added_bodies().get()
    route = find_route(body, on=body.declared_at.date())
    assert route.csirt is None
    assert "Mayotte" in route.reason


def test_typed_values_are_shown_again_when_the_cookies_are_gone(db):
    browser = Client(REMOTE_ADDR=make_address(), enforce_csrf_checks=True)
    lost = browser.post(URL, make_fields(town="29232"))
    assert lost.status_code == 403
    assert "Cet envoi n’est pas parti" in read_text(lost)
    assert 'value="CCAS d’Exempleville"' in html.unescape(lost.content.decode())
    assert not find_added_bodies().exists()
    again = browser.post(URL, make_fields() | {"csrfmiddlewaretoken": read_hidden_fields(lost)["csrfmiddlewaretoken"]})
    assert again.status_code == 302
    assert find_added_bodies().get().name == "CCAS d’Exempleville"


def test_a_get_request_adds_no_body(declarant):
    declarant.get(URL, make_fields())
    assert not find_added_bodies().exists()


def test_adding_a_body_costs_few_queries(declarant):
    with CaptureQueriesContext(connection) as queries:
        declarant.post(URL, make_fields(town="Saint-Martin"))
    assert len(queries) <= 10
    with CaptureQueriesContext(connection) as queries:
        declarant.post(URL, make_fields())
    assert len(queries) <= 20, [query["sql"][:90] for query in queries]
