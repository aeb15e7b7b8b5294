"""What the tests of the roles of PostgreSQL have in common."""

import pytest

from tests.backend import Backend


@pytest.fixture
def backend_with_roles(backend: Backend) -> Backend:
    if not backend.has_roles:
        pytest.skip("DATABASE_URL was given: its one role serves in the place of the three")
    return backend
