"""The permission matrix for a transferred case, asked by the centre that gave it away, by the centre that has it and
by a third centre. This module lists the routes whose status code for the giver differs from that for the third centre.
"""

from copy import deepcopy
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from csirts.models import Csirt
from incidents.models import IncidentEvent, Transfer
from incidents.services.transfer.proposal import accept_transfer, create_proposal
from tests.cast import a_lead, a_responder, an_evidence_file, an_upload, breizh_cyber, declare
from tests.factories.accounts import make_api_token
from tests.incidents.transferring import make_agreement
from tests.permission_matrix import MATRIX
from tests.permission_posts import SENT
from tests.permission_requests import make_cookies
from tests.routes import list_routes, simplify_route

CASE = "admin/incidents/incident/{reference}/"
TRANSFERS = "admin/incidents/incident/transferts/"
# A post from a page that was still open gets a conflict that says where the case went, with the typed text. Everything
# else is not found.
CONFLICT, NOT_THERE = 409, 404
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
def transferred(db: None) -> Transfer:
    """Return a transfer that another responder of the new centre has accepted."""
    breizh_cyber()
    ailleurs, tiers = (Csirt.objects.create(slug=slug, name=slug.title()) for slug in ("ailleurs", "tiers"))
    incident, giver = declare(), a_responder()
    proposal = create_proposal(
        reference=incident.reference,
        taker="ailleurs",
        motive="Loin",
        actor=giver,
        seen="",
        agreement=make_agreement(incident),
    )
    transfer: Any = accept_transfer(uid=proposal.uid, actor=a_responder(ailleurs))  # and its `people` and `devices`
    incident.refresh_from_db()
    transfer.people = {"giver": giver, "taker": a_responder(ailleurs), "third": a_responder(tiers)}
    transfer.devices = {person: make_cookies(person) for person in transfer.people.values()}
    return transfer


def test_the_former_centre_gets_the_same_responses_as_a_centre_without_the_case(transferred):
    """The only difference is a post on the case. The new centre is answered like any centre of a case."""
    codes = {line: list_codes(transferred, *line) for line in OF_THE_CASE}
    assert len(codes) > 20
    for (method, route), (giver, taker, third) in codes.items():
        expected = CONFLICT if method == "post" and route.startswith(CASE) else NOT_THERE
        assert (giver, third) == (expected, NOT_THERE), (method, route)
        assert taker != NOT_THERE or "{uid}" in route, (method, route)


@pytest.mark.parametrize("line", OF_THE_TRANSFER, ids=" ".join)
def test_the_pages_of_the_transfer_open_to_the_new_centre_only(transferred, line):
    assert list_codes(transferred, *line) == OF_THE_TRANSFER[line]


def test_a_lead_of_the_former_centre_reads_only_what_its_responders_read(transferred):
    giver = a_lead()
    transferred.devices[giver] = make_cookies(giver)
    for line in OF_THE_CASE:
        assert get_code(transferred, *line, giver) in (CONFLICT, NOT_THERE), line


def test_the_api_shows_the_case_to_the_new_centre_only(transferred):
    address = f"/api/v1/incidents/{transferred.incident.reference}/"
    codes, listed = {}, {}
    for role, person in transferred.people.items():
        token = {"Authorization": f"Bearer {make_api_token(person)}"}
        codes[role] = Client().get(address, headers=token).status_code
        cases = Client().get("/api/v1/incidents/", headers=token).content.decode()
        listed[role] = transferred.incident.reference in cases
    assert codes == {"giver": 404, "taker": 200, "third": 404}
    assert listed == {"giver": False, "taker": True, "third": False}


def test_no_list_shows_the_case_to_the_former_centre(transferred):
    """Only the list of transfers does."""
    client = Client()
    client.force_login(transferred.people["giver"])
    reference = transferred.incident.reference
    for address in ("/admin/", "/admin/incidents/incident/", "/admin/notifications/delivery/", "/mes-dossiers/"):
        for query in ({}, {"etat": "tous"}, {"q": "Plouexemple"}):
            assert reference not in client.get(address, query).content.decode(), address
    assert f"{reference[:4]}" in client.get(f"/{TRANSFERS}").content.decode()


def test_every_route_of_a_transfer_is_in_the_matrix():
    of_transfers = {simplify_route(route) for route in list_routes() if simplify_route(route).startswith(TRANSFERS)}
    assert of_transfers == {route for _method, route in OF_THE_TRANSFER} | {TRANSFERS}


def list_codes(transferred, method, route):
    return tuple(get_code(transferred, method, route, person) for person in transferred.people.values())


def fill_places(transferred, route):
    uid = transferred.uid
    if "{reference}" in route and "{uid}" in route:
        uid = (an_evidence_file if route.startswith("triage/") else an_upload)(transferred.incident).uid
    return {
        "reference": transferred.incident.reference,
        "uid": uid,
        "act": "clore",
        "section": "rappel",
        "form": "qualifier",
    }


def get_code(transferred, method, route, person):
    """Return the status code and undo what was written. A refused request must not write."""
    with transaction.atomic():
        url = "/" + route.format(**fill_places(transferred, route))
        before = IncidentEvent.objects.count()
        client = Client(raise_request_exception=False)
        client.cookies = deepcopy(transferred.devices[person])
        code = getattr(client, method)(url, SENT.get(route, {})).status_code
        assert code < 400 or IncidentEvent.objects.count() == before
        transaction.set_rollback(True)
    return code
