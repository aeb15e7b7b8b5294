"""A telephone number, a mail address or an IP address finds the cases that hold it, however it is spelled."""

from dataclasses import replace

import pytest

from csirts.models import Csirt
from incidents.enums import ObservableKind
from incidents.models import Incident
from tests.cast import CALLER, declare
from tests.incidents.observing import an_observable
from tests.incidents.searching import find_references, look
from tests.reading import text_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "asked", ["02 98 44 55 66", "0298445566", "02.98.44.55.66", "+33 2 98 44 55 66", "0033298445566"]
)
@pytest.mark.parametrize("written", ["02 98 44 55 66", "+33 (0)2 98 44 55 66", "02.98.44.55.66"])
def test_the_number_of_the_caller_finds_the_case(client, responder, asked, written):
    incident, _other = declare(caller=replace(CALLER, phone=written)), declare()

    page = look(client, asked)

    assert [hit.incident for hit in page.context["hits"]] == [incident]
    assert "Téléphone de la personne à rappeler" in text_of(page)
    assert "SIREN compte" not in text_of(page)
    assert page.context["warning"] == ""


@pytest.mark.parametrize(
    "written", ["0298445566", "02 98 44 55 66", "02.98.44.55.66", "02-98-44-55-66", "+33 2 98 44 55 66"]
)
def test_a_number_in_a_text_is_found_in_any_spelling(client, responder, written):
    incident, _other = declare(description=f"On nous appelle du {written} sans cesse."), declare()
    assert find_references(client, "02 98 44 55 66") == {incident.reference}
    assert find_references(client, "0298445566") == {incident.reference}


@pytest.mark.parametrize("address", ["203.0.113.9", "2001:db8::9", "abcd:ef01::1"])
def test_an_ip_finds_what_was_kept_and_what_was_written(client, responder, address):
    kept, written, _other = declare(), declare(description=f"Vu dans le journal : {address} la nuit"), declare()
    an_observable(kept, address, ObservableKind.IP)

    page = look(client, address)

    assert [hit.incident for hit in page.context["hits"]][:1] == [kept]
    assert "Indicateur relevé" in text_of(page)
    assert page.context["warning"] == ""
    if "." in address:
        assert {hit.incident for hit in page.context["hits"]} == {kept, written}


def test_a_mail_address_finds_the_caller_the_trace_and_the_text(client, responder):
    mail = "Piege@evil.example"
    caller = declare(caller=replace(CALLER, email=mail))
    kept, written, _other = declare(), declare(description=f"Reçu de {mail} hier"), declare()
    an_observable(kept, mail.lower(), ObservableKind.EMAIL)
    assert find_references(client, mail.lower()) == {caller.reference, kept.reference, written.reference}


def test_what_another_centre_has_is_not_found_by_its_number(client, responder):
    theirs = declare(caller=replace(CALLER, phone="02 98 44 55 66"))
    Incident.objects.update(csirt=Csirt.objects.create(slug="ailleurs", name="Ailleurs"))
    assert find_references(client, "02 98 44 55 66") == set()
    assert Incident.objects.get() == theirs


def test_a_false_siren_is_still_said_and_nothing_found_says_what_was_read(client, responder):
    assert "Ce numéro SIREN n’existe pas" in text_of(look(client, "123456789"))
    nothing = text_of(look(client, "02 98 44 55 66"))
    assert "mais pas le contenu des fichiers" in nothing
