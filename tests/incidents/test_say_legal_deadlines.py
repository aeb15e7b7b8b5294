"""The receipt and the follow-up page give the legal deadlines of 72 hours, as the answer pack computes them."""

from datetime import UTC, datetime

import pytest
import time_machine
from django.utils import timezone

from incidents.models import Incident
from incidents.services.papers.answer_pack import build_answer_pack
from tests.cast import breizh_cyber, declare
from tests.incidents.completing_pages import open_by_link
from tests.incidents.journeys import WHERE, begin
from tests.reading import NBSP, read_text

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 24, 9, 51, tzinfo=UTC)


def test_the_receipt_gives_the_legal_deadlines_of_the_answer_pack(client):
    begin(client)
    client.post(WHERE["services"], {"service_stopped": "no"})
    with time_machine.travel(NOW, tick=False):
        known = {"breach_known_date": "2026-11-24", "breach_known_time": "08:00"}
        client.post(WHERE["donnees"], {"data_concerned": "yes"} | known)
        client.post(WHERE["rappel"], {"contact_phone": "02 99 00 00 00"})
        page = read_text(client.get("/declarer/envoyee/"))
    incident = Incident.objects.get()
    cnil, _persons, complaint = build_answer_pack(incident, at=NOW)["duties"]
    assert cnil["by"].startswith("D’après ce qui est déclaré")
    for duty in (cnil, complaint):
        line = " ".join(f"{duty['title']}. {duty['by']}".replace(NBSP, " ").split())
        assert line in page
    assert "Les conditions et les sources : le dossier de réponse" in page


def test_the_page_gives_the_legal_deadlines_of_the_answer_pack(client):
    breizh_cyber()
    incident = declare(data_concerned="yes")
    type(incident).objects.update(breach_known_at=timezone.datetime.fromisoformat("2026-10-23T08:10Z"))
    open_by_link(client, incident)
    content = read_text(client.get(f"/suivi/{incident.reference}/"))
    assert (
        "Prévenir la CNIL. D’après ce qui est déclaré : avant le lundi 26 octobre 2026 à 9 h 10, heure de Paris."
        in content
    )
    assert "Porter plainte, si vous êtes assurés. Les 72 heures partent du moment où vous l’avez su." in content


def test_a_breakdown_without_data_shows_no_legal_deadline(client):
    breizh_cyber()
    incident = declare(type="panne", data_concerned="no")
    open_by_link(client, incident)
    assert "72 heures" not in read_text(client.get(f"/suivi/{incident.reference}/"))
