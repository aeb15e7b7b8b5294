"""Hostile words through every door and to every reader, for each type of incident: together, all words are carried."""

import pytest

from tests.incidents.test_carry_hostile_words import TYPES, carry_words, receiving_mails


@pytest.mark.parametrize("kind", TYPES[1:])
def test_it_works(db, settings, kind):
    with receiving_mails(settings) as post:
        carry_words(kind, post)
