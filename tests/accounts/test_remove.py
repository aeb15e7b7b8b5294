"""A lead is offered the removal of the responders of the led centre, and of nobody else."""

import pytest

from accounts.enums import Role
from csirts.models import Csirt
from tests.accounts.lead_pages import read_text
from tests.cast import a_lead, a_responder, signed_in

pytestmark = pytest.mark.django_db


def test_the_team_page_offers_to_remove_responders_of_the_led_centre_only(client):
    """Another lead of the centre may be a responder of a centre where this lead decides nothing."""
    responder, other_lead = a_responder(), a_lead()
    other_lead.membership_set.create(role=Role.RESPONDER, csirt=Csirt.objects.create(slug="ailleurs", name="Ailleurs"))

    page = read_text(signed_in(client, a_lead()).get("/equipe/"))

    assert other_lead.email in page
    assert f"Retirer {responder}" in page
    assert f"Retirer {other_lead}" not in page
    assert f"/equipe/{other_lead.uid}/retirer/" not in page


def test_the_page_that_removes_another_lead_does_not_exist(client):
    other_lead = a_lead()

    response = signed_in(client, a_lead()).get(f"/equipe/{other_lead.uid}/retirer/")

    assert response.status_code == 404
