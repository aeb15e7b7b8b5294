"""Where applications above show themselves on the pages of a case. `incidents` imports none of them: each registers a
function as it starts (`AppConfig.ready`), which reads for a whole page at once, never for one row.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple


class Remark(NamedTuple):
    """What became of an event elsewhere, drawn under it in the history: a mail that left, or did not."""

    to: str
    state: str
    at: datetime | None
    # The reason in words, if something failed.
    trouble: str
    is_troubled: bool


# The ids of the events of a page → the remarks on each. Runs a bounded number of queries.
type ReadRemarks = Callable[[Collection[int]], Mapping[int, Sequence[Remark]]]

_readers: list[ReadRemarks] = []


def register_remarks(read: ReadRemarks) -> None:
    """Add a function to those that are asked about the events of each page, once."""
    if read not in _readers:
        _readers.append(read)


def list_remarks(events: Collection[int]) -> dict[int, list[Remark]]:
    """Return the remarks on each event, in the order in which the applications registered."""
    by_event = defaultdict[int, list[Remark]](list)
    for read in _readers:
        for event, remarks in read(events).items():
            by_event[event] += remarks
    return by_event
