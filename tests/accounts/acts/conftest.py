"""The administrator of the platform, whose acts a centre confirms or hears of."""

import pytest
from django.test import Client

from accounts.enums import Role
from tests.cast import a_person, signed_in


@pytest.fixture
def administration(db: None) -> Client:
    """Return a browser in which the administrator of the platform is signed in."""
    return signed_in(Client(), a_person(Role.ADMINISTRATOR))
