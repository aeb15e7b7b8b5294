"""Assignment of a case to a person of its centre."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.access import list_working_roles, match_centres
from accounts.enums import CentreAbility
from accounts.models import User
from core.stale import Stale
from incidents.access import get_incident
from incidents.enums import Ability, EventKind, Status
from incidents.models import Incident
from incidents.services.handling.acknowledge import acknowledge_incident
from incidents.services.handling.due import DUE_FIELDS, recompute_due
from incidents.services.history.record import record_event
from incidents.severity import ACKNOWLEDGE_WITHIN
from incidents.workflow import check_transition

# The value of a form that stands for no assignee.
NOBODY = "personne"
ASSIGNMENT_FIELDS = ("assignee", "status", "acknowledged_at", "acknowledged_by", "acknowledge_by", *DUE_FIELDS)


def format_person_tag(user: User | None) -> str:
    """Return the value that identifies this person in a form, or NOBODY if `user` is None."""
    return str(user.uid) if user else NOBODY


def list_centre_responders(csirt_id: int | None) -> QuerySet[User]:
    """Return the people who work for this centre today, sorted by name."""
    return filter_responders(Q(csirt__in=[csirt_id]))


def list_colleagues(user: User) -> QuerySet[User]:
    """Return the people who work today for any of the centres of `user`, sorted by name. `user` is among them."""
    return filter_responders(match_centres(user, CentreAbility.WORK))


def filter_responders(in_centre: Q) -> QuerySet[User]:
    """Return the people who work today for a centre that meets the condition `in_centre`, sorted by name."""
    roles = list_working_roles().filter(in_centre)
    return User.objects.filter(pk__in=roles.values("user")).order_by("display_name", "pk")


def find_current_assignee(incident: Incident) -> User | None:
    """Return the assignee of the case, or None if they have left its centre. Runs one query at most."""
    return (
        list_centre_responders(incident.csirt_id).filter(pk=incident.assignee_id).first()
        if incident.assignee_id
        else None
    )


def get_colleague(tag: str, people: QuerySet[User], *, field: str) -> User | None:
    """Return the person among `people` whose `format_person_tag` is `tag`, or None if `tag` is NOBODY.

    Raises ValidationError on `field` if there is no such person.
    """
    if tag == NOBODY:
        return None
    try:
        person = people.filter(uid=UUID(tag)).first()
    except ValueError:
        person = None
    if person is None:
        raise ValidationError({field: "Choisissez une personne du centre, ou personne."})
    return person


@transaction.atomic
def assign_incident(*, reference: str, actor: User, assignee: User | None, seen: str = "") -> Incident:
    """Assign the case to a person of its centre. If `assignee` is None, the case loses its assignee.

    Assigning the same person again changes nothing. A person who assigns an untaken case to themselves also
    acknowledges it. `seen` is what `format_person_tag` returned for the assignee that the page showed, or "" if there
    was no page. Raises Http404, PermissionDenied, Stale with the assignee, and ValidationError on `assignee`.
    """
    incident = get_incident(actor, reference, to=Ability.WORK, lock=True)
    check_assignee(incident, assignee)
    takes_it = incident.status == Status.DECLARED and assignee == actor
    if incident.assignee == assignee and not takes_it:
        return incident
    if seen and seen != format_person_tag(incident.assignee):
        raise Stale(incident.assignee)
    if takes_it:
        return acknowledge_incident(reference=reference, actor=actor)
    now = timezone.now()
    data = set_assignee(incident, assignee, at=now)
    incident.save(update_fields=ASSIGNMENT_FIELDS)
    record_event(incident, EventKind.ASSIGNED, at=now, actor=actor, **data)
    return incident


def set_assignee(incident: Incident, to: User | None, *, at: datetime) -> dict[str, Any]:
    """Set the assignee at the instant `at` and return the data of the event.

    An acknowledged case that loses its assignee becomes declared again, with a new target from its severity. Assigning
    a case is not work on the case, so a due date that has passed stays passed. The caller has locked the case, and
    saves it.
    """
    incident.assignee = to
    data: dict[str, Any] = {"to": format_optional_uid(to)}
    if to is None and incident.status == Status.ACKNOWLEDGED:
        check_transition(Status.ACKNOWLEDGED, Status.DECLARED)
        incident.status, incident.acknowledged_at, incident.acknowledged_by = Status.DECLARED, None, None
        incident.acknowledge_by = at + ACKNOWLEDGE_WITHIN[incident.severity]
        data["put_back"] = True
    recompute_due(incident)
    return data


def check_assignee(incident: Incident, assignee: User | None) -> None:
    """Raise ValidationError on `assignee` if the case is closed, or if the person does not work for its centre."""
    if incident.status == Status.CLOSED:
        raise ValidationError({"assignee": "Ce dossier est clos : personne n’a plus à s’en occuper."})
    if assignee and not list_centre_responders(incident.csirt_id).filter(pk=assignee.pk).exists():
        raise ValidationError({"assignee": "Cette personne ne travaille pas au centre qui suit ce dossier."})


def format_optional_uid(user: User | None) -> str | None:
    """Return the uid of the user as text, or None."""
    return str(user.uid) if user else None
