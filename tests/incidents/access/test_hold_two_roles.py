"""A person who works in a centre and belongs to a body, as an agent of a town hall who also answers for a centre."""

from datetime import date

import pytest
from django.test import Client

from accounts.enums import Role
from accounts.models import Membership, User
from csirts.models import Csirt
from incidents.models import Incident
from tests.cast import a_responder, declare, plouexemple
from tests.incidents.triage_pages import case_url

pytestmark = pytest.mark.django_db


def test_a_person_of_a_centre_and_of_a_body_sees_the_cases_of_both_and_no_other():
    centre = Csirt.objects.create(slug="ailleurs", name="Ailleurs")
    of_body, of_centre = (
        declare(),
        declare(collectivity=plouexemple(insee_code="29998", name="Saint-Exemple", stem="b")),
    )
    foreign = declare(collectivity=plouexemple(insee_code="29997", name="Tréexemple", stem="c"))
    Incident.objects.filter(pk=of_centre.pk).update(csirt=centre)
    person = a_responder(centre)
    Membership.objects.create(
        user=person, role=Role.AGENT, collectivity=of_body.collectivity, since_on=date(2021, 1, 1)
    )
    person = User.objects.get(pk=person.pk)

    assert {*Incident.objects.visible_to(person)} == {of_body, of_centre}
    client = Client()
    client.force_login(person)
    assert client.get(case_url(of_centre)).status_code == 200
    assert client.get(case_url(foreign)).status_code == 404
    assert client.get(f"/suivi/{of_body.reference}/").status_code == 200
    listed = client.get("/mes-dossiers/").content.decode()
    assert of_body.reference[:4] in listed
    assert foreign.reference[:4] not in listed
