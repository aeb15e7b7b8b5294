"""The secret of a case is renewed, by clicks at the same instant and several times."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from django.db import connection

from incidents.services.declarant.access import (
    derive_secret,
    rotate_access_by_declarant,
    rotate_access_by_responder,
)
from tests.cast import a_responder, breizh_cyber, declare


def test_simultaneous_renewals_make_one_new_code(transactional_db):
    """The browser shows any one of the answers, so all of them must give the code that opens the case."""
    breizh_cyber()
    incident = declare()
    before, together = incident.accesses.get().uid, Barrier(4)

    def click(_number):
        together.wait()
        try:
            return derive_secret(rotate_access_by_declarant(access_uid=before))
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        codes = set(pool.map(click, range(4)))
    assert codes == {derive_secret(incident.accesses.get(revoked_at=None))}
    assert incident.events.filter(kind="link_rotated").count() == 1


def test_a_later_renewal_keeps_when_an_earlier_code_ended(db):
    responder, incident = a_responder(), declare()
    first = incident.accesses.get()
    rotate_access_by_responder(reference=incident.reference, actor=responder)
    first.refresh_from_db()
    ended_at = first.revoked_at
    rotate_access_by_responder(reference=incident.reference, actor=responder)
    first.refresh_from_db()
    assert first.revoked_at == ended_at
    assert incident.accesses.filter(revoked_at=None).count() == 1
