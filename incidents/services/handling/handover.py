"""Hand-over at the end of a shift: a person passes their open cases to a colleague, with a text."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.http import Http404
from django.utils import timezone

from accounts.access import CaseCounts, match_centres
from accounts.enums import CentreAbility
from accounts.models import User
from core.text import clean_text
from incidents.access import get_incident
from incidents.enums import OPEN, Ability, EventKind, NoteKind, Status
from incidents.models import Incident, Note
from incidents.querysets import holder_works_for_centre
from incidents.services.handling.assign import ASSIGNMENT_FIELDS, list_centre_responders, set_assignee
from incidents.services.handling.notes import TEXT_LIMIT, derive_note_key, filter_readable_notes, save_note
from incidents.services.history.record import record_event

MAX_CASES_SHOWN = 200
# The relations of a body that give its time zone.
TERRITORIES = ("departement", "region", "region_correction")
MAX_HANDOVERS_SHOWN = 200
HANDOVERS_SHOWN_FOR = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True)
class HandoverRequest:
    """The text of a hand-over, and the person who gets the cases (`to`).

    If `to` is None, the cases are left without assignee. `key` is the idempotency key of the form.
    """

    to: User | None
    text: str
    key: str


@dataclass
class HandoverResult:
    """The result of a hand-over: the references of the cases that were handed over, and of the remaining cases.

    A remaining case was closed, transferred or reassigned meanwhile, or its centre is not one of the colleague's. It
    may also have been assigned to the actor again after the same form handed it over. `is_written` tells whether at
    least one of the cases has the text in a note.
    """

    handed_over: list[str] = field(default_factory=list)
    remaining: list[str] = field(default_factory=list)
    is_written: bool = False


def hand_shift_over(*, actor: User, references: Sequence[str], handover: HandoverRequest) -> HandoverResult:
    """Hand over each of these cases in its own transaction.

    Raises ValidationError, with its messages by field, before any case is handed over. If the call stops before the
    last case, the same form can be sent again to hand over the rest.
    """
    check_handover(actor, references, handover)
    result = HandoverResult()
    for reference in dict.fromkeys(references):
        try:
            is_given = hand_case_over(reference=reference, actor=actor, handover=handover)
        except (Http404, PermissionDenied, ValidationError):
            is_given = False
        (result.handed_over if is_given else result.remaining).append(reference)
    words = clean_text(handover.text, limit=TEXT_LIMIT, field="text")
    notes = Note.objects.filter(author=actor, kind=NoteKind.HANDOVER, incident__reference__in=references)
    result.is_written = notes.filter(text=words).exists()
    return result


def check_handover(actor: User, references: Sequence[str], handover: HandoverRequest) -> None:
    """Raise ValidationError by field if the cases, the colleague or the text of a hand-over are not acceptable."""
    if not references:
        raise ValidationError({"references": "Cochez les dossiers que vous passez."})
    if len(references) > MAX_CASES_SHOWN:
        raise ValidationError({"references": f"Passez au plus {MAX_CASES_SHOWN} dossiers à la fois."})
    if handover.to == actor:
        raise ValidationError({"colleague": "Choisissez quelqu’un d’autre que vous, ou personne."})
    if not clean_text(handover.text, limit=TEXT_LIMIT, field="text"):
        raise ValidationError({"text": "Écrivez ce que la relève doit savoir."})


@transaction.atomic
def hand_case_over(*, reference: str, actor: User, handover: HandoverRequest) -> bool:
    """Hand over one open case of the actor. Returns True if this call did so, or if an earlier call with the
    same key and text did and the case is no longer open and assigned to the actor.

    Returns False otherwise: the case is closed or not the actor's, it was assigned to the actor again after such a
    call and stays with them, or `handover.to` does not work for the centre. Raises Http404, PermissionDenied, and
    ValidationError on the field `text`.
    """
    incident = get_incident(actor, reference, to=Ability.WORK, lock=True)
    if incident.assignee_id != actor.pk or incident.status == Status.CLOSED:
        return is_repeated_submission(incident, handover)
    if handover.to and not list_centre_responders(incident.csirt_id).filter(pk=handover.to.pk).exists():
        return False
    note, is_new = save_note(incident, actor=actor, kind=NoteKind.HANDOVER, text=handover.text, key=handover.key)
    if not is_new:
        return False
    data = set_assignee(incident, handover.to, at=note.written_at)
    incident.save(update_fields=ASSIGNMENT_FIELDS)
    record_event(incident, EventKind.HANDED_OVER, at=note.written_at, actor=actor, note=str(note.uid), **data)
    return True


def is_repeated_submission(incident: Incident, handover: HandoverRequest) -> bool:
    """Tell whether an earlier call with the same key and text already handed the case over."""
    words = clean_text(handover.text, limit=TEXT_LIMIT, field="text")
    return Note.objects.filter(
        submission_key=derive_note_key(incident, NoteKind.HANDOVER, words, handover.key)
    ).exists()


# Reading what the page of the hand-over shows


def list_assigned_cases(user: User) -> QuerySet[Incident]:
    """Return up to `MAX_CASES_SHOWN` open cases assigned to this person, soonest due first."""
    assigned = Incident.objects.of_centres(user, CentreAbility.WORK).filter(assignee=user).open()
    return join_territories(assigned).order_by("due_at", "id")[:MAX_CASES_SHOWN]


def list_abandoned_cases(user: User) -> QuerySet[Incident]:
    """Return up to `MAX_CASES_SHOWN` open cases whose assignee has left the centre, soonest due first.

    Only the cases of the centres that `user` leads are returned.
    """
    assigned = Incident.objects.of_centres(user, CentreAbility.LEAD).filter(assignee__isnull=False).open()
    return join_territories(assigned.filter(~holder_works_for_centre())).order_by("due_at", "id")[:MAX_CASES_SHOWN]


def count_open_cases(people: Collection[int], csirts: Collection[int]) -> CaseCounts:
    """Count the open cases of each of these people in each of these centres, and the late ones among them.

    `people` and `csirts` are ids. A case is late once its due date is past, as in the queue. Runs one query.
    """
    cases = Incident.objects.open().filter(assignee__in=people, csirt__in=csirts).order_by()
    late = Count("pk", filter=Q(due_at__lt=timezone.now()))
    counted = list(cases.values_list("assignee", "csirt").annotate(number=Count("pk"), late=late))
    return CaseCounts(
        Counter({(person, csirt): number for person, csirt, number, _late in counted}),
        Counter({(person, csirt): number for person, csirt, _open, number in counted}),
    )


def join_territories(cases: QuerySet[Incident]) -> QuerySet[Incident]:
    """Return the cases, loaded with their assignee and with the relations that give their time zone."""
    return cases.select_related("assignee", *(f"collectivity__{place}" for place in TERRITORIES))


@dataclass
class ReceivedHandover:
    """A hand-over as its receiver reads it: one text and the cases that it is about.

    `is_for_all` tells whether these cases have no assignee.
    """

    note: Note
    is_for_all: bool
    incidents: list[Incident]


def list_received_handovers(user: User, now: datetime) -> list[ReceivedHandover]:
    """Return the hand-overs of the last 24 hours to this person or the whole centre, newest first. Runs one query."""
    open_here = match_centres(user, CentreAbility.WORK, "incident__csirt") & Q(incident__status__in=OPEN)
    for_me = Q(incident__assignee=user) | Q(incident__assignee=None)
    notes = Note.objects.filter(open_here & for_me, kind=NoteKind.HANDOVER, written_at__gte=now - HANDOVERS_SHOWN_FOR)
    notes = filter_readable_notes(notes).exclude(author=user).exclude(text="").order_by("-written_at", "-id")
    joined = notes.select_related("author", *(f"incident__collectivity__{place}" for place in TERRITORIES))
    return group_received_handovers(joined[:MAX_HANDOVERS_SHOWN])


def group_received_handovers(notes: Iterable[Note]) -> list[ReceivedHandover]:
    """Group the notes of hand-overs by author, text and recipient, in the order of the notes."""
    handovers: dict[tuple[int, str, bool], ReceivedHandover] = {}
    for note in notes:
        is_for_all = note.incident.assignee_id is None
        handover = handovers.setdefault(
            (note.author_id, note.text, is_for_all), ReceivedHandover(note, is_for_all, [])
        )
        handover.incidents.append(note.incident)
    return list(handovers.values())
