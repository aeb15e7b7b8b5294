"""The queue weighs severity and lateness together, shown on examples that are hard to order."""

import pytest

from incidents.enums import IncidentType, Status
from incidents.severity import Situation, assess_situation
from incidents.triage.queue.order import QueuePosition, compute_position, compute_urgency
from incidents.triage.queue.waves import arrange_waves
from tests.incidents.open_cases import CRITICAL, HIGH, LOW, MODERATE, NOW, a_case

FALSE_TRANSFER = Situation(type=IncidentType.TRANSFER, on=NOW.date())


def order_cases(*cases):
    """Pass the cases in reverse and return them as the queue orders them."""
    return [wave.worst for wave in arrange_waves(cases[::-1], NOW)]


def test_the_queue_shows_the_most_urgent_case_first():
    expected = [
        a_case(CRITICAL, minutes=28),
        a_case(CRITICAL, minutes=40),
        a_case(HIGH, minutes=-125),
        a_case(MODERATE, minutes=-35),
        a_case(HIGH, minutes=46),
        a_case(HIGH, minutes=108),
        a_case(LOW, minutes=-5),
        a_case(MODERATE, minutes=188),
        a_case(LOW, minutes=60),
    ]
    assert order_cases(*expected) == expected


HARD = {
    "a fresh critical case stands before whatever is late, for however long": (
        a_case(CRITICAL, minutes=59),
        a_case(HIGH, minutes=-3 * 24 * 60),
    ),
    "a critical case that waits for its review stands before them too": (
        a_case(CRITICAL, minutes=24 * 60, status=Status.ACKNOWLEDGED),
        a_case(HIGH, minutes=-120),
    ),
    "a critical case that is late stands before one that is in time": (
        a_case(CRITICAL, minutes=-1),
        a_case(CRITICAL, minutes=1),
    ),
    "what is moderate and late stands before what is high and in time": (
        a_case(MODERATE, minutes=-1),
        a_case(HIGH, minutes=1),
    ),
    "but not before what is high and late, even since less": (
        a_case(HIGH, minutes=-1),
        a_case(MODERATE, minutes=-600),
    ),
    "what is low and late does not pass what is high": (
        a_case(HIGH, minutes=230),
        a_case(LOW, minutes=-10_000),
    ),
    "nor what is moderate and late since longer": (
        a_case(MODERATE, minutes=-2),
        a_case(LOW, minutes=-10_000),
    ),
    "a false transfer of this morning stands before what sleeps": (
        a_case(assess_situation(FALSE_TRANSFER).severity, minutes=225, type=IncidentType.TRANSFER),
        a_case(LOW, minutes=-31 * 24 * 60, status=Status.ACKNOWLEDGED),
    ),
    "whether somebody has taken it changes nothing": (
        a_case(HIGH, minutes=10, status=Status.ACKNOWLEDGED, holder=7),
        a_case(HIGH, minutes=20),
    ),
}


@pytest.mark.parametrize("example", HARD)
def test_each_hard_example_is_ordered_as_expected(example):
    first, second = HARD[example]
    assert order_cases(first, second) == [first, second]
    assert order_cases(second, first) == [first, second]


def test_a_case_due_at_this_instant_is_not_late():
    due_now, high = a_case(MODERATE, minutes=0), a_case(HIGH, minutes=5)
    assert order_cases(due_now, high) == [high, due_now]


@pytest.mark.parametrize("is_late", [False, True])
def test_each_severity_is_more_urgent_than_the_one_below(is_late):
    levels = [compute_urgency(severity, is_late=is_late) for severity in (LOW, MODERATE, HIGH, CRITICAL)]
    assert levels == sorted(set(levels))
    assert levels[-1] == 5


def test_two_equal_cases_keep_their_order_from_page_to_page():
    first, second = a_case(HIGH, minutes=5), a_case(HIGH, minutes=5)
    assert order_cases(first, second) == order_cases(second, first)


def test_a_queue_place_is_parsed_from_its_link():
    position = compute_position(a_case(MODERATE, minutes=-35), NOW)
    assert QueuePosition.parse(str(position)) == position
