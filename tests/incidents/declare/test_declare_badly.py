"""Bad input on the journey: a French word beside the field, everything typed kept, nothing stored, no 500."""

import re
from uuid import uuid4

import pytest
from django.test import Client

from incidents.models import Draft, Incident
from tests import harmless
from tests.hostile import FORMULAS, INVISIBLE, LETTERS, MARKUP, TEMPLATES
from tests.incidents.journeys import START, WHERE, begin, find_commune, post, read_version, search_bodies
from tests.reading import read_text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("town")]

PAYLOADS = {
    "html": MARKUP[0] + MARKUP[1],
    "formula": FORMULAS[0],
    "template": TEMPLATES[3],
    "emoji": LETTERS[0],
    "rtl": INVISIBLE[0],
    "controls": INVISIBLE[3],
    "quotes": LETTERS[4],
}
TYPED_BADLY = {
    "services": ["service_stopped", "civil-extent", "civil-started_date", "civil-ended_time", "civil-people"],
    "donnees": ["data_concerned", "leak_status", "categories", "person_categories", "persons_band"],
    "rappel": ["contact_email", "occurred_date", "occurred_time", "occurred_certainty"],
}
WORDS = ("description", "supplier", "contact_name", "contact_role")


def test_a_missing_telephone_has_its_message_and_the_story_is_kept(client):
    response = post(client, {"contact_phone": "", "description": "Tout est bloqué & <perdu>."})
    page = response.content.decode()
    assert response.status_code == 422
    assert "<title>Erreur&nbsp;: " in page
    assert "Un point à corriger" in page
    assert 'href="#id_contact_phone"' in page
    assert "Rien n’est perdu." in page
    assert "Tout est bloqué &amp; &lt;perdu&gt;.</textarea>" in page
    assert not Incident.objects.exists()


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
@pytest.mark.parametrize("valid", [True, False], ids=["sent", "refused"])
def test_hostile_text_is_stored_and_shown_as_plain_text(client, payload, valid):
    fields = dict.fromkeys(WORDS, payload) | {} if valid else dict.fromkeys(WORDS, payload) | {"contact_phone": ""}
    response = post(client, fields)
    assert response.status_code == (200 if valid else 422)
    harmless.check_response(response)
    if valid:
        stored = Incident.objects.get().story.description
        assert stored == re.sub("[\x00\x07\x1b\x7f\u202e]", "", payload)


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
@pytest.mark.parametrize("screen", TYPED_BADLY)
def test_hostile_values_name_their_field(client, payload, screen):
    """The error is on the screen where the value was typed, and nowhere else."""
    begin(client)
    names = TYPED_BADLY[screen]
    fields = dict.fromkeys(names, payload) | {"service": "civil", "contact_phone": "17"}
    response = client.post(WHERE[screen], fields, follow=True)
    page = response.content.decode()
    assert response.status_code == 422
    harmless.check_response(response)
    for name in set(names) - {"contact_email"}:
        assert re.search(rf'href="#id_{name}(_0)?"', page), name
    assert not Incident.objects.exists()


def test_a_story_keeps_its_lines_and_a_name_is_put_on_one(client):
    post(client, {"description": "Tout est bloqué.\nDepuis lundi.", "contact_name": "Dominique\u2028Exemple"})
    story = Incident.objects.get().story
    assert story.description == "Tout est bloqué.\nDepuis lundi."
    assert story.contact_name == "Dominique Exemple"


def test_a_text_that_is_too_long_is_refused_and_shown_again(client):
    response = post(client, {"description": "a" * 5_001})
    assert response.status_code == 422
    assert "5001 caractères" in read_text(response)
    assert "a" * 5_001 in response.content.decode()


def test_ten_megabytes_are_refused_in_french(client):
    response = post(client, {"description": "a" * 10_000_000})
    assert response.status_code in {400, 413}
    assert "trop long" in read_text(response)


def test_a_missing_csrf_token_is_refused_in_french(town):
    client = Client(enforce_csrf_checks=True)
    client.get(START)
    response = client.post(START, {"quoi": "rancon"})
    assert response.status_code == 403
    assert "Rien n’a été envoyé" in read_text(response)
    assert not Incident.objects.exists()


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"occurred_date": "2099-01-01"}, "occurred_date", "Cette date est à venir. Vérifiez-la"),
        ({"occurred_date": "0001-01-01"}, "occurred_date", "Vérifiez l’année"),
        ({"occurred_date": "9999-12-31"}, "occurred_date", "Vérifiez l’année"),
        ({"occurred_date": "2001-01-01"}, "occurred_date", "il y a plus de dix ans"),
        ({"occurred_date": "2026-02-31"}, "occurred_date", "Ce jour n’existe pas"),
        ({"occurred_date": "le 28"}, "occurred_date", "Écrivez le jour, le mois et l’année"),
        ({"occurred_time": "08:10"}, "occurred_date", "Donnez aussi le jour"),
        ({"occurred_time": "25:10"}, "occurred_time", "Cette heure n’existe pas"),
        ({"detected_certainty": "exact"}, "detected_date", "Donnez le jour"),
        ({"contact_phone": "1"}, "contact_phone", "ne peut pas être appelé"),
        ({"contact_phone": "02 98 12 34"}, "contact_phone", "Écrivez-le en entier."),
        ({"contact_phone": "0298123456789"}, "contact_phone", "il a trop de chiffres. Vérifiez-le."),
        (
            {"occurred_date": "2025-11-26", "detected_date": "2025-11-20"},
            "detected_date",
            "Le 20 novembre 2025 est avant le début de l’incident, le 26 novembre 2025",
        ),
        (
            {"occurred_date": "2025-11-26", "attack_known_date": "2025-11-25", "attack_known_time": "23:00"},
            "attack_known_date",
            "Le 25 novembre 2025 est avant le début",
        ),
        (
            {"breach_known_date": "2025-11-20", "data_concerned": "yes", "occurred_date": "2025-11-26"},
            "occurred_date",
            "Le 26 novembre 2025 est après le jour où vous avez su que des données sont touchées, le 20 novembre 2025",
        ),
        ({"contact_email": "mairie"}, "contact_email", "incomplète"),
        ({"service": "civil", "service_stopped": "no"}, "service_stopped_0", "la réponse doit être « Oui »"),
        ({"data_concerned": "no", "categories": "sante"}, "data_concerned_0", "ne peut pas être « Non »"),
        ({"service": "eau", "eau-people": "-3"}, "eau-people", "seulement un nombre"),
        ({"service": "eau", "eau-people": "9" * 12}, "eau-people", "plus grand"),
        (
            {"service": "eau", "eau-started_date": "2099-01-01"},
            "eau-started_date",
            "Cette date est à venir. Vérifiez-la",
        ),
        (
            {"service": "eau", "eau-started_date": "2026-03-02", "eau-ended_date": "2026-03-01"},
            "eau-ended_date",
            "La reprise ne peut pas précéder l’arrêt",
        ),
    ],
    ids=lambda value: None,
)
def test_each_mistake_names_its_field(client, fields, field, words):
    response = post(client, fields)
    assert response.status_code == 422
    assert f'href="#id_{field}"' in response.content.decode()
    assert f'id="id_{field}"' in response.content.decode()
    assert words in read_text(response)
    assert not Incident.objects.exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"contact_phone": "02 98 00 00 00 ou 06 98 00 00 00"},
        {"contact_phone": "02\N{HYPHEN}98\N{HYPHEN}00\N{HYPHEN}00\N{HYPHEN}00"},
        # A day without its hour may be later than an hour of that day.
        {"occurred_date": "2025-11-24", "occurred_time": "10:00", "detected_date": "2025-11-24"},
        {"detected_date": "2025-11-20"},
    ],
)
def test_plausible_values_are_accepted(client, fields):
    assert post(client, fields).status_code == 200
    assert Incident.objects.get().story.contact_phone == fields.get("contact_phone", "02 99 00 00 00")


@pytest.mark.parametrize(
    ("name", "number", "is_sent"),
    [
        *(("Nouméa", "26 20 00", True), ("Papeete", "40.41.57.00", True), ("Miquelon-Langlade", "505.300", True)),
        *(("Nouméa", "26 20 00 11", False), ("Papeete", "40 41 57", False), ("Mamoudzou", "123456", False)),
    ],
)
def test_a_local_number_is_whole_only_where_numbers_are_that_short(client, name, number, is_sent):
    post(client, {"contact_phone": number}, body=find_commune(name))
    assert Incident.objects.exists() is is_sent


@pytest.mark.parametrize(
    ("quoi", "fields", "is_sent"),
    [
        ("saturation", {}, True),
        ("saturation", {"mail_without_code": "oui"}, False),
        ("boite", {}, False),
        ("virement", {}, False),
        ("rancon", {}, False),
        ("panne", {}, False),
    ],
)
def test_an_incomplete_number_passes_only_beside_a_mailbox_that_can_be_trusted(client, quoi, fields, is_sent):
    fields |= {"contact_phone": "02 98", "contact_email": "mairie@plouexemple.example"}
    response = post(client, fields, quoi=quoi)
    assert Incident.objects.exists() is is_sent
    assert ("il y manque des chiffres. Écrivez-le en entier." in read_text(response)) is not is_sent
    alone = post(client, fields | {"contact_phone": "", "cle": "b"}, quoi=quoi)
    assert alone.status_code == 200


@pytest.mark.parametrize("quoi", ["", "inexistant", "<b>", "\x00"], ids=["none", "unknown", "html", "nul"])
def test_an_unknown_type_redirects_to_the_first_screen(client, quoi, town):
    client.get(START)
    response = client.post(START, {"quoi": quoi})
    assert response.status_code == 400
    assert "Que se passe-t-il ?" in read_text(response)
    assert response.content.decode().count("Erreur&nbsp;: ") == 1
    assert not Draft.objects.exists()


@pytest.mark.parametrize(
    "uid", ["", "12", str(uuid4()), "\x00", "x" * 5000], ids=["none", "no", "gone", "nul", "long"]
)
def test_an_unknown_body_redirects_to_the_search(client, uid):
    search_bodies(client)
    for method in (client.get, client.post):
        response = method(WHERE["qui"], {"collectivite": uid})
        assert response.status_code == (200 if method == client.get else 400)
        assert ("Cherchez-la ici" in read_text(response)) == (method == client.post)
    assert client.get(WHERE["services"]).url == WHERE["qui"]


@pytest.mark.parametrize("q", ["123456789", "\x00", "%", "'", "a" * 3000, "😱", "12345678901234"], ids=range(7))
def test_no_search_query_causes_a_server_error(client, q):
    assert search_bodies(client, q=q).status_code in {200, 422}


@pytest.mark.parametrize(
    ("q", "present", "absent"),
    [
        ("99999", "essayez le nom de la collectivité", "code postal de la mairie"),
        ("boulangerie zzzzqq", "code postal de la mairie", "Vérifiez ce numéro"),
    ],
)
def test_a_search_that_finds_nothing_proposes_something_else(client, q, present, absent):
    page = read_text(search_bodies(client, q=q))
    assert present in page
    assert absent not in page
    assert "Pas une collectivité ? Voici qui appeler" in page
    assert "Particulier" in page


@pytest.mark.parametrize(
    ("q", "proposal"), [("29232", "Essayez le nom"), ("Quimper", "Ajoutez le département, ou essayez le code postal")]
)
def test_a_search_proposes_another_way_to_find_the_right_body(client, q, proposal):
    assert proposal in read_text(search_bodies(client, q=q))


def test_a_wrong_siren_is_refused(client):
    response = search_bodies(client, q="123456789")
    assert response.status_code == 422
    assert "Ce numéro SIREN n’existe pas" in read_text(response)


def test_all_the_mistakes_of_a_screen_are_reported_together(client):
    """The screen has an impossible day, a day to come, half a number and a text that is too long."""
    wrong = {
        "occurred_date": "2026-02-31",
        "detected_date": "2099-01-01",
        "contact_phone": "02 98",
        "supplier": "a" * 200,
    }
    response = post(client, wrong)
    assert response.status_code == 422
    assert "4 points à corriger" in read_text(response)
    for field in wrong:
        assert f'href="#id_{field}"' in response.content.decode()


@pytest.mark.parametrize(
    ("fields", "is_open"),
    [
        ({"detected_date": "2099-01-01"}, True),
        ({"supplier": "a" * 200}, True),
        ({"occurred_date": "2099-01-01"}, False),
    ],
)
def test_a_folded_part_with_a_mistake_is_shown_open(client, fields, is_open):
    assert ("<details open>" in post(client, fields).content.decode()) is is_open


@pytest.mark.parametrize(
    ("fields", "right"),
    [
        ({"occurred_date": "2099-01-01", "detected_date": "2025-11-28"}, "detected_date"),
        ({"occurred_date": "2099-01-01", "breach_known_date": "2025-11-28"}, "breach_known_date"),
        ({"service": "eau", "eau-started_date": "2099-01-01", "eau-ended_date": "2025-11-28"}, "eau-ended_date"),
    ],
)
def test_a_date_in_the_future_is_reported_alone(client, fields, right):
    response = post(client, fields)
    assert response.status_code == 422
    assert "Un point à corriger" in read_text(response)
    assert "Cette date est à venir" in read_text(response)
    assert f'href="#id_{right}"' not in response.content.decode()


def test_two_dates_of_two_screens_that_contradict_each_other_can_both_be_corrected(client):
    fields = {"breach_known_date": "2025-11-20", "data_concerned": "yes", "occurred_date": "2025-11-26"}
    refused = post(client, fields)
    assert 'name="vers" value="donnees">Enregistrer cet écran et y revenir' in refused.content.decode()
    data = {"data_concerned": "yes", "breach_known_date": "2025-11-27"}
    assert client.post(WHERE["donnees"], data | {"version": read_version(client, "donnees")}).url == WHERE["rappel"]
    answer = post(client, fields | data)
    assert Incident.objects.get().breach_known_at.day == 26  # 27 November at midnight, in Paris
    assert answer.status_code == 200


def test_the_errors_of_other_screens_are_announced_and_reached_one_after_the_other(client):
    begin(client)
    wrong = {"service": "eau", "service_stopped": "yes", "eau-started_date": "2099-01-01"}
    client.post(WHERE["services"], wrong)
    last = {"contact_phone": "02 99 00 00 00", "occurred_date": "2098-01-01"}
    first = client.get(client.post(WHERE["rappel"], last).url)
    assert "À corriger ensuite, sur une autre étape" in read_text(first)
    assert "Étape 5, qui rappeler. Quand cela a-t-il commencé : Cette date est à venir." in read_text(first)
    mended = wrong | {"eau-started_date": "2025-11-20", "corriger": "oui", "version": read_version(client, "services")}
    assert client.post(WHERE["services"], mended).url == f"{WHERE['rappel']}?corriger=oui"
