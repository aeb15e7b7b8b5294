"""Facts that a declaration leaves out: « pas dit » on pages, papers and mails, and empty in the API."""

import re

import pytest
from django.utils import timezone

from incidents.enums import Answer
from incidents.facts.shapes import Instant, Interruption, Leak
from incidents.models import AnswerSheet, Incident
from incidents.services.handling.qualify import Qualification, read_qualification
from incidents.services.history.snapshots import find_leak_row, snapshot_rows
from incidents.services.papers.answer_pack import build_answer_pack
from notifications.facts import describe_case_facts
from stats.counting.facts import load_facts
from tests.cast import a_responder, an_agent, declare, plouexemple
from tests.incidents.api import URL, Api
from tests.incidents.devices import open_by_link
from tests.incidents.journeys import post
from tests.reading import read_hidden_value, read_text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("town")]
UNSAID = {"service_stopped": "", "data_concerned": ""}


def read_paper_lines(incident):
    sections = build_answer_pack(incident, at=timezone.now())["declared"]
    return dict(line for section in sections for line in section["lines"])


def test_a_leak_without_details_is_shown_as_not_said(client):
    post(client, {"data_concerned": "yes"})
    incident = Incident.objects.get()
    leak = incident.leaks.get()
    assert (incident.data_concerned, leak.status, leak.persons_band) == ("yes", "", "")
    follow_up = read_text(open_by_link(incident).get(f"/suivi/{incident.reference}/"))
    assert "Des données touchées Oui Fuite pas dit Quelles données pas dit" in follow_up
    paper = read_paper_lines(incident)
    assert (paper["Des données touchées"], paper["Fuite"]) == ("Oui", "pas dit")
    assert (paper["Quelles données"], paper["Combien de personnes"]) == ("pas dit", "pas dit")
    form = open_by_link(incident).get(f"/suivi/{incident.reference}/completer/donnees/").content.decode()
    assert not re.search(r'name="leak_status"[^>]* checked', form)
    assert '<option value="" selected' not in form
    assert re.search(r'<option value="">À choisir</option>', form)
    assert "soupçonnée" not in follow_up + str(paper)


def test_a_missing_answer_differs_from_je_ne_sais_pas(client):
    post(client, quoi="inconnu")
    incident = Incident.objects.get()
    assert (incident.service_stopped, incident.data_concerned) == ("", "")
    follow_up = read_text(open_by_link(incident).get(f"/suivi/{incident.reference}/"))
    assert "Arrivé pas dit" in follow_up
    assert "Des données touchées pas dit" in follow_up
    paper = read_paper_lines(incident)
    assert paper["Un service arrêté ou ralenti"] == paper["Des données touchées"] == paper["Arrivé"] == "pas dit"


def test_je_ne_sais_pas_is_shown_where_it_was_answered(client):
    fields = {"service_stopped": "unknown", "data_concerned": "unknown", "occurred_certainty": "unknown"}
    post(client, fields)
    paper = read_paper_lines(Incident.objects.get())
    assert paper["Un service arrêté ou ralenti"] == paper["Des données touchées"] == "Je ne sais pas"
    assert (paper["Arrivé"], paper["Découvert"]) == ("pas connu", "pas dit")


def test_a_list_without_an_answer_has_no_option_selected(client):
    post(client, {"contact_phone": ""})
    page = client.get("/declarer/donnees/").content.decode() + client.get("/declarer/rappel/").content.decode()
    assert (
        page.count('<option value="" selected>À choisir</option>') + page.count('<option value="">À choisir</option>')
        == 5
    )
    assert '<option value="unknown" selected>' not in page


def test_the_last_screen_lists_unanswered_questions_as_not_said(client):
    post(client, {"contact_phone": ""})
    summary = client.get("/declarer/rappel/").context["summary"]
    assert [line.text for line in summary[2:]] == ["Pas dit", "Pas dit"]


def test_a_service_without_details_is_shown_as_not_said(client):
    post(client, {"service": ["civil"], "service_stopped": "yes"})
    incident = Incident.objects.get()
    assert incident.interruptions.get().extent == ""
    assert "État civil Arrêté ou ralenti, pas dit Pas dit" in read_text(
        open_by_link(incident).get(f"/suivi/{incident.reference}/")
    )
    assert read_paper_lines(incident)["État civil"] == "arrêté ou ralenti, pas dit"


def test_an_instant_without_precision_is_not_shown_as_approximate(client):
    post(client, {"occurred_date": "2026-01-02", "occurred_time": "9h"})
    incident = Incident.objects.get()
    assert incident.occurred_certainty == ""
    assert "à peu près" not in read_paper_lines(incident)["Arrivé"]


def test_a_responder_reads_pas_dit_on_the_case_and_in_the_queue(client):
    incident = declare(**UNSAID, leak=None)
    client.force_login(a_responder())
    page = read_text(client.get(f"/admin/incidents/incident/{incident.reference}/"))
    assert "Services arrêtés ou ralentis : pas dit." in page
    assert "Données concernées : pas dit." in page
    assert "Prestataire pas dit" in page
    assert "Survenu pas dit Détecté pas dit" in page
    assert "Services : pas dit Données : pas dit" in read_text(client.get("/admin/incidents/incident/"))


def test_a_responder_reads_pas_dit_for_a_leak_without_details(client):
    incident = declare(data_concerned=Answer.YES, leak=Leak(categories=("nir",)))
    client.force_login(a_responder())
    page = read_text(client.get(f"/admin/incidents/incident/{incident.reference}/"))
    assert "Fuite pas dit" in page
    assert "Personnes pas dit Enregistrements pas dit" in page
    assert "Données : concernées" in read_text(client.get("/admin/incidents/incident/"))
    assert read_qualification(incident, find_leak_row(incident)).leak == Qualification.leak


def test_the_mail_to_the_centre_says_pas_dit():
    facts = describe_case_facts(declare(**UNSAID))
    assert [str(facts[name]) for name in ("services_answer", "data_answer", "no_moments")] == ["pas dit"] * 3
    unknown = describe_case_facts(declare(occurred=Instant(certainty="unknown")))
    assert unknown["no_moments"] == "pas connu"
    touched = describe_case_facts(
        declare(
            data_concerned="yes",
            leak=Leak(),
            service_stopped="yes",
            interruptions=(Interruption(service="civil", extent=""),),
        )
    )
    assert touched["leaks"] == [["données touchées, fuite\xa0: pas dit"]]
    assert touched["services"][0]["label"] == "État civil\xa0: arrêté ou ralenti, pas dit"


def test_the_api_leaves_unanswered_fields_empty():
    body = {"collectivity": str(plouexemple().uid), "contact": {"phone": "02 99 00 00 00"}}
    declaration = body | {"leak": {"categories": ["nir"]}, "interruptions": [], "detected_at": None}
    reference = Api(an_agent()).post(URL, declaration).json()["reference"]
    detail = Api(a_responder()).get(f"{URL}{reference}/").json()
    assert (detail["service_stopped"], detail["data_concerned"]) == ("", "")
    assert (detail["leaks"][0]["status"], detail["leaks"][0]["persons_band"]) == ("", "")
    assert (detail["occurred_certainty"], detail["detected_certainty"]) == ("", "unknown")


def test_the_first_answer_sheet_matches_the_rows(client):
    post(client, {"data_concerned": "yes", "categories": ["nir"]})
    incident = Incident.objects.get()
    first = AnswerSheet.objects.get(incident=incident, section="donnees").values
    assert first == snapshot_rows(incident, "donnees")
    assert first["leak"]["status"] == first["leak"]["persons_band"] == ""


def test_submitting_an_unchanged_correction_form_records_nothing(client):
    post(client, {"data_concerned": "yes"})
    incident = Incident.objects.get()
    link, address = open_by_link(incident), f"/suivi/{incident.reference}/completer/donnees/"
    page = link.get(address)
    link.post(address, {"seen": read_hidden_value(page, "seen"), "data_concerned": "yes", "persons_band": ""})
    assert AnswerSheet.objects.filter(incident=incident, section="donnees").count() == 1
    assert incident.leaks.get().status == ""


def test_a_leak_is_counted_once_its_status_is_known():
    incident = declare(data_concerned=Answer.YES, leak=Leak(categories=("nir",), persons_band="6-50"))
    fact = load_facts([incident.pk])[incident.pk]
    assert (fact.leak_statuses, fact.leak_persons, fact.leak_categories) == ([], [], [])
    incident.leaks.update(status="suspected", persons_band="")
    fact = load_facts([incident.pk])[incident.pk]
    assert (fact.leak_statuses, fact.leak_persons, fact.leak_categories) == (["suspected"], ["unknown"], ["nir"])
