"""The people who work for the centres. `accounts`, which is above this application, registers at its start two
functions: one tells whether a centre has any, the other whether somebody leads it.
"""

from collections.abc import Callable

type TeamReader = Callable[[int], bool]

_readers: list[TeamReader] = []


def register_team_readers(has_people: TeamReader, has_leader: TeamReader) -> None:
    """Set the functions that `has_team` and `has_lead` call with the id of a centre."""
    _readers[:] = [has_people, has_leader]


def has_team(csirt: int) -> bool:
    """Tell whether somebody with an open account works for this centre. Runs one query."""
    has_people, _has_leader = _readers
    return has_people(csirt)


def has_lead(csirt: int) -> bool:
    """Tell whether somebody with an open account leads this centre. Runs one query."""
    _has_people, has_leader = _readers
    return has_leader(csirt)
