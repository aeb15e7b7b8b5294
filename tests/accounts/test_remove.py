"""A lead is offered the removal of the responders of the led centre, and of nobody else. A person without any role
reads which role ended.
"""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from accounts.access import find_former_members
from accounts.enums import Role
from accounts.models import Membership
from core.french import format_day
from csirts.models import Csirt
from tests.accounts.lead_pages import read_plain_markup
from tests.cast import a_lead, a_responder, an_agent, breizh_cyber, plouexemple, signed_in

pytestmark = pytest.mark.django_db


def test_the_team_page_offers_to_remove_responders_of_the_led_centre_only(client):
    """Another lead of the centre may be a responder of a centre where this lead decides nothing."""
    responder, other_lead = a_responder(), a_lead()
    other_lead.membership_set.create(role=Role.RESPONDER, csirt=Csirt.objects.create(slug="ailleurs", name="Ailleurs"))

    page = read_plain_markup(signed_in(client, a_lead()).get("/equipe/"))

    assert other_lead.email in page
    assert f"Retirer {responder}" in page
    assert f"Retirer {other_lead}" not in page
    assert f"/equipe/{other_lead.uid}/retirer/" not in page


def test_the_page_that_removes_another_lead_does_not_exist(client):
    other_lead = a_lead()

    response = signed_in(client, a_lead()).get(f"/equipe/{other_lead.uid}/retirer/")

    assert response.status_code == 404


def test_a_removed_responder_reads_on_their_first_page_that_they_left_the_team(client):
    responder = a_responder()
    signed_in(client, a_lead()).post(f"/equipe/{responder.uid}/retirer/", {"csirt": breizh_cyber().pk})

    page = read_plain_markup(signed_in(client, responder).get("/connexion/", follow=True))

    assert "Vous n’êtes plus de l’équipe de Breizh Cyber, depuis le " in page
    client.logout()
    assert "Vous n’êtes plus" not in read_plain_markup(client.get("/"))


@pytest.mark.parametrize("awaits", [True, False])
def test_a_removed_person_does_not_come_back_by_a_role_that_begins_later(client, awaits):
    """A role that is prolonged has a second row, which begins when the first one ends."""
    responder = a_responder()
    later = timezone.localdate() + timedelta(days=30)
    responder.membership_set.update(ended_on=later)
    responder.membership_set.create(
        role=Role.RESPONDER, csirt=breizh_cyber(), since_on=later, awaits_confirmation=awaits
    )
    answer = signed_in(client, a_lead()).post(f"/equipe/{responder.uid}/retirer/", {"csirt": breizh_cyber().pk})
    assert answer.status_code == 302
    assert not responder.membership_set.not_ended().exists()
    gone = f"Vous n’êtes plus de l’équipe de Breizh Cyber, depuis le {format_day(timezone.localdate())}"
    assert gone in read_plain_markup(signed_in(client, responder).get("/connexion/", follow=True))
    if not awaits:
        with time_machine.travel(timezone.now() + timedelta(days=31)):
            assert gone in read_plain_markup(signed_in(client, responder).get("/connexion/", follow=True))


def test_a_member_of_a_body_who_leaves_does_not_come_back_by_a_role_that_begins_later(client):
    agent, body, later = an_agent(), plouexemple(), timezone.localdate() + timedelta(days=30)
    agent.membership_set.update(ended_on=later)
    agent.membership_set.create(role=Role.AGENT, collectivity=body, since_on=later)
    assert signed_in(client, agent).post(f"/ma-collectivite/{body.uid}/{agent.uid}/retirer/").status_code == 302
    assert not agent.membership_set.not_ended().exists()


def test_a_person_whose_only_role_ended_reads_which_one(client):
    agent = an_agent()
    Membership.objects.filter(user=agent).update(ended_on="2026-11-01")
    page = read_plain_markup(signed_in(client, agent).get("/connexion/", follow=True))
    assert "Votre rôle a pris fin le 1er novembre 2026 : agent d’une collectivité (Plouexemple, Finistère)." in page


def test_a_person_whose_next_role_begins_later_reads_nothing_of_the_one_that_ended(client):
    responder = a_responder()
    responder.membership_set.update(ended_on="2026-11-01")
    assert "Vous n’êtes plus" in read_plain_markup(signed_in(client, responder).get("/connexion/", follow=True))
    later = timezone.localdate() + timedelta(days=3)
    next_role = responder.membership_set.create(role=Role.RESPONDER, csirt=breizh_cyber(), since_on=later)
    assert "Vous n’êtes plus" not in read_plain_markup(client.get("/connexion/", follow=True))
    Membership.objects.filter(pk=next_role.pk).update(ended_on=later)  # it never begins
    assert "Vous n’êtes plus" in read_plain_markup(client.get("/connexion/", follow=True))


def test_a_person_who_has_another_role_reads_nothing_of_the_one_that_ended(client):
    """The role that is left may end on a later day."""
    agent = an_agent()
    later = timezone.localdate() + timedelta(days=3)
    Membership.objects.create(
        user=agent, role=Role.RESPONDER, csirt=breizh_cyber(), since_on="2021-01-01", ended_on="2026-01-01"
    )
    assert "Vous n’êtes plus" not in read_plain_markup(signed_in(client, agent).get("/"))
    Membership.objects.filter(user=agent, collectivity=plouexemple()).update(ended_on=later)
    assert "Vous n’êtes plus" not in read_plain_markup(client.get("/"))


def test_a_person_whose_role_begins_later_is_no_former_member():
    coming, leaving = a_responder(), a_responder()
    tomorrow = timezone.localdate() + timedelta(days=1)
    Membership.objects.filter(user=coming).update(since_on=tomorrow)
    Membership.objects.filter(user=leaving).update(since_on="2021-02-01", ended_on="2021-03-01")
    assert find_former_members(Membership.objects.all()) == {(leaving.pk, breizh_cyber().pk)}
