"""The error of a form that would overwrite what somebody else has saved since its page was opened."""

from typing import Any


class Stale(Exception):
    """Raised when somebody has changed the data that a page shows since the page was opened. Nothing was saved.

    `current` is the value stored now, or None if the page does not show it.
    """

    def __init__(self, current: Any = None) -> None:
        super().__init__()
        self.current = current
