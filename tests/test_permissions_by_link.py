"""What the secret link of a case opens, and to whom: one line a method and route, one code a holder.

The roles of accounts alone stand in `test_permissions`; here is what a device holds besides, or instead.
"""

import pytest
from django.test import Client

from incidents.access import Guest
from incidents.models import IncidentEvent
from incidents.services.claim import claim_incident
from incidents.services.follow_up import rotate_access, secret_of
from incidents.services.share import share_sentence, shared_secret_of
from tests.cast import a_responder, an_agent, breizh_cyber, declare, plouexemple

ROLES = [
    *["link", "link replaced since", "link of another case", "reader of the sentence"],
    *["link and account of the body", "claimed owner without the link", "colleague"],
    *["link and account of another body", "link and account of the centre"],
]
# An upload that is not there, or not any more: whoever may give one up is answered as if it had been.
GIVEN_UP = "suivi/{reference}/pieces/envoi/00000000-0000-4000-8000-000000000000/abandonner/"

# fmt: off
MATRIX = [
    # link; replaced; another case’s; reader; link + member; claimed owner; colleague; link + other body; link + centre
    ("get", "suivi/{reference}/",                   200, 404, 404, 404, 200, 200, 200, 200, 200),
    ("post", "suivi/{reference}/message/",          302, 404, 404, 404, 302, 302, 302, 302, 302),
    ("post", "suivi/{reference}/partager/",         302, 404, 404, 404, 302, 302, 302, 302, 302),
    ("post", "suivi/{reference}/ne-plus-partager/", 302, 404, 404, 404, 302, 302, 302, 302, 302),
    ("get", "suivi/{reference}/retirer/",           200, 404, 404, 404, 200, 200, 200, 200, 200),
    ("post", "suivi/{reference}/retirer/",          302, 404, 404, 404, 302, 302, 302, 302, 302),
    ("post", "suivi/{reference}/rattacher/",        404, 404, 404, 404, 302, 404, 404, 403, 403),
    ("post", "suivi/{reference}/lien/",             200, 404, 404, 404, 200, 404, 404, 200, 200),
    ("get", "suivi/{reference}/completer/",         200, 404, 404, 404, 200, 200, 200, 200, 200),
    ("post", "suivi/{reference}/completer/repris/", 302, 404, 404, 404, 302, 302, 302, 302, 302),
    ("post", "suivi/{reference}/completer/rappel/", 422, 404, 404, 404, 422, 422, 422, 422, 422),
    ("get", "suivi/{reference}/pieces/",            200, 404, 404, 404, 200, 200, 200, 200, 200),
    ("post", "suivi/{reference}/pieces/",           422, 404, 404, 404, 422, 422, 422, 422, 422),
    ("get", "suivi/{reference}/pieces/bordereau/",  200, 404, 404, 404, 200, 200, 200, 200, 200),
    ("post", "suivi/{reference}/pieces/envoi/",     201, 404, 404, 404, 201, 201, 201, 201, 201),
    ("post", GIVEN_UP,                              302, 404, 404, 404, 302, 302, 302, 302, 302),
    ("get", "phrase/{shared}/",                     200),
]
# fmt: on
SENT = {
    "suivi/{reference}/message/": {"text": "Bonjour"},
    "suivi/{reference}/pieces/envoi/": {"nom": "photo.jpg", "taille": "9"},
}


@pytest.fixture
def incident(db):
    breizh_cyber()
    return declare()


def device(*incidents, user=None):
    client = Client(raise_request_exception=False)
    for incident in incidents:
        client.post(f"/suivi/acces/{secret_of(incident.accesses.get(revoked_at=None))}/")
    if user:
        client.force_login(user)
    return client


@pytest.fixture
def cast(incident):
    """The device of each, made before the link is replaced for one of them."""
    neighbour = plouexemple(insee_code="29998", name="Saint-Exemple", stem="saintexemple")
    replaced = device(incident)
    rotate_access(reference=incident.reference, actor=a_responder())
    owner, uid = an_agent(), incident.accesses.get(revoked_at=None).uid
    claim_incident(reference=incident.reference, access_uid=uid, actor=owner)
    devices = [
        *[device(incident), replaced, device(declare()), device()],
        *[device(incident, user=an_agent()), device(user=owner), device(user=an_agent())],
        *[device(incident, user=an_agent(neighbour)), device(incident, user=a_responder())],
    ]
    return dict(zip(ROLES, devices, strict=True))


@pytest.fixture
def shared(incident, cast):
    guest = Guest(access_uid=incident.accesses.get(revoked_at=None).uid)
    return shared_secret_of(share_sentence(reference=incident.reference, guest=guest))


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("method", "route", "codes"), [(method, route, codes) for method, route, *codes in MATRIX])
def test_it_works(incident, cast, shared, method, route, codes, role):
    expected = dict(zip(ROLES, codes * len(ROLES) if len(codes) == 1 else codes, strict=True))[role]
    before = IncidentEvent.objects.count()
    url = "/" + route.format(reference=incident.reference, shared=shared)

    response = getattr(cast[role], method)(url, SENT.get(route, {}))

    assert response.status_code == expected
    if expected >= 400:
        assert IncidentEvent.objects.count() == before


def test_the_reader_of_the_sentence_learns_no_other_address(incident, cast, shared):
    reader = cast["reader of the sentence"]
    assert incident.reference not in reader.get(f"/phrase/{shared}/").content.decode()
    assert reader.post("/suivi/", {"reference": incident.reference, "code": shared}).status_code == 422
    assert reader.get(f"/suivi/acces/{shared}/").status_code == 404
