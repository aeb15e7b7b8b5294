from collections.abc import Iterator

import pytest
from django.utils import timezone
from pytest_django import Settings
from time_machine import TimeMachineFixture

from tests.post import Post, receive_mails


@pytest.fixture
def post(settings: Settings) -> Iterator[Post]:
    with receive_mails(settings) as post:
        yield post


@pytest.fixture
def clock(time_machine: TimeMachineFixture) -> TimeMachineFixture:
    """Stop the clock at the present moment. A test may move it."""
    time_machine.move_to(timezone.now(), tick=False)
    return time_machine
