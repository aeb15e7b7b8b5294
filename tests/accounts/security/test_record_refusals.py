"""What the site refuses to a person, and what people take away, are security events."""

import re

import pytest
from django.test import Client

from accounts.models import SecurityEvent
from accounts.security.pseudonyms import pseudonymise_account
from accounts.services import invitations
from collectivities.models import Collectivity
from csirts.models import Csirt
from incidents.bodies import views as body_views
from incidents.declare import bot_limits
from incidents.papers import cards
from incidents.services.papers.making import make_due_papers
from tests.accounts.security.events import is_about, list_events
from tests.cast import a_lead, a_responder, an_agent, an_evidence_file, breizh_cyber, declare, plouexemple
from tests.factories.accounts import make_api_token
from tests.factories.collectivities import make_fake_siren
from tests.incidents.devices import open_by_link
from tests.incidents.evidence_files import evidence_url
from tests.routes import list_route_names

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]


def a_neighbour():
    """Return a responder of another centre."""
    return a_responder(Csirt.objects.get_or_create(slug="ailleurs", defaults={"name": "Ailleurs"})[0])


def test_a_page_that_is_not_open_to_a_person_is_recorded(client):
    lead = a_lead()
    client.get("/admin/accounts/user/")
    assert list_events() == [], "nobody is signed in"
    client.force_login(lead)
    assert client.get("/admin/accounts/user/").status_code == 403
    assert list_events() == [("access_refused", "refused", "admin:accounts_user_changelist")]
    assert is_about(lead)


def test_an_act_of_the_api_without_right_is_recorded():
    incident = declare()
    agent = an_agent(incident.collectivity)
    token = {"Authorization": f"Bearer {make_api_token(agent)}"}
    address = f"/api/v1/incidents/{incident.reference}/acknowledge/"
    assert Client().post(address, headers=token).status_code == 403
    assert list_events() == [("access_refused", "refused", "api_acknowledge")]
    assert is_about(agent)


@pytest.mark.parametrize("is_foreign", [True, False])
def test_a_case_that_a_person_may_not_see_is_recorded_by_each_door(client, is_foreign):
    """The answer, and its cost, are the same as for a case that does not exist; the event tells them apart."""
    reference = declare().reference if is_foreign else "ABCD2345"
    neighbour = a_neighbour()
    client.force_login(neighbour)
    token = {"Authorization": f"Bearer {make_api_token(neighbour)}"}
    answers = [
        client.get(f"/admin/incidents/incident/{reference}/"),
        client.post(f"/admin/incidents/incident/{reference}/prendre/"),
        client.get(f"/suivi/{reference}/"),
        client.get(f"/triage/{reference}/pieces/{neighbour.uid}/"),
        Client().get(f"/api/v1/incidents/{reference}/", headers=token),
        Client().post(f"/api/v1/incidents/{reference}/acknowledge/", headers=token),
    ]
    assert [answer.status_code for answer in answers] == [404] * len(answers)
    assert list_events() == [("case_refused", "refused", "foreign" if is_foreign else "unknown")] * len(answers)
    assert is_about(neighbour)
    assert SecurityEvent.objects.latest("id").csirt == (breizh_cyber() if is_foreign else None)


def test_a_case_that_a_link_opens_is_not_recorded():
    """An agent of another body may follow it by its link."""
    incident = declare()
    agent = an_agent(plouexemple(insee_code="29998", name="Saint-Exemple", stem="saintexemple"))
    device = open_by_link(incident)
    device.force_login(agent)
    assert device.get(f"/suivi/{incident.reference}/").status_code == 200
    assert list_events() == []


def test_a_page_that_nobody_has_is_not_recorded(client):
    client.force_login(a_responder())
    assert client.get("/rien-de-tel/").status_code == 404
    assert list_events() == []


def test_a_forged_form_and_a_malformed_request_are_recorded(client):
    responder = a_responder()
    strict = Client(enforce_csrf_checks=True)
    strict.post("/compte/sessions/autres/terminer/")
    assert list_events() == [], "nobody is signed in: a cookie was lost"
    strict.force_login(responder)
    assert strict.post("/compte/sessions/autres/terminer/").status_code == 403
    assert is_about(responder)
    assert client.post("/connexion/", {f"champ{number}": "" for number in range(1_100)}).status_code == 413
    assert is_about(None)
    assert list_events() == [
        ("form_refused", "refused", "end_other_sessions"),
        ("request_refused", "refused", "login"),
    ]


def propose_body(client):
    number = Collectivity.objects.count()  # two bodies are never the same
    fields = {"kind": "ccas", "name": f"CCAS numéro {number}", "siren": make_fake_siren(number), "town": "29232"}
    return client.post("/declarer/qui/nouvelle/", fields | {"autre": "oui", "confirme": "oui"})


# Each limit that slows strangers: the name of its route, and a request that reaches it.
LIMITS = {
    "declare_type": lambda client: client.post("/declarer/", {"quoi": "rancon", "confirme": "oui"}),
    "declare_new_body": propose_body,
    "declare_resume": lambda client: client.post("/declarer/reprendre/", {"code": "R8WD-K3XP"}),
    "departement_cards": lambda client: client.post("/secours/departement/29/"),
}


@pytest.fixture
def no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each limit be reached by the first request or two."""
    monkeypatch.setattr(bot_limits, "MAX_CONFIRMED_STARTS", 0)
    monkeypatch.setattr(bot_limits, "MAX_WRONG_CODES_OF_ADDRESS", 0)
    monkeypatch.setattr(body_views, "MAX_CONFIRMED_BODIES", 0)
    monkeypatch.setattr(cards, "exceeds_card_limit", lambda *_arguments: True)


@pytest.mark.parametrize("route", LIMITS)
@pytest.mark.usefixtures("no_room")
def test_a_stranger_who_reaches_a_limit_is_recorded_without_a_name(route):
    breizh_cyber()
    plouexemple()
    answers = []
    for device in (Client(), Client()):
        device.get("/declarer/")
        answers.append(LIMITS[route](device).status_code)
    assert answers[-1] == 429
    assert list_events() == [("limit_reached", "refused", route)] * answers.count(429)
    assert is_about(None)


def test_an_account_that_reads_too_fast_is_recorded_by_each_door(client, settings):
    settings.PAGES_A_MINUTE = settings.API_REQUESTS_A_MINUTE = 1
    agent = an_agent()
    client.force_login(agent)
    token = {"Authorization": f"Bearer {make_api_token(agent)}"}
    for status in (200, 429):
        assert client.get("/mes-dossiers/").status_code == status
        assert Client().get("/api/v1/incidents/", headers=token).status_code == status
        assert len(list_events()) == (2 if status == 429 else 0)
    assert list_events() == [("limit_reached", "refused", route) for route in ("own_cases", "api_incidents")]
    assert {event.person for event in SecurityEvent.objects.all()} == {pseudonymise_account(agent)}


def test_too_many_wrong_codes_of_a_case_are_recorded(client):
    incident = declare()
    for _try in range(5):
        client.post("/suivi/", {"reference": incident.reference, "code": "2222-2222-2222"})
    assert list_events() == [("limit_reached", "refused", "follow_up_start")]


def test_files_without_room_are_recorded_at_both_doors(settings):
    incident = declare()
    declarant = open_by_link(incident)
    settings.EVIDENCE_TOTAL_BYTES = 0
    declarant.post(f"/suivi/{incident.reference}/pieces/envoi/", {"nom": "a.bin", "taille": 1})
    assert list_events() == [("limit_reached", "refused", "evidence_start")]


@pytest.mark.parametrize("address", ["/equipe/inviter/", "/equipe/adresse/"])
def test_one_invitation_too_many_is_recorded(lead, client, monkeypatch, address):
    monkeypatch.setattr(invitations, "MAX_INVITATIONS_A_DAY", 0)
    assert client.post(address, {"email": "nour@breizh.example", "csirt": breizh_cyber().pk}).status_code == 422
    assert [event[:2] for event in list_events()] == [("limit_reached", "refused")]
    assert is_about(lead)


def test_one_invitation_to_a_body_too_many_is_recorded(manager, client, monkeypatch):
    monkeypatch.setattr(invitations, "MAX_INVITATIONS_A_DAY", 0)
    client.post(f"/ma-collectivite/{plouexemple().uid}/inviter/", {"email": "nour@plouexemple.example"})
    assert list_events() == [("limit_reached", "refused", "invite_member")]
    assert is_about(manager)


def test_each_name_of_a_route_fits_an_event():
    names = list(list_route_names())
    assert len(names) > 100
    assert [name for name in names if len(name) > 80 or not re.fullmatch(r"[a-z0-9_:.-]+", name.lower())] == []


# What people take away


def test_a_file_of_a_case_that_is_taken_away_is_recorded(client):
    incident = declare()
    piece, responder = an_evidence_file(incident), a_responder()
    client.force_login(responder)
    client.head(evidence_url(piece))
    assert list_events() == [], "a HEAD takes nothing away"
    assert client.get(evidence_url(piece)).status_code == 200
    assert list_events() == [("export", "done", "evidence")]
    assert is_about(responder)
    assert SecurityEvent.objects.get().csirt == breizh_cyber()


def test_an_answer_pack_that_an_account_takes_away_is_recorded():
    incident = declare()
    agent = an_agent(incident.collectivity)
    declarant, colleague = open_by_link(incident), Client()
    colleague.force_login(agent)
    declarant.post(f"/suivi/{incident.reference}/dossier/")
    make_due_papers()
    address = f"/suivi/{incident.reference}/dossier/{incident.papers.get().uid}/"
    assert declarant.get(address).getvalue().startswith(b"%PDF")
    assert list_events() == [], "who holds the link has no account"
    assert colleague.get(address).getvalue().startswith(b"%PDF")
    assert list_events() == [("export", "done", "answer_pack")]
    assert is_about(agent)


def test_exact_figures_that_are_taken_away_are_recorded_and_their_page_is_not(lead, client):
    assert client.get("/statistiques/mon-centre/").status_code == 200
    assert list_events() == []
    for suffix in ("csv", "xlsx"):
        assert client.get(f"/statistiques/mon-centre/chiffres.{suffix}").status_code == 200
    assert list_events() == [("export", "done", "exact_csv"), ("export", "done", "exact_xlsx")]
    assert is_about(lead)
    assert SecurityEvent.objects.latest("id").csirt == breizh_cyber()
