"""A token that is made at the instant at which a role ends: real commits, threads."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django.http import Http404

from accounts.enums import Role, TokenScope
from accounts.models import ApiToken
from accounts.services.bodies import remove_member
from accounts.services.tokens import make_token
from tests.cast import a_person, an_agent, plouexemple


def test_a_token_that_is_made_while_a_role_ends_is_refused(transactional_db):
    """The form was shown before. Whoever is second waits for the account, and reads it again."""
    manager, person = a_person(Role.MANAGER, collectivity=plouexemple()), an_agent()

    def make():
        try:
            return make_token(actor=person, name="SIEM", key="k", scopes=[TokenScope.READ])
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            remove_member(uid=plouexemple().uid, person_uid=person.uid, actor=manager)
            making = pool.submit(make)
            while not (making.done() or count_waiting_clients()):
                time.sleep(0.02)
        with pytest.raises(Http404):
            making.result()
    assert not ApiToken.objects.exists()


def count_waiting_clients():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return cursor.fetchone()[0]
