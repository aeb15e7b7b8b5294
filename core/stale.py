"""Refusing to overwrite what somebody else has written meanwhile."""

from typing import Any


class Stale(Exception):
    """After the page was opened, somebody changed what it shows. Nothing was saved.

    `current` is what is stored now, if the page needs it.
    """

    def __init__(self, current: Any = None) -> None:
        super().__init__()
        self.current = current
