"""A day given without an hour stays a day: on pages, in mails, in the file for a partner, in the API."""

import json
import re
from datetime import UTC, date, datetime

import pytest
from time_machine import TimeMachineFixture

from collectivities.zones import PARIS
from incidents.catalogues.partners import PARTNERS
from incidents.facts.shapes import Instant, Interruption
from incidents.models import Incident, ServiceInterruption
from incidents.questions.formatting import format_moment
from incidents.services.handling.close import ClosingReport, close_with_report
from incidents.services.papers.duties import compute_legal_deadline
from incidents.services.partners.advise import AdviceRequest, format_advice
from notifications.facts import describe_case_facts
from tests.cast import breizh_cyber, declare, plouexemple
from tests.factories.accounts import make_api_token
from tests.incidents.devices import follow_up_url, open_by_link
from tests.incidents.triage_pages import case_url
from tests.reading import read_markup

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 28, 5, 0, tzinfo=UTC)
FIRST_MINUTE = datetime(2026, 11, 26, 23, 0, tzinfo=UTC)  # of the 27th, in Paris
AFTERNOON = datetime(2026, 11, 27, 13, 5, 30, tzinfo=UTC)
INVENTED = re.compile(r"\b0.h.00|T23:00")


@pytest.fixture(autouse=True)
def _early_morning(time_machine: TimeMachineFixture) -> None:
    time_machine.move_to(NOW, tick=False)
    breizh_cyber()


def declare_day(**fields):
    """Declare an incident of the 27th that has stopped a service since that day."""
    stopped = Interruption(service="civil", extent="stopped", started_at=FIRST_MINUTE)
    facts = {"occurred": Instant(at=FIRST_MINUTE, certainty="approximate"), "service_stopped": "yes"}
    return declare(**facts | {"interruptions": (stopped,)} | fields)


def assert_no_invented_hour(words):
    assert not INVENTED.search(words)


def test_pages_show_the_day_without_an_hour(client, responder):
    case = declare_day()
    case_text = read_markup(client.get(case_url(case)))
    assert "Survenu</dt><dd>à peu près le 27 nov.<" in case_text
    assert "depuis le 27 nov.<" in case_text
    assert "depuis le vendredi 27 novembre 2026 :" in read_markup(client.get(case_url(case, "cloture")))
    for words in (
        case_text,
        read_markup(client.get(case_url(case, "cloture"))),
        read_markup(open_by_link(case).get(follow_up_url(case))),
    ):
        assert_no_invented_hour(words)


def test_the_current_day_is_shown_as_today(client, responder):
    first_minute = datetime(2026, 11, 27, 23, 0, tzinfo=UTC)
    case = declare_day(occurred=Instant(at=first_minute, certainty="approximate"), interruptions=())
    assert "Survenu</dt><dd>à peu près aujourd’hui<" in read_markup(client.get(case_url(case)))


def test_the_file_for_a_partner_has_a_day_without_an_hour(responder):
    case = declare_day(detected=Instant(at=AFTERNOON, certainty="exact"))
    content = format_advice(case, PARTNERS["cert-fr"], AdviceRequest(partner="cert-fr", motive="Alerte"))
    facts = json.loads(content)
    assert facts["moments"]["occurred"] == "2026-11-27"
    assert facts["moments"]["detected"] == "2026-11-27T13:05:30+00:00"
    assert (facts["services"][0]["from"], facts["services"][0]["to"]) == ("2026-11-27", None)
    assert_no_invented_hour(content)


def test_an_exact_midnight_keeps_its_hour(responder):
    case = declare_day(occurred=Instant(at=FIRST_MINUTE, certainty="exact"))
    content = format_advice(case, PARTNERS["cert-fr"], AdviceRequest(partner="cert-fr", motive="Alerte"))
    assert json.loads(content)["moments"]["occurred"] == "2026-11-26T23:00:00+00:00"


def call_api(client, responder, method, path, data=None):
    headers = {"Authorization": f"Bearer {make_api_token(responder)}"}
    client.logout()
    return getattr(client, method)(path, data, content_type="application/json", headers=headers).json()


def test_the_api_returns_a_day(client, responder):
    case = declare_day(detected=Instant(at=AFTERNOON, certainty="exact"))
    body = call_api(client, responder, "get", f"/api/v1/incidents/{case.reference}/")
    assert (body["occurred_at"], body["breach_known_at"]) == ("2026-11-27", None)
    assert body["detected_at"] == "2026-11-27T14:05:30+01:00"
    assert (body["interruptions"][0]["started_at"], body["interruptions"][0]["ended_at"]) == ("2026-11-27", None)


def test_the_api_accepts_a_day(client, responder):
    stops = {"service": "civil", "started_at": "2026-11-27T13:05:30Z", "ended_at": "2026-11-27"}
    declaration = {
        "collectivity": str(plouexemple().uid),
        "contact": {"phone": "06 39 98 00 12"},
        "occurred_at": "2026-11-27",
        "detected_at": "2026-11-27T13:05:30Z",
        "service_stopped": "yes",
        "interruptions": [stops],
    }
    call_api(client, responder, "post", "/api/v1/incidents/", declaration)
    case = Incident.objects.get()
    assert (case.occurred_at, case.occurred_certainty) == (FIRST_MINUTE, "approximate")
    assert (case.detected_at, case.detected_certainty) == (AFTERNOON, "exact")
    body = call_api(client, responder, "get", f"/api/v1/incidents/{case.reference}/")
    assert body["interruptions"][0]["ended_at"] == "2026-11-27"
    wrong = call_api(client, responder, "post", "/api/v1/incidents/", declaration | {"occurred_at": "2026-13-27"})
    assert "occurred_at" in json.dumps(wrong)


@pytest.mark.parametrize("started_at", [FIRST_MINUTE, AFTERNOON])
def test_a_service_may_resume_on_the_day_of_the_stop(client, responder, started_at):
    case = declare_day(interruptions=(Interruption(service="civil", extent="stopped", started_at=started_at),))
    ending = ClosingReport(reason="handed_over", handed_to="la DSI", ended={"civil": FIRST_MINUTE})
    close_with_report(reference=case.reference, actor=responder, ending=ending)
    assert ServiceInterruption.objects.get().ended_at == started_at
    assert "repris le 27 nov.<" in read_markup(client.get(case_url(case)))
    assert "Repris le vendredi 27 novembre 2026<" in read_markup(open_by_link(case).get(follow_up_url(case)))
    assert describe_case_facts(Incident.objects.get())["services"][0]["until"] == date(2026, 11, 27)


def test_a_service_may_resume_in_the_minute_of_the_stop(responder):
    case = declare_day(interruptions=(Interruption(service="civil", extent="stopped", started_at=AFTERNOON),))
    ending = ClosingReport(reason="handed_over", handed_to="la DSI", ended={"civil": AFTERNOON.replace(second=0)})
    close_with_report(reference=case.reference, actor=responder, ending=ending)
    assert ServiceInterruption.objects.get().ended_at == AFTERNOON


def test_a_service_may_not_resume_on_the_day_before_the_stop(client, responder):
    case = declare_day()
    form = {"reason": "handed_over", "handed_to": "la DSI", "ended_civil_date": "2026-11-26"}
    answer = client.post(case_url(case, "cloture"), form)
    assert "La reprise ne peut pas précéder l’arrêt." in read_markup(answer)
    assert ServiceInterruption.objects.get().ended_at is None


def test_a_time_limit_counted_from_a_day_ends_on_a_day_when_the_clock_changes():
    from_day = compute_legal_deadline(datetime(2026, 10, 23, 22, 0, tzinfo=UTC), PARIS)
    assert format_moment(from_day, PARIS) == "mardi 27 octobre 2026"
    from_hour = compute_legal_deadline(datetime(2026, 10, 24, 7, 30, tzinfo=UTC), PARIS)
    assert format_moment(from_hour, PARIS).replace("\N{NO-BREAK SPACE}", " ") == "mardi 27 octobre 2026 à 8 h 30"
