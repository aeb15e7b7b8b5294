"""The name and the address of a closed account become a pseudonym, everywhere but in what its person signed."""

import json
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.admin.models import LogEntry
from django.core.management import call_command
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import timezone

from accounts.enums import MailKind, Role
from accounts.models import PendingMail, User
from accounts.services.mails import queue_mail
from retention.enums import DataKind
from retention.models import Destruction
from tests.accounts.lead_pages import post_role
from tests.cast import a_lead, a_person, a_responder, an_agent, breizh_cyber, declare
from tests.incidents.desk import acknowledge_as
from tests.reading import read_text
from tests.retention.purging import purge_now, run_night


def forget(user: User) -> User:
    """Close the account as if two years ago, and let the purge give it a pseudonym."""
    User.objects.filter(pk=user.pk).update(is_active=False)
    User.objects.filter(pk=user.pk).update(closed_at=timezone.now() - timedelta(days=2 * 365))
    assert purge_now(DataKind.CLOSED_ACCOUNTS) == 1
    return User.objects.get(pk=user.pk)


def test_a_closed_account_becomes_a_pseudonym_that_stays_readable(db, client):
    breizh_cyber()
    responder, incident = a_responder(), declare()
    name, address = responder.display_name, responder.email
    acknowledge_as(responder, incident)
    administrator = Client()
    administrator.force_login(a_person(Role.ADMINISTRATOR))
    administrator.post(
        "/admin/accounts/user/", {"action": "close_accounts", "_selected_action": responder.pk, "confirme": "oui"}
    )
    assert User.objects.get(pk=responder.pk).closed_at
    run_night(after=timedelta(days=366))
    closed = User.objects.get(pk=responder.pk)
    assert closed.display_name.startswith("Ancien compte ")
    assert closed.email.endswith("@ancien-compte.invalid")
    assert not Authenticator.objects.filter(user=closed).exists()
    assert not LogEntry.objects.filter(object_repr__contains=name).exists()
    client.force_login(a_lead())
    page = read_text(client.get(f"/admin/incidents/incident/{incident.reference}/histoire/"))
    assert closed.display_name in page
    assert name not in page
    assert address not in page
    assert Destruction.objects.get(kind=DataKind.CLOSED_ACCOUNTS).count == 1


def test_mails_to_the_account_go_and_those_about_it_to_somebody_else_stay(db):
    centre = breizh_cyber()
    leaver, lead, administrator = a_lead(centre), a_lead(centre), a_person(Role.ADMINISTRATOR)
    about = {"csirt": centre, "by": administrator}
    queue_mail(MailKind.LEAD_REMOVED, lead, to=leaver.email, **about)
    queue_mail(MailKind.ADDRESS_CHANGED, leaver, to="avant@demo.example")
    remaining = queue_mail(MailKind.LEAD_REMOVED, leaver, to=lead.email, **about)
    forget(leaver)
    assert list(PendingMail.objects.all()) == [remaining]


def test_no_line_of_the_history_keeps_the_name(db, client):
    """A form that adds a role lists it in the line of its account, and the role has a line of its own."""
    person = an_agent()
    client.force_login(a_person(Role.ADMINISTRATOR))
    assert post_role(client, person, Role.LEAD, csirt=breizh_cyber()).status_code == 302
    assert LogEntry.objects.filter(change_message__contains="responsable d").exists()
    forget(person)
    lines = LogEntry.objects.values_list("object_repr", "change_message")
    assert lines
    assert person.display_name not in str(list(lines))


def test_the_site_writes_only_the_name_of_a_closed_account_into_its_history(db, client):
    person, stranger = an_agent(), an_agent()
    client.force_login(a_person(Role.ADMINISTRATOR))
    post_role(client, person, Role.LEAD, csirt=breizh_cyber())
    lines = LogEntry.objects.filter(content_type__model="user", object_id=str(person.pk))
    roles = LogEntry.objects.filter(content_type__model="membership")
    assert lines.exists()
    assert roles.exists()
    check_refused(lines, person.display_name)
    forget(person)
    for rows, name in ((lines, stranger.display_name), (roles, User.objects.get(pk=person.pk).display_name)):
        check_refused(rows, name)


def check_refused(lines, name):
    with pytest.raises(DatabaseError, match="closed account"), transaction.atomic():
        lines.update(object_repr=name)


@pytest.mark.proof
def test_the_update_removes_names_from_the_lines_of_roles(take_back_to):
    person, author = an_agent(), a_person(Role.ADMINISTRATOR)
    take_back_to("accounts", "0021")
    former = f"{person.display_name} : responsable d’un CSIRT"
    added = [{"added": {"name": "rôle d’une personne", "object": former}}]
    role = person.membership_set.get()
    LogEntry.objects.log_actions(author.pk, [role], 1, "")
    LogEntry.objects.filter(content_type__model="membership").update(object_repr=former)
    LogEntry.objects.log_actions(author.pk, [person], 2, added, single_object=True)
    call_command("migrate", verbosity=0)
    assert LogEntry.objects.get(content_type__model="membership").object_repr == "responsable d’un CSIRT"
    line = LogEntry.objects.get(content_type__model="user")
    assert json.loads(line.change_message)[0]["added"]["object"] == "responsable d’un CSIRT"
