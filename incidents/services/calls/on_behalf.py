"""Declaration of a case during a telephone call. The person who answers the call becomes the assignee of the case."""

from django.db import transaction

from accounts.models import User
from incidents.enums import NoteKind
from incidents.facts.shapes import Declaration, Submission
from incidents.services.declaring.declare import DeclarationResult, declare_incident
from incidents.services.handling.acknowledge import acknowledge_incident
from incidents.services.handling.notes import write_note


@transaction.atomic
def declare_by_phone(*, declaration: Declaration, submission: Submission, actor: User) -> DeclarationResult:
    """Declare the case during a call. If the actor works for the centre of the case, take the case and note the call.

    The note counts as the first answer to the declarant. The same form sent again changes nothing. Raises like
    `declare_incident`.
    """
    declared = declare_incident(declaration=declaration, submission=submission, actor=actor)
    incident = declared.incident
    if declared.is_new and actor.works_in_centre(incident.csirt_id):
        acknowledge_incident(reference=incident.reference, actor=actor)
        text = "La déclaration a été écrite pendant cet appel."
        write_note(reference=incident.reference, actor=actor, kind=NoteKind.CALL_IN, text=text, key=submission.key)
        incident.refresh_from_db()
    return declared
