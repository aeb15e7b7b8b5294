"""Clicks that renew the secret of a case arrive at the same instant."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from django.db import connection

from incidents.services.declarant.access import derive_secret, rotate_access_by_declarant
from tests.cast import breizh_cyber, declare


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
