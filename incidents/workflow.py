"""Which status may follow which. Read by the services, the admin and the tests."""

from incidents.enums import OPEN, Status

TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.DECLARED: frozenset({Status.ACKNOWLEDGED, Status.CLOSED}),
    # Put back: whoever had it leaves it to be taken by somebody else.
    Status.ACKNOWLEDGED: frozenset({Status.CLOSED, Status.DECLARED}),
    # Reopened: somebody takes it again in the same act.
    Status.CLOSED: frozenset({Status.ACKNOWLEDGED}),
}
# Only an open case goes to another centre. Whoever accepts it takes it in the same act, even if somebody had it.
TRANSFERABLE = OPEN


class InvalidTransition(Exception):
    """The incident is not in a status from which the wanted one may follow."""

    def __init__(self, current: Status, wanted: Status) -> None:
        super().__init__(f"{current} → {wanted}")
        self.current = current
        self.wanted = wanted


def check_transition(current: Status, wanted: Status) -> None:
    """Raises InvalidTransition unless `wanted` may follow `current`."""
    if wanted not in TRANSITIONS[current]:
        raise InvalidTransition(current, wanted)


def check_transferable(current: Status) -> None:
    """Raises InvalidTransition unless a case in this status may be taken by another centre."""
    if current not in TRANSFERABLE:
        raise InvalidTransition(current, Status.ACKNOWLEDGED)
