"""The managers of a body hear by mail of a role that the administrator gives there: it reads the cases of the body."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.dispatch import send_due_mails
from accounts.enums import MailKind, Role
from accounts.models import Membership, PendingMail, SecurityEvent, User
from tests.accounts.lead_pages import change_role, post_role
from tests.accounts.security.events import list_events
from tests.cast import a_person, a_responder, an_agent, plouexemple

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
