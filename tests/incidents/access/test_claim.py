"""Taking into an account a declaration that was made without one."""

import pytest

from accounts.enums import Role
from incidents.enums import Verification
from incidents.services.declarant.access import rotate_access_by_responder
from incidents.services.handling.verify import verify_incident
from stats import services as figures
from stats.models import CaseFact
from tests.cast import a_person, a_responder, an_agent, declare, plouexemple
from tests.incidents.devices import follow_up_url, open_by_link, sign_in_as
from tests.reading import read_text


def open_with_link(user, incident):
    client = open_by_link(incident)
    client.force_login(user)
    return client


def claim(client, incident):
    return client.post(follow_up_url(incident, "rattacher"))


def test_an_agent_claims_a_case_into_their_account(incident):
    agent = an_agent()
    client = open_with_link(agent, incident)
    assert "Rattacher à mon compte" in read_text(client.get(follow_up_url(incident)))

    assert claim(client, incident)["Location"] == follow_up_url(incident)

    incident.refresh_from_db()
    assert (incident.claimed_by, incident.verification) == (agent, Verification.MEMBER)
    assert incident.verified_at == incident.claimed_at
    event = incident.events.latest("id")
    assert (event.kind, event.actor) == ("claimed", agent)
    content = read_text(client.get(follow_up_url(incident)))
    assert f"{agent.display_name} a rattaché la déclaration à son compte" in content
    assert "Non vérifiée" not in content
    assert "Rattacher à mon compte" not in content
    figures.fold_new_events()
    assert CaseFact.objects.get(incident_id=incident.pk).is_verified


def test_claiming_takes_both_the_link_and_the_account(incident):
    assert claim(sign_in_as(an_agent()), incident).status_code == 404
    assert claim(open_by_link(incident), incident).status_code == 404
    assert "Rattacher à mon compte" not in read_text(sign_in_as(an_agent()).get(follow_up_url(incident)))
    assert "Se connecter" in read_text(open_by_link(incident).get(follow_up_url(incident)))
    incident.refresh_from_db()
    assert incident.claimed_at is None


def test_a_link_that_was_replaced_claims_nothing(incident):
    client = open_with_link(an_agent(), incident)
    rotate_access_by_responder(reference=incident.reference, actor=a_responder())
    assert claim(client, incident).status_code == 404


def test_another_case_s_link_claims_nothing(incident):
    client = open_with_link(an_agent(), declare())
    assert claim(client, incident).status_code == 404


@pytest.mark.parametrize("who", ["neighbour", "responder", "administrator"])
def test_people_outside_the_body_claim_nothing(incident, who):
    neighbour = plouexemple(insee_code="29998", name="Saint-Exemple", stem="saintexemple")
    people = {
        "neighbour": lambda: an_agent(neighbour),
        "responder": a_responder,
        "administrator": lambda: a_person(Role.ADMINISTRATOR),
    }
    client = open_with_link(people[who](), incident)
    assert claim(client, incident).status_code == 403
    assert "Rattacher à mon compte" not in read_text(client.get(follow_up_url(incident)))
    assert incident.events.count() == 1


def test_only_the_first_claim_counts_and_the_verification_by_call_remains(incident):
    verify_incident(reference=incident.reference, actor=a_responder())
    first = an_agent()
    for agent in (first, an_agent()):
        assert claim(open_with_link(agent, incident), incident).status_code == 302
    incident.refresh_from_db()
    assert (incident.claimed_by, incident.verification) == (first, Verification.CALL_BACK)
    assert incident.events.filter(kind="claimed").count() == 1


def test_a_withdrawn_case_is_claimed_by_nobody(incident):
    client = open_with_link(an_agent(), incident)
    client.post(follow_up_url(incident, "retirer"), {"text": "", "key": "k"})
    assert "Rattacher à mon compte" not in read_text(client.get(follow_up_url(incident)))
    refused = claim(client, incident)
    assert refused.status_code == 422
    assert "Elle a été retirée." in read_text(refused)
    incident.refresh_from_db()
    assert incident.claimed_at is None
    assert not incident.events.filter(kind="claimed").exists()
