"""A lead freezes a case, with a motive: nobody erases it and the purge leaves it, until a lead ends the hold."""

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from csirts.models import Csirt
from incidents.enums import EventKind
from incidents.models import CaseKey, Incident, LegalHold, Story
from incidents.services.handling.erase import erase_personal_data
from retention.enums import DataKind
from tests.cast import a_lead, a_responder, an_agent, an_evidence_file, breizh_cyber, declare
from tests.incidents.devices import sign_in_as
from tests.reading import read_text
from tests.retention.purging import FIVE_YEARS, close, close_at, count_due, refuse, run_night

MOTIVE = "Plainte déposée, le parquet demande de tout garder."


def get_page(incident: Incident, end: str = "") -> str:
    return f"/admin/incidents/incident/{incident.reference}/{end}"


def hold(client: Client, incident: Incident, motive: str = MOTIVE) -> None:
    assert client.post(get_page(incident, "gel/"), {"motive": motive, "hold": ""}).status_code == 302


def release(client: Client, incident: Incident, motive: str = "Affaire classée.") -> None:
    newest = LegalHold.objects.filter(incident=incident).latest("pk").pk
    assert client.post(get_page(incident, "gel/"), {"motive": motive, "hold": newest}).status_code == 302


def is_erased(incident: Incident) -> bool:
    return Story.objects.get(incident=incident).contact_name == ""


def test_a_held_case_is_not_purged_until_its_hold_ends(lead_client, incident):
    close(incident)
    hold(lead_client, incident)
    page = read_text(lead_client.get(get_page(incident)))
    assert "Dossier gelé" in page
    assert MOTIVE in page
    run_night(after=2 * FIVE_YEARS)
    assert not is_erased(incident)
    lead_client = sign_in_as(a_lead())
    release(lead_client, incident)
    assert "Dossier gelé" not in read_text(lead_client.get(get_page(incident)))
    run_night(after=2 * FIVE_YEARS)
    assert is_erased(incident)
    kinds = incident.events.order_by("id").values_list("kind", flat=True)
    assert [kind for kind in kinds if kind in (EventKind.HELD, EventKind.HOLD_ENDED)] == ["held", "hold_ended"]
    assert list(LegalHold.objects.values_list("motive", "ended_because")) == [("", "")]


def test_a_lead_cannot_erase_a_case_that_is_held(lead_client, incident):
    hold(lead_client, incident)
    assert "Effacer les données personnelles" not in read_text(lead_client.get(get_page(incident)))
    refused = lead_client.get(get_page(incident, "effacer/demande/"), follow=True)
    assert "Ce dossier est gelé" in read_text(refused)
    refused = lead_client.post(get_page(incident, "effacer/"), follow=True)
    assert "Ce dossier est gelé" in read_text(refused)
    assert not is_erased(incident)


def test_a_double_of_a_held_case_is_not_erased_either(case_lead, lead_client, incident):
    double = declare(description="Tout est bloqué.")
    close_at([double], incident.received_at)
    Incident.objects.filter(pk=double.pk).update(merged_into=incident, closing_reason="duplicate")
    hold(lead_client, incident)
    with pytest.raises(ValidationError):
        erase_personal_data(reference=double.reference, actor=case_lead)
    close_at([incident], incident.received_at)
    run_night(after=2 * FIVE_YEARS)
    assert not is_erased(double)


def test_the_dry_run_leaves_held_cases_out(lead_client, incident):
    close_at([incident], incident.received_at.replace(year=2015))
    assert count_due(DataKind.CASES) == 1
    hold(lead_client, incident)
    assert count_due(DataKind.CASES) == 0


def test_the_database_refuses_to_erase_a_held_case_or_its_key(lead_client, incident):
    an_evidence_file(incident)
    hold(lead_client, incident)
    for statement in (
        "UPDATE incidents_incident SET erased_at = now()",
        "DELETE FROM incidents_casekey",
        "DELETE FROM incidents_legalhold",
    ):
        refuse(statement)
    assert CaseKey.objects.filter(incident=incident).exists()


def test_the_database_refuses_to_erase_a_double_of_a_held_case_or_its_key(lead_client, incident):
    double = declare(description="Tout est bloqué.")
    an_evidence_file(double)
    close_at([double], incident.received_at)
    Incident.objects.filter(pk=double.pk).update(merged_into=incident, closing_reason="duplicate")
    hold(lead_client, incident)
    refuse("UPDATE incidents_incident SET erased_at = now() WHERE merged_into_id IS NOT NULL")
    refuse("DELETE FROM incidents_casekey")


# What an undone merge would take out of the hold


def a_duplicate(client: Client, main: Incident) -> Incident:
    """Declare a case of the same body, and merge it into `main` on the page of the case."""
    duplicate = declare(description="Tout est bloqué.")
    merged = client.post(get_page(main, "fusionner/"), {"avec": duplicate.reference, "garder": main.reference})
    assert merged.status_code == 302
    duplicate.refresh_from_db()
    assert duplicate.merged_into == main
    return duplicate


@pytest.mark.parametrize("has_ended", [False, True])
def test_a_duplicate_does_not_leave_a_held_case_to_be_erased(lead_client, incident, has_ended):
    duplicate = a_duplicate(lead_client, incident)
    hold(lead_client, incident)
    if has_ended:
        release(lead_client, incident)
    refused = read_text(lead_client.post(get_page(duplicate, "defusionner/"), follow=True))
    assert "sans la fusion, ce gel ne protégerait plus celui-ci" in refused
    lead_client.post(get_page(duplicate, "effacer/"))
    assert not is_erased(duplicate)
    duplicate.refresh_from_db()
    assert duplicate.merged_into == incident


def test_a_duplicate_that_is_held_itself_leaves_its_held_main_case(lead_client, incident):
    duplicate = a_duplicate(lead_client, incident)
    hold(lead_client, incident)
    hold(lead_client, duplicate)
    lead_client.post(get_page(duplicate, "defusionner/"))
    duplicate.refresh_from_db()
    assert duplicate.merged_into is None
    lead_client.post(get_page(duplicate, "effacer/"))
    assert not is_erased(duplicate)


def test_an_erased_duplicate_leaves_a_held_main_case(lead_client, incident):
    """It has nothing left that a hold protects, and nobody can freeze it any more."""
    duplicate = a_duplicate(lead_client, incident)
    lead_client.post(get_page(duplicate, "effacer/"))
    hold(lead_client, incident)
    lead_client.post(get_page(duplicate, "defusionner/"))
    duplicate.refresh_from_db()
    assert duplicate.merged_into is None


def test_the_database_refuses_that_a_duplicate_leaves_its_held_main_case(lead_client, incident):
    a_duplicate(lead_client, incident)
    hold(lead_client, incident)
    refuse("UPDATE incidents_incident SET merged_into_id = NULL WHERE merged_into_id IS NOT NULL")


@pytest.mark.parametrize("motive", ["", "   ", "x" * 501])
def test_a_hold_needs_a_motive(lead_client, incident, motive):
    refused = lead_client.post(get_page(incident, "gel/"), {"motive": motive, "hold": ""})
    assert refused.status_code == 422
    assert not LegalHold.objects.exists()
    hold(lead_client, incident)
    placed = LegalHold.objects.get()
    assert lead_client.post(get_page(incident, "gel/"), {"motive": motive, "hold": placed.pk}).status_code == 422
    placed.refresh_from_db()
    assert placed.ended_at is None


def test_only_a_lead_of_the_centre_holds_a_case(incident):
    elsewhere = Csirt.objects.create(slug="ailleurs", name="Ailleurs")
    for person, status in ((a_responder(), 403), (a_lead(elsewhere), 404)):
        client = sign_in_as(person)
        assert client.get(get_page(incident, "gel/")).status_code == status
        assert client.post(get_page(incident, "gel/"), {"motive": MOTIVE, "hold": ""}).status_code == status
    assert not LegalHold.objects.exists()
    assert incident.events.count() == 1


def test_a_double_click_places_one_hold_and_ends_it_once(lead_client, incident):
    for _ in range(2):
        hold(lead_client, incident)
    assert incident.events.filter(kind=EventKind.HELD).count() == LegalHold.objects.count() == 1
    for _ in range(2):
        release(lead_client, incident)
    assert incident.events.filter(kind=EventKind.HOLD_ENDED).count() == 1
    hold(lead_client, incident, "Un juge le demande de nouveau.")
    assert LegalHold.objects.filter(ended_at=None).count() == 1


def test_an_erased_case_cannot_be_held(case_lead, lead_client, incident):
    erase_personal_data(reference=incident.reference, actor=case_lead)
    lead_client.post(get_page(incident, "gel/"), {"motive": MOTIVE, "hold": ""})
    assert not LegalHold.objects.exists()
    assert "Geler le dossier" not in read_text(lead_client.get(get_page(incident)))


def test_the_declarant_does_not_read_the_hold(lead_client, incident):
    breizh_cyber()
    hold(lead_client, incident)
    page = read_text(sign_in_as(an_agent(incident.collectivity)).get(f"/suivi/{incident.reference}/"))
    assert "gel" not in page.lower()
    assert "parquet" not in page
