"""Mails about accounts: a row first, then a message, and nobody real from a demonstration."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from accounts.dispatch import send_due_mails
from accounts.enums import CENTRE_MAILS, DETAILED_MAILS, ROLE_MAILS, LinkPurpose, MailKind, MailStatus, Role, Trouble
from accounts.installation import mark_as_demonstration
from accounts.models import Membership, PendingMail
from accounts.services.links import make_link, send_link
from accounts.services.mails import queue_mail
from accounts.tasks import send_mails
from accounts.tokens import derive_link_token
from tests.cast import a_lead, an_agent, breizh_cyber, plouexemple
from tests.factories.accounts import make_break_glass

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unread_demonstration_answer")]


def test_a_queued_mail_is_sent_once():
    agent = an_agent()
    link = send_link(LinkPurpose.PASSWORD, user=agent, made_by=None)
    assert mail.outbox == []
    send_mails()
    [message] = mail.outbox
    assert message.to == [agent.email]
    assert f"http://localhost:8000/acces/{derive_link_token(link)}/\n" in message.body
    assert message.extra_headers["Message-ID"] == f"<{PendingMail.objects.get().key}@localhost>"
    assert PendingMail.objects.get().status == MailStatus.SENT
    assert send_due_mails() == 0


@pytest.mark.parametrize("kind", MailKind.values)
def test_each_kind_of_mail_has_a_text_and_no_secret_but_its_link(kind):
    agent = an_agent()
    body = plouexemple() if kind == "invitation" else None
    purpose = {"invitation": LinkPurpose.INVITATION, "welcome": LinkPurpose.WELCOME}.get(kind, LinkPurpose.PASSWORD)
    link = make_link(purpose, user=agent, made_by=a_lead(), collectivity=body)
    about = {"csirt": breizh_cyber()} if kind in CENTRE_MAILS else {}
    if kind in ROLE_MAILS:
        about["membership"] = Membership.objects.create(user=agent, role=Role.RESPONDER, csirt=breizh_cyber())
    if kind == MailKind.BREAK_GLASS:
        about["access"] = make_break_glass(agent)
    if kind in DETAILED_MAILS:
        about["detail"] = "3"
    has_link = kind in ("invitation", "welcome", "password_link")
    queue_mail(MailKind(kind), agent, link=link if has_link else None, by=a_lead(), **about)
    assert send_due_mails() == 1
    [message] = mail.outbox
    assert "{" not in message.subject + message.body
    assert message.subject
    assert "None" not in message.body
    assert not re.search(
        "(?<!\N{NO-BREAK SPACE})[:;?!»](?=\\s)|«(?!\N{NO-BREAK SPACE})", message.subject + message.body
    )
    assert ("/acces/" in message.body) == has_link
    assert link.nonce not in message.body


def test_a_display_name_adds_no_link_and_no_header():
    agent = an_agent()
    agent.display_name = "Alix\nBcc: x@piege.example\nhttps://piege.example <b>"
    agent.save()
    queue_mail(MailKind.PASSWORD_CHANGED, agent)
    send_due_mails()
    [message] = mail.outbox
    assert "https://piege" not in message.body
    assert "\nBcc" not in message.body


def test_a_demonstration_mails_nobody_real():
    mark_as_demonstration()
    agent = an_agent()
    for to in ("vraie@mairie.fr", "Alix <alix@mairie.example>", agent.email):
        queue_mail(MailKind.PASSWORD_CHANGED, agent, to=to)
    assert send_due_mails() == 1
    assert [message.to for message in mail.outbox] == [[agent.email]]
    refused = PendingMail.objects.filter(status=MailStatus.REFUSED)
    assert set(refused.values_list("last_error", flat=True)) == {Trouble.DEMONSTRATION}


def test_a_mail_stays_due_while_the_server_is_down(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    queue_mail(MailKind.PASSWORD_CHANGED, an_agent())
    assert send_due_mails() == 0
    row = PendingMail.objects.get()
    assert (row.status, row.attempts, row.last_error) == (MailStatus.DUE, 1, Trouble.UNREACHABLE)


def test_a_mail_that_waits_while_the_time_is_set_back_is_sent(time_machine):
    """It does not wait until the former time comes again."""
    queue_mail(MailKind.PASSWORD_CHANGED, an_agent())
    time_machine.move_to(timezone.now() - timedelta(hours=2))
    assert send_due_mails() == 1
