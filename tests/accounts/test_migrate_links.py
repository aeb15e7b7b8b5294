"""Taking the accounts back to an earlier migration."""

import pytest
from django.db import connection

from accounts.enums import LinkPurpose, MailKind
from accounts.models import AccessLink, PendingMail
from tests.accounts.lead_pages import MAILBOX, make_link_path, post_invitation
from tests.cast import a_lead, breizh_cyber


@pytest.mark.proof
def test_undoing_the_migration_deletes_the_links_of_centres(take_back_to, client):
    lead = a_lead()
    client.force_login(lead)
    post_invitation(client)
    client.post("/equipe/adresse/", {"csirt": breizh_cyber().pk, "email": MAILBOX})
    assert {*AccessLink.objects.values_list("purpose", flat=True)} == {LinkPurpose.INVITATION, LinkPurpose.CHANNEL}
    client.post(make_link_path(AccessLink.objects.get(purpose=LinkPurpose.CHANNEL)))
    assert PendingMail.objects.filter(kind=MailKind.CHANNEL_CHANGED).exists()
    take_back_to("accounts", "0005")
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM accounts_accesslink")
        assert cursor.fetchone() == (0,)
