"""A shorter duration destroys more: the administrator reads how much, and the centres hear of it a month before."""

from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from accounts.dispatch import send_due_mails
from accounts.enums import MailKind, Role
from accounts.models import PendingMail, SecurityEvent, User
from core.french import NBSP
from retention.choices import choose_duration
from retention.durations import load_chosen_months
from retention.enums import DataKind
from retention.models import RetentionChoice
from tests.cast import a_lead, a_person, breizh_cyber, declare
from tests.reading import read_text
from tests.retention.purging import close, close_at

ADD = "/admin/retention/retentionchoice/add/"
TWO_YEARS = {"kind": DataKind.CASES, "months": "24", "reason": "Le délégué le demande."}


def choose(chooser: User, months: int, *, after: int = 0) -> None:
    """Choose how many months cases last, so many days after today."""
    with time_machine.travel(timezone.now() + timedelta(days=after)):
        choose_duration(kind=DataKind.CASES, months=months, reason="Essai", actor=chooser)


def read_months(*, after: int) -> int:
    """Return how many months cases last so many days after today."""
    with time_machine.travel(timezone.now() + timedelta(days=after)):
        return load_chosen_months().get(DataKind.CASES, 60)


def test_the_administrator_copies_the_number_that_a_coming_purge_destroys(chooser):
    breizh_cyber()
    cases = [close(declare()) for _each in range(3)]
    close_at(cases[:2], timezone.now() - timedelta(days=3 * 365))
    client = Client()
    client.force_login(chooser)
    for wrong in ({}, {"number": "3"}):
        refused = client.post(ADD, TWO_YEARS | wrong)
        assert "elle détruirait 2 lignes (dossiers clos)" in read_text(refused)
        assert 'name="number"' in refused.content.decode()
    assert not RetentionChoice.objects.exists()
    done = client.post(ADD, TWO_YEARS | {"number": "2"}, follow=True)
    assert "Les centres sont prévenus." in read_text(done)
    assert RetentionChoice.objects.get().months == 24
    again = read_text(client.post(ADD, TWO_YEARS | {"months": "23", "number": "2"}))
    assert "Attendez demain, ou choisissez une durée plus longue." in again


def test_leads_and_other_administrators_hear_of_a_shorter_duration(chooser, post):
    lead, other = a_lead(breizh_cyber()), a_person(Role.ADMINISTRATOR)
    close_at([close(declare())], timezone.now() - timedelta(days=3 * 365))
    choose(chooser, 24)
    mails = PendingMail.objects.filter(kind=MailKind.COMING_PURGE)
    assert {*mails.values_list("to", flat=True)} >= {lead.email, other.email}
    assert not mails.filter(to=chooser.email).exists()
    send_due_mails()
    [mail] = post.list_mails_to(lead.email)
    text = mail.get_content()
    assert f"Dossiers clos{NBSP}: 2 ans au lieu de 5 ans, à partir du" in text
    assert "1 dossier clos de votre centre est concerné." in text
    assert "/vos-donnees/" in text
    assert SecurityEvent.objects.filter(kind="retention_decided", detail="cases").count() == 1


def test_two_shorter_durations_of_a_kind_are_a_day_apart(chooser):
    """Each is a mail to every lead."""
    choose(chooser, 36)
    with pytest.raises(ValidationError, match="il y a moins d’un jour"):
        choose(chooser, 35)
    choose(chooser, 84)
    choose(chooser, 34, after=2)
    assert RetentionChoice.objects.count() == 3


def test_a_longer_duration_counts_at_once_and_nobody_is_disturbed(chooser):
    a_lead(breizh_cyber())
    choose(chooser, 72)
    assert read_months(after=0) == 72
    assert not PendingMail.objects.filter(kind=MailKind.COMING_PURGE).exists()


def test_a_choice_that_was_replaced_in_time_never_counts(chooser):
    choose(chooser, 12)
    choose(chooser, 36, after=10)
    assert [read_months(after=days) for days in (0, 29, 31, 39, 41, 900)] == [60, 60, 60, 60, 36, 36]
    choose(chooser, 84, after=20)
    assert [read_months(after=days) for days in (19, 21, 41, 900)] == [60, 84, 84, 84]
