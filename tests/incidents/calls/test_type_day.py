"""A responder types days and hours in the sheet of a call."""

import re
from zoneinfo import ZoneInfo

import pytest

from accounts.models import User
from collectivities.models import Collectivity
from incidents.models import Incident
from tests.cast import a_responder, breizh_cyber, plouexemple

URL = "/triage/saisir/"


@pytest.fixture
def call_taker(db: None) -> User:
    breizh_cyber()
    plouexemple()
    return a_responder()


def build_call_fields(**changes):
    return {"cle": "k" * 43, "body": "29999", "type": "rancon", "contact_phone": "02 99 00 00 00"} | changes


@pytest.mark.parametrize(
    ("text", "day"),
    [("28/11", "2026-11-28"), ("29/11", "2026-11-29"), ("30/12", "2025-12-30"), ("1.3", "2026-03-01")],
)
def test_a_day_without_its_year_is_the_nearest_past_one(client, call_taker, time_machine, text, day):
    time_machine.move_to("2026-11-29 08:00:00+00:00")
    client.force_login(call_taker)
    client.post(URL, build_call_fields(occurred_date=text))
    assert Incident.objects.get().occurred_at.astimezone(ZoneInfo("Europe/Paris")).date().isoformat() == day


def test_today_without_its_year_is_today_where_the_body_is(client, call_taker, time_machine):
    """In Nouméa it is the 29th already, and still the 28th in Paris."""
    time_machine.move_to("2026-11-28 20:00:00+00:00")
    client.force_login(call_taker)
    uid = str(Collectivity.objects.get(insee_code="98818").uid)
    noumea = {"body": "Nouméa", "body_asked": "Nouméa", "collectivite": uid, "occurred_date": "29/11"}
    page = client.post(URL, build_call_fields(**noumea))
    centre = re.search(r'name="ailleurs" value="([^"]+)"', page.content.decode())[1]
    client.post(URL, build_call_fields(**noumea, ailleurs=centre))
    assert Incident.objects.get().occurred_at.isoformat() == "2026-11-28T13:00:00+00:00"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("30/11", "Cette date est à venir. Écrivez aussi l’année"),
        ("05/12", "Cette date est à venir. Écrivez aussi l’année"),
        ("31/02", "Ce jour n’existe pas"),
    ],
)
def test_a_day_without_its_year_that_may_be_a_slip_is_refused(client, call_taker, time_machine, text, reason):
    time_machine.move_to("2026-11-29 08:00:00+00:00")
    client.force_login(call_taker)
    page = client.post(URL, build_call_fields(occurred_date=text))
    assert page.status_code == 422
    assert reason in page.content.decode()
    assert not Incident.objects.exists()


def test_an_hour_that_was_typed_is_not_called_approximate(client, call_taker):
    client.force_login(call_taker)
    client.post(URL, build_call_fields(occurred_date="23/11/2025", occurred_time="5h10", detected_date="24/11/2025"))
    incident = Incident.objects.get()
    assert (incident.occurred_certainty, incident.detected_certainty) == ("exact", "approximate")
