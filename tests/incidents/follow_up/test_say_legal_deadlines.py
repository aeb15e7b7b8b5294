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


def test_the_receipt_says_that_a_deadline_is_past(client):
    begin(client)
    client.post(WHERE["services"], {"service_stopped": "no"})
    with time_machine.travel(NOW, tick=False):
        known = {"breach_known_date": "2026-11-20", "breach_known_time": "08:00"}
        client.post(WHERE["donnees"], {"data_concerned": "yes"} | known)
        client.post(WHERE["rappel"], {"contact_phone": "02 99 00 00 00"})
        page = read_text(client.get("/declarer/envoyee/"))
    assert "Prévenir la CNIL. Ce délai est passé le lundi 23 novembre 2026 à 8 h 00, heure de Paris." in page


def test_the_page_gives_the_legal_deadlines_that_are_past(client):
    breizh_cyber()
    incident = declare(data_concerned="yes")
    type(incident).objects.update(breach_known_at=timezone.datetime.fromisoformat("2026-10-23T08:10Z"))
    open_by_link(client, incident)
    content = read_text(client.get(f"/suivi/{incident.reference}/"))
    assert (
        "Prévenir la CNIL. Ce délai est passé le lundi 26 octobre 2026 à 9 h 10, heure de Paris. Prévenez-la quand "
        "même, en disant pourquoi (RGPD, article 33)." in content
    )
    assert "Porter plainte, si vous êtes assurés : sous 72 h" in content


def test_a_past_deadline_of_the_complaint_is_said_to_be_past(client):
    breizh_cyber()
    incident = declare(data_concerned="no")
    type(incident).objects.update(attack_known_at=datetime(2026, 10, 23, 8, 10, tzinfo=UTC))
    open_by_link(client, incident)
    late = "Ce délai est passé le lundi 26 octobre 2026 à 9 h 10, heure de Paris. Portez plainte quand même."
    assert f"assurés. {late}" in read_text(client.get(f"/suivi/{incident.reference}/"))
    incident.refresh_from_db()
    [complaint] = build_answer_pack(incident, at=timezone.now())["duties"]
    assert complaint["by"].replace(NBSP, " ") == late


@pytest.mark.parametrize(
    ("now", "beginning"),
    [("2026-10-26T22:59Z", "D’après ce qui est déclaré"), ("2026-10-26T23:00Z", "Ce délai est passé le lundi 26")],
)
def test_a_deadline_counted_from_a_day_is_past_on_the_next_day_of_the_town_hall(now, beginning):
    breizh_cyber()
    incident = declare(data_concerned="yes")
    incident.breach_known_at = datetime(2026, 10, 22, 22, 0, tzinfo=UTC)
    cnil, *_others = build_answer_pack(incident, at=datetime.fromisoformat(now))["duties"]
    assert cnil["by"].startswith(beginning)


def test_a_breakdown_without_data_shows_no_legal_deadline(client):
    breizh_cyber()
    incident = declare(type="panne", data_concerned="no")
    open_by_link(client, incident)
    assert "72 heures" not in read_text(client.get(f"/suivi/{incident.reference}/"))
