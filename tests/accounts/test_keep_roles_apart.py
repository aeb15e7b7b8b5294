"""The person who administers the platform reads no case: no door gives both roles to one account."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.enums import Role
from accounts.models import AccessLink, Membership, PendingMail, User
from accounts.services.invitations import MAX_INVITATIONS_A_DAY
from accounts.services.roles import has_incompatible_roles
from tests.accounts.lead_pages import NOUR, make_link_path, post_invitation, post_role, read_plain_markup
from tests.cast import a_lead, a_person, a_responder, an_agent, breizh_cyber, plouexemple

pytestmark = pytest.mark.django_db


def test_lead_does_not_learn_who_administers_the_platform_and_the_link_opens_nothing(client):
    client.force_login(a_lead())
    administrator = a_person(Role.ADMINISTRATOR)
    pages = [
        read_plain_markup(post_invitation(client, email)).replace(email, "") for email in (administrator.email, NOUR)
    ]
    assert all("L’invitation part par mail à ." in page for page in pages)
    assert "administre" not in pages[0]
    assert PendingMail.objects.filter(to=administrator.email).count() == 1
    address = make_link_path(AccessLink.objects.get(user=administrator))
    for response in (Client().get(address), Client().post(address)):
        assert response.status_code == 404
        assert "ne rejoint ni une collectivité ni un centre" in read_plain_markup(response)
    assert User.objects.get(pk=administrator.pk).readable_centre_ids == set()


def test_invitations_that_reach_no_administrator_count_towards_the_daily_limit(client):
    client.force_login(a_lead())
    for _number in range(MAX_INVITATIONS_A_DAY):
        post_invitation(client, a_person(Role.ADMINISTRATOR).email)
    assert "Vingt invitations sont parties en un jour" in read_plain_markup(
        post_invitation(client, a_person(Role.ADMINISTRATOR).email)
    )
    assert PendingMail.objects.count() == MAX_INVITATIONS_A_DAY


def test_invitation_to_a_centre_does_not_open_for_a_person_who_administers_since(client):
    client.force_login(a_lead())
    person = an_agent()
    Membership.objects.filter(user=person).update(ended_on=timezone.localdate())
    post_invitation(client, person.email)
    Membership.objects.create(user=person, role=Role.ADMINISTRATOR)
    address = make_link_path(AccessLink.objects.get())
    for response in (Client().get(address), Client().post(address)):
        assert response.status_code == 404
        assert f"Le compte de {person.email} administre la plateforme" in read_plain_markup(response)
        assert "Demandez une autre invitation" not in read_plain_markup(response)
    assert User.objects.get(pk=person.pk).readable_centre_ids == set()


def test_manager_does_not_learn_who_administers_the_platform_and_the_link_opens_nothing(client):
    body = plouexemple()
    client.force_login(a_person(Role.MANAGER, collectivity=body))
    administrator = a_person(Role.ADMINISTRATOR)
    page = read_plain_markup(
        client.post(f"/ma-collectivite/{body.uid}/inviter/", {"email": administrator.email}, follow=True)
    )
    assert f"L’invitation part par mail à {administrator.email}" in page
    assert PendingMail.objects.get().to == administrator.email
    response = Client().post(make_link_path(AccessLink.objects.get()))
    assert response.status_code == 404
    assert "ne rejoint ni une collectivité ni un centre" in read_plain_markup(response)
    assert User.objects.get(pk=administrator.pk).get_collectivity_ids() == set()


@pytest.mark.parametrize("make", [a_lead, a_responder, an_agent])
def test_admin_refuses_the_administration_to_a_person_who_reads_cases(client, make):
    client.force_login(a_person(Role.ADMINISTRATOR))
    person = make()
    page = read_plain_markup(post_role(client, person, Role.ADMINISTRATOR))
    assert "La personne qui administre la plateforme ne lit pas les déclarations" in page
    assert not User.objects.get(pk=person.pk).has_role(Role.ADMINISTRATOR)


def test_admin_refuses_a_centre_to_a_person_who_administers(client):
    client.force_login(a_person(Role.ADMINISTRATOR))
    person = a_person(Role.ADMINISTRATOR)
    page = read_plain_markup(post_role(client, person, Role.RESPONDER, csirt=breizh_cyber()))
    assert "La personne qui administre la plateforme ne lit pas les déclarations" in page
    assert User.objects.get(pk=person.pk).readable_centre_ids == set()


def test_person_whose_administration_has_ended_may_join_a_centre(client):
    client.force_login(a_person(Role.ADMINISTRATOR))
    person = a_person(Role.ADMINISTRATOR)
    Membership.objects.filter(user=person).update(ended_on="2021-02-01")
    assert post_role(client, person, Role.RESPONDER, csirt=breizh_cyber()).status_code == 302
    assert User.objects.get(pk=person.pk).readable_centre_ids == {breizh_cyber().pk}


def test_a_role_that_reads_may_begin_on_the_day_when_the_administration_ends():
    """A role is in force until the day before its end."""
    today = timezone.localdate()
    tomorrow = today + timedelta(days=1)
    administration = Membership(role=Role.ADMINISTRATOR, since_on=today, ended_on=tomorrow)
    assert not has_incompatible_roles([administration, Membership(role=Role.RESPONDER, since_on=tomorrow)])
    assert has_incompatible_roles([administration, Membership(role=Role.RESPONDER, since_on=today)])
