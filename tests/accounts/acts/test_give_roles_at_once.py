"""A role that two clicks give at the same instant: real commits, threads."""

from django.test import Client

from accounts.enums import Role
from accounts.models import Membership
from tests.accounts.at_once import act_during_change
from tests.accounts.lead_pages import post_role, read_plain_markup
from tests.cast import a_person, an_agent, breizh_cyber, signed_in


def test_the_second_click_reads_the_role_that_the_first_one_gave(transactional_db):
    centre, person = breizh_cyber(), an_agent()
    administration = signed_in(Client(), a_person(Role.ADMINISTRATOR))
    form = {"person": person, "role": Role.RESPONDER, "csirt": centre}
    answer = act_during_change(lambda: post_role(administration, **form), lambda: post_role(administration, **form))
    assert "Cette personne a déjà ce rôle, sans dernier jour" in read_plain_markup(answer)
    assert Membership.objects.filter(user=person, csirt=centre).count() == 1
