"""A responder whose role ends while their pages are open reads and writes nothing from the next request on."""

import pytest
from django.test import Client
from django.utils import timezone
from selectolax.lexbor import LexborHTMLParser

from accounts.enums import Role
from accounts.models import Membership, User
from incidents.enums import ActorKind, ClosingReason, EventKind, Status
from incidents.models import Incident, IncidentEvent, Message, Opening, Reading, SeverityChoice, Transfer
from incidents.services.correspondence.correspond import Letter, write_to_declarant
from incidents.services.handling.acknowledge import acknowledge_incident
from incidents.services.handling.assign import assign_incident
from incidents.services.handling.close import close_incident
from incidents.services.transfer.proposal import create_proposal
from tests.cast import a_lead, a_person, a_responder, an_evidence_file, breizh_cyber, declare
from tests.factories.accounts import make_api_token
from tests.incidents.devices import QUEUE, follow_up_url, open_by_link, sign_in_as
from tests.incidents.transferring import create_other_centre, make_agreement, make_agreement_fields, offer_url
from tests.incidents.triage_pages import case_url
from tests.reading import read_text

pytestmark = pytest.mark.django_db
LISTS = (QUEUE, f"{QUEUE}transferts/", "/admin/notifications/delivery/", "/triage/saisir/")


@pytest.fixture
def leaving_responder() -> User:
    return a_responder(breizh_cyber())


def end_role(person):
    """End the role today, as an administrator does in the admin."""
    Membership.objects.filter(user=person).update(ended_on=timezone.localdate())


def close_account(person):
    User.objects.filter(pk=person.pk).update(is_active=False)


def is_refused(response):
    return response.status_code == 404 or response.get("Location", "").startswith(("/connexion/", "/admin/login/"))


@pytest.mark.parametrize("end", [end_role, close_account])
def test_a_former_responder_neither_reads_nor_writes_on_a_case(leaving_responder, incident, end):
    client = sign_in_as(leaving_responder)
    assert client.get(case_url(incident)).status_code == 200
    before = IncidentEvent.objects.count(), Reading.objects.values_list("last_at", flat=True)[0]
    end(leaving_responder)

    assert is_refused(client.get(case_url(incident)))
    for part, fields in (
        ("message", {"text": "Bonjour", "key": "k"}),
        ("gravite", {"severity": "2", "motive": "Parce que."}),
        ("prendre", {}),
        ("clore", {"raison": "resolved"}),
        ("code", {}),
        ("transfert", {"taker": "loin-cyber", "motive": "Loin"} | make_agreement_fields(incident)),
        ("avis", {"partner": "cert-fr", "motive": "Loin", "envoyer": "1"}),
    ):
        assert is_refused(client.post(case_url(incident, part), fields)), part
    assert is_refused(client.post(f"/triage/{incident.reference}/"))
    assert (IncidentEvent.objects.count(), Reading.objects.values_list("last_at", flat=True)[0]) == before
    assert not Message.objects.exists()
    assert not SeverityChoice.objects.exists()
    assert not Transfer.objects.exists()


@pytest.mark.parametrize("end", [end_role, close_account])
def test_a_former_responder_opens_no_other_page(leaving_responder, incident, end):
    create_other_centre()
    piece = an_evidence_file(incident)
    client, token = sign_in_as(leaving_responder), make_api_token(leaving_responder)
    end(leaving_responder)

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


def test_a_former_responder_cannot_answer_a_transfer(leaving_responder, incident):
    taker = a_responder(create_other_centre())
    transfer = create_proposal(
        reference=incident.reference,
        taker="loin-cyber",
        motive="Loin",
        actor=leaving_responder,
        seen="",
        agreement=make_agreement(incident),
    )
    client = sign_in_as(taker)
    assert client.get(offer_url(transfer)).status_code == 200
    end_role(taker)

    assert is_refused(client.get(offer_url(transfer)))
    assert is_refused(client.post(offer_url(transfer, "accepter")))
    incident.refresh_from_db()
    assert incident.csirt.slug == "breizh-cyber"


def test_a_former_responder_cannot_read_a_case_they_transferred(leaving_responder, incident):
    taker = a_responder(create_other_centre())
    transfer = create_proposal(
        reference=incident.reference,
        taker="loin-cyber",
        motive="Loin",
        actor=leaving_responder,
        seen="",
        agreement=make_agreement(incident),
    )
    sign_in_as(taker).post(offer_url(transfer, "accepter"))
    client = sign_in_as(leaving_responder)
    assert client.get(offer_url(transfer, "dossier")).status_code == 200
    end_role(leaving_responder)
    assert is_refused(client.get(offer_url(transfer, "dossier")))
    assert is_refused(client.post(case_url(incident, "message"), {"text": "Bonjour"}))


def test_a_responder_who_moved_works_in_the_new_centre_only(leaving_responder, incident):
    new_centre = create_other_centre()
    client = sign_in_as(leaving_responder)
    end_role(leaving_responder)
    Membership.objects.create(user=leaving_responder, role="responder", csirt=new_centre)

    assert client.get("/admin/incidents/incident/").status_code == 200
    assert client.get(case_url(incident)).status_code == 404
    assert client.post(case_url(incident, "message"), {"text": "Bonjour"}).status_code == 404
    assert not IncidentEvent.objects.filter(actor_kind=ActorKind.USER).exists()


def test_acts_of_a_former_responder_keep_their_name(leaving_responder, incident):
    sign_in_as(leaving_responder).post(case_url(incident, "prendre"))
    end_role(leaving_responder)
    colleague = a_responder()
    assert str(leaving_responder) in sign_in_as(colleague).get(case_url(incident)).content.decode()


@pytest.mark.parametrize("end", [end_role, close_account])
def test_cases_of_a_former_responder_are_unassigned_in_every_list(leaving_responder, incident, end):
    """The row of the case does not change, so that a responder who comes back has it again."""
    acknowledge_incident(reference=incident.reference, actor=leaving_responder)
    colleague = sign_in_as(a_responder(breizh_cyber()))
    unassigned_url, name = f"{QUEUE}?etat=sans-responsable", leaving_responder.display_name
    assert incident.reference not in colleague.get(unassigned_url).content.decode()
    assert name in colleague.get(f"{QUEUE}?etat=ouverts").content.decode()
    assert f"{name}, Breizh Cyber" in read_text(open_by_link(incident).get(follow_up_url(incident)))
    end(leaving_responder)

    assert incident.reference in colleague.get(unassigned_url).content.decode()
    row = read_text(colleague.get(f"{QUEUE}?etat=ouverts"))
    assert row.count(name) == row.count(f"à reprendre : {name} n’est plus au centre") == 1
    matches = colleague.get(f"{QUEUE}recherche/", {"q": "resp:personne"}).content.decode()
    assert incident.reference in matches
    assert name not in matches
    head = read_text(colleague.get(case_url(incident)))
    assert f"{name} s’en occupe" not in head
    assert f"À reprendre Personne ne s’en occupe : {name}, qui a ce dossier, ne travaille plus au centre." in head
    status = read_text(open_by_link(incident).get(follow_up_url(incident)))
    assert "a lu votre déclaration" in status
    assert "Personne ne s’en occupe pour le moment" in status

    Membership.objects.filter(user=leaving_responder).update(ended_on=None)
    User.objects.filter(pk=leaving_responder.pk).update(is_active=True)
    assert incident.reference not in colleague.get(unassigned_url).content.decode()


def test_a_closed_case_of_a_former_responder_is_not_to_be_taken_over(leaving_responder, incident):
    close_incident(reference=incident.reference, reason=ClosingReason.RESOLVED, why="Fini.", actor=leaving_responder)
    end_role(leaving_responder)
    page = read_text(sign_in_as(a_responder(breizh_cyber())).get(case_url(incident)))
    assert "À reprendre" not in page
    assert "ne travaille plus au centre" not in page


@pytest.mark.parametrize("end", [end_role, close_account])
def test_cases_of_a_former_responder_are_to_be_taken_everywhere(leaving_responder, incident, end):
    acknowledge_incident(reference=incident.reference, actor=leaving_responder)
    newcomer = a_responder(breizh_cyber())
    colleague, to_take = sign_in_as(newcomer), f"{QUEUE}?etat=a-prendre"
    button = f'name="prendre" value="{incident.reference}"'
    assert incident.reference not in colleague.get(to_take).content.decode()
    assert incident.reference in colleague.get(f"{QUEUE}recherche/", {"q": "etat:pris"}).content.decode()
    write_to_declarant(reference=incident.reference, actor=leaving_responder, letter=Letter(text="Bonjour", key="k"))
    end(leaving_responder)

    assert button in colleague.get(to_take).content.decode()
    row = colleague.get(to_take).content.decode().partition("data-reference")[2]
    assert 'class="row__clock">reprendre avant' in row
    assert ">Reprendre<" in row
    head = read_text(colleague.get(case_url(incident)))
    assert "reprendre avant" in head
    assert "revoir" not in head
    (view,) = (tab for tab in colleague.get(to_take).context["views"] if tab["view"].code == "a-prendre")
    assert view["count"] == "1"
    matches = colleague.get(f"{QUEUE}recherche/", {"q": "etat:prendre"}).content.decode()
    assert incident.reference in matches
    assert incident.reference not in colleague.get(f"{QUEUE}recherche/", {"q": "etat:pris"}).content.decode()
    telephone_page = colleague.get(f"/triage/{incident.reference}/").content.decode()
    assert "À reprendre" in telephone_page
    assert "Prendre en charge</button>" in telephone_page
    assert "prendre/" in colleague.get(case_url(incident)).content.decode()

    for _ in range(2):
        colleague.post(case_url(incident, "prendre"))
    incident.refresh_from_db()
    assert incident.assignee == newcomer
    assert incident.events.filter(kind=EventKind.ASSIGNED).count() == 1
    assert incident.reference not in colleague.get(to_take).content.decode()
    assert f"{newcomer.display_name}, Breizh Cyber" in read_text(open_by_link(incident).get(follow_up_url(incident)))


def test_view_mark_and_button_agree_on_the_cases_to_take_over(leaving_responder, colleague):
    """A case is to be taken over whether its former assignee had taken it or was still to take it."""
    free, followed, taken, only_assigned, without_assignee = cases = [declare() for _ in range(5)]
    acknowledge_incident(reference=followed.reference, actor=colleague)
    for case in (taken, without_assignee):
        acknowledge_incident(reference=case.reference, actor=leaving_responder)
    assign_incident(reference=only_assigned.reference, actor=colleague, assignee=leaving_responder)
    assign_incident(reference=followed.reference, actor=colleague, assignee=colleague)
    end_role(leaving_responder)
    Incident.objects.filter(pk=without_assignee.pk).update(assignee=None)
    client, expected = sign_in_as(colleague), {taken.reference, only_assigned.reference, without_assignee.reference}

    lines = {row.reference: row for row in client.get(QUEUE).context["rows"]}
    view = {row.reference for row in client.get(f"{QUEUE}?etat=a-reprendre").context["rows"]}
    page = LexborHTMLParser(client.get(QUEUE).content.decode())
    buttons = {
        button.attributes["value"]
        for button in page.css("button[name=prendre]")
        if button.text(deep=False).strip() == "Reprendre"
    }
    marked = {reference for reference, line in lines.items() if "à reprendre" in " ".join(line.marks)}
    on_pages = {case.reference for case in cases if "Reprenez ce dossier" in read_text(client.get(case_url(case)))}
    on_telephones = {
        case.reference for case in cases if "À reprendre" in read_text(client.get(f"/triage/{case.reference}/"))
    }
    assert view == marked == buttons == on_pages == on_telephones == expected

    for reference in expected:
        client.post(f"{QUEUE}{reference}/prendre/")
    assert {case.status for case in Incident.objects.filter(assignee=colleague)} == {Status.ACKNOWLEDGED}
    assert Incident.objects.filter(assignee=colleague).count() == len(expected) + 1
    assert free.reference in client.get(f"{QUEUE}?etat=a-prendre").content.decode()


def test_the_first_assignee_cannot_take_a_case_back_from_a_colleague(leaving_responder, incident):
    acknowledge_incident(reference=incident.reference, actor=leaving_responder)
    former, newcomer = a_responder(breizh_cyber()), a_responder(breizh_cyber())
    assign_incident(reference=incident.reference, actor=leaving_responder, assignee=former)
    end_role(former)
    sign_in_as(newcomer).post(case_url(incident, "prendre"))

    answer = sign_in_as(leaving_responder).post(case_url(incident, "prendre"), follow=True)
    assert "Vous avez pris ce dossier" not in read_text(answer)
    assert f"{newcomer} s’occupe de ce dossier." in read_text(answer)
    telephone = read_text(sign_in_as(newcomer).get(f"/triage/{incident.reference}/"))
    assert f"Pris en charge par {newcomer}" in telephone
    assert str(leaving_responder) not in telephone


def test_a_closed_case_keeps_its_former_assignee(leaving_responder, incident):
    acknowledge_incident(reference=incident.reference, actor=leaving_responder)
    close_incident(reference=incident.reference, reason=ClosingReason.RESOLVED, why="Vu.", actor=leaving_responder)
    end_role(leaving_responder)
    matches = sign_in_as(a_responder(breizh_cyber())).get(f"{QUEUE}recherche/", {"q": "resp:personne"})
    assert incident.reference not in matches.content.decode()


def test_the_lead_reads_how_many_cases_a_removal_leaves_unassigned(leaving_responder, incident):
    lead = sign_in_as(a_lead())
    address = f"/equipe/{leaving_responder.uid}/retirer/"
    assert "sans responsable" not in read_text(lead.get(address))
    for case in (incident, declare()):
        acknowledge_incident(reference=case.reference, actor=leaving_responder)
    assert "Cette personne a 2 dossiers ouverts. Ils seront sans responsable" in read_text(lead.get(address))


# Whom the cases are left to


def hold_cases(responder, number):
    for _ in range(number):
        acknowledge_incident(reference=declare().reference, actor=responder)


def test_lead_who_removes_a_person_sees_how_many_cases_to_take_over(leaving_responder):
    hold_cases(leaving_responder, 3)
    declare()  # a case that nobody took is not among those to take over
    lead = sign_in_as(a_lead())
    assert "à reprendre" not in read_text(lead.get("/equipe/"))
    removal = {"csirt": breizh_cyber().pk}
    page = lead.post(f"/equipe/{leaving_responder.uid}/retirer/", removal, follow=True)
    assert "3 dossiers à reprendre : les voir" in read_text(page)
    address = f"{QUEUE}?etat=a-reprendre"
    assert f'<a href="{address}">les voir</a>' in page.content.decode()
    assert len(lead.get(address).context["rows"]) == 3
    later = lead.get("/equipe/")
    assert "3 dossiers ouverts à reprendre : personne du centre ne s’en occupe plus. Les voir" in read_text(later)
    assert f'href="{address}">Les voir</a>' in later.content.decode()


def test_administrator_who_closes_accounts_sees_how_many_cases_each_centre_has_to_take_over(leaving_responder):
    hold_cases(leaving_responder, 2)
    hold_cases(a_responder(breizh_cyber()), 1)
    administrator = sign_in_as(a_person(Role.ADMINISTRATOR))
    chosen = {"action": "close_accounts", "_selected_action": [leaving_responder.pk, a_lead().pk], "confirme": "oui"}
    page = read_text(administrator.post("/admin/accounts/user/", chosen, follow=True))
    assert "Breizh Cyber : 2 dossiers ouverts n’ont plus personne." in page
    assert "2 dossiers ouverts à reprendre" in read_text(sign_in_as(a_lead()).get("/equipe/"))


@pytest.mark.parametrize("closes_lead_too", [False, True])
def test_administrator_reads_who_gives_the_orphaned_cases_to_somebody_else(leaving_responder, closes_lead_too):
    hold_cases(leaving_responder, 1)
    people = [leaving_responder.pk, a_lead().pk][: 1 + closes_lead_too]
    administrator = sign_in_as(a_person(Role.ADMINISTRATOR))
    chosen = {"action": "close_accounts", "_selected_action": people, "confirme": "oui"}
    answer = administrator.post("/admin/accounts/user/", chosen, follow=True)
    page = read_text(answer)
    assert ("La page de la personne qui dirige le centre le dit." in page) is not closes_lead_too
    assert ("Ce centre n’a plus de responsable : ouvrez un compte qui le dirige" in page) is closes_lead_too
    link = '<a href="/admin/accounts/user/add/">ouvrez un compte qui le dirige</a>'
    assert (link in answer.content.decode()) is closes_lead_too


def test_administrator_reads_how_many_cases_closing_an_account_orphans_before_closing_it(leaving_responder):
    """The confirmation of the list says it, and so does the box of the account's own page."""
    hold_cases(leaving_responder, 2)
    free = a_responder(breizh_cyber())
    former = a_responder(breizh_cyber())
    hold_cases(former, 1)
    end_role(former)
    administrator = sign_in_as(a_person(Role.ADMINISTRATOR))
    chosen = {"action": "close_accounts", "_selected_action": [leaving_responder.pk, free.pk, former.pk]}
    page = read_text(administrator.post("/admin/accounts/user/", chosen))
    assert "(intervenant d’un CSIRT (Breizh Cyber)) : 2 dossiers ouverts n’auront plus personne" in page
    assert page.count("plus personne") == 1
    warning = "Si vous fermez ce compte, 2 dossiers ouverts n’auront plus personne."
    assert warning in read_text(administrator.get(f"/admin/accounts/user/{leaving_responder.pk}/change/"))
    for other in (free, former):
        assert "plus personne" not in read_text(administrator.get(f"/admin/accounts/user/{other.pk}/change/"))


def test_administrator_who_ends_a_role_sees_how_many_cases_the_centre_has_to_take_over(leaving_responder):
    hold_cases(leaving_responder, 1)
    role = leaving_responder.membership_set.get()
    values = {
        "id": role.pk,
        "user": leaving_responder.pk,
        "role": role.role,
        "csirt": role.csirt_id,
        "collectivity": "",
    }
    values |= {"region": "", "since_on": role.since_on, "ended_on": timezone.localdate()}
    data = {f"membership_set-0-{name}": value for name, value in values.items()}
    data |= {"membership_set-TOTAL_FORMS": 1, "membership_set-INITIAL_FORMS": 1, "is_active": "on"}
    data |= {"email": leaving_responder.email, "display_name": leaving_responder.display_name}
    administrator = sign_in_as(a_person(Role.ADMINISTRATOR))
    page = read_text(administrator.post(f"/admin/accounts/user/{leaving_responder.pk}/change/", data, follow=True))
    assert "Breizh Cyber : 1 dossier ouvert n’a plus personne." in page
