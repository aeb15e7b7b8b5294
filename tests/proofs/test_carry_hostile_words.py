"""Hostile words through every door and to every reader, for each type of incident: together, all words are carried."""

import pytest

from tests.incidents.hostile_walk import TYPES, carry_words
from tests.post import receive_mails


@pytest.mark.parametrize(("kind", "most"), [(TYPES[0], 2), *((kind, 1) for kind in TYPES[1:])], ids=TYPES)
def test_hostile_text_harms_no_reader(db, settings, kind, most):
    with receive_mails(settings) as post:
        carry_words(kind, post, most=most)
