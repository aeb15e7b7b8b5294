"""A visitor finds the wall card of a body."""

import pytest

from tests.reading import read_text

pytestmark = pytest.mark.django_db


def test_a_former_commune_is_named_with_the_commune_that_absorbed_it(client):
    results = read_text(client.get("/secours/", {"q": "arbignieu"}))
    assert "Arbignieu, aujourd’hui dans Arboys en Bugey (Ain)" in results
