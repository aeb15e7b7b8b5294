import pytest
from django.utils import timezone
from time_machine import TimeMachineFixture


@pytest.fixture
def clock(time_machine: TimeMachineFixture) -> TimeMachineFixture:
    """Stop the clock at the present moment. A test may move it."""
    time_machine.move_to(timezone.now(), tick=False)
    return time_machine
