"""The routes that the secret link of a case opens, with one line per method and route, and one status code per holder.

The roles of accounts alone stand in `test_permissions`; here is what a device holds besides, or instead.
"""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from accounts.models import User
from incidents.access import CaseVisitor
from incidents.models import Incident, IncidentEvent
from incidents.services.declarant.access import derive_secret, rotate_access_by_responder
from incidents.services.declarant.claim import claim_incident
from incidents.services.declarant.share import derive_sentence_secret, share_sentence
from tests.cast import (
    a_responder,
    an_agent,
    an_evidence_file,
    an_upload,
    breizh_cyber,
    declare,
    plouexemple,
    sign_in_by_password,
    signed_in,
)
from tests.permission_matrix import MATRIX as OF_ACCOUNTS

ROLES = [
    *["link", "link replaced since", "link of another case", "reader of the sentence"],
    *["link and account of the body", "claimed owner without the link", "colleague"],
    *["link and account of another body", "link and account of the centre", "the same without second factor"],
]
# An upload that is not there, or not any more: whoever may give one up is answered as if it had been.
GIVEN_UP = "suivi/{reference}/pieces/envoi/00000000-0000-4000-8000-000000000000/abandonner/"

# fmt: off
MATRIX = [
    # link; replaced; another case’s; reader; link + member; owner; colleague; link + other body, + centre; no factor
    ("get", "suivi/{reference}/",                                  200, 404, 404, 404, 200, 200, 200, 200, 200, 200),
    ("get", "statistiques/dossier/{reference}/",                   200, 404, 404, 404, 200, 200, 200, 200, 200, 200),
    ("get", "suivi/{reference}/lien/",                             200, 404, 404, 404, 200, 404, 404, 200, 200, 200),
    ("post", "suivi/{reference}/lien/",                            200, 404, 404, 404, 200, 404, 404, 200, 200, 200),
    ("post", "suivi/{reference}/quitter/",                         302),
    ("post", "suivi/{reference}/avis/",                            422, 404, 404, 404, 422, 422, 422, 422, 422, 422),
    ("post", "suivi/{reference}/message/",                         302, 404, 404, 404, 302, 302, 302, 302, 302, 302),
    ("get", "suivi/{reference}/messages/",                         200, 404, 404, 404, 200, 200, 200, 200, 200, 200),
    ("post", "suivi/{reference}/partager/",                        302, 404, 404, 404, 302, 302, 302, 302, 302, 302),
    ("post", "suivi/{reference}/ne-plus-partager/",                302, 404, 404, 404, 302, 302, 302, 302, 302, 302),
    ("get", "suivi/{reference}/retirer/",                          200, 404, 404, 404, 200, 200, 200, 200, 200, 200),
    ("post", "suivi/{reference}/retirer/",                         302, 404, 404, 404, 302, 302, 302, 302, 302, 302),
    ("post", "suivi/{reference}/rattacher/",                       404, 404, 404, 404, 302, 404, 404, 403, 403, 404),
    ("get", "suivi/{reference}/completer/",                        200, 404, 404, 404, 200, 200, 200, 200, 200, 200),
    ("post", "suivi/{reference}/completer/repris/",                302, 404, 404, 404, 302, 302, 302, 302, 302, 302),
    ("get", "suivi/{reference}/completer/{section}/",              200, 404, 404, 404, 200, 200, 200, 200, 200, 200),
    ("post", "suivi/{reference}/completer/{section}/",             422, 404, 404, 404, 422, 422, 422, 422, 422, 422),
    ("get", "suivi/{reference}/completer/{section}/avant/",        200, 404, 404, 404, 200, 200, 200, 200, 200, 200),
    ("get", "suivi/{reference}/dossier/",                          200, 404, 404, 404, 200, 200, 200, 200, 200, 200),
    ("post", "suivi/{reference}/dossier/",                         302, 404, 404, 404, 302, 302, 302, 302, 302, 302),
    ("get", "suivi/{reference}/dossier/{uid}/",                    404),
    ("get", "suivi/{reference}/pieces/",                           200, 404, 404, 404, 200, 200, 200, 200, 200, 200),
    ("post", "suivi/{reference}/pieces/",                          422, 404, 404, 404, 422, 422, 422, 422, 422, 422),
    ("get", "suivi/{reference}/pieces/bordereau/",                 200, 404, 404, 404, 200, 200, 200, 200, 200, 200),
    ("post", "suivi/{reference}/pieces/envoi/",                    201, 404, 404, 404, 201, 201, 201, 201, 201, 201),
    ("get", "suivi/{reference}/pieces/envoi/{uid}/",               200, 404, 404, 404, 200, 200, 200, 200, 200, 200),
    ("post", "suivi/{reference}/pieces/envoi/{uid}/",              422, 404, 404, 404, 422, 422, 422, 422, 422, 422),
    ("post", "suivi/{reference}/pieces/envoi/{uid}/fin/",          409, 404, 404, 404, 409, 409, 409, 409, 409, 409),
    ("post", "suivi/{reference}/pieces/envoi/{uid}/abandonner/",   302, 404, 404, 404, 302, 302, 302, 302, 302, 302),
    ("post", GIVEN_UP,                                             302, 404, 404, 404, 302, 302, 302, 302, 302, 302),
    ("get", "suivi/{reference}/pieces/{piece}/reprendre/",         200, 404, 404, 404, 200, 200, 200, 200, 200, 200),
    ("post", "suivi/{reference}/pieces/{piece}/reprendre/",        302, 404, 404, 404, 302, 302, 302, 302, 302, 302),
    ("get", "triage/{reference}/pieces/{piece}/",                  302, 302, 302, 302, 403, 403, 403, 404, 200, 302),
    ("get", "phrase/{secret}/",                                    200),
]
# fmt: on
SENT = {
    "suivi/{reference}/message/": {"text": "Bonjour"},
    "suivi/{reference}/pieces/envoi/": {"nom": "photo.jpg", "taille": "9"},
}


pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def case_of_module(module_rows: None) -> Incident:
    breizh_cyber()
    return declare()


def device(
    *incidents: Incident, user: User | None = None, sign_in: Callable[[Client, User], Client] = signed_in
) -> Client:
    client = Client(raise_request_exception=False)
    for incident in incidents:
        client.post(f"/suivi/acces/{derive_secret(incident.accesses.get(revoked_at=None))}/")
    return sign_in(client, user) if user else client


@pytest.fixture(scope="module")
def cast(case_of_module: Incident) -> dict[str, Client]:
    """Return the device of each holder. One of them holds a link that was replaced."""
    neighbour = plouexemple(insee_code="29998", name="Saint-Exemple", stem="saintexemple")
    replaced = device(case_of_module)
    rotate_access_by_responder(reference=case_of_module.reference, actor=a_responder())
    owner, uid = an_agent(), case_of_module.accesses.get(revoked_at=None).uid
    claim_incident(reference=case_of_module.reference, access_uid=uid, actor=owner)
    devices = [
        *[device(case_of_module), replaced, device(declare()), device()],
        *[device(case_of_module, user=an_agent()), device(user=owner), device(user=an_agent())],
        *[device(case_of_module, user=an_agent(neighbour)), device(case_of_module, user=a_responder())],
        device(case_of_module, user=a_responder(), sign_in=sign_in_by_password),
    ]
    return dict(zip(ROLES, devices, strict=True))


@pytest.fixture(scope="module")
def shared(case_of_module: Incident, cast: dict[str, Client]) -> str:
    visitor = CaseVisitor(access_uid=case_of_module.accesses.get(revoked_at=None).uid)
    return derive_sentence_secret(share_sentence(reference=case_of_module.reference, visitor=visitor))


@pytest.fixture(scope="module")
def places(case_of_module: Incident, shared: str) -> dict[str, Any]:
    objects = {"uid": an_upload(case_of_module).uid, "piece": an_evidence_file(case_of_module).uid}
    return objects | {"reference": case_of_module.reference, "section": "rappel", "secret": shared}


@pytest.mark.parametrize(("method", "route", "codes"), [(method, route, codes) for method, route, *codes in MATRIX])
def test_each_holder_gets_the_status_code_of_the_permission_matrix(cast, places, method, route, codes):
    expected = dict(zip(ROLES, codes * len(ROLES) if len(codes) == 1 else codes, strict=True))
    url = "/" + route.format(**places)
    answers = {role: get_code(client, method, url, SENT.get(route, {})) for role, client in cast.items()}
    assert answers == expected


def get_code(client, method, url, data):
    """Return the status code and undo what was written, on the device too. A refused request must not write."""
    before, cookies = IncidentEvent.objects.count(), deepcopy(client.cookies)
    with transaction.atomic():
        response = getattr(client, method)(url, data)
        if response.status_code >= 400:
            assert IncidentEvent.objects.count() == before
        transaction.set_rollback(True)
    client.cookies = cookies
    return response.status_code


def test_every_page_of_a_case_is_in_the_matrix():
    """Each address that a link, a sentence or a file opens is here; the other matrix has the refused methods too."""
    matrix = {(method, route.replace("{piece}", "{uid}")) for method, route, *_codes in MATRIX}
    account_matrix = {(method, route) for method, route, *codes in OF_ACCOUNTS if codes != [405]}
    of_a_case = ("suivi/{reference}/", "phrase/", "triage/{reference}/pieces/")
    assert not {line for line in account_matrix - matrix if line[1].startswith(of_a_case)}


def test_the_reader_of_the_sentence_learns_no_other_address(case_of_module, cast, shared):
    reader = cast["reader of the sentence"]
    assert case_of_module.reference not in reader.get(f"/phrase/{shared}/").content.decode()
    assert reader.post("/suivi/", {"reference": case_of_module.reference, "code": shared}).status_code == 422
    assert reader.get(f"/suivi/acces/{shared}/").status_code == 404
