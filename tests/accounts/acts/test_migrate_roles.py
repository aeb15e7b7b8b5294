"""Taking the accounts back to before roles were confirmed."""

import pytest
from django.db import connection
from django.utils import timezone

from accounts.enums import MailKind
from accounts.models import Membership
from accounts.services.mails import queue_mail
from tests.cast import a_responder, breizh_cyber
from tests.factories.accounts import make_break_glass


@pytest.mark.proof
def test_code_that_knows_no_confirmation_gives_no_right_by_a_role_that_awaits_one(take_back_to):
    """The role ends, and so does an access of an hour. The mails about them, which that code cannot write, are
    deleted.
    """
    awaited, counting = a_responder(), a_responder()
    roles = Membership.objects.filter(user=awaited)
    roles.update(awaits_confirmation=True)
    access = make_break_glass(awaited)
    queue_mail(MailKind.ROLE_AWAITS, awaited, csirt=breizh_cyber(), membership=roles.get(), by=counting)
    queue_mail(MailKind.ROLE_GIVEN, awaited, csirt=breizh_cyber(), membership=roles.get(), by=counting)
    queue_mail(MailKind.TEAM_FACTOR_RESET, awaited, csirt=breizh_cyber(), by=counting)
    queue_mail(MailKind.BREAK_GLASS, awaited, csirt=breizh_cyber(), access=access)
    take_back_to("accounts", "0010")
    with connection.cursor() as cursor:
        cursor.execute("SELECT user_id, ended_on FROM accounts_membership ORDER BY user_id")
        assert cursor.fetchall() == [(awaited.pk, timezone.localdate()), (counting.pk, None)]
        cursor.execute("SELECT count(*) FROM accounts_pendingmail")
        assert cursor.fetchone() == (0,)
