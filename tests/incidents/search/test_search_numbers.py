"""A telephone number or an indicator finds the cases that hold it, however it is spelled."""

from dataclasses import replace

import pytest

from csirts.models import Csirt
from incidents.enums import ObservableKind
from incidents.indicators.observables import defang
from incidents.models import Incident, Story
from incidents.services.handling.erase import erase_personal_data
from tests.cast import CALLER, a_lead, declare
from tests.incidents.observing import an_observable
from tests.incidents.searching import find_references, search
from tests.reading import read_markup

pytestmark = pytest.mark.django_db


SPELLINGS = [
    "02 98 44 55 66",
    "0298445566",
    "02.98.44.55.66",
    "+33 2 98 44 55 66",
    "0033298445566",
    "33298445566",
    "33 2 98 44 55 66",
    "33 (0)2 98 44 55 66",
    "02,98,44,55,66",
    "02, 98, 44, 55, 66",
    "02:98:44:55:66",
    "02·98·44·55·66",
    "02\N{NON-BREAKING HYPHEN}98\N{NON-BREAKING HYPHEN}44\N{NON-BREAKING HYPHEN}55\N{NON-BREAKING HYPHEN}66",
    "02\N{EN DASH}98\N{EN DASH}44\N{EN DASH}55\N{EN DASH}66",
]
WRITTEN = ("02 98 44 55 66", "+33 (0)2 98 44 55 66", "02.98.44.55.66", "02,98,44,55,66")


def test_the_number_of_the_caller_finds_the_case(client, responder):
    """Each spelling finds the cases that were written in any other, and no other case."""
    incidents = {declare(caller=replace(CALLER, phone=written)) for written in WRITTEN}
    declare()
    for query in SPELLINGS:
        page = search(client, query)
        hits = [hit.incident for hit in page.context["hits"]]
        assert (len(hits), {*hits}) == (len(WRITTEN), incidents), query
        assert read_markup(page).count("Téléphone de la personne à rappeler") == len(WRITTEN), query
        assert "SIREN compte" not in read_markup(page), query
        assert page.context["warning"] == "", query


@pytest.mark.parametrize(
    "query",
    [
        *("06 39 98 26", "06 39 98 00 1", "06 39 98 00 123", "06.39.98.26", "06 39 98 28 0"),
        *("06 39 98", "06,39,98,26"),
    ],
)
def test_a_telephone_number_that_is_not_whole_is_not_called_a_siren(client, responder, query):
    """The last one would be a well-formed SIREN, but no body's number begins with 0."""
    page = search(client, query)
    assert page.context["warning"] == "Un numéro de téléphone s’écrit en entier."
    assert "SIREN compte" not in read_markup(page)


def test_a_postal_code_or_a_long_code_is_not_called_a_telephone_number(client, responder):
    assert search(client, "01000").context["warning"] == ""
    assert "SIREN" in search(client, "2920012341").context["warning"]
    assert "téléphone" not in search(client, "012345").context["warning"]
    assert "téléphone" not in search(client, "0012 3456").context["warning"]


@pytest.mark.parametrize("day", ["01.11.26", "01-11-2026", "1.11.2026", "01/11/2026", "14.11.26"])
def test_a_day_is_called_neither_a_telephone_number_nor_a_siren(client, responder, day):
    assert search(client, day).context["warning"] == ""


@pytest.mark.parametrize(
    "written", ["0298445566", "02 98 44 55 66", "02.98.44.55.66", "02-98-44-55-66", "+33 2 98 44 55 66"]
)
def test_a_number_in_a_text_is_found_in_any_spelling(client, responder, written):
    incident, _other = declare(description=f"On nous appelle du {written} sans cesse."), declare()
    assert find_references(client, "02 98 44 55 66") == {incident.reference}
    assert find_references(client, "0298445566") == {incident.reference}


@pytest.mark.parametrize(
    "spellings",
    [
        ("28 12 34", "281234", "+687 28 12 34", "00687281234"),
        ("40 12 34 56", "40123456", "+689 40 12 34 56", "00 689 40 12 34 56"),
        ("72 12 34", "+681 72 12 34"),
        ("41 23 45", "412345", "+508 41 23 45", "0508 41 23 45", "0508412345", "00508412345"),
    ],
    ids=["Nouméa", "Papeete", "Wallis", "Saint-Pierre"],
)
def test_a_short_telephone_number_overseas_finds_its_case(client, responder, spellings):
    """The number is matched by the search, in texts, and by the form that takes a call."""
    incidents = {declare() for _written in spellings}
    declare()
    for incident, written in zip(incidents, spellings, strict=True):
        Story.objects.filter(incident=incident).update(contact_phone=written)
    for query in spellings:
        page = search(client, query)
        hits = [hit.incident for hit in page.context["hits"]]
        assert (len(hits), {*hits}) == (len(spellings), incidents), query
        assert read_markup(page).count("Téléphone de la personne à rappeler") == len(spellings), query
        assert {*Incident.objects.with_contact_number(query)} == incidents, query
    texts = [f"On nous appelle du {written} sans cesse." for written in spellings]
    mentioning = {declare(description=text).reference for text in texts}
    for query in spellings:
        assert mentioning <= find_references(client, query), query


def test_the_name_of_the_caller_finds_the_case(client, responder):
    incident, _other = declare(caller=replace(CALLER, name="Hélène D’Imaginaire")), declare()
    for query in ("helene imaginaire", "Imaginaire", "Hélène D’Imaginaire"):
        page = search(client, query)
        assert [hit.incident for hit in page.context["hits"]] == [incident], query
        assert "Personne à rappeler" in read_markup(page)
    for query in ('"Hélène D’Imaginaire"', "Mme Imaginaire", "M. Imaginaire", '"Mademoiselle D’Imaginaire" helene'):
        assert find_references(client, query) == {incident.reference}, query
    for query in ("helene autre", '"Imaginaire Hélène"', "madame"):
        assert find_references(client, query) == set(), query
    assert "et son nom dans les dossiers récents" in read_markup(search(client, "introuvable"))
    erase_personal_data(reference=incident.reference, actor=a_lead())
    assert find_references(client, "Imaginaire") == set()


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (ObservableKind.IP, "185.220.101.47"),
        (ObservableKind.IP, "2001:db8::9"),
        (ObservableKind.EMAIL, "fraude@pirate.example"),
        (ObservableKind.DOMAIN, "mechant-kenavo.example"),
        (ObservableKind.URL, "https://mechant-kenavo.example/payer?n=1"),
    ],
)
def test_an_indicator_is_found_in_its_defanged_spelling(client, responder, kind, value):
    incident, _other = declare(), declare()
    an_observable(incident, value, kind)
    assert defang(kind, value) != value
    assert find_references(client, defang(kind, value)) == find_references(client, value) == {incident.reference}


@pytest.mark.parametrize(
    ("kind", "value", "query"),
    [
        (ObservableKind.DOMAIN, "mechant-kenavo.example", "Mechant-Kenavo.example"),
        (ObservableKind.HASH, "d41d8cd98f00b204e9800998ecf8427e", "D41D8CD98F00B204E9800998ECF8427E"),
        (ObservableKind.IBAN, "FR7630006000011234567890189", "FR76 3000 6000 0112 3456 7890 189"),
        (ObservableKind.FILE, "facture urgente.exe", "Facture urgente.exe"),
    ],
)
def test_an_indicator_of_any_kind_is_found_once_recorded(client, responder, kind, value, query):
    incident, _other = declare(), declare()
    an_observable(incident, value, kind)
    page = search(client, query)
    assert [hit.incident for hit in page.context["hits"]] == [incident]
    assert "Indicateur relevé" in read_markup(page)


def test_a_name_typed_like_a_domain_still_finds_its_caller(client, responder):
    caller_case = declare(caller=replace(CALLER, name="M. Imaginaire"))
    assert find_references(client, "m.imaginaire") == {caller_case.reference}


def test_an_empty_result_says_that_numbers_must_be_typed_whole(client, responder):
    """Three symbols of a reference and the end of a number find nothing, so the advice says why."""
    incident = declare()
    for query in (incident.reference[:3], "44 55"):
        text = read_markup(search(client, query))
        assert "Un numéro ou un indicateur s’écrivent en entier, une référence par quatre signes au moins" in text


@pytest.mark.parametrize(
    "value", [(ObservableKind.URL, "https://pirate.example/rancon"), (ObservableKind.DOMAIN, "pirate.example")]
)
def test_a_defanged_address_is_found_in_a_text(client, responder, value):
    written, _other = declare(description=f"Reçu de {value[1]} hier"), declare()
    assert find_references(client, defang(*value)) == find_references(client, value[1]) == {written.reference}


@pytest.mark.parametrize(
    "written",
    [
        "Reçu de x@mechant14.example hier",
        "Reçu de x@mail.mechant14.example hier",
        "Reçu de x[@]mechant14[.]example hier",
        "Le lien hxxp://www.mechant14[.]example:8080/x",
        "Le lien https://mechant14.example/x.",
        "Vers MECHANT14(point)example",
    ],
)
def test_a_domain_finds_the_texts_that_name_a_mailbox_or_an_address_on_it(client, responder, written):
    incident, _other = declare(description=written), declare(description="Reçu de x@autre.example")
    assert find_references(client, "mechant14.example") == {incident.reference}


@pytest.mark.parametrize("address", ["203.0.113.9", "2001:db8::9", "abcd:ef01::1"])
def test_an_ip_address_finds_observables_and_texts(client, responder, address):
    with_observable, with_text, _other = (
        declare(),
        declare(description=f"Vu dans le journal : {address} la nuit"),
        declare(),
    )
    an_observable(with_observable, address, ObservableKind.IP)

    page = search(client, address)

    assert [hit.incident for hit in page.context["hits"]][:1] == [with_observable]
    assert "Indicateur relevé" in read_markup(page)
    assert page.context["warning"] == ""
    if "." in address:
        assert {hit.incident for hit in page.context["hits"]} == {with_observable, with_text}


def test_a_mail_address_finds_callers_observables_and_texts(client, responder):
    mail = "Piege@evil.example"
    caller = declare(caller=replace(CALLER, email=mail))
    with_observable, with_text, _other = declare(), declare(description=f"Reçu de {mail} hier"), declare()
    an_observable(with_observable, mail.lower(), ObservableKind.EMAIL)
    assert find_references(client, mail.lower()) == {caller.reference, with_observable.reference, with_text.reference}


def test_a_case_of_another_centre_is_not_found_by_number(client, responder):
    incident = declare(caller=replace(CALLER, phone="02 98 44 55 66"))
    Incident.objects.update(csirt=Csirt.objects.create(slug="ailleurs", name="Ailleurs"))
    assert find_references(client, "02 98 44 55 66") == set()
    assert Incident.objects.get() == incident


def test_a_false_siren_is_reported_and_an_empty_result_says_what_was_searched(client, responder):
    assert "Ce numéro SIREN n’existe pas" in read_markup(search(client, "123456789"))
    nothing = read_markup(search(client, "02 98 44 55 66"))
    assert "mais pas le contenu des fichiers" in nothing
