import pytest
from django.utils import timezone

from tests.post import receiving_mails


@pytest.fixture
def post(settings):
    with receiving_mails(settings) as post:
        yield post


@pytest.fixture
def clock(time_machine):
    """Now, which a test may shift."""
    time_machine.move_to(timezone.now(), tick=False)
    return time_machine
