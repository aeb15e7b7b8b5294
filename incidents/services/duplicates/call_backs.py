"""The wait for a call back that a case and its duplicates share.

A declarant who asked for a call still waits for it after a merge. The main case is then to be called back too, and the
call ends the wait of all: a duplicate waits for a call only while its main case does.
"""

from django.db.models import QuerySet

from incidents.enums import EventKind, Status
from incidents.models import Incident


def list_waiting_duplicates(main_reference: str) -> QuerySet[Incident]:
    """Return the duplicates of this main case whose declarants asked for a call and still wait for it."""
    return Incident.objects.filter(merged_into__reference=main_reference, is_to_call_back=True)


def inherit_call_back(main: Incident, duplicate: Incident) -> bool:
    """Set `is_to_call_back` of `main` if the new duplicate is open and to be called back.

    Return whether `main` changed. A call on `main` has ended the wait of the earlier duplicates, so their
    `is_to_call_back` is then cleared. The caller has locked both cases and the waiting duplicates of `main`, and saves
    `main`.
    """
    if main.is_to_call_back or duplicate.status == Status.CLOSED or not duplicate.is_to_call_back:
        return False
    # A call on the main case has ended the wait of its earlier duplicates.
    main.doubles.filter(is_to_call_back=True).update(is_to_call_back=False)
    main.is_to_call_back = True
    return True


def recompute_call_back(main: Incident) -> None:
    """Clear `main.is_to_call_back` if a merge set it and no duplicate waits for a call any more. Does not save."""
    if main.is_to_call_back and has_inherited_call_back(main):
        main.is_to_call_back = main.doubles.filter(is_to_call_back=True).exists()


def has_inherited_call_back(main: Incident) -> bool:
    """Tell whether a merge set `is_to_call_back` of this case. Its own declarant then did not ask for a call."""
    return main.events.filter(kind=EventKind.MERGED, data__call_back=True).exists()


def awaits_call(incident: Incident) -> bool:
    """Tell whether the declarant of this case asked for a call and still waits for it. Runs one query at most."""
    main = incident.merged_into
    if main:
        return incident.is_to_call_back and main.is_to_call_back and main.status != Status.CLOSED
    is_marked = incident.is_to_call_back and incident.status != Status.CLOSED
    return is_marked and not has_inherited_call_back(incident)
