"""Mails give a number that answers while the centre of the case is closed."""

import pytest

from csirts.models import Contact
from incidents.services.handling.acknowledge import acknowledge_incident
from tests.cast import a_responder, breizh_cyber, declare
from tests.notifications.mailing import TOWN, deliver_all, read_on_one_line

pytestmark = pytest.mark.django_db


def test_later_mails_give_a_number_that_answers_while_the_centre_is_closed(post):
    centre = breizh_cyber()
    hours = {"value": "lun.–ven. 8 h–17 h", "note": "", "source": "essai"}
    Contact.objects.update_or_create(csirt=centre, kind="hours", defaults=hours)
    incident = declare()
    acknowledge_incident(reference=incident.reference, actor=a_responder(centre))

    deliver_all()

    taken = read_on_one_line(post.list_mails_to(TOWN)[1])
    assert "Ses horaires : lun.–ven. 8 h–17 h. Fermé ? CERT-FR : +33 9 70 83 32 18 (à toute heure" in taken
