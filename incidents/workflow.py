"""The rules on which status may follow which. The services, the admin and the tests use them."""

from incidents.enums import OPEN, Status

TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.DECLARED: frozenset({Status.ACKNOWLEDGED, Status.CLOSED}),
    # A case that is put back into the queue is DECLARED again, and somebody else can take it.
    Status.ACKNOWLEDGED: frozenset({Status.CLOSED, Status.DECLARED}),
    # The person who reopens a case takes it in the same act.
    Status.CLOSED: frozenset({Status.ACKNOWLEDGED}),
}
# Only an open case can go to another centre. The person who accepts it takes it in the same act, even if a colleague
# of the former centre had it.
TRANSFERABLE = OPEN


def must_be_taken(status: str, *, has_holder: bool) -> bool:
    """Tell whether somebody must take the case. A declared case must be taken, even if it is already assigned. An
    acknowledged case must be taken if it has no holder.

    `has_holder` tells whether somebody who works for the centre is in charge of the case.
    """
    return status == Status.DECLARED or (status == Status.ACKNOWLEDGED and not has_holder)


def is_abandoned(status: str, assignee: int | None, *, has_holder: bool) -> bool:
    """Tell whether somebody must take the open case over. This is so if its assignee left the centre, or if the case
    is acknowledged and has no assignee. `assignee` is the id of the assignee. `has_holder` is true if the assignee
    still works for the centre.
    """
    return status != Status.CLOSED and not has_holder and (assignee is not None or status == Status.ACKNOWLEDGED)


class InvalidTransition(Exception):
    """The new status may not follow the present status of the incident."""

    def __init__(self, current: Status, target: Status) -> None:
        super().__init__(f"{current} → {target}")
        self.target = target


def check_transition(current: Status, target: Status) -> None:
    """Raise InvalidTransition unless the status `target` may follow `current`."""
    if target not in TRANSITIONS[current]:
        raise InvalidTransition(current, target)


def check_transferable(current: Status) -> None:
    """Raise InvalidTransition unless a case in this status may go to another centre."""
    if current not in TRANSFERABLE:
        raise InvalidTransition(current, Status.ACKNOWLEDGED)
