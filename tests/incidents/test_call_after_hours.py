"""The follow-up page gives a number that answers while the centre of the case is closed."""

import pytest

from csirts.models import Contact
from tests.cast import breizh_cyber, declare
from tests.incidents.completing_pages import open_by_link
from tests.reading import read_text

pytestmark = pytest.mark.django_db


def test_a_number_that_answers_at_any_hour_is_beside_the_hours_of_the_centre(client):
    breizh_cyber()
    incident = declare()
    open_by_link(client, incident)
    page = f"/suivi/{incident.reference}/"
    fields = {"value": "lun.–ven. 9 h–17 h", "note": "", "source": "essai"}
    Contact.objects.update_or_create(csirt=incident.csirt, kind="hours", defaults=fields)
    national = "CERT-FR, +33 9 70 83 32 18 (à toute heure"
    assert f"Ses horaires : lun.–ven. 9 h–17 h. Fermé ? {national}" in read_text(client.get(page))
    Contact.objects.filter(csirt=incident.csirt, kind="hours").delete()
    assert "Fermé ?" not in read_text(client.get(page))
