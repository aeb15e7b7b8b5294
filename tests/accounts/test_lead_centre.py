"""A lead invites and removes responders, and tries the mailbox of the centre before cases go there."""

from datetime import timedelta
from html import unescape

import pytest
import time_machine
from django.db.models import Q
from django.test import Client
from django.utils import timezone

from accounts.dispatch import send_due_mails
from accounts.enums import LinkPurpose, MailStatus, Role
from accounts.models import AccessLink, Membership, PendingMail, User
from accounts.services.invitations import MAX_INVITATIONS_A_DAY
from accounts.tokens import derive_link_token
from csirts.models import Csirt
from incidents.services.handling.acknowledge import acknowledge_incident
from tests.accounts.lead_pages import MAILBOX, NOUR, make_link_path, post_invitation
from tests.cast import a_lead, a_person, a_responder, an_agent, breizh_cyber, declare, signed_in

pytestmark = pytest.mark.django_db
PASSWORD = "une phrase assez longue"


def remove(client, person, csirt=None):
    return client.post(f"/equipe/{person.uid}/retirer/", {"csirt": (csirt or breizh_cyber()).pk})


def read_text(answer):
    return unescape(answer.content.decode()).replace("\N{NO-BREAK SPACE}", " ")


def test_lead_invites_a_responder_who_joins_and_is_removed(client, lead, mailoutbox):
    assert "Nour" not in read_text(client.get("/equipe/"))
    assert NOUR in read_text(post_invitation(client))
    send_due_mails()
    assert mailoutbox[0].to == [NOUR]
    assert "Breizh Cyber vous invite sur Tocsin" in mailoutbox[0].subject
    link = AccessLink.objects.get()
    assert make_link_path(link) in (invitation := mailoutbox[0].body)
    assert "choisir votre mot de passe" in invitation
    nour = User.objects.get(email=NOUR)
    assert nour.memberships == []

    guest = Client()
    assert "Breizh Cyber" in read_text(guest.get(make_link_path(link)))
    guest.post(make_link_path(link), {"password": PASSWORD, "display_name": "Nour Exemple"})

    nour = User.objects.get(email=NOUR)
    assert [(row.role, row.csirt) for row in nour.memberships] == [(Role.RESPONDER, breizh_cyber())]
    assert nour.needs_second_factor
    assert f"/equipe/{nour.uid}/retirer/" in read_text(client.get("/equipe/"))
    assert "Retirer Nour Exemple ?" in read_text(client.get(f"/equipe/{nour.uid}/retirer/"))
    assert remove(client, nour).status_code == 302
    assert "Nour Exemple ne voit plus les dossiers du centre." in read_text(client.get("/equipe/"))
    assert Membership.objects.get(user=nour).ended_on == timezone.localdate()
    assert remove(client, nour).status_code == 404


def test_the_team_page_counts_and_links_open_cases(client, lead, django_assert_max_num_queries):
    """The confirmation before a removal links to them too."""
    busy, free = a_responder(), a_responder()
    for _each in range(2):
        acknowledge_incident(reference=declare().reference, actor=busy)
    address = f"/admin/incidents/incident/?de={busy.uid}"
    with django_assert_max_num_queries(12):
        page = read_text(client.get("/equipe/"))
    assert f'href="{address}">2 dossiers ouverts' in page
    assert f"?de={free.uid}" not in page
    assert page.count("Aucun dossier ouvert") == 1
    confirmation = read_text(client.get(f"/equipe/{busy.uid}/retirer/"))
    assert "2 dossiers ouverts" in confirmation
    assert f'href="{address}"' in confirmation
    assert len(client.get(address).context["rows"]) == 2


def test_an_agent_who_has_a_password_keeps_it(client, lead):
    agent = an_agent()
    post_invitation(client, agent.email)
    agent_page = Client()
    agent_page.post(make_link_path(AccessLink.objects.get()), {})
    agent = User.objects.get(pk=agent.pk)
    assert agent.readable_centre_ids == {breizh_cyber().pk}
    assert agent.check_password("") is False
    assert agent.has_usable_password()


def test_a_withdrawn_invitation_is_not_sent_and_opens_nothing(client, lead):
    post_invitation(client)
    link = AccessLink.objects.get()
    client.post(f"/equipe/invitations/{link.user.uid}/retirer/", {"csirt": breizh_cyber_pk()})
    assert PendingMail.objects.get().status == MailStatus.DEAD
    gone = Client().get(make_link_path(link))
    assert gone.status_code == 404
    assert "L’invitation à rejoindre Breizh Cyber a été retirée" in read_text(gone)
    assert "Invitations sans réponse" not in read_text(client.get("/equipe/"))


def test_a_centre_sends_a_bounded_number_of_invitations(client, lead):
    post_invitation(client)
    assert "vient de partir" in read_text(post_invitation(client))
    for number in range(MAX_INVITATIONS_A_DAY - 1):
        post_invitation(client, f"a{number}@breizh.example")
    assert "Vingt invitations" in read_text(post_invitation(client, "b@breizh.example"))
    assert AccessLink.objects.count() == MAX_INVITATIONS_A_DAY


def test_a_member_of_the_team_is_not_invited(client, lead):
    page = read_text(post_invitation(client, a_responder().email))
    assert "déjà de l’équipe" in page
    assert "part par mail" not in page
    assert not AccessLink.objects.exists()


def test_a_closed_account_is_not_invited(client, lead):
    closed = an_agent()
    User.objects.update(is_active=Q(pk=lead.pk))
    page = read_text(post_invitation(client, closed.email))
    assert "Ce compte est fermé" in page
    assert not AccessLink.objects.exists()


def test_each_act_is_confirmed_once(client, lead):
    assert read_text(post_invitation(client)).count("L’invitation part par mail") == 1
    assert read_text(try_mailbox(client)).count("Un mail d’essai part") == 1


# What outlives a role


def test_an_invitation_ends_with_the_role_of_its_sender(client, lead):
    post_invitation(client)
    link = AccessLink.objects.get()
    other = a_lead()
    Membership.objects.filter(user=lead).update(ended_on=timezone.localdate())
    for answer in (Client().get(make_link_path(link)), Client().post(make_link_path(link), {"password": PASSWORD})):
        assert answer.status_code == 404
        assert f"{lead} ne dirige plus Breizh Cyber" in read_text(answer)
        assert "trop ancien" not in read_text(answer)
    assert User.objects.get(email=NOUR).memberships == []
    client.force_login(other)
    assert "Qui l’a envoyée ne dirige plus le centre" in read_text(client.get("/equipe/"))


def test_a_removed_person_does_not_come_back_by_an_older_invitation(client, lead):
    post_invitation(client)
    nour = User.objects.get(email=NOUR)
    Membership.objects.create(user=nour, role=Role.RESPONDER, csirt=breizh_cyber())  # by the administration
    remove(client, nour)
    link = AccessLink.objects.get()
    assert Client().post(make_link_path(link), {"password": PASSWORD, "display_name": "Nour"}).status_code == 404
    assert User.objects.get(email=NOUR).memberships == []
    assert PendingMail.objects.get().status == MailStatus.DEAD


def test_removing_ends_the_role_in_the_chosen_centre_only(client, lead):
    other = Csirt.objects.create(slug="autre", name="Autre Centre")
    person = a_responder()
    Membership.objects.create(user=lead, role=Role.LEAD, csirt=other)
    Membership.objects.create(user=person, role=Role.RESPONDER, csirt=other)
    client.force_login(User.objects.get(pk=lead.pk))
    page = read_text(client.get(f"/equipe/{person.uid}/retirer/"))
    assert page.index("Retirer d’Autre Centre") < page.index("Retirer de Breizh Cyber")
    for hollow in ("", "x", "9" * 5000, "9" * 30, "²"):
        assert client.post(f"/equipe/{person.uid}/retirer/", {"csirt": hollow}).status_code == 404
    assert remove(client, person, other).status_code == 302
    assert User.objects.get(pk=person.pk).readable_centre_ids == {breizh_cyber().pk}


@pytest.mark.parametrize("role", [Role.LEAD, Role.RESPONDER])
def test_nobody_of_another_centre_and_no_lead_is_removed(client, lead, role):
    elsewhere = Csirt.objects.create(slug="ailleurs", name="Ailleurs")
    scope = breizh_cyber() if role == Role.LEAD else elsewhere
    person = a_person(role, csirt=scope)
    assert remove(client, person, scope).status_code == 404
    assert client.post("/equipe/inviter/", {"email": NOUR, "csirt": elsewhere.pk}).status_code == 422
    assert client.post("/equipe/adresse/retirer/", {"csirt": elsewhere.pk}).status_code == 404
    assert User.objects.get(pk=person.pk).memberships


# The mailbox


def try_mailbox(client, address=MAILBOX):
    return client.post("/equipe/adresse/", {"email": address, "csirt": breizh_cyber_pk()}, follow=True)


def breizh_cyber_pk():
    return Csirt.objects.get(slug="breizh-cyber").pk


def notification_email():
    return Csirt.objects.get(slug="breizh-cyber").notification_email


def test_cases_go_to_a_mailbox_once_somebody_there_has_confirmed_it(client, lead, mailoutbox):
    before = notification_email()
    page = read_text(try_mailbox(client))
    assert "Un mail d’essai part à astreinte@breizh.example" in page
    assert "Personne n’a encore suivi son lien" in page
    send_due_mails()
    assert mailoutbox[0].to == [MAILBOX]
    link = AccessLink.objects.get()
    assert make_link_path(link) in mailoutbox[0].body

    assert "confirmez" in read_text(Client().get(make_link_path(link)))
    assert notification_email() == before
    assert "Adresse confirmée" in read_text(Client().post(make_link_path(link)))

    assert notification_email() == MAILBOX
    again = Client().post(make_link_path(link))
    assert again.status_code == 200
    assert "Adresse confirmée" in read_text(again)

    confirmation = read_text(client.get("/equipe/adresse/retirer/", {"csirt": breizh_cyber_pk()}))
    assert "Ne plus rien envoyer à Breizh Cyber ?" in confirmation
    assert notification_email() == MAILBOX
    client.post("/equipe/adresse/retirer/", {"csirt": breizh_cyber_pk()})
    assert notification_email() == ""
    over = Client().post(make_link_path(link))
    assert over.status_code == 404
    assert "Il a déjà servi" in read_text(over)
    assert lead.email not in read_text(over)


def test_the_former_mailbox_and_all_leads_are_notified(client, lead, mailoutbox):
    """The mail says who changed the address, without a link or the new address. Who changed it gets it too: another
    person may have used their session.
    """
    before, second = notification_email(), a_lead()
    try_mailbox(client)
    send_due_mails()
    mailoutbox.clear()
    Client().post(make_link_path(AccessLink.objects.get()))
    Client().post(make_link_path(AccessLink.objects.get()))
    send_due_mails()
    assert sorted(mail.to[0] for mail in mailoutbox) == sorted([before, lead.email, second.email])
    for mail in mailoutbox:
        assert mail.subject == "L’adresse de Breizh Cyber a changé"
        assert f"{lead.display_name} a changé" in mail.body
        assert MAILBOX not in mail.body
        assert "confirmer" not in mail.body
    mailoutbox.clear()
    for _ in range(2):
        client.post("/equipe/adresse/retirer/", {"csirt": breizh_cyber_pk()})
    send_due_mails()
    assert sorted(mail.to[0] for mail in mailoutbox) == sorted([MAILBOX, lead.email, second.email])


def test_removing_the_mailbox_stops_a_trial_mail(client, lead, mailoutbox):
    try_mailbox(client)
    client.post("/equipe/adresse/retirer/", {"csirt": breizh_cyber_pk()})
    send_due_mails()
    assert MAILBOX not in [mail.to[0] for mail in mailoutbox]
    assert Client().post(make_link_path(AccessLink.objects.get())).status_code == 404


def test_a_double_click_sends_one_trial_mail(client, lead, mailoutbox):
    try_mailbox(client)
    assert "vient d’y partir" in read_text(try_mailbox(client))
    try_mailbox(client, "autre@breizh.example")
    send_due_mails()
    assert [mail.to for mail in mailoutbox] == [["autre@breizh.example"]]


@pytest.mark.parametrize("number", ["9" * 5000, "9" * 30, "x", "²", ""])
def test_a_wrong_centre_number_is_refused(client, lead, number):
    for path in ("/equipe/adresse/retirer/", f"/equipe/invitations/{lead.uid}/retirer/"):
        assert client.post(path, {"csirt": number}).status_code == 404
    assert client.get("/equipe/adresse/retirer/", {"csirt": number}).status_code == 404
    assert client.post("/equipe/adresse/", {"csirt": number, "email": MAILBOX}).status_code == 422


def test_a_link_of_a_mailbox_opens_no_account(client, lead):
    """Whoever reads the mailbox of the centre does not choose the password of its lead."""
    try_mailbox(client)
    token = derive_link_token(AccessLink.objects.get())
    for method in ("get", "post"):
        answer = getattr(Client(), method)(f"/acces/{token}/")
        assert answer.status_code == 404
        assert "Cette adresse n’ouvre rien" in read_text(answer)
    assert User.objects.get(pk=lead.pk).password == lead.password
    post_invitation(client)
    other = derive_link_token(AccessLink.objects.get(purpose=LinkPurpose.INVITATION))
    assert Client().post(f"/equipe/adresse/confirmer/{other}/").status_code == 404


def test_only_the_latest_mail_confirms_a_mailbox_and_only_while_its_sender_is_a_lead(client, lead):
    try_mailbox(client)
    first = AccessLink.objects.get()
    try_mailbox(client, "autre@breizh.example")
    second = AccessLink.objects.latest("id")
    assert "Un mail plus récent l’a remplacé" in read_text(Client().get(make_link_path(first)))
    Membership.objects.update(ended_on=timezone.localdate())
    gone = Client().post(make_link_path(second))
    assert gone.status_code == 404
    assert f"{lead} ne dirige plus Breizh Cyber" in read_text(gone)
    assert "trop ancien" not in read_text(gone)
    assert notification_email() not in (MAILBOX, "autre@breizh.example")


def test_an_expired_mail_does_not_confirm_a_mailbox(client, lead):
    try_mailbox(client)
    with time_machine.travel(timezone.now() + timedelta(days=8)):
        answer = Client().post(make_link_path(AccessLink.objects.get()))
    assert answer.status_code == 404
    assert "peut en envoyer un autre" in read_text(answer)


def test_another_mailbox_is_tried_seconds_after_the_first(client, lead, mailoutbox):
    """The mail of a trial that is given up does not leave, and the page says so."""
    try_mailbox(client)
    page = read_text(try_mailbox(client, "autre@breizh.example"))
    assert f"L’essai précédent, à {MAILBOX}, est abandonné" in page
    assert "Essai en cours à <b>autre@breizh.example</b>" in page
    send_due_mails()
    assert [mail.to for mail in mailoutbox] == [["autre@breizh.example"]]
    assert "est abandonné" not in read_text(client.get("/equipe/adresse/"))


def test_a_wrong_address_is_refused(client, lead):
    assert try_mailbox(client, "x").status_code == 422
    assert not PendingMail.objects.exists()


def test_the_menu_of_a_lead_alone_leads_to_the_centre(client, lead):
    for person, is_there in ((lead, True), (a_responder(), False)):
        path = "/admin/csirts/csirt/" if is_there else "/admin/"
        page = read_text(signed_in(Client(), person).get(path, follow=True))
        for address in ("/statistiques/mon-centre/", "/equipe/", "/equipe/adresse/"):
            assert (f'href="{address}"' in page) is is_there


def test_mailbox_of_another_centre_is_refused(client, lead):
    """Its readers would receive the cases of this centre."""
    Csirt.objects.create(slug="autre", name="Autre Centre", notification_email="Garde@autre.example")
    response = try_mailbox(client, "garde@autre.example")
    assert response.status_code == 422
    assert "Cette adresse reçoit déjà les déclarations d’un autre centre" in read_text(response)
    assert "Autre Centre" not in read_text(response)
    assert not AccessLink.objects.exists()


def test_mailbox_that_another_centre_took_meanwhile_is_not_confirmed(client, lead):
    try_mailbox(client)
    Csirt.objects.create(slug="autre", name="Autre Centre", notification_email=MAILBOX)
    response = Client().post(make_link_path(AccessLink.objects.get()))
    assert response.status_code == 404
    assert "reçoit maintenant les déclarations d’un autre centre" in read_text(response)
    assert notification_email() != MAILBOX


def test_mailbox_in_service_is_not_tried_again(client, lead):
    page = read_text(try_mailbox(client, notification_email().upper()))
    assert "Cette adresse est déjà celle du centre" in page
    assert "Essai en cours" not in page
    assert not PendingMail.objects.exists()


def test_lead_abandons_a_trial(client, lead, mailoutbox):
    try_mailbox(client)
    for answer in ("L’essai est abandonné : son lien ne sert plus.", "Aucun essai n’est en cours."):
        page = read_text(client.post("/equipe/adresse/abandonner/", {"csirt": breizh_cyber_pk()}, follow=True))
        assert answer in page
        assert "Essai en cours" not in page
    send_due_mails()
    assert mailoutbox == []
    assert Client().post(make_link_path(AccessLink.objects.get())).status_code == 404
    assert notification_email() != MAILBOX


def test_lead_who_abandons_a_trial_too_late_reads_that_the_mailbox_is_in_service(client, lead):
    try_mailbox(client)
    Client().post(make_link_path(AccessLink.objects.get()))
    page = read_text(client.post("/equipe/adresse/abandonner/", {"csirt": breizh_cyber_pk()}, follow=True))
    assert "Cette adresse vient d’être confirmée : elle est celle du centre." in page
    assert "abandonné" not in page


def test_another_person_abandons_no_trial(client, lead):
    try_mailbox(client)
    client.force_login(a_responder())
    assert client.post("/equipe/adresse/abandonner/", {"csirt": breizh_cyber_pk()}).status_code == 404
    assert AccessLink.objects.get().revoked_at is None
