"""A lead invites and removes responders, and tries the mailbox of the centre before cases go there."""

from datetime import timedelta
from html import unescape

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.dispatch import send_due
from accounts.enums import LinkPurpose, MailStatus, Role
from accounts.models import AccessLink, Membership, PendingMail, User
from accounts.services.invitations import MOST_A_DAY
from accounts.tokens import token_of_link
from csirts.models import Csirt
from tests.cast import a_lead, a_person, a_responder, an_agent, breizh_cyber, signed_in

pytestmark = pytest.mark.django_db
NOUR = "nour@breizh.example"
MAILBOX = "astreinte@breizh.example"
PASSWORD = "une phrase assez longue"


@pytest.fixture
def lead(client):
    lead = a_lead()
    client.force_login(lead)
    return lead


def invite(client, email=NOUR):
    return client.post("/equipe/inviter/", {"email": email, "csirt": breizh_cyber().pk}, follow=True)


def address_of(link):
    page = "equipe/adresse/confirmer" if link.purpose == LinkPurpose.CHANNEL else "acces"
    return f"/{page}/{token_of_link(link)}/"


def words(answer):
    return unescape(answer.content.decode()).replace("\N{NO-BREAK SPACE}", " ")


def test_it_works(client, lead, mailoutbox):
    """Invited, joined with a password of one's own, removed; and what was done stays explained."""
    assert "Nour" not in words(client.get("/equipe/"))
    assert NOUR in words(invite(client))
    send_due()
    assert mailoutbox[0].to == [NOUR]
    assert "Breizh Cyber vous invite sur Tocsin" in mailoutbox[0].subject
    link = AccessLink.objects.get()
    assert address_of(link) in mailoutbox[0].body
    nour = User.objects.get(email=NOUR)
    assert nour.memberships == []

    guest = Client()
    assert "Breizh Cyber" in words(guest.get(address_of(link)))
    guest.post(address_of(link), {"password": PASSWORD, "display_name": "Nour Exemple"})

    nour = User.objects.get(email=NOUR)
    assert [(one.role, one.csirt) for one in nour.memberships] == [(Role.RESPONDER, breizh_cyber())]
    assert nour.needs_second_factor
    assert f"/equipe/{nour.uid}/retirer/" in words(client.get("/equipe/"))
    assert "Retirer Nour Exemple ?" in words(client.get(f"/equipe/{nour.uid}/retirer/"))
    assert client.post(f"/equipe/{nour.uid}/retirer/").status_code == 302
    assert User.objects.get(email=NOUR).memberships == []
    assert Membership.objects.get(user=nour).ended_on == timezone.localdate()
    assert client.post(f"/equipe/{nour.uid}/retirer/").status_code == 404


def test_an_agent_who_has_a_password_keeps_it(client, lead):
    agent = an_agent()
    invite(client, agent.email)
    agent_page = Client()
    agent_page.post(address_of(AccessLink.objects.get()), {})
    agent = User.objects.get(pk=agent.pk)
    assert agent.csirt_ids() == {breizh_cyber().pk}
    assert agent.check_password("") is False
    assert agent.has_usable_password()


def test_an_invitation_is_withdrawn(client, lead):
    invite(client)
    link = AccessLink.objects.get()
    client.post(f"/equipe/invitations/{link.user.uid}/retirer/")
    assert PendingMail.objects.get().status == MailStatus.DEAD
    gone = Client().get(address_of(link))
    assert gone.status_code == 404
    assert "L’invitation à rejoindre Breizh Cyber a été retirée" in words(gone)
    assert "Invitations sans réponse" not in words(client.get("/equipe/"))


def test_haste_and_floods_are_told(client, lead):
    invite(client)
    assert "vient de partir" in words(invite(client))
    for number in range(MOST_A_DAY - 1):
        invite(client, f"a{number}@breizh.example")
    assert "Vingt invitations" in words(invite(client, "b@breizh.example"))
    assert AccessLink.objects.count() == MOST_A_DAY


def test_who_is_there_already_is_not_invited(client, lead):
    invite(client, a_responder().email)
    assert not AccessLink.objects.exists()


@pytest.mark.parametrize("role", [Role.LEAD, Role.RESPONDER])
def test_nobody_of_another_centre_and_no_lead_is_removed(client, lead, role):
    elsewhere = Csirt.objects.create(slug="ailleurs", name="Ailleurs")
    scope = breizh_cyber() if role == Role.LEAD else elsewhere
    person = a_person(role, csirt=scope)
    assert client.post(f"/equipe/{person.uid}/retirer/").status_code == 404
    assert client.post("/equipe/inviter/", {"email": NOUR, "csirt": elsewhere.pk}).status_code == 422
    assert client.post("/equipe/adresse/retirer/", {"csirt": elsewhere.pk}).status_code == 404
    assert User.objects.get(pk=person.pk).memberships


# The mailbox


def try_mailbox(client, address=MAILBOX):
    return client.post("/equipe/adresse/", {"email": address, "csirt": breizh_cyber_pk()}, follow=True)


def breizh_cyber_pk():
    return Csirt.objects.get(slug="breizh-cyber").pk


def channel():
    return Csirt.objects.get(slug="breizh-cyber").notification_email


def test_cases_go_to_a_mailbox_once_somebody_there_has_confirmed_it(client, lead, mailoutbox):
    before = channel()
    page = words(try_mailbox(client))
    assert "Un mail d’essai part à astreinte@breizh.example" in page
    assert "Personne n’a encore suivi son lien" in page
    send_due()
    assert mailoutbox[0].to == [MAILBOX]
    link = AccessLink.objects.get()
    assert address_of(link) in mailoutbox[0].body

    assert "confirmez" in words(Client().get(address_of(link)))
    assert channel() == before
    assert "Adresse confirmée" in words(Client().post(address_of(link)))

    assert channel() == MAILBOX
    over = Client().post(address_of(link))
    assert over.status_code == 404
    assert "Il a déjà servi" in words(over)
    client.post("/equipe/adresse/retirer/", {"csirt": breizh_cyber_pk()})
    assert channel() == ""


def test_a_link_of_a_mailbox_opens_no_account(client, lead):
    """Whoever reads the mailbox of the centre does not choose the password of its lead."""
    try_mailbox(client)
    token = token_of_link(AccessLink.objects.get())
    for method in ("get", "post"):
        assert getattr(Client(), method)(f"/acces/{token}/").status_code == 404
    assert User.objects.get(pk=lead.pk).password == lead.password
    invite(client)
    other = token_of_link(AccessLink.objects.get(purpose=LinkPurpose.INVITATION))
    assert Client().post(f"/equipe/adresse/confirmer/{other}/").status_code == 404


def test_only_the_last_mail_confirms_and_only_for_a_lead(client, lead):
    try_mailbox(client)
    first = AccessLink.objects.get()
    try_mailbox(client, "autre@breizh.example")
    second = AccessLink.objects.latest("id")
    assert "Un mail plus récent l’a remplacé" in words(Client().get(address_of(first)))
    Membership.objects.update(ended_on=timezone.localdate())
    assert Client().post(address_of(second)).status_code == 404
    assert channel() not in (MAILBOX, "autre@breizh.example")


def test_an_old_mail_confirms_nothing(client, lead):
    try_mailbox(client)
    with time_machine.travel(timezone.now() + timedelta(days=8)):
        answer = Client().post(address_of(AccessLink.objects.get()))
    assert answer.status_code == 404
    assert "peut en envoyer un autre" in words(answer)


def test_what_is_no_address_is_said(client, lead):
    assert try_mailbox(client, "x").status_code == 422
    assert not PendingMail.objects.exists()


def test_the_menu_of_a_lead_alone_leads_to_the_centre(client, lead):
    for person, is_there in ((lead, True), (a_responder(), False)):
        page = words(signed_in(Client(), person).get("/admin/csirts/csirt/" if is_there else "/admin/", follow=True))
        for address in ("/statistiques/mon-centre/", "/equipe/", "/equipe/adresse/"):
            assert (f'href="{address}"' in page) is is_there
