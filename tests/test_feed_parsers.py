"""Each parser of what strangers send is fed with bombs of 24 kB: it answers or refuses, soon and briefly.

A few examples for each here. `tests/proofs/test_feed_parsers.py` has hundreds, as long as each parser can get them.
"""

import pytest

from tests.bounded import TooCostly, limit_calls, limit_cpu
from tests.parsers import (
    BYTES,
    JSON_VALUES,
    TEXTS,
    Parser,
    check_bounded,
    feed,
    feed_parser,
    validate_request,
)

FEW, ONE_IN = 12, 5


@pytest.mark.parametrize("name", [*BYTES, *TEXTS])
def test_a_parser_answers_or_refuses_soon_and_briefly(name):
    feed_parser(name, examples=FEW, step=ONE_IN)


def test_any_json_is_a_declaration_or_is_refused():
    feed(Parser(validate_request), JSON_VALUES, examples=FEW)


def test_a_parser_that_hangs_fails_or_answers_too_much_is_noticed():
    def hang(_value: str) -> None:
        while True:
            pass

    with pytest.raises(TooCostly), limit_cpu(0.05):
        hang("")
    with pytest.raises(TooCostly), limit_calls(100):
        [abs(number) for number in range(101)]
    with pytest.raises(AssertionError):
        check_bounded(Parser(lambda value: value * 50_000), "a")
    with pytest.raises(ZeroDivisionError):
        feed(Parser(lambda _value: 1 / 0), JSON_VALUES, examples=1)
