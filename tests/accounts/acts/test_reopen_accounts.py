"""An account that the administrator opens again gets its roles in centres as if they were given now."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.enums import MailKind, Role
from accounts.models import Membership, PendingMail, User
from accounts.services.confirmations import DAYS_TO_HEAR
from tests.accounts.lead_pages import answer, change_role, post_role, read_plain_markup
from tests.cast import a_responder, breizh_cyber

pytestmark = pytest.mark.django_db


def a_closed_role() -> Membership:
    """Create the role of a responder whose account is closed."""
    role = Membership.objects.get(user=a_responder())
    User.objects.filter(pk=role.user_id).update(is_active=False)
    return role


def list_recipients(kind: MailKind) -> list[str]:
    return sorted(PendingMail.objects.filter(kind=kind).values_list("to", flat=True))


def test_a_reopened_account_waits_for_a_lead_of_its_centre(client, lead, administration):
    """Who left the centre may be an accomplice, or the mailbox may be somebody else's since."""
    former = change_role(administration, a_closed_role())
    role = Membership.objects.filter(user=former.user_id).latest("pk")
    assert User.objects.get(pk=role.user_id).is_active
    assert former.ended_on == role.since_on == timezone.localdate()
    assert role.awaits_confirmation
    assert User.objects.get(pk=role.user_id).readable_centre_ids == set()
    assert list_recipients(MailKind.ROLE_AWAITS) == [lead.email]
    assert "Ce rôle ne compte pas encore" in read_plain_markup(administration.get("/admin/accounts/user/"))
    answer(client, role)
    assert User.objects.get(pk=role.user_id).readable_centre_ids == {breizh_cyber().pk}


def test_a_confirmed_role_is_confirmed_anew_when_its_account_is_reopened(client, lead, administration):
    role = a_closed_role()
    Membership.objects.filter(pk=role.pk).update(confirmed_by=lead, confirmed_at=timezone.now())
    change_role(administration, role)
    role = Membership.objects.filter(user=role.user_id).latest("pk")
    assert (role.awaits_confirmation, role.confirmed_by, role.confirmed_at) == (True, None, None)


def test_a_role_that_is_over_stays_so_when_its_account_is_reopened(lead, administration):
    role = a_closed_role()
    Membership.objects.filter(pk=role.pk).update(ended_on=timezone.localdate())
    assert not change_role(administration, Membership.objects.get(pk=role.pk)).awaits_confirmation
    assert list_recipients(MailKind.ROLE_AWAITS) == []


def test_a_reopened_account_counts_three_days_later_in_a_centre_without_lead(administration):
    closed = change_role(administration, a_closed_role())
    assert closed.ended_on == timezone.localdate()
    role = Membership.objects.get(user=closed.user_id, ended_on=None)
    assert (role.awaits_confirmation, role.since_on) == (False, closed.ended_on + timedelta(days=DAYS_TO_HEAR))
    assert list_recipients(MailKind.ROLE_GIVEN) == [breizh_cyber().notification_email]


def test_a_role_that_is_given_as_the_account_is_reopened_is_announced_once(lead, administration):
    role = a_closed_role()
    assert post_role(administration, role.user, Role.LEAD, csirt=breizh_cyber()).status_code == 302
    rows = Membership.objects.filter(user=role.user_id, ended_on=None)
    assert [row.awaits_confirmation for row in rows] == [True, True]
    mails = PendingMail.objects.filter(kind=MailKind.ROLE_AWAITS)
    assert sorted(mails.values_list("membership__role", flat=True)) == [Role.LEAD, Role.RESPONDER]


def test_an_open_account_that_is_saved_again_keeps_its_roles(lead, administration):
    role = change_role(administration, Membership.objects.get(user=a_responder()), {"display_name": "Autre Nom"})
    assert not role.awaits_confirmation
    assert not PendingMail.objects.exists()
