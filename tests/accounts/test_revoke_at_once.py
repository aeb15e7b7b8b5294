"""A token that is made at the instant at which a role ends: real commits, threads."""

import pytest
from django.http import Http404

from accounts.enums import Role, TokenScope
from accounts.models import ApiToken
from accounts.services.bodies import remove_member
from accounts.services.tokens import make_token
from tests.accounts.at_once import act_during_change
from tests.cast import a_person, an_agent, plouexemple


def test_a_token_that_is_made_while_a_role_ends_is_refused(transactional_db):
    """The form was shown before. Whoever is second waits for the account, and reads it again."""
    manager, person = a_person(Role.MANAGER, collectivity=plouexemple()), an_agent()
    with pytest.raises(Http404):
        act_during_change(
            lambda: remove_member(uid=plouexemple().uid, person_uid=person.uid, actor=manager),
            lambda: make_token(actor=person, name="SIEM", key="k", scopes=[TokenScope.READ]),
        )
    assert not ApiToken.objects.exists()
