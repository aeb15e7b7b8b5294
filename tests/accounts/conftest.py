"""People who sign in."""

import pytest
from django.test import Client

from accounts.enums import Role
from accounts.models import User
from tests.cast import a_person, breizh_cyber, plouexemple


@pytest.fixture
def manager(db: None, client: Client) -> User:
    """Return the manager of a town. The client is signed in as this manager."""
    breizh_cyber()
    manager = a_person(Role.MANAGER, collectivity=plouexemple())
    client.force_login(manager)
    return manager
