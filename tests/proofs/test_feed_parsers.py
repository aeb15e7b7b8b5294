"""Bombs for each parser of what strangers send: sixty invented ones, each piece repeated up to 24 kB, and one of each
family repeated up to its longest input. A few are in `tests/test_feed_parsers.py`.
"""

import pytest

from tests.parsers import BYTES, JSON_VALUES, TEXTS, Parser, feed, feed_parser, validate_request

MANY = 60


@pytest.mark.parametrize("name", [*BYTES, *TEXTS])
def test_a_parser_answers_or_refuses_many_bombs(name):
    feed_parser(name, examples=MANY, is_long=True)


def test_any_json_is_a_declaration_or_is_refused():
    feed(Parser(validate_request), JSON_VALUES, examples=MANY)
