"""The pages that correct what was declared: services, data, moments, caller, story."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import time_machine
from django.test import Client

from incidents.enums import EventKind
from incidents.models import Incident
from incidents.questions.facts import list_sheet_facts
from incidents.services.history.snapshots import snapshot_services
from tests.cast import breizh_cyber, declare
from tests.incidents.completing import CIVIL, MAIL
from tests.incidents.completing_pages import NOW, open_by_link, post, url
from tests.incidents.journeys import begin
from tests.reading import read_hidden_value, read_text

pytestmark = pytest.mark.django_db


@pytest.fixture
def incident(client):
    breizh_cyber()
    with time_machine.travel(NOW, tick=False):
        incident = declare(service_stopped="yes", interruptions=(CIVIL, MAIL))
    open_by_link(client, incident)
    return incident


def test_services_are_corrected_row_by_row(client, incident):
    content = client.get(url(incident, "services")).content.decode()
    assert content.count('name="row"') == 2
    data = {
        "row": ["civil", "messagerie"],
        "r0-extent": "stopped",
        "r0-people": "40",
        "r0-workaround": "Sur papier.",
        "r1-gone": "on",
        "service": ["paie"],
        "paie-extent": "degraded",
        "paie-started_date": "2026-01-02",
    }
    assert post(client, incident, "services", data).status_code == 302
    civil, payroll = incident.interruptions.order_by("id")
    assert (civil.service, civil.people_affected, civil.workaround) == ("civil", 40, "Sur papier.")
    assert (payroll.service, payroll.extent, payroll.ended_at) == ("paie", "degraded", None)
    before = read_text(client.get(url(incident, "services", "avant")))
    assert "40 personnes" in before
    assert "30 personnes" in before


def test_services_that_were_a_mistake_leave_nothing_stopped(client, incident):
    data = {"row": ["civil", "messagerie"], "r0-gone": "on", "r1-gone": "on"}
    assert post(client, incident, "services", data).status_code == 302
    incident.refresh_from_db()
    assert (incident.interruptions.count(), incident.service_stopped) == (0, "")
    assert post(client, incident, "services", {"stopped": "no"}).status_code == 302
    incident.refresh_from_db()
    assert incident.service_stopped == "no"


def test_the_error_of_an_impossible_date_is_on_its_row(client, incident):
    data = {
        "row": ["civil", "messagerie"],
        "r0-gone": "on",
        "r1-started_date": "2026-01-03",
        "r1-ended_date": "2026-01-02",
        "r1-workaround": "Au téléphone.",
    }
    page = post(client, incident, "services", data)
    assert page.status_code == 422
    assert 'href="#id_r1-ended_date"' in page.content.decode()
    assert "La reprise ne peut pas précéder l’arrêt" in read_text(page)
    assert "Au téléphone." in page.content.decode()


def test_the_error_of_a_certainty_is_beside_it(client, incident):
    data = {"occurred_date": "2026-01-02", "occurred_certainty": "sans doute"}
    page = post(client, incident, "moments", data)
    assert page.status_code == 422
    assert re.search(r'<p class="error" id="id_occurred_certainty_error">', page.content.decode())
    assert re.search(
        r'name="occurred_certainty"[^>]*aria-describedby="[^"]*id_occurred_certainty_error"', page.content.decode()
    )


def test_rows_stay_with_their_service_after_another_tab(client, incident):
    page = client.get(url(incident, "services"))
    client.post(url(incident, "repris"), {"service": "civil"})
    data = {"seen": read_hidden_value(page, "seen"), "row": ["civil", "messagerie"], "r1-workaround": "Au téléphone."}
    answer = client.post(url(incident, "services"), data)
    assert answer.status_code == 409
    assert re.search(r'name="r1-workaround"[^>]*value="Au téléphone."', answer.content.decode())


def test_one_tap_says_that_a_service_has_resumed(client, incident):
    assert "Ce service a repris maintenant" in read_text(client.get(url(incident)))
    for _click in range(2):
        answer = client.post(url(incident, "repris"), {"service": "civil"}, follow=True)
    assert "Service rétabli : état civil." in read_text(answer)
    assert "C’est enregistré" not in read_text(answer)
    assert incident.interruptions.get(service="civil").ended_at
    assert incident.events.filter(kind=EventKind.FACTS).count() == 1
    pack = read_text(client.get(f"/suivi/{incident.reference}/dossier/"))
    assert "Complété par une personne qui n’a pas signé, le " in pack
    assert "Corrigé par" not in pack


def test_a_service_whose_declared_end_changes_is_corrected(client, incident):
    incident.sheets.filter(section="services").update(
        values=snapshot_services("yes", [replace(CIVIL, ended_at=NOW), MAIL])
    )
    client.post(url(incident, "repris"), {"service": "civil"})
    assert "Corrigé par une personne qui n’a pas signé, le " in read_text(
        client.get(f"/suivi/{incident.reference}/dossier/")
    )


def test_answers_about_the_data_are_saved_or_refused(client, incident):
    assert post(client, incident, "donnees", {"data_concerned": "no", "persons": "40"}).status_code == 422
    page = post(client, incident, "donnees", {"data_concerned": "no", "persons_band": "6-50"})
    assert "la réponse ne peut pas être « Non »" in read_text(page)
    assert post(client, incident, "donnees", {"data_concerned": "unknown", "persons": "40"}).status_code == 302
    leak = incident.leaks.get()
    assert (leak.persons, leak.status) == (40, "")
    assert post(client, incident, "donnees", {"data_concerned": "no", "persons": "40"}).status_code == 302
    assert not incident.leaks.exists()


def test_the_kinds_of_data_have_the_words_and_the_order_of_the_declaration(client, incident):
    def list_options(response):
        page = response.content.decode()
        page = page[page.index("Quelles données") :]
        return re.findall(r'name="(?:categories|person_categories)" [^>]*value="(\w+)"[^>]*> <span>([^<]+)', page)

    declaring = Client()
    begin(declaring)
    corrected = list_options(client.get(url(incident, "donnees")))
    assert corrected == list_options(declaring.get("/declarer/donnees/"))
    assert corrected[0] == ("etat_civil", "Qui sont les gens ")


def test_a_suspected_leak_is_unfounded_once_no_data_are_touched(client, incident):
    fields = {"data_concerned": "yes", "leak_status": "suspected", "persons": "40"}
    assert post(client, incident, "donnees", fields).status_code == 302
    assert post(client, incident, "donnees", fields | {"data_concerned": "no"}).status_code == 302
    leak = incident.leaks.get()
    assert (leak.persons, leak.status) == (40, "unfounded")


def test_data_moments_caller_and_story_are_corrected(client, incident):
    data = {"data_concerned": "yes", "leak_status": "confirmed", "categories": ["sante"], "persons": "40"}
    assert post(client, incident, "donnees", data, person_categories=["eleves"]).status_code == 302
    moments = {"occurred_date": "2026-01-02", "occurred_time": "9h", "occurred_certainty": "exact"}
    assert post(client, incident, "moments", moments).status_code == 302
    assert post(client, incident, "rappel", {"contact_phone": "02 98 00 00 01"}).status_code == 302
    assert post(client, incident, "recit", {"description": "Autre chose.", "supplier": "Exemple"}).status_code == 302
    incident.refresh_from_db()
    assert incident.leaks.get().persons == 40
    assert incident.occurred_at == datetime(2026, 1, 2, 8, tzinfo=UTC)
    assert incident.story.contact_phone == "02 98 00 00 01"
    assert incident.story.description == "Autre chose."
    assert 'value="09:00"' in client.get(url(incident, "moments")).content.decode()


def test_a_mail_address_given_late_may_refuse_the_code(client, incident):
    page = client.get(f"/suivi/{incident.reference}/completer/rappel/").content.decode()
    assert 'name="mail_without_code"' in page
    fields = {"contact_email": "mairie@plouexemple.example", "contact_phone": "", "mail_without_code": "oui"}
    assert post(client, incident, "rappel", fields).status_code == 302
    incident.refresh_from_db()
    assert incident.mail_without_code
    page = client.get(f"/suivi/{incident.reference}/completer/rappel/").content.decode()
    assert 'name="mail_without_code" id="id_mail_without_code" value="oui" checked' in page
    newest = incident.sheets.filter(section="rappel").latest("id")
    assert "ni lien, ni code" in [
        line.words for line in list_sheet_facts("rappel", newest.version, newest.values, "Europe/Paris")
    ]


@pytest.mark.parametrize("cause", [{"type": "boite"}, {"mailbox_was_in_doubt": True}], ids=str)
def test_a_mailbox_in_doubt_asks_nothing_and_keeps_the_choice(client, incident, cause):
    Incident.objects.filter(pk=incident.pk).update(**cause, mail_without_code=True)
    page = client.get(f"/suivi/{incident.reference}/completer/rappel/").content.decode()
    assert 'name="mail_without_code"' not in page
    assert "aucun mail n’y portera le lien ou le code" in page
    fields = {"contact_email": "mairie@plouexemple.example", "contact_phone": ""}
    assert post(client, incident, "rappel", fields).status_code == 302
    incident.refresh_from_db()
    assert incident.mail_without_code
