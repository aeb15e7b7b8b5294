"""The administrator who gives a territory to a centre reads what the centre lacks to answer for it."""

import pytest

from accounts.enums import Role
from collectivities.models import Region
from csirts.models import Coverage
from tests.cast import a_lead, a_person, a_responder, signed_in
from tests.factories.csirts import CsirtFactory
from tests.reading import read_text

pytestmark = pytest.mark.django_db
LIST = "/admin/csirts/coverage/"


def give_territory(client, centre):
    signed_in(client, a_person(Role.ADMINISTRATOR))
    fields = {"csirt": centre.pk, "region": Region.objects.get(code="06").pk, "source": "arrêté"}
    return client.post(f"{LIST}add/", fields, follow=True)


def test_a_territory_given_to_a_centre_that_nobody_reads_warns(client):
    answer = give_territory(client, CsirtFactory(name="Centre Essai"))
    lacks = "personne n’y a de compte et aucune adresse ne reçoit les déclarations."
    assert f"Le Centre Essai : {lacks} Ouvrez un compte à la personne qui le dirige" in read_text(answer)
    link = '<a href="/admin/accounts/user/add/">Ouvrez un compte à la personne qui le dirige</a>'
    assert link in answer.content.decode()


@pytest.mark.parametrize("ending", [{"is_active": False}, {}], ids=["closed account", "ended role"])
def test_a_person_who_left_is_nobody(client, ending):
    centre = CsirtFactory(name="Centre Essai", notification_email="garde@essai.example")
    person = a_responder(centre)
    if ending:
        person.is_active = False
        person.save()
    else:
        person.membership_set.update(ended_on="2026-01-01")
    page = read_text(give_territory(client, centre))
    assert "Le Centre Essai : personne n’y a de compte. Ouvrez un compte" in page


def test_a_centre_with_people_and_no_address_lacks_the_address_only(client):
    centre = CsirtFactory(name="Centre Essai")
    a_lead(centre)
    page = read_text(give_territory(client, centre))
    assert "Le Centre Essai : aucune adresse ne reçoit les déclarations. La personne qui dirige le centre" in page
    assert "personne n’y a de compte" not in page


def test_a_centre_without_a_lead_needs_one_to_choose_its_address(client):
    centre = CsirtFactory(name="Centre Essai")
    a_responder(centre)
    a_lead(centre).membership_set.update(ended_on="2026-01-01")
    a_lead(CsirtFactory(name="Autre Centre"))
    page = read_text(give_territory(client, centre))
    lacks = "aucune adresse ne reçoit les déclarations."
    assert f"Le Centre Essai : {lacks} Ouvrez un compte à la personne qui le dirige" in page
    assert "La personne qui dirige le centre choisit" not in page


def test_a_ready_centre_warns_of_nothing(client):
    centre = CsirtFactory(name="Centre Essai", notification_email="garde@essai.example")
    a_responder(centre)
    assert "Le Centre Essai :" not in read_text(give_territory(client, centre))
    assert Coverage.objects.filter(csirt=centre).exists()


def test_a_centre_out_of_service_warns_of_nothing(client):
    centre = CsirtFactory(name="Centre Essai", is_active=False)
    assert "Le Centre Essai :" not in read_text(give_territory(client, centre))
    assert Coverage.objects.filter(csirt=centre).exists()
