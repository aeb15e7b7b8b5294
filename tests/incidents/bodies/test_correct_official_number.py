"""The official number of a body has a finder, can be corrected, and verifies no declaration that gives it too."""

from dataclasses import replace

import pytest

from accounts.models import User
from csirts.models import Csirt
from incidents.enums import EventKind, NumberSource
from incidents.models import Incident, Note, OfficialNumber
from incidents.services.handling.erase import erase_personal_data
from incidents.services.handling.verify import CallBack, verify_incident
from tests.cast import CALLER, a_lead, a_responder, declare, plouexemple
from tests.incidents.desk import acknowledge_as, reload
from tests.incidents.triage_pages import case_url
from tests.reading import read_markup

pytestmark = pytest.mark.django_db
NUMBER = "02 98 11 22 33"
CORRECTION = {"number": "02 98 11 22 44", "source": "website", "seen": NUMBER}


@pytest.fixture
def case_with_number(responder: User) -> Incident:
    """Return a taken case of a body whose official number a responder found in the directory."""
    first = acknowledge_as(responder, declare())
    verify_incident(
        reference=first.reference, actor=responder, call=CallBack(number=NUMBER, source=NumberSource.DIRECTORY)
    )
    return acknowledge_as(responder, declare())


def post_correction(client, case, **fields):
    return client.post(case_url(case, "numero-officiel"), CORRECTION | fields, follow=True)


def test_every_page_says_who_found_the_number(client, case_with_number, responder):
    for page in (
        case_url(case_with_number),
        case_url(case_with_number, "appel"),
        case_url(case_with_number, "numero-officiel"),
        f"/triage/{case_with_number.reference}/",
    ):
        assert f" par {responder}" in read_markup(client.get(page)), page


def test_a_number_is_corrected_and_the_case_notes_both_numbers(client, case_with_number, responder):
    page = read_markup(post_correction(client, case_with_number))
    assert "Numéro officiel corrigé. Une note du dossier le dit." in page
    saved = OfficialNumber.objects.get()
    assert (saved.phone, saved.source, saved.noted_by) == ("02 98 11 22 44", NumberSource.WEBSITE, responder)
    note = case_with_number.notes.get()
    assert note.text.startswith(f"Numéro officiel corrigé\N{NO-BREAK SPACE}: {NUMBER} (annuaire officiel, relevé le ")
    assert note.text.endswith(f" par {responder}) devient 02 98 11 22 44 (site de la mairie).")
    assert case_with_number.events.filter(kind=EventKind.NOTED).count() == 1


def test_a_double_click_corrects_the_number_once(client, case_with_number):
    post_correction(client, case_with_number)
    assert post_correction(client, case_with_number).status_code == 200
    assert case_with_number.notes.count() == 1


def test_what_was_typed_is_shown_if_a_colleague_removed_the_number(client, case_with_number):
    OfficialNumber.objects.all().delete()
    page = post_correction(client, case_with_number)
    assert page.status_code == 409
    assert "Vous aviez écrit : <b>02 98 11 22 44</b>" in read_markup(page)


def test_a_number_is_removed_once(client, case_with_number):
    for _time in range(2):
        page = read_markup(
            client.post(case_url(case_with_number, "numero-officiel"), {"retirer": "oui", "seen": NUMBER}, follow=True)
        )
        assert "Numéro officiel retiré." in page
    assert not OfficialNumber.objects.exists()
    assert case_with_number.notes.get().text.startswith(
        f"Numéro officiel retiré\N{NO-BREAK SPACE}: {NUMBER} (annuaire officiel"
    )
    assert "Aucun numéro officiel n’est noté" in read_markup(client.get(case_url(case_with_number, "numero-officiel")))


def test_a_number_that_a_colleague_changed_meanwhile_is_kept(client, case_with_number):
    OfficialNumber.objects.update(phone="02 98 11 22 55")
    for fields in ({}, {"retirer": "oui"}):
        page = post_correction(client, case_with_number, **fields)
        assert page.status_code == 409
        assert "Ce numéro a changé pendant que vous l’aviez sous les yeux" in read_markup(page)
        assert "02 98 11 22 55" in read_markup(page)
    assert OfficialNumber.objects.get().phone == "02 98 11 22 55"
    assert not case_with_number.notes.exists()


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"number": ""}, "Écrivez le bon numéro, ou retirez celui-ci."),
        ({"number": "02 98"}, "« 02 98 » n’est pas un numéro entier"),
        ({"source": ""}, "Dites où vous avez trouvé ce numéro"),
        ({"source": "known"}, "Sélectionnez un choix valide"),
        ({"number": CALLER.phone}, "Ce numéro est dans une déclaration de cette collectivité"),
    ],
    ids=["empty", "short", "no source", "source that is not public", "declared"],
)
def test_a_wrong_correction_is_refused(client, case_with_number, fields, refusal):
    page = post_correction(client, case_with_number, **fields)
    assert page.status_code == 422
    assert refusal in read_markup(page)
    assert OfficialNumber.objects.get().phone == NUMBER


def test_the_declared_number_may_become_official_once_the_case_is_verified(client, case_with_number, responder):
    verify_incident(reference=case_with_number.reference, actor=responder, call=CallBack(source=NumberSource.KNOWN))
    post_correction(client, case_with_number, number=CALLER.phone)
    assert OfficialNumber.objects.get().phone == CALLER.phone


def test_a_verified_case_still_shows_the_number_and_its_correction(client, case_with_number, responder):
    verify_incident(reference=case_with_number.reference, actor=responder, call=CallBack(source=NumberSource.KNOWN))
    card = (
        read_markup(client.get(case_url(case_with_number)))
        .partition('id="collectivite"')[2]
        .partition("</details>")[0]
    )
    assert NUMBER in card
    assert f"{case_url(case_with_number)}numero-officiel/" in card
    assert "à rappeler pour vérifier" not in card


def test_an_erased_case_takes_no_correction(client, case_with_number):
    erase_personal_data(reference=case_with_number.reference, actor=a_lead())
    assert "on n’y écrit plus de note" in read_markup(post_correction(client, case_with_number))
    assert OfficialNumber.objects.get().phone == NUMBER
    assert "numero-officiel/" not in read_markup(client.get(case_url(case_with_number)))


def test_another_centre_corrects_the_number_of_its_own_cases_only(client, case_with_number):
    client.force_login(a_responder(Csirt.objects.create(slug="ailleurs", name="Ailleurs")))
    assert client.get(case_url(case_with_number, "numero-officiel")).status_code == 404
    assert post_correction(client, case_with_number).status_code == 404
    assert OfficialNumber.objects.get().phone == NUMBER


class TestANumberThatTheDeclarationGivesToo:
    @pytest.fixture
    def suspect(self, case_with_number: Incident) -> Incident:
        return declare(caller=replace(CALLER, phone="+33 2 98 11 22 33"))

    def test_the_page_says_so(self, client, suspect):
        for page in (case_url(suspect), f"/triage/{suspect.reference}/"):
            assert "aussi dans le formulaire" in read_markup(client.get(page))
        assert "Le formulaire donne ce même numéro" in read_markup(client.get(case_url(suspect)))
        assert "donne ce même numéro" in read_markup(client.get(case_url(suspect, "numero-officiel")))

    @pytest.mark.parametrize("source", ["", "known", "card"])
    def test_a_tick_without_a_public_source_does_not_verify(self, client, suspect, source):
        page = client.post(case_url(suspect, "verifier"), {"verifier-official": NUMBER, "verifier-source": source})
        assert page.status_code == 422
        assert "cherchez-le vous-même, puis dites où vous l’avez trouvé" in read_markup(page)
        assert not reload(suspect).is_verified

    def test_a_new_search_verifies_and_dates_the_number_again(self, client, suspect):
        colleague = a_responder()
        client.force_login(colleague)
        client.post(case_url(suspect, "verifier"), {"verifier-official": NUMBER, "verifier-source": "website"})
        assert reload(suspect).is_verified
        saved = OfficialNumber.objects.get(collectivity=plouexemple())
        assert (saved.phone, saved.source, saved.noted_by) == (NUMBER, NumberSource.WEBSITE, colleague)
        assert Note.objects.get(incident=suspect).text.endswith(f"{NUMBER}, site de la mairie.")
