"""Services lock links, then accounts, then roles, so that two of them never wait for each other (`revoke_tokens`)."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.enums import LinkPurpose, Role
from accounts.models import Membership
from accounts.services.bodies import remove_member, transfer_management
from accounts.services.links import make_link, use_link
from accounts.services.merging import move_people
from accounts.services.team import remove_responder
from accounts.tokens import derive_link_token
from tests.cast import a_lead, a_person, a_responder, an_agent, breizh_cyber, plouexemple

pytestmark = pytest.mark.django_db
LINKS, ACCOUNTS, ROLES = ORDER = ("accounts_accesslink", "accounts_user", "accounts_membership")


def leave_body(agent, manager):
    make_link(LinkPurpose.INVITATION, user=agent, made_by=manager, collectivity=plouexemple())
    return lambda: remove_member(uid=plouexemple().uid, person_uid=agent.uid, actor=manager)


def leave_team(agent, manager):
    lead, responder = a_lead(), a_responder()
    make_link(LinkPurpose.INVITATION, user=responder, made_by=lead, csirt=breizh_cyber())
    return lambda: remove_responder(csirt_id=breizh_cyber().pk, person_uid=responder.uid, actor=lead)


def hand_on_the_management(agent, manager):
    return lambda: transfer_management(uid=plouexemple().uid, person_uid=agent.uid, actor=manager)


def merge_bodies(agent, manager):
    make_link(LinkPurpose.INVITATION, user=a_responder(), made_by=manager, collectivity=plouexemple())
    into = plouexemple(insee_code="29998", name="Saint-Exemple", stem="saint")
    return lambda: move_people(plouexemple(), into=into, actor=manager, at=timezone.now())


def accept_an_invitation(agent, manager):
    link = make_link(LinkPurpose.PASSWORD, user=agent, made_by=None)
    return lambda: use_link(token=derive_link_token(link), password="une-autre-phrase-bien-longue")


def change_in_the_admin(agent, manager, *, client):
    role = Membership.objects.get(user=agent)
    values = {"id": role.pk, "user": agent.pk, "role": role.role, "collectivity": role.collectivity_id, "csirt": ""}
    values |= {"region": "", "since_on": role.since_on, "ended_on": timezone.localdate()}
    form = {f"membership_set-0-{name}": value for name, value in values.items()}
    form |= {"membership_set-TOTAL_FORMS": 1, "membership_set-INITIAL_FORMS": 1, "is_active": "on"}
    form |= {"email": agent.email, "display_name": agent.display_name}
    client.force_login(a_person(Role.ADMINISTRATOR))
    return lambda: client.post(f"/admin/accounts/user/{agent.pk}/change/", form)


def list_locked_tables(act):
    """Run it, and return the tables of ORDER whose rows it locks, in the order of their first lock."""
    with CaptureQueriesContext(connection) as captured:
        act()
    locks = [query["sql"] for query in captured if re.search(r"^UPDATE|FOR (NO KEY )?UPDATE", query["sql"])]
    tables = [re.search(r'^UPDATE "(\w+)"|FROM "(\w+)"', sql) for sql in locks]
    return list(dict.fromkeys(name for match in tables if (name := match[1] or match[2]) in ORDER))


@pytest.mark.parametrize(
    ("prepare", "locked"),
    [
        *[(leave_body, ORDER), (leave_team, ORDER), (hand_on_the_management, ORDER[1:]), (merge_bodies, ORDER)],
        (accept_an_invitation, ORDER[:2]),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_links_are_locked_before_accounts_and_roles(prepare, locked):
    act = prepare(an_agent(), a_person(Role.MANAGER, collectivity=plouexemple()))
    assert list_locked_tables(act) == list(locked)


def test_the_admin_locks_the_account_before_its_roles(client):
    agent = an_agent()
    act = change_in_the_admin(agent, None, client=client)
    assert list_locked_tables(act) == [ACCOUNTS, ROLES]
    assert Membership.objects.get(user=agent).ended_on == timezone.localdate()


def test_the_admin_closes_accounts_in_one_order(client):
    people = [an_agent(), a_responder()]
    client.force_login(a_person(Role.ADMINISTRATOR))
    form = {"_selected_action": [person.pk for person in people], "action": "close_accounts", "confirme": "oui"}
    with CaptureQueriesContext(connection) as captured:
        client.post("/admin/accounts/user/", form)
    lock = next(query["sql"] for query in captured if '"accounts_user"' in query["sql"] and "UPDATE" in query["sql"])
    assert lock.endswith('ORDER BY "accounts_user"."id" ASC FOR NO KEY UPDATE')
    for person in people:
        person.refresh_from_db()
        assert not person.is_active
