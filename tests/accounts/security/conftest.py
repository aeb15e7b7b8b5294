"""Security events, of which no other test has written any in this minute."""

import pytest

from accounts.security import record


@pytest.fixture(autouse=True)
def _begin_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Count the failures and refusals of each test from zero: the counter belongs to the process."""
    for name in ("refusals_of_people", "refusals_of_strangers"):
        monkeypatch.setattr(record, name, record.MinuteCounter())
