"""Erasure of the texts and the personal data of a case. Its events and the figures stay."""

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from incidents.access import get_incident
from incidents.enums import Ability, EventKind
from incidents.facts.shapes import SERVICE_WORDS, STORY_COLUMNS
from incidents.models import (
    Advice,
    AnswerSheet,
    CaseKey,
    Closing,
    DraftPage,
    Evidence,
    EvidenceUpload,
    Incident,
    Message,
    Note,
    Observable,
    Rating,
    SearchDocument,
    ServiceInterruption,
    SeverityChoice,
    Story,
    Task,
    Transfer,
    UnsentText,
)
from incidents.services.groups.erasure import erase_case_from_sheets
from incidents.services.groups.group import retitle_supplier_groups
from incidents.services.history.record import record_event
from incidents.services.papers.making import delete_papers


@transaction.atomic
def erase_personal_data(*, reference: str, actor: User) -> Incident:
    """Erase all the texts of a case, destroy the key of its files, revoke its links, and record the event.

    A case that is already erased does not change. May raise Http404 or PermissionDenied.
    """
    incident = get_incident(actor, reference, to=Ability.ERASE, lock=True)
    if incident.erased_at:
        return incident
    now = timezone.now()
    retitle_supplier_groups(incident)
    erase_case_from_sheets(incident)
    erase_texts(incident)
    incident.accesses.filter(revoked_at=None).update(revoked_at=now)
    incident.shared.filter(revoked_at=None).update(revoked_at=now)
    incident.erased_at, incident.supplier_key = now, ""
    incident.save(update_fields=["erased_at", "supplier_key"])
    record_event(incident, EventKind.ERASED, at=now, actor=actor)
    return incident


def erase_texts(incident: Incident) -> None:
    """Empty the texts of the rows that events refer to, and delete the other rows that hold texts.

    The key of the case is deleted too, so that its files become unreadable.
    """
    Story.objects.filter(incident=incident).update(**dict.fromkeys(STORY_COLUMNS, ""))
    ServiceInterruption.objects.filter(incident=incident).update(**dict.fromkeys(SERVICE_WORDS, ""))
    AnswerSheet.objects.filter(incident=incident).update(values={}, author="")
    SeverityChoice.objects.filter(incident=incident).update(motive="")
    Message.objects.filter(incident=incident).update(text="", author="")
    Note.objects.filter(incident=incident).update(text="")
    Task.objects.filter(incident=incident).update(title="", why="", source="")
    Closing.objects.filter(incident=incident).update(handed_to="", summary="", lesson="", is_shared=False)
    Rating.objects.filter(incident=incident).update(words="")
    Transfer.objects.filter(incident=incident).update(motive="", agreement="", answer="", standing={})
    Advice.objects.filter(incident=incident).update(motive="", agreement="", content="")
    Observable.objects.filter(incident=incident).delete()
    SearchDocument.objects.filter(incident=incident).delete()
    Evidence.objects.filter(incident=incident).update(name="", position=None, author="")
    EvidenceUpload.objects.filter(incident=incident).update(name="", author="")
    DraftPage.objects.filter(draft__incident=incident).delete()
    UnsentText.objects.filter(incident=incident).delete()
    delete_papers(incident)
    CaseKey.objects.filter(incident=incident).delete()
