"""A reference survives a bad telephone line."""

from hypothesis import given
from hypothesis import strategies as st

from incidents.reference import (
    ALPHABET,
    REFERENCE_LENGTH,
    add_check_character,
    compact_code,
    hyphenate,
    is_reference,
    make_reference,
)

bodies = st.text(ALPHABET, min_size=REFERENCE_LENGTH - 1, max_size=REFERENCE_LENGTH - 1)


def test_a_drawn_reference_is_valid_in_any_spelling():
    reference = make_reference()

    assert is_reference(reference)
    assert is_reference(compact_code(f" {hyphenate(reference).lower()} "))
    assert not set("01OI") & set(ALPHABET)


@given(bodies, st.integers(0, REFERENCE_LENGTH - 1), st.sampled_from(ALPHABET))
def test_one_wrong_symbol_is_detected(body, place, symbol):
    reference = add_check_character(body)
    heard = reference[:place] + symbol + reference[place + 1 :]

    assert is_reference(heard) == (heard == reference)


def test_nearly_every_swap_of_neighbours_is_detected():
    pairs = [(a, b) for a in ALPHABET for b in ALPHABET if a != b]
    missed = sum(
        is_reference(add_check_character("ABCDE" + a + b)[:5] + b + a + add_check_character("ABCDE" + a + b)[7])
        for a, b in pairs
    )

    assert missed / len(pairs) < 0.01


def test_a_reference_is_spaced_in_groups_of_four():
    assert hyphenate("T7K49MQX") == "T7K4-9MQX"
    assert compact_code("t7k4 9mqx") == "T7K49MQX"


def test_references_are_drawn_at_random():
    """Successive references do not share a prefix, so a reference does not tell when it was drawn."""
    drawn = [make_reference() for _ in range(2_000)]

    assert len(set(drawn)) == 2_000
    assert len({reference[0] for reference in drawn}) == len(ALPHABET)
