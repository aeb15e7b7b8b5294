"""The people of the tests of retention."""

import pytest

from accounts.enums import Role
from accounts.models import User
from tests.cast import a_person


@pytest.fixture
def chooser(db: None) -> User:
    """Return an administrator, who chooses durations."""
    return a_person(Role.ADMINISTRATOR)
