"""Remarks that the applications above `incidents` add to the pages of a case. `incidents` imports none of these
applications. Each of them registers, at its start (`AppConfig.ready`), a function that reads the remarks of a whole
page at once.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple


class Remark(NamedTuple):
    """An effect of an event in another application, such as a mail that was sent or that failed. The history displays
    the remark under its event.
    """

    to: str
    state: str
    at: datetime | None
    # The reason for a failure, as the page displays it.
    trouble: str
    is_troubled: bool


# A function that takes the ids of the events of a page and returns the remarks on each event. It runs a bounded number
# of queries.
type RemarkReader = Callable[[Collection[int]], Mapping[int, Sequence[Remark]]]

_readers: list[RemarkReader] = []


def register_remark_reader(reader: RemarkReader) -> None:
    """Register a function that returns the remarks on the events of a page. Registering a function twice has no
    effect.
    """
    if reader not in _readers:
        _readers.append(reader)


def list_remarks(events: Collection[int]) -> dict[int, list[Remark]]:
    """Return the remarks on each event, in the order in which their readers were registered."""
    by_event = defaultdict[int, list[Remark]](list)
    for reader in _readers:
        for event, remarks in reader(events).items():
            by_event[event] += remarks
    return by_event
