"""The leads of a centre hear by mail of what gives somebody rights there, or takes an account of the team over."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.dispatch import send_due_mails
from accounts.enums import MailKind, Role
from accounts.models import AccessLink, Membership, PendingMail, User
from accounts.services.factors import reset_factor
from csirts.models import Csirt
from tests.accounts.lead_pages import change_role, make_link_path, post_invitation, post_role
from tests.cast import a_lead, a_person, a_responder, an_agent, breizh_cyber, signed_in

pytestmark = pytest.mark.django_db
MAILBOX_OF_CENTRE = "garde@breizh.example"


def list_recipients(kind: MailKind) -> list[str]:
    return sorted(PendingMail.objects.filter(kind=kind).values_list("to", flat=True))


def give_lead_role(person: User) -> None:
    """Let the administrator give the role of lead of Breizh Cyber."""
    administration = signed_in(Client(), a_person(Role.ADMINISTRATOR))
    centre = Csirt.objects.filter(slug="breizh-cyber").first() or breizh_cyber()
    assert post_role(administration, person, Role.LEAD, csirt=centre).status_code == 302


def test_the_other_leads_hear_of_a_role_that_a_lead_gives(client, lead, mailoutbox):
    second, elsewhere = a_lead(), a_lead(Csirt.objects.create(slug="ailleurs", name="Ailleurs"))
    agent = an_agent()
    post_invitation(client, agent.email)
    assert list_recipients(MailKind.ROLE_GIVEN) == []
    Client().post(make_link_path(AccessLink.objects.get()))
    assert list_recipients(MailKind.ROLE_GIVEN) == [second.email]
    assert elsewhere.email != second.email
    send_due_mails()
    body = mailoutbox[-1].body.replace("\N{NO-BREAK SPACE}", " ")
    assert f"{lead.display_name} a donné un rôle dans l’équipe de Breizh Cyber à {agent.display_name}" in body
    assert ": intervenant d’un CSIRT." in body


def test_a_lead_who_is_alone_gets_no_mail_about_an_invitation_of_theirs(client, lead):
    agent = an_agent()
    post_invitation(client, agent.email)
    Client().post(make_link_path(AccessLink.objects.get()))
    assert list_recipients(MailKind.ROLE_GIVEN) == []


@pytest.mark.parametrize("absence", ["closed", "ended", "put off", "ended long ago"])
def test_a_first_lead_is_not_appointed_unseen(absence):
    """The administrator closes the account of the lead, or changes the role, and then appoints another one."""
    former, today = a_lead(), timezone.localdate()
    User.objects.filter(pk=former.pk).update(is_active=absence != "closed")
    changes = {
        "ended": {"ended_on": today - timedelta(days=1)},
        "ended long ago": {"ended_on": today - timedelta(days=60)},
        "put off": {"since_on": today + timedelta(days=60)},
    }
    Membership.objects.filter(user=former).update(**changes.get(absence, {"role": Role.LEAD}))
    give_lead_role(an_agent())
    expected = [MAILBOX_OF_CENTRE] if absence == "ended long ago" else [MAILBOX_OF_CENTRE, former.email]
    assert list_recipients(MailKind.ROLE_GIVEN) == sorted(expected)
    assert list_recipients(MailKind.ROLE_AWAITS) == []


def test_a_centre_without_mailbox_nor_former_lead_has_nobody_to_tell():
    centre = breizh_cyber(notification_email="")
    give_lead_role(an_agent())
    assert Membership.objects.get(csirt=centre).role == Role.LEAD
    assert not PendingMail.objects.filter(csirt=centre).exists()


def test_the_leads_hear_of_a_reset_of_a_second_factor(mailoutbox):
    lead, second, responder = a_lead(), a_lead(), a_responder()
    reset_factor(uid=responder.uid, actor=lead)
    reset_factor(uid=responder.uid, actor=lead)
    assert list_recipients(MailKind.FACTOR_RESET) == [responder.email]
    assert list_recipients(MailKind.TEAM_FACTOR_RESET) == sorted([lead.email, second.email])
    send_due_mails()
    about = next(mail for mail in mailoutbox if mail.to == [second.email])
    assert f"{lead.display_name} a remis à zéro le second facteur de {responder.display_name}" in about.body


def test_the_reset_of_the_only_lead_is_told_to_the_mailbox_of_the_centre():
    lead = a_lead()
    reset_factor(uid=lead.uid, actor=a_person(Role.ADMINISTRATOR))
    assert list_recipients(MailKind.TEAM_FACTOR_RESET) == [MAILBOX_OF_CENTRE]


def test_a_reset_of_somebody_without_a_centre_is_told_to_no_lead():
    a_lead()
    national = a_person(Role.NATIONAL)
    reset_factor(uid=national.uid, actor=a_person(Role.ADMINISTRATOR))
    assert list_recipients(MailKind.FACTOR_RESET) == [national.email]
    assert list_recipients(MailKind.TEAM_FACTOR_RESET) == []


# What the administrator takes over or takes away


def test_the_leads_hear_that_the_address_of_a_person_of_their_team_changed(administration, mailoutbox):
    """Whoever reads the new mailbox sets the password, and gets in if the account has no second factor."""
    lead, responder = a_lead(), a_responder()
    former_address = responder.email
    change_role(administration, Membership.objects.get(user=responder), {"email": "autre@demo.example"})
    assert list_recipients(MailKind.ADDRESS_CHANGED) == [former_address]
    assert list_recipients(MailKind.TEAM_ADDRESS_CHANGED) == [lead.email]
    send_due_mails()
    [about] = [mail for mail in mailoutbox if mail.to == [lead.email]]
    assert "autre@demo.example" in about.body


def test_the_change_of_the_address_of_the_only_lead_is_told_to_the_mailbox_of_the_centre(administration):
    lead = a_lead()
    change_role(administration, Membership.objects.get(user=lead), {"email": "autre@demo.example"})
    assert list_recipients(MailKind.TEAM_ADDRESS_CHANGED) == [MAILBOX_OF_CENTRE]


def test_a_change_of_name_is_told_to_nobody(administration):
    a_lead()
    change_role(administration, Membership.objects.get(user=a_responder()), {"display_name": "Autre Nom"})
    assert not PendingMail.objects.exists()


@pytest.mark.parametrize("act", ["ends", "ends later", "closes"])
def test_a_lead_hears_at_once_that_her_role_is_taken_away(administration, act):
    """Otherwise the administrator takes the role away, and then appoints another lead unseen."""
    former, other, today = a_lead(), a_lead(), timezone.localdate()
    role = Membership.objects.get(user=former)
    changes = {"ends": {"ended_on": today}, "ends later": {"ended_on": today + timedelta(days=9)}}
    account = {"is_active": ""} if act == "closes" else {}
    change_role(administration, role, account, **changes.get(act, {}))
    assert list_recipients(MailKind.LEAD_REMOVED) == sorted([former.email, other.email])
    mails = PendingMail.objects.filter(kind=MailKind.LEAD_REMOVED)
    assert set(mails.values_list("csirt", flat=True)) == {breizh_cyber().pk}


def test_the_leads_whose_accounts_are_closed_together_hear_of_it(administration):
    leads = [a_lead(), a_lead()]
    form = {"action": "close_accounts", "confirme": "oui", "_selected_action": [lead.pk for lead in leads]}
    assert administration.post("/admin/accounts/user/", form).status_code == 302
    assert not User.objects.filter(pk__in=[lead.pk for lead in leads], is_active=True).exists()
    assert set(list_recipients(MailKind.LEAD_REMOVED)) == {MAILBOX_OF_CENTRE, *(lead.email for lead in leads)}


def test_the_end_of_another_role_and_a_longer_one_are_told_to_no_lead(administration):
    lead = a_lead()
    change_role(administration, Membership.objects.get(user=a_responder()), ended_on=timezone.localdate())
    Membership.objects.filter(user=lead).update(ended_on=timezone.localdate() + timedelta(days=9))
    change_role(administration, Membership.objects.get(user=lead), ended_on=None)
    assert list_recipients(MailKind.LEAD_REMOVED) == []
