"""Who may call what of a case that went to another centre: the matrix again, for the centre that gave it away, for the
one that has it, and for a third. Where the giver is answered otherwise than a third, it stands here.
"""

import pytest
from django.db import transaction
from django.test import Client

from accounts.tokens import issue_token
from csirts.models import Csirt
from incidents.models import IncidentEvent
from incidents.services.transfer.proposal import accept_transfer, ask_transfer
from tests.cast import a_lead, a_piece, a_responder, an_upload, breizh_cyber, declare
from tests.incidents.transferring import agreed
from tests.permission_matrix import MATRIX
from tests.permission_posts import SENT
from tests.routes import plain, routes

CASE = "admin/incidents/incident/{reference}/"
TRANSFERS = "admin/incidents/incident/transferts/"
# A post sent from a page that was open: told where the case went, with what was typed. Everything else is the 404 of
# whatever is not theirs.
TOLD, NOT_THERE = 409, 404
OF_THE_TRANSFER = {
    # giver, taker, third
    ("get", f"{TRANSFERS}{{uid}}/"): (404, 200, 404),
    ("post", f"{TRANSFERS}{{uid}}/accepter/"): (404, 409, 404),
    ("post", f"{TRANSFERS}{{uid}}/refuser/"): (404, 409, 404),
    ("get", f"{TRANSFERS}{{uid}}/dossier/"): (200, 404, 404),
}
# The API, which takes no session, has a test of its own below.
OF_THE_CASE = [
    (method, route)
    for method, route, *codes in MATRIX
    if "{reference}" in route and codes[4:5] == [NOT_THERE] and not route.startswith("api/")
]


@pytest.fixture
def given(db):
    """A transfer that was accepted by somebody else of the taker's."""
    breizh_cyber()
    ailleurs, tiers = (Csirt.objects.create(slug=slug, name=slug.title()) for slug in ("ailleurs", "tiers"))
    incident, giver = declare(), a_responder()
    asked = ask_transfer(
        reference=incident.reference, taker="ailleurs", motive="Loin", actor=giver, seen="", agreement=agreed(incident)
    )
    transfer = accept_transfer(uid=asked.uid, actor=a_responder(ailleurs))
    incident.refresh_from_db()
    transfer.people = {"giver": giver, "taker": a_responder(ailleurs), "third": a_responder(tiers)}
    return transfer


def test_it_works(given):
    """The giver is answered as a third is, but for a post; the taker as whoever has a case."""
    codes = {one: answers(given, *one) for one in OF_THE_CASE}
    assert len(codes) > 20
    for (method, route), (giver, taker, third) in codes.items():
        told = TOLD if method == "post" and route.startswith(CASE) else NOT_THERE
        assert (giver, third) == (told, NOT_THERE), (method, route)
        assert taker != NOT_THERE or "{uid}" in route, (method, route)


@pytest.mark.parametrize("one", OF_THE_TRANSFER, ids=" ".join)
def test_the_pages_of_the_transfer(given, one):
    assert answers(given, *one) == OF_THE_TRANSFER[one]


def test_a_lead_of_the_giver_reads_no_more_than_its_responders(given):
    given.people["giver"] = a_lead()
    for one in OF_THE_CASE:
        assert answers(given, *one)[0] in (TOLD, NOT_THERE), one


def test_the_api_gives_it_to_the_taker_alone(given):
    address = f"/api/v1/incidents/{given.incident.reference}/"
    codes, listed = {}, {}
    for role, person in given.people.items():
        token = {"Authorization": f"Bearer {issue_token(person, name='essai')}"}
        codes[role] = Client().get(address, headers=token).status_code
        listed[role] = given.incident.reference in Client().get("/api/v1/incidents/", headers=token).content.decode()
    assert codes == {"giver": 404, "taker": 200, "third": 404}
    assert listed == {"giver": False, "taker": True, "third": False}


def test_no_list_names_it_to_the_giver(given):
    """But the list of what was given away."""
    client = Client()
    client.force_login(given.people["giver"])
    reference = given.incident.reference
    for address in ("/admin/", "/admin/incidents/incident/", "/admin/notifications/delivery/", "/mes-dossiers/"):
        for query in ({}, {"etat": "tous"}, {"q": "Plouexemple"}):
            assert reference not in client.get(address, query).content.decode(), address
    assert f"{reference[:4]}" in client.get(f"/{TRANSFERS}").content.decode()


def test_every_route_of_a_transfer_is_here():
    of_transfers = {plain(route) for route in routes() if plain(route).startswith(TRANSFERS)}
    assert of_transfers == {route for _method, route in OF_THE_TRANSFER} | {TRANSFERS}


def answers(given, method, route):
    return tuple(answer(given, method, route, person) for person in given.people.values())


def places(given, route):
    uid = given.uid
    if "{reference}" in route and "{uid}" in route:
        uid = (a_piece if route.startswith("triage/") else an_upload)(given.incident).uid
    return {
        "reference": given.incident.reference,
        "uid": uid,
        "act": "clore",
        "section": "rappel",
        "form": "qualifier",
    }


def answer(given, method, route, person):
    """The code; what was written is undone, and who is refused wrote nothing."""
    with transaction.atomic():
        url = "/" + route.format(**places(given, route))
        before = IncidentEvent.objects.count()
        client = Client(raise_request_exception=False)
        client.force_login(person)
        code = getattr(client, method)(url, SENT.get(route, {})).status_code
        assert code < 400 or IncidentEvent.objects.count() == before
        transaction.set_rollback(True)
    return code
