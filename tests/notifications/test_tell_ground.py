"""A ground is opened or closed: its centre and the declarants of its open cases are told, once."""

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange

from csirts.models import Coverage
from incidents.services.reroute import reroute_cases
from tests.cast import breizh_cyber, bretagne, declare
from tests.notifications.test_write import CENTRE, TOWN, delivered, one_line

pytestmark = pytest.mark.django_db


def test_it_works(post, clock):
    """Opened: the centre reads the declaration, the declarant whom to call."""
    centre = breizh_cyber()
    Coverage.objects.all().delete()
    declare()
    delivered(post)
    assert not post.to(CENTRE)
    before = len(post.to(TOWN))

    Coverage.objects.create(csirt=centre, region=bretagne(), valid=DateRange(None, None), source="essai")
    reroute_cases()
    delivered(post)

    [mail] = post.to(CENTRE)
    assert "Plouexemple" in mail["Subject"]
    assert "vous répondez désormais de ce territoire. Plouexemple est en Bretagne" in one_line(mail)
    [told] = post.to(TOWN)[before:]
    assert "Breizh Cyber reçoit votre dossier" in told["Subject"]
    assert "0 800 200 008" in one_line(told)
    assert "Personne ne s’en occupe encore" in one_line(told)


def test_a_closed_ground_is_told_with_the_way_out(post, clock):
    breizh_cyber()
    declare()
    delivered(post)
    before = len(post.to(TOWN))
    Coverage.objects.all().delete()

    reroute_cases()
    delivered(post)

    assert len(post.to(CENTRE)) == 1
    [told] = post.to(TOWN)[before:]
    assert "plus aucun centre ne couvre votre territoire" in told["Subject"]
    assert "Personne ne s’occupe de votre dossier" in one_line(told)


@pytest.mark.parametrize("is_closed", [True, False], ids=["closed", "opened"])
def test_a_mailbox_in_doubt_is_not_told_that_nobody_works_on_it(post, clock, is_closed):
    centre = breizh_cyber()
    if not is_closed:
        Coverage.objects.all().delete()
    declare(type="boite")
    delivered(post)
    before = len(post.to(TOWN))
    Coverage.objects.all().delete()
    if not is_closed:
        Coverage.objects.create(csirt=centre, region=bretagne(), valid=DateRange(None, None), source="essai")

    reroute_cases()
    delivered(post)

    [told] = post.to(TOWN)[before:]
    assert told["Subject"].endswith("du nouveau sur votre dossier")
    assert "Il y a du nouveau sur votre dossier" in one_line(told)
    assert "ersonne ne s’" not in one_line(told)
    assert "plus aucun centre" not in one_line(told)
    assert ("0 800 200 008" in one_line(told)) is not is_closed
    assert "ni lien vers votre dossier, ni code" in one_line(told)
