"""A responder is removed while their pages are open: the very next request opens nothing and writes nothing."""

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Membership, User
from accounts.tokens import issue_token
from incidents.enums import ActorKind, ClosingReason, EventKind
from incidents.models import IncidentEvent, Message, Opening, Reading, SeverityChoice, Transfer
from incidents.services.correspondence.correspond import Letter, write_to_declarant
from incidents.services.handling.assign import assign_incident
from incidents.services.handling.triage import acknowledge_incident, close_incident
from incidents.services.transfer.proposal import ask_transfer
from tests.cast import a_lead, a_piece, a_responder, breizh_cyber, declare
from tests.incidents.desk import url
from tests.incidents.devices import opened, page
from tests.incidents.transferring import agreed, agreed_on_page, another_centre, as_person, offer_url
from tests.reading import text

pytestmark = pytest.mark.django_db
QUEUE = "/admin/incidents/incident/"
LISTS = (QUEUE, f"{QUEUE}transferts/", "/admin/notifications/delivery/", "/triage/saisir/")


@pytest.fixture
def responder():
    return a_responder(breizh_cyber())


@pytest.fixture
def incident(responder):
    return declare()


def removed(person):
    """As the administrator does it in the admin: the role ends today."""
    Membership.objects.filter(user=person).update(ended_on=timezone.localdate())


def closed(person):
    User.objects.filter(pk=person.pk).update(is_active=False)


def is_refused(response):
    return response.status_code == 404 or response.get("Location", "").startswith(("/connexion/", "/admin/login/"))


@pytest.mark.parametrize("end", [removed, closed])
def test_it_works(responder, incident, end):
    """Whoever had the page of the case open cannot read it again, nor send from it."""
    client = as_person(responder)
    assert client.get(url(incident)).status_code == 200
    before = IncidentEvent.objects.count(), Reading.objects.values_list("last_at", flat=True)[0]
    end(responder)

    assert is_refused(client.get(url(incident)))
    for part, said in (
        ("message", {"text": "Bonjour", "key": "k"}),
        ("gravite", {"severity": "2", "motive": "Parce que."}),
        ("prendre", {}),
        ("clore", {"raison": "resolved"}),
        ("code", {}),
        ("transfert", {"taker": "loin-cyber", "motive": "Loin"} | agreed_on_page(incident)),
        ("avis", {"partner": "cert-fr", "motive": "Loin", "envoyer": "1"}),
    ):
        assert is_refused(client.post(url(incident, part), said)), part
    assert is_refused(client.post(f"/triage/{incident.reference}/"))
    assert (IncidentEvent.objects.count(), Reading.objects.values_list("last_at", flat=True)[0]) == before
    assert not Message.objects.exists()
    assert not SeverityChoice.objects.exists()
    assert not Transfer.objects.exists()


@pytest.mark.parametrize("end", [removed, closed])
def test_every_other_page_too(responder, incident, end):
    another_centre()
    piece = a_piece(incident)
    client, token = as_person(responder), issue_token(responder, name="essai")
    end(responder)

    for address in (
        *LISTS,
        f"/triage/{incident.reference}/",
        f"/triage/{incident.reference}/pieces/{piece.uid}/",
        f"/suivi/{incident.reference}/",
        f"/suivi/{incident.reference}/pieces/bordereau/",
    ):
        assert is_refused(client.get(address)), address
    answer = Client().get(f"/api/v1/incidents/{incident.reference}/", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code in (401, 404)
    assert not Opening.objects.exists()


def test_who_was_to_answer_a_transfer_answers_no_more(responder, incident):
    taker = a_responder(another_centre())
    transfer = ask_transfer(
        reference=incident.reference,
        taker="loin-cyber",
        motive="Loin",
        actor=responder,
        seen="",
        agreement=agreed(incident),
    )
    client = as_person(taker)
    assert client.get(offer_url(transfer)).status_code == 200
    removed(taker)

    assert is_refused(client.get(offer_url(transfer)))
    assert is_refused(client.post(offer_url(transfer, "accepter")))
    incident.refresh_from_db()
    assert incident.csirt.slug == "breizh-cyber"


def test_who_gave_a_case_away_reads_it_no_more(responder, incident):
    taker = a_responder(another_centre())
    transfer = ask_transfer(
        reference=incident.reference,
        taker="loin-cyber",
        motive="Loin",
        actor=responder,
        seen="",
        agreement=agreed(incident),
    )
    as_person(taker).post(offer_url(transfer, "accepter"))
    client = as_person(responder)
    assert client.get(offer_url(transfer, "dossier")).status_code == 200
    removed(responder)
    assert is_refused(client.get(offer_url(transfer, "dossier")))
    assert is_refused(client.post(url(incident, "message"), {"text": "Bonjour"}))


def test_who_moved_to_another_centre_keeps_that_one_only(responder, incident):
    elsewhere = another_centre()
    client = as_person(responder)
    removed(responder)
    Membership.objects.create(user=responder, role="responder", csirt=elsewhere)

    assert client.get("/admin/incidents/incident/").status_code == 200
    assert client.get(url(incident)).status_code == 404
    assert client.post(url(incident, "message"), {"text": "Bonjour"}).status_code == 404
    assert not IncidentEvent.objects.filter(actor_kind=ActorKind.USER).exists()


def test_what_they_did_stays_in_their_name(responder, incident):
    as_person(responder).post(url(incident, "prendre"))
    removed(responder)
    colleague = a_responder()
    assert str(responder) in as_person(colleague).get(url(incident)).content.decode()


@pytest.mark.parametrize("end", [removed, closed])
def test_the_cases_of_whoever_left_are_nobodys_in_every_list(responder, incident, end):
    """And on every page: nothing in the row of the case is changed, so that a role that comes back finds it again."""
    acknowledge_incident(reference=incident.reference, actor=responder)
    colleague = as_person(a_responder(breizh_cyber()))
    without, name = f"{QUEUE}?etat=sans-responsable", responder.display_name
    assert incident.reference not in colleague.get(without).content.decode()
    assert name in colleague.get(f"{QUEUE}?etat=ouverts").content.decode()
    assert f"{name}, Breizh Cyber" in text(opened(incident).get(page(incident)))
    end(responder)

    assert incident.reference in colleague.get(without).content.decode()
    assert name not in colleague.get(f"{QUEUE}?etat=ouverts").content.decode()
    found = colleague.get(f"{QUEUE}recherche/", {"q": "resp:personne"}).content.decode()
    assert incident.reference in found
    assert name not in found
    head = text(colleague.get(url(incident)))
    assert f"{name} s’en occupe" not in head
    assert f"À prendre Personne ne s’en occupe : {name}, qui a ce dossier, ne travaille plus au centre." in head
    status = text(opened(incident).get(page(incident)))
    assert "a lu votre déclaration" in status
    assert "Personne ne s’en occupe pour le moment" in status

    Membership.objects.filter(user=responder).update(ended_on=None)
    User.objects.filter(pk=responder.pk).update(is_active=True)
    assert incident.reference not in colleague.get(without).content.decode()


@pytest.mark.parametrize("end", [removed, closed])
def test_the_cases_of_whoever_left_are_to_be_taken_everywhere(responder, incident, end):
    acknowledge_incident(reference=incident.reference, actor=responder)
    newcomer = a_responder(breizh_cyber())
    colleague, to_take = as_person(newcomer), f"{QUEUE}?etat=a-prendre"
    button = f'name="prendre" value="{incident.reference}"'
    assert incident.reference not in colleague.get(to_take).content.decode()
    assert incident.reference in colleague.get(f"{QUEUE}recherche/", {"q": "etat:pris"}).content.decode()
    write_to_declarant(reference=incident.reference, actor=responder, letter=Letter(text="Bonjour", key="k"))
    end(responder)

    assert button in colleague.get(to_take).content.decode()
    row = colleague.get(to_take).content.decode().partition("data-reference")[2]
    assert 'class="row__clock">prendre avant' in row
    (view,) = (one for one in colleague.get(to_take).context["views"] if one["view"].code == "a-prendre")
    assert view["count"] == "1"
    found = colleague.get(f"{QUEUE}recherche/", {"q": "etat:prendre"}).content.decode()
    assert incident.reference in found
    assert incident.reference not in colleague.get(f"{QUEUE}recherche/", {"q": "etat:pris"}).content.decode()
    telephone = colleague.get(f"/triage/{incident.reference}/").content.decode()
    assert "À prendre" in telephone
    assert "Prendre en charge</button>" in telephone
    assert "prendre/" in colleague.get(url(incident)).content.decode()

    for _ in range(2):
        colleague.post(url(incident, "prendre"))
    incident.refresh_from_db()
    assert incident.assignee == newcomer
    assert incident.events.filter(kind=EventKind.ASSIGNED).count() == 1
    assert incident.reference not in colleague.get(to_take).content.decode()
    assert f"{newcomer.display_name}, Breizh Cyber" in text(opened(incident).get(page(incident)))


def test_whoever_took_it_first_does_not_have_what_a_colleague_has_since(responder, incident):
    acknowledge_incident(reference=incident.reference, actor=responder)
    former, newcomer = a_responder(breizh_cyber()), a_responder(breizh_cyber())
    assign_incident(reference=incident.reference, actor=responder, assignee=former)
    removed(former)
    as_person(newcomer).post(url(incident, "prendre"))

    answer = as_person(responder).post(url(incident, "prendre"), follow=True)
    assert "Vous avez pris ce dossier" not in text(answer)
    assert f"{newcomer} s’occupe de ce dossier." in text(answer)
    telephone = text(as_person(newcomer).get(f"/triage/{incident.reference}/"))
    assert f"Pris en charge par {newcomer}" in telephone
    assert str(responder) not in telephone


def test_a_closed_case_stays_that_of_whoever_had_it(responder, incident):
    acknowledge_incident(reference=incident.reference, actor=responder)
    close_incident(reference=incident.reference, reason=ClosingReason.RESOLVED, why="Vu.", actor=responder)
    removed(responder)
    found = as_person(a_responder(breizh_cyber())).get(f"{QUEUE}recherche/", {"q": "resp:personne"})
    assert incident.reference not in found.content.decode()


def test_whoever_removes_somebody_reads_how_many_cases_are_left(responder, incident):
    lead = as_person(a_lead())
    asked = f"/equipe/{responder.uid}/retirer/"
    assert "sans responsable" not in text(lead.get(asked))
    for each in (incident, declare()):
        acknowledge_incident(reference=each.reference, actor=responder)
    assert "Cette personne a 2 dossiers ouverts. Ils seront sans responsable" in text(lead.get(asked))
