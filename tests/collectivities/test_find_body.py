"""The body that people mean by what they type."""

import pytest

from collectivities.enums import Kind
from collectivities.models import Collectivity
from collectivities.official import read_official_list
from collectivities.reading import load_departement_codes
from collectivities.search import SearchProblem, find_body_by_code, find_collectivities, search_bodies_and_places
from tests.factories.collectivities import CollectivityFactory

pytestmark = pytest.mark.django_db


def find_first_code(query):
    matches = find_collectivities(query)
    return (matches[0].insee_code or matches[0].siren) if matches else None


def test_a_town_comes_before_the_bodies_named_after_it():
    [quimper, *more] = find_collectivities("quimper")
    assert str(quimper) == "Quimper (Finistère)"
    assert "CA Quimper Bretagne Occidentale (Finistère)" in [str(body) for body in more]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("Brest", "29019"),
        ("BREST", "29019"),
        ("  brest  ", "29019"),
        ("saint etienne", "42218"),
        ("St-Étienne", "42218"),
        ("ste maxime", "83115"),
        ("st malo", "35288"),
        ("stmalo", "35288"),
        ("StMalo 35", "35288"),
        ("mairie de stmalo", "35288"),
        ("stemaxime", "83115"),
        ("Strasbourg", "67482"),
        ("L'Haÿ-les-Roses", "94038"),
        ("L’Haÿ les Roses", "94038"),
        ("l hay les roses", "94038"),
        ("le mans", "72181"),
        ("mans", "72181"),
        ("Chalons en Champagne", "51108"),
        ("boulogne s/ mer", "62160"),
        ("mairie de Quimper", "29232"),
        ("Ville de Paris", "75056"),
        ("commune d'Ouessant", "29155"),
        ("Ville-d'Avray", "92077"),
        ("y", "80829"),
        ("Lez", "31471"),  # a name of small words only, of a former commune
        ("œuilly aisne", "02565"),
    ],
)
def test_a_commune_is_found_by_its_name(query, code):
    assert find_first_code(query) == code


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("brset", "29019"),
        ("Marseile", "13055"),
        ("monpelier", "34172"),
        ("strasboug", "67482"),
        ("saint-etiene", "42218"),
        ("villeurbane", "69266"),
        ("lile", "59350"),
        ("plougastelle daoula", "29189"),
        ("Les Sables d'Olonnes", "85194"),
        ("la rochele", "17300"),
        ("rennnes", "35238"),
        ("plougernau", "29195"),  # two sounds written otherwise
    ],
)
def test_a_commune_is_found_despite_typing_errors(query, code):
    assert find_first_code(query) == code


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("Saint-Denis", "97411"),  # the biggest of eleven
        ("Saint-Denis 93", "93066"),
        ("93 saint denis", "93066"),
        ("Saint-Denis (93)", "93066"),
        ("saint denis seine-saint-denis", "93066"),
        ("Saint-Denis (La Réunion)", "97411"),
        ("St Denis 974", "97411"),
        ("93200 Saint-Denis", "93066"),
        ("saint denis 11310", "11339"),
        ("Bastia 20", "2B033"),
        ("Ajaccio 2a", "2A004"),
        ("sainte marie martinique", "97228"),
        ("Chalonnes-sur-Loire", "49063"),  # no département is meant
    ],
)
def test_homonyms_are_distinguished_by_place(query, code):
    assert find_first_code(query) == code


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("29019", "29019"),
        ("29155", "29155"),
        ("2a004", "2A004"),
        ("212900195", "29019"),
        ("212 900 195", "29019"),
        ("21290019500018", "29019"),
        ("200046977", "200046977"),
        ("13008", "13055"),  # a postal code, and the INSEE code of another commune
        ("75015", "75056"),
        ("69003", "69123"),
        ("29200", "29019"),  # a postal code, and the former code of a commune that Morlaix absorbed
        ("1000", "01053"),  # a spreadsheet ate the first zero
        ("75101", "75056"),
        ("75", "75056"),
        ("2A", "R94"),
        ("67", "6AE"),
        ("972", "R02"),
        ("53", "53"),
        ("R53", "R53"),
        ("CD29", "29"),
    ],
)
def test_a_body_is_found_by_its_number(query, code):
    assert find_first_code(query) == code


def test_a_postal_code_gives_every_commune_it_serves_the_biggest_first():
    matches = find_collectivities("74300")
    assert matches[0].name == "Cluses"
    *served, annecy = matches  # which absorbed a commune of that code
    assert {body.postal_codes[0] for body in served} == {"74300"}
    assert [body.population for body in served] == sorted((body.population for body in served), reverse=True)
    assert annecy.name == "Annecy"


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("lyon", "Lyon"),
        ("métropole de Lyon", "Métropole de Lyon"),
        ("lyon métropole", "Métropole de Lyon"),
        ("brest métropole", "Brest Métropole"),
        ("agglo saint malo", "CA du Pays de Saint Malo Agglomération"),
        ("cc faucigny glieres", "CC Faucigny - Glières"),
        ("communauté de communes Faucigny-Glières", "CC Faucigny - Glières"),
        ("CAPI", "CA Porte de l'Isère (CAPI)"),
        ("plaine commune", "Plaine Commune"),
        ("finistere", "Département du Finistère"),
        ("conseil départemental du Finistère", "Département du Finistère"),
        ("région Bretagne", "Région Bretagne"),
        ("conseil régional de Normandie", "Région Normandie"),
        ("Corse", "Collectivité de Corse"),
        ("haute corse", "Collectivité de Corse"),
        ("Martinique", "Collectivité territoriale de Martinique"),
        ("département de Mayotte", "Département-Région de Mayotte"),
        ("alsace", "Collectivité européenne d'Alsace"),
        ("Bas-Rhin", "Collectivité européenne d'Alsace"),
        ("Polynésie française", "Polynésie française"),
        ("Arbignieu", "Arboys en Bugey"),  # a former commune
        ("Paris 15e", "Paris"),
    ],
)
def test_a_body_is_found_by_its_kind_or_a_former_name(query, name):
    assert find_collectivities(query)[0].name == name


@pytest.mark.parametrize(
    ("query", "former", "today"),
    [
        ("Arbignieu", "Arbignieu", "Arboys en Bugey (Ain)"),
        ("langast", "Langast", "Plouguenast-Langast (Côtes-d’Armor)"),
        ("Arbigneu", "Arbignieu", "Arboys en Bugey (Ain)"),
        ("Arboys en Bugey", "", "Arboys en Bugey (Ain)"),
        ("Paris 15e", "", "Paris"),
        ("Brest", "", "Brest (Finistère)"),
    ],
)
def test_a_former_commune_is_found_under_its_name(query, former, today):
    body = find_collectivities(query)[0]
    assert (body.former_name, str(body)) == (former, today)


@pytest.mark.parametrize(
    ("query", "kind", "places"),
    [
        ("hopital de brest", Kind.PUBLIC_BODY, "Brest (Finistère)"),
        ("syndicat des eaux", Kind.SYNDICATE, None),
        ("Syndicat des eaux de Landerneau", Kind.SYNDICATE, "Landerneau (Finistère)"),
        ("sdis 29", Kind.SDIS, "Département du Finistère"),
        ("pompiers du Finistère", Kind.SDIS, "Département du Finistère"),
        ("CCAS de Quimper", Kind.CCAS, "Quimper (Finistère)"),
        ("lycée de Quimper", Kind.PUBLIC_BODY, "Quimper (Finistère)"),
        ("office de tourisme de Quimper", Kind.PUBLIC_BODY, "Quimper (Finistère)"),
        ("office HLM de Brest", Kind.HOUSING, "Brest (Finistère)"),
        ("brest hopital", Kind.PUBLIC_BODY, "Brest (Finistère)"),
        ("commune de brest syndicat", Kind.SYNDICATE, "Brest (Finistère)"),
        ("Landerneau, syndicat des eaux", Kind.SYNDICATE, "Landerneau (Finistère)"),
        ("quimper ccas", Kind.CCAS, "Quimper (Finistère)"),
    ],
)
def test_a_kind_of_body_is_not_taken_for_a_commune(query, kind, places):
    answer = search_bodies_and_places(query)
    assert answer.bodies == []
    assert answer.mention.kind == kind
    assert [str(place) for place in answer.places[:1]] == ([places] if places else [])


def test_a_place_of_the_typed_name_hides_those_where_it_ends_inside_a_word():
    places = [str(place) for place in search_bodies_and_places("hopital de brest").places]
    assert places[0] == "Brest (Finistère)"
    assert "Brestot (Eure)" not in places
    assert "Brestot (Eure)" in [str(place) for place in search_bodies_and_places("hopital de bresto").places]
    assert "Aixe-sur-Vienne" not in [place.name for place in search_bodies_and_places("ccas d'aix").places]


@pytest.mark.parametrize(
    ("place", "ends"),
    [
        ("Villefranche", ("sur-Saône", "de-Rouergue")),
        ("Boulogne", ("Billancourt", "sur-Mer")),
        ("Aix", ("en-Provence",)),
    ],
)
def test_a_small_place_of_the_typed_name_does_not_hide_the_towns_named_after_it(place, ends):
    names = {body.name for body in search_bodies_and_places(f"hopital de {place}").places}
    assert names >= {f"{place}-{end}" for end in ends}


def test_a_commune_whose_name_begins_like_a_kind_of_body_is_found():
    answer = search_bodies_and_places("Hôpital-Camfrout")
    assert [str(body) for body in answer.bodies] == ["Hôpital-Camfrout (Finistère)"]
    assert answer.mention is None


def test_a_commune_whose_name_ends_like_a_kind_of_body_is_found():
    answer = search_bodies_and_places("villers l'hopital")
    assert [str(body) for body in answer.bodies] == ["Villers-l’Hôpital (Pas-de-Calais)"]
    assert answer.mention is None


def test_the_postal_code_typed_is_the_one_shown():
    town = CollectivityFactory(
        kind=Kind.COMMUNE, name="Grandeville", postal_codes=["99101", "99102", "99103", "99108"]
    )
    for query in ("99108", "99 108", "Grandeville 99108"):
        answer = search_bodies_and_places(query)
        assert [(body, body.typed_code) for body in answer.bodies] == [(town, "99108")]
        assert answer.is_code is (query != "Grandeville 99108")
    assert find_collectivities("Grandeville")[0].typed_code == ""


def test_a_body_found_by_its_insee_code_says_so_below_those_of_the_postal_code():
    by_insee = CollectivityFactory(
        kind=Kind.COMMUNE, name="Petiteville", insee_code="99108", postal_codes=["99300"], population=90_000
    )
    by_post = CollectivityFactory(kind=Kind.COMMUNE, name="Grandeville", postal_codes=["99108"], population=10)
    answer = search_bodies_and_places("99108")
    assert [(body, body.typed_code) for body in answer.bodies] == [
        (by_post, "99108"),
        (by_insee, "99300, code INSEE 99108"),
    ]


def test_a_kind_alone_is_mentioned_beside_the_communes_of_that_name():
    answer = search_bodies_and_places("hopital")
    assert answer.mention.elsewhere == "health"
    assert "L’Hôpital (Moselle)" in [str(body) for body in answer.bodies]


def test_a_body_that_was_added_is_found_by_its_kind():
    body = CollectivityFactory(kind=Kind.SYNDICATE, name="Syndicat d’Exemple des Eaux")
    for query in ("syndicat exemple des eaux", "syndicat des eaux d'exemple"):
        assert find_collectivities(query)[0] == body


@pytest.mark.parametrize(
    ("query", "elsewhere"),
    [
        ("SARL Exemple", "firm"),
        ("association des parents", "association"),
        ("clinique de la baie", "health"),
        ("préfecture du Finistère", "state"),
        ("particulier", "person"),
        ("je suis un citoyen", "person"),
        ("Université de Bretagne Occidentale", "state"),
        ("ccas de Brest", None),
    ],
)
def test_people_who_are_not_local_authorities_are_sent_elsewhere(query, elsewhere):
    assert search_bodies_and_places(query).mention.elsewhere == elsewhere


@pytest.mark.parametrize("query", ["", "   ", "-", "…", "\x00", "🔥", "٣٤٥", "zzzzqqqq"])
def test_a_meaningless_query_finds_nothing(query):
    assert find_collectivities(query) == []


@pytest.mark.parametrize(
    "query",
    [
        "' OR 1=1 --",
        "%",
        "_",
        "brest\x00",
        "\u202etserb",
        "=cmd|'/C calc'!A0",
        "<script>alert(1)</script>",
        "a" * 100_000,
    ],
)
def test_a_hostile_query_is_searched_as_text(query):
    assert len(find_collectivities(query)) <= 20


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("212900196", "SIREN n’existe pas"),
        ("21290019500019", "SIRET n’existe pas"),
        ("1234567", "SIREN compte 9 chiffres"),
        ("2129001950001", "SIRET 14"),
    ],
)
def test_an_impossible_number_is_explained(query, message):
    with pytest.raises(SearchProblem, match=message):
        find_collectivities(query)


def test_a_valid_number_that_nobody_has_finds_nothing():
    assert find_collectivities("732829320") == []


def test_a_search_returns_no_more_than_its_limit():
    assert len(find_collectivities("saint")) == 20
    assert len(find_collectivities("saint", limit=5)) == 5


def test_a_body_that_vanished_is_not_offered():
    body = CollectivityFactory(name="Disparue-sur-Mer", vanished_on="2026-01-01")
    assert find_collectivities("Disparue-sur-Mer") == []
    assert find_collectivities(body.siren) == []
    assert find_body_by_code(body.siren) is None


def test_homonyms_are_sorted_by_population():
    small = CollectivityFactory(name="Homonyme-en-Exemple", population=10)
    big = CollectivityFactory(name="Homonyme-en-Exemple", population=10_000)
    unknown = CollectivityFactory(name="Homonyme-en-Exemple", population=None)
    assert find_collectivities("homonyme en exemple") == [big, small, unknown]


@pytest.mark.parametrize("query", ["Brest", "Saint-Denis 93", "monpelier", "29200", "212900195", "métropole de lyon"])
def test_a_search_takes_two_queries(query, django_assert_num_queries):
    with django_assert_num_queries(2):
        bodies = find_collectivities(query)
        assert [(str(body), body.label, body.home_region) for body in bodies]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("29019", "29019"),
        (" 2a004 ", "2A004"),
        ("212900195", "29019"),
        ("21290019500018", "29019"),
        ("53", "53"),
        ("R53", "R53"),
        ("01", "01"),
        ("R01", "R01"),
        ("01340", "01015"),  # before the merger; it is a postal code too
        ("98901", "98901"),
    ],
)
def test_a_code_gives_its_body(code, expected):
    assert find_body_by_code(code).insee_code == expected


@pytest.mark.parametrize(
    "code", ["", "Brest", "29200000", "00000", "99999", "29800", "1000", "212900196", "\x00", "R99"]
)
def test_no_body_has_this_code(code):
    assert find_body_by_code(code) is None


def test_the_names_of_departements_lead_to_every_code():
    names = {row.code for row in read_official_list().departements}
    assert set(load_departement_codes().values()) == names


def test_every_listed_body_is_found_by_its_own_name():
    """Among the first twenty, or twenty bigger homonyms stand before it."""
    sample = Collectivity.objects.filter(is_listed=True).exclude(kind=Kind.COMMUNE).order_by("pk")[::40]
    for body in sample:
        assert body in find_collectivities(body.name), body.name
