"""The managers of a body hear by mail of a role that the administrator gives there, or that a merge of bodies moves
there: it reads the cases of the body.
"""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.dispatch import send_due_mails
from accounts.enums import LinkPurpose, MailKind, Role
from accounts.models import AccessLink, Membership, PendingMail, SecurityEvent, User
from accounts.services.links import make_link
from collectivities.models import Collectivity
from incidents.services.declaring.bodies import merge_body
from tests.accounts.lead_pages import change_role, post_role
from tests.accounts.security.events import list_events
from tests.cast import a_person, a_responder, an_agent, breizh_cyber, declare, plouexemple
from tests.incidents.added_bodies import a_ccas

pytestmark = pytest.mark.django_db


@pytest.fixture
def other_manager() -> User:
    return a_person(Role.MANAGER, collectivity=plouexemple())


def list_recipients() -> list[str]:
    return sorted(PendingMail.objects.filter(kind=MailKind.BODY_ROLE_GIVEN).values_list("to", flat=True))


@pytest.mark.parametrize("role", [Role.AGENT, Role.MANAGER])
def test_managers_hear_of_a_role_that_the_administrator_gives(administration, other_manager, mailoutbox, role):
    an_agent()
    stranger = a_responder()
    assert post_role(administration, stranger, role, collectivity=plouexemple()).status_code == 302
    assert list_recipients() == [other_manager.email]
    assert ("role_given", "done", role) in list_events()
    send_due_mails()
    [about] = [mail.body.replace("\N{NO-BREAK SPACE}", " ") for mail in mailoutbox if mail.to == [other_manager.email]]
    access = f"a donné ou changé un accès pour Plouexemple (Finistère) : {stranger.display_name}"
    assert access in about


@pytest.mark.parametrize("absence", ["closed", "ended", "ended long ago"])
def test_a_manager_is_not_replaced_unseen(administration, other_manager, absence):
    agent, today = an_agent(), timezone.localdate()
    days = {"ended": 1, "ended long ago": 60}.get(absence)
    User.objects.filter(pk=other_manager.pk).update(is_active=absence != "closed")
    Membership.objects.filter(user=other_manager).update(ended_on=today - timedelta(days=days) if days else None)
    post_role(administration, a_responder(), Role.MANAGER, collectivity=plouexemple())
    expected = [agent.email] if absence == "ended long ago" else [agent.email, other_manager.email]
    assert list_recipients() == sorted(expected)


def test_a_manager_of_one_day_hears_who_comes_next(administration):
    manager = User.objects.create_user("un-jour@demo.example", display_name="Dominique Fictif")
    manager.membership_set.create(role=Role.MANAGER, collectivity=plouexemple(), ended_on=timezone.localdate())
    post_role(administration, a_responder(), Role.MANAGER, collectivity=plouexemple())
    assert list_recipients() == [manager.email]


def test_managers_hear_of_a_longer_role_and_of_none_that_gives_nothing_more(administration, other_manager):
    role = Membership.objects.get(user=an_agent())
    change_role(administration, role, ended_on=timezone.localdate() + timedelta(days=9))
    assert list_recipients() == []
    change_role(administration, role, ended_on=None)
    assert list_recipients() == [other_manager.email]
    assert SecurityEvent.objects.filter(kind="role_given").count() == 1


def test_managers_hear_of_a_role_that_comes_back_with_its_account(administration, other_manager):
    role = Membership.objects.get(user=an_agent())
    User.objects.filter(pk=role.user_id).update(is_active=False)
    change_role(administration, role)
    assert User.objects.get(pk=role.user_id).is_active
    assert list_recipients() == [other_manager.email]


def test_managers_hear_of_a_role_whose_account_has_another_address(administration, other_manager, mailoutbox):
    """Whoever reads the new mailbox can set the password, and reads the cases of the body."""
    role = Membership.objects.get(user=an_agent())
    change_role(administration, role, {"email": "autre@demo.example"})
    assert list_recipients() == [other_manager.email]
    send_due_mails()
    [about] = [mail.body.replace("\N{NO-BREAK SPACE}", " ") for mail in mailoutbox if mail.to == [other_manager.email]]
    assert f": {role.user.display_name} (autre@demo.example), " in about
    assert "a changé d’adresse mail" in about


def test_managers_hear_once_of_a_role_that_lasts_longer_as_its_account_moves(administration, other_manager):
    role = Membership.objects.get(user=an_agent())
    Membership.objects.filter(pk=role.pk).update(ended_on=timezone.localdate() + timedelta(days=9))
    change_role(administration, role, {"email": "autre@demo.example"}, ended_on=None)
    assert list_recipients() == [other_manager.email]


# A merge of bodies


def merge_into_plouexemple(body: Collectivity) -> User:
    """Have a responder merge this unconfirmed body into Plouexemple, and return the responder."""
    responder = a_responder(breizh_cyber())
    merge_body(reference=declare(collectivity=body).reference, into=plouexemple().uid, actor=responder)
    return responder


def test_managers_hear_of_a_role_that_a_merge_moves_to_their_body(administration, other_manager, mailoutbox):
    """The administrator gives an accomplice the management of a body that somebody added and nobody works for."""
    body, accomplice = a_ccas(), a_person(Role.AGENT, collectivity=a_ccas(siren=None, name="CCAS d’ailleurs"))
    post_role(administration, accomplice, Role.MANAGER, collectivity=body)
    assert list_recipients() == []
    responder = merge_into_plouexemple(body)
    assert list_recipients() == [other_manager.email]
    send_due_mails()
    [about] = [mail.body.replace("\N{NO-BREAK SPACE}", " ") for mail in mailoutbox if mail.to == [other_manager.email]]
    assert f"{responder.display_name}, de l’administration de la plateforme ou d’un CSIRT, a donné ou changé" in about
    assert f"un accès pour Plouexemple (Finistère) : {accomplice.display_name} ({accomplice.email}), " in about
    assert "il vient d’une autre collectivité" in about


def test_managers_who_come_by_a_merge_hide_each_other_from_nobody(db):
    """A body without managers has agents to warn, whoever manages it once the roles have moved."""
    agent, body = an_agent(), a_ccas()
    for _accomplice in range(2):
        a_person(Role.MANAGER, collectivity=body)
    merge_into_plouexemple(body)
    assert list_recipients() == [agent.email] * 2


def test_a_merge_tells_nobody_of_a_role_that_its_person_has_already(other_manager):
    body = a_ccas()
    Membership.objects.create(user=an_agent(), role=Role.AGENT, collectivity=body)
    merge_into_plouexemple(body)
    assert list_recipients() == []


@pytest.mark.parametrize("has_members", [True, False])
def test_an_invitation_goes_only_to_a_body_in_which_nobody_would_hear_of_its_role(db, has_members):
    body, person = a_ccas(), a_responder()
    if has_members:
        an_agent()
    link = make_link(LinkPurpose.INVITATION, user=person, made_by=None, collectivity=body)
    merge_into_plouexemple(body)
    link = AccessLink.objects.get(pk=link.pk)
    assert (link.revoked_at is not None) is has_members
    assert link.collectivity == (body if has_members else plouexemple())
