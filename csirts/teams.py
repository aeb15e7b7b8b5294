"""The people who work for the centres. `accounts`, which is above this application, registers at its start a function
that tells whether a centre has any.
"""

from collections.abc import Callable

type TeamReader = Callable[[int], bool]

_readers: list[TeamReader] = []


def register_team_reader(has_people: TeamReader) -> None:
    """Set the function that tells whether somebody with an open account works for a centre, given its id."""
    _readers[:] = [has_people]


def has_team(csirt: int) -> bool:
    """Tell whether somebody with an open account works for this centre. One query."""
    (has_people,) = _readers
    return has_people(csirt)
