"""A program that takes every turn of its address keeps nobody from declaring: who has waited ten seconds passes, and
people who are signed in are counted one by one.
"""

from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from collectivities.models import Collectivity
from core.request_counter import has_waited, hash_address
from incidents.bodies import views as body_views
from incidents.declare import bot_limits
from incidents.devices.draft_cookie import PEN
from incidents.devices.inputs import WAIT_PROOF
from incidents.enums import Screen
from incidents.models import Draft, Incident
from tests.cast import an_agent, plouexemple, signed_in
from tests.factories.collectivities import make_fake_siren
from tests.incidents.express import URL as EXPRESS_URL
from tests.incidents.express import post_express
from tests.incidents.journeys import WHERE, begin, make_address
from tests.reading import read_hidden_value, read_text
from tests.responses import Response

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("town")]
LAST_SCREEN = {"contact_phone": "02 99 00 00 00", "confirme": "oui"}


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> str:
    """An address of which a program takes each turn. The cache has a clock of its own, so that no turn gets free."""
    monkeypatch.setattr(bot_limits, "MAX_CONFIRMED_DECLARATIONS", 0)
    monkeypatch.setattr(bot_limits, "MAX_CONFIRMED_STARTS", 0)
    monkeypatch.setattr(body_views, "MAX_CONFIRMED_BODIES", 0)
    address = make_address()
    sender = hash_address(RequestFactory(REMOTE_ADDR=address).get("/"))
    for purpose in ("declare", "begin", "body"):
        cache.set(f"{purpose}:confirmed:next:{sender}", 1, timeout=60)
    return address


@pytest.fixture
def device(address: str) -> Client:
    """A device at this address with a draft."""
    device = Client(REMOTE_ADDR=address)
    begin(device)
    return device


def travel_by(seconds: int) -> time_machine.travel:
    return time_machine.travel(timezone.now() + timedelta(seconds=seconds))


def send(device: Client, proof: str = "") -> Response:
    return device.post(WHERE[Screen.CALLER], LAST_SCREEN | {WAIT_PROOF: proof})


def read_proof(response: Response) -> str:
    assert response.status_code == 429
    return read_hidden_value(response, WAIT_PROOF)


def test_a_declaration_that_has_waited_is_sent_though_a_program_takes_each_turn(device):
    proof = read_proof(send(device))
    with travel_by(8):  # who is impatient does not wait anew
        assert read_proof(send(device, proof)) == proof
    assert not Incident.objects.exists()
    with travel_by(11):
        assert send(device, proof).status_code == 303
    assert Incident.objects.count() == 1


def test_a_proof_counts_for_its_draft_and_for_ten_minutes(device, address):
    proof, other = read_proof(send(device)), Client(REMOTE_ADDR=address)
    begin(other)
    with travel_by(11):
        for wrong in (proof, f"{proof}x", "\0", "é"):
            assert read_proof(send(other, wrong)) not in ("", wrong)
    with travel_by(601):
        fresh = read_proof(send(device, proof))
        assert fresh != proof
    with travel_by(612):
        assert send(device, fresh).status_code == 303
    assert not has_waited("\ud800", "declare:1")


def test_an_express_declaration_that_has_waited_is_sent(address):
    device, body = Client(REMOTE_ADDR=address), str(plouexemple().uid)
    page = post_express(device, collectivite=body, rappel="oui", confirme="oui")
    repeated = {name: read_hidden_value(page, name) for name in (PEN, "contact_phone", "quoi", "collectivite")}
    with travel_by(11):
        answer = device.post(EXPRESS_URL, repeated | {"confirme": "oui", WAIT_PROOF: read_proof(page)})
    assert answer.status_code == 303
    assert Incident.objects.count() == 1


def test_an_express_declaration_of_a_new_body_goes_on_without_a_draft_if_its_start_must_wait(address):
    """Its draft would only keep the telephone number, which the express screen asks for again."""
    added = post_express(Client(REMOTE_ADDR=address), q="CCAS d’Exempleville", ajouter="ccas", confirme="oui")
    assert added["Location"].startswith(reverse("declare_new_body"))
    assert not Draft.objects.exists()


def add_body(device: Client, number: int, proof: str = "") -> Response:
    fields = {"kind": "ccas", "name": f"CCAS numéro {number}", "siren": make_fake_siren(626_000 + number)}
    posted = fields | {"town": "29232", "autre": "oui", "confirme": "oui", WAIT_PROOF: proof}
    return device.post(reverse("declare_new_body"), posted)


def test_a_draft_that_has_waited_adds_one_body(device):
    before = Collectivity.objects.count()
    proof = read_proof(add_body(device, 1))
    with travel_by(11):
        assert add_body(device, 1, proof).status_code == 302
        assert read_proof(add_body(device, 2, proof)) == proof
    assert Collectivity.objects.count() == before + 1


def test_bodies_without_a_draft_take_their_turn(address):
    """No quota counts them, so that a program could add any number of them."""
    response = add_body(Client(REMOTE_ADDR=address), 1)
    assert response.status_code == 429
    assert WAIT_PROOF not in response.content.decode()


def test_people_who_are_signed_in_are_counted_one_by_one(address):
    agents = [signed_in(Client(REMOTE_ADDR=address), an_agent()) for _number in range(2)]
    for agent in agents:
        begin(agent)
        assert send(agent).status_code == 303
    begin(agents[0])
    assert "Votre déclaration n’est pas encore partie." in read_text(send(agents[0]))
    assert Incident.objects.count() == 2
