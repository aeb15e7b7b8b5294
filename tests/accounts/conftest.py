"""People who sign in, and how long their sessions last."""

from datetime import timedelta

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.enums import Role
from accounts.models import User
from tests.cast import a_person, breizh_cyber, plouexemple, signed_in


@pytest.fixture
def manager(db: None, client: Client) -> User:
    """Return the manager of a town. The client is signed in as this manager."""
    breizh_cyber()
    manager = a_person(Role.MANAGER, collectivity=plouexemple())
    client.force_login(manager)
    return manager


@pytest.fixture
def administration(db: None) -> Client:
    """Return a browser in which the administrator of the platform is signed in."""
    return signed_in(Client(), a_person(Role.ADMINISTRATOR))


@pytest.fixture
def short_limits(settings: Settings) -> None:
    """End sessions of people with powers as production does."""
    settings.SESSION_IDLE_LIMIT, settings.SESSION_ABSOLUTE_LIMIT = timedelta(minutes=30), timedelta(hours=12)
