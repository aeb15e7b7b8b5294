"""The pages that correct what was declared: services, data, moments, caller, story."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.test import Client

from incidents.enums import EventKind
from incidents.models import Incident
from incidents.questions.facts import list_sheet_facts
from incidents.services.history.snapshots import snapshot_services
from tests.incidents.completing import CIVIL, MAIL
from tests.incidents.completing_pages import NOW, post, url
from tests.incidents.journeys import begin
from tests.reading import read_hidden_value, read_text

pytestmark = pytest.mark.django_db


def test_services_are_corrected_row_by_row(client, opened_case):
    content = client.get(url(opened_case, "services")).content.decode()
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
    assert post(client, opened_case, "services", data).status_code == 302
    civil, payroll = opened_case.interruptions.order_by("id")
    assert (civil.service, civil.people_affected, civil.workaround) == ("civil", 40, "Sur papier.")
    assert (payroll.service, payroll.extent, payroll.ended_at) == ("paie", "degraded", None)
    before = read_text(client.get(url(opened_case, "services", "avant")))
    assert "40 personnes" in before
    assert "30 personnes" in before


def test_services_that_were_a_mistake_leave_nothing_stopped(client, opened_case):
    data = {"row": ["civil", "messagerie"], "r0-gone": "on", "r1-gone": "on"}
    assert post(client, opened_case, "services", data).status_code == 302
    opened_case.refresh_from_db()
    assert (opened_case.interruptions.count(), opened_case.service_stopped) == (0, "")
    assert post(client, opened_case, "services", {"stopped": "no"}).status_code == 302
    opened_case.refresh_from_db()
    assert opened_case.service_stopped == "no"


def test_the_error_of_an_impossible_date_is_on_its_row(client, opened_case):
    data = {
        "row": ["civil", "messagerie"],
        "r0-gone": "on",
        "r1-started_date": "2026-01-03",
        "r1-ended_date": "2026-01-02",
        "r1-workaround": "Au téléphone.",
    }
    page = post(client, opened_case, "services", data)
    assert page.status_code == 422
    assert 'href="#id_r1-ended_date"' in page.content.decode()
    assert "La reprise ne peut pas précéder l’arrêt" in read_text(page)
    assert "Au téléphone." in page.content.decode()


def test_the_error_of_a_certainty_is_beside_it(client, opened_case):
    data = {"occurred_date": "2026-01-02", "occurred_certainty": "sans doute"}
    page = post(client, opened_case, "moments", data)
    assert page.status_code == 422
    assert re.search(r'<p class="error" id="id_occurred_certainty_error">', page.content.decode())
    assert re.search(
        r'name="occurred_certainty"[^>]*aria-describedby="[^"]*id_occurred_certainty_error"', page.content.decode()
    )


def test_rows_stay_with_their_service_after_another_tab(client, opened_case):
    page = client.get(url(opened_case, "services"))
    client.post(url(opened_case, "repris"), {"service": "civil"})
    data = {"seen": read_hidden_value(page, "seen"), "row": ["civil", "messagerie"], "r1-workaround": "Au téléphone."}
    answer = client.post(url(opened_case, "services"), data)
    assert answer.status_code == 409
    assert re.search(r'name="r1-workaround"[^>]*value="Au téléphone."', answer.content.decode())


def test_one_tap_says_that_a_service_has_resumed(client, opened_case):
    assert "Ce service a repris maintenant" in read_text(client.get(url(opened_case)))
    for _click in range(2):
        answer = client.post(url(opened_case, "repris"), {"service": "civil"}, follow=True)
    assert "Service rétabli : état civil." in read_text(answer)
    assert "C’est enregistré" not in read_text(answer)
    assert opened_case.interruptions.get(service="civil").ended_at
    assert opened_case.events.filter(kind=EventKind.FACTS).count() == 1
    pack = read_text(client.get(f"/suivi/{opened_case.reference}/dossier/"))
    assert "Complété par une personne qui n’a pas signé, le " in pack
    assert "Corrigé par" not in pack


def test_a_service_whose_declared_end_changes_is_corrected(client, opened_case):
    opened_case.sheets.filter(section="services").update(
        values=snapshot_services("yes", [replace(CIVIL, ended_at=NOW), MAIL])
    )
    client.post(url(opened_case, "repris"), {"service": "civil"})
    assert "Corrigé par une personne qui n’a pas signé, le " in read_text(
        client.get(f"/suivi/{opened_case.reference}/dossier/")
    )


def test_answers_about_the_data_are_saved_or_refused(client, opened_case):
    assert post(client, opened_case, "donnees", {"data_concerned": "no", "persons": "40"}).status_code == 422
    page = post(client, opened_case, "donnees", {"data_concerned": "no", "persons_band": "6-50"})
    assert "la réponse ne peut pas être « Non »" in read_text(page)
    assert post(client, opened_case, "donnees", {"data_concerned": "unknown", "persons": "40"}).status_code == 302
    leak = opened_case.leaks.get()
    assert (leak.persons, leak.status) == (40, "")
    assert post(client, opened_case, "donnees", {"data_concerned": "no", "persons": "40"}).status_code == 302
    assert not opened_case.leaks.exists()


def test_the_kinds_of_data_have_the_words_and_the_order_of_the_declaration(client, opened_case):
    def list_options(response):
        page = response.content.decode()
        page = page[page.index("Quelles données") :]
        return re.findall(r'name="(?:categories|person_categories)" [^>]*value="(\w+)"[^>]*> <span>([^<]+)', page)

    declaring = Client()
    begin(declaring)
    corrected = list_options(client.get(url(opened_case, "donnees")))
    assert corrected == list_options(declaring.get("/declarer/donnees/"))
    assert corrected[0] == ("etat_civil", "Qui sont les gens ")


def test_a_suspected_leak_is_unfounded_once_no_data_are_touched(client, opened_case):
    fields = {"data_concerned": "yes", "leak_status": "suspected", "persons": "40"}
    assert post(client, opened_case, "donnees", fields).status_code == 302
    assert post(client, opened_case, "donnees", fields | {"data_concerned": "no"}).status_code == 302
    leak = opened_case.leaks.get()
    assert (leak.persons, leak.status) == (40, "unfounded")


def test_data_moments_caller_and_story_are_corrected(client, opened_case):
    data = {"data_concerned": "yes", "leak_status": "confirmed", "categories": ["sante"], "persons": "40"}
    assert post(client, opened_case, "donnees", data, person_categories=["eleves"]).status_code == 302
    moments = {"occurred_date": "2026-01-02", "occurred_time": "9h", "occurred_certainty": "exact"}
    assert post(client, opened_case, "moments", moments).status_code == 302
    assert post(client, opened_case, "rappel", {"contact_phone": "02 98 00 00 01"}).status_code == 302
    assert (
        post(client, opened_case, "recit", {"description": "Autre chose.", "supplier": "Exemple"}).status_code == 302
    )
    opened_case.refresh_from_db()
    assert opened_case.leaks.get().persons == 40
    assert opened_case.occurred_at == datetime(2026, 1, 2, 8, tzinfo=UTC)
    assert opened_case.story.contact_phone == "02 98 00 00 01"
    assert opened_case.story.description == "Autre chose."
    assert 'value="09:00"' in client.get(url(opened_case, "moments")).content.decode()


def test_a_mail_address_given_late_may_refuse_the_code(client, opened_case):
    page = client.get(f"/suivi/{opened_case.reference}/completer/rappel/").content.decode()
    assert 'name="mail_without_code"' in page
    fields = {"contact_email": "mairie@plouexemple.example", "contact_phone": "", "mail_without_code": "oui"}
    assert post(client, opened_case, "rappel", fields).status_code == 302
    opened_case.refresh_from_db()
    assert opened_case.mail_without_code
    page = client.get(f"/suivi/{opened_case.reference}/completer/rappel/").content.decode()
    assert 'name="mail_without_code" id="id_mail_without_code" value="oui" checked' in page
    newest = opened_case.sheets.filter(section="rappel").latest("id")
    assert "ni lien, ni code" in [
        line.words for line in list_sheet_facts("rappel", newest.version, newest.values, "Europe/Paris")
    ]


@pytest.mark.parametrize("cause", [{"type": "boite"}, {"mailbox_was_in_doubt": True}], ids=str)
def test_a_mailbox_in_doubt_asks_nothing_and_keeps_the_choice(client, opened_case, cause):
    Incident.objects.filter(pk=opened_case.pk).update(**cause, mail_without_code=True)
    page = client.get(f"/suivi/{opened_case.reference}/completer/rappel/").content.decode()
    assert 'name="mail_without_code"' not in page
    assert "aucun mail n’y portera le lien ou le code" in page
    fields = {"contact_email": "mairie@plouexemple.example", "contact_phone": ""}
    assert post(client, opened_case, "rappel", fields).status_code == 302
    opened_case.refresh_from_db()
    assert opened_case.mail_without_code
