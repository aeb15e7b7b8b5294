"""The admin shows who gave and who ended each role of an account."""

from datetime import UTC, datetime

import pytest
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.enums import Role
from accounts.models import AccessLink, Membership
from accounts.services.roles import record_ended_roles, record_given_role
from csirts.models import Csirt
from tests.accounts.lead_pages import make_link_path, post_invitation, post_role, read_plain_markup
from tests.cast import a_lead, a_person, a_responder, an_agent, breizh_cyber, plouexemple, signed_in
from tests.superuser import act_as_superuser

pytestmark = pytest.mark.django_db
URL = "/admin/accounts/user/"


def test_account_shows_who_gave_and_who_ended_a_role(client):
    administrator, lead, person = a_person(Role.ADMINISTRATOR), a_lead(), an_agent()
    client.force_login(lead)
    post_invitation(client, person.email)
    Client().post(make_link_path(AccessLink.objects.get()))
    client.post(f"/equipe/{person.uid}/retirer/", {"csirt": breizh_cyber().pk})

    signed_in(client, administrator)
    page = read_plain_markup(client.get(f"{URL}{person.pk}/change/"))
    assert f"Donné par {lead}, le " in page
    assert f"Terminé par {lead}, le " in page
    history = read_plain_markup(client.get(f"{URL}{person.pk}/history/"))
    assert "Rôle donné : intervenant d’un CSIRT (Breizh Cyber)" in history
    assert "Rôle terminé : intervenant d’un CSIRT (Breizh Cyber)" in history
    assert str(lead) in history


def test_the_first_day_of_a_month_is_an_ordinal(client):
    administrator, person = a_person(Role.ADMINISTRATOR), an_agent()
    client.force_login(administrator)
    post_role(client, person, Role.LEAD, csirt=breizh_cyber())
    with act_as_superuser():
        LogEntry.objects.update(action_time=datetime(2026, 11, 1, 12, tzinfo=UTC))
    page = read_plain_markup(client.get(f"{URL}{person.pk}/change/"))
    assert f"Donné par {administrator}, le 1er novembre 2026." in page


def test_account_shows_a_role_given_and_ended_in_the_admin(client):
    administrator, person = a_person(Role.ADMINISTRATOR), a_responder()
    client.force_login(administrator)
    Membership.objects.filter(user=person).update(ended_on="2021-02-01")
    post_role(client, person, Role.LEAD, csirt=breizh_cyber())
    page = read_plain_markup(client.get(f"{URL}{person.pk}/change/"))
    assert page.count(f"Donné par {administrator}, le ") == 1
    assert "Terminé par" not in page


def test_a_role_names_who_gave_it_and_who_ended_it_and_nobody_else(client):
    giver, ender, stranger = (a_person(Role.ADMINISTRATOR) for _person in range(3))
    role = Membership.objects.get(user=an_agent())
    record_given_role(role, giver)
    Membership.objects.filter(pk=role.pk).update(ended_on="2021-03-01")
    record_ended_roles([role], ender)
    of_centres = ContentType.objects.get_for_model(Csirt)
    for flag in (ADDITION, CHANGE):  # the history of another row with the same number
        LogEntry.objects.create(user=stranger, content_type=of_centres, object_id=str(role.pk), action_flag=flag)
    signed_in(client, giver)
    page = read_plain_markup(client.get(f"{URL}{role.user_id}/change/"))
    assert f"Donné par {giver}, le " in page
    assert f"Terminé par {ender}, le " in page
    assert f"par {stranger}" not in page


def test_authors_of_ten_roles_cost_as_many_queries_as_the_author_of_one(client):
    administrator, person = a_person(Role.ADMINISTRATOR), a_responder()
    client.force_login(administrator)
    Membership.objects.filter(user=person).update(ended_on="2021-02-01")
    numbers = []
    for added, traced in ((1, 1), (9, 10)):
        for _role in range(added):
            role = Membership.objects.create(
                user=person, role=Role.RESPONDER, csirt=breizh_cyber(), since_on="2021-02-01"
            )
            record_given_role(role, administrator)
            Membership.objects.filter(pk=role.pk).update(ended_on="2021-03-01")
            record_ended_roles([role], administrator)
        with CaptureQueriesContext(connection) as queries:
            page = read_plain_markup(client.get(f"{URL}{person.pk}/change/"))
        assert page.count(f"Donné par {administrator}, le ") == page.count("Terminé par ") == traced
        numbers.append(sum("django_admin_log" in query["sql"] for query in queries))
    assert numbers[0] == numbers[1]


def test_history_shows_who_handed_a_body_over(client):
    body = plouexemple()
    manager, agent = a_person(Role.MANAGER, collectivity=body), an_agent()
    signed_in(client, manager).post(f"/ma-collectivite/{body.uid}/{agent.uid}/responsable/")
    signed_in(client, a_person(Role.ADMINISTRATOR))
    history = read_plain_markup(client.get(f"{URL}{agent.pk}/history/"))
    assert "Rôle donné : responsable d’une collectivité (Plouexemple, Finistère)" in history
    assert str(manager) in history


def test_list_of_accounts_names_the_body_of_an_agent(client):
    client.force_login(a_person(Role.ADMINISTRATOR))
    an_agent()
    assert "agent d’une collectivité (Plouexemple, Finistère)" in read_plain_markup(client.get(URL))
