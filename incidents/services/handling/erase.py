"""Erasure of the texts and the personal data of cases. Their events, their facts and the figures stay.

A lead erases one case. The purge erases those whose time has come (`expire.py`), many in one transaction.
"""

from collections import Counter
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts.enums import SecurityEventKind
from accounts.models import User
from accounts.security.erasures import CASE, log_erasures
from accounts.security.record import record_security_event
from accounts.services.reports import report_erased_case
from incidents.access import get_incident
from incidents.enums import Ability, EventKind
from incidents.facts.shapes import SERVICE_WORDS, STORY_COLUMNS
from incidents.models import (
    Advice,
    AnswerSheet,
    CaseGroup,
    CaseKey,
    Closing,
    Draft,
    Evidence,
    EvidenceUpload,
    FollowUpAccess,
    Incident,
    IncidentEvent,
    LegalHold,
    Message,
    Note,
    Observable,
    Rating,
    Reading,
    SearchDocument,
    ServiceInterruption,
    SeverityChoice,
    SharedSentence,
    Story,
    Task,
    Transfer,
    UnsentText,
)
from incidents.services.duplicates.merge import lock_case_with_main
from incidents.services.groups.erasure import erase_case_from_sheets
from incidents.services.groups.group import retitle_supplier_groups
from incidents.services.handling.hold import check_not_held
from incidents.services.history.record import record_event
from incidents.services.papers.making import delete_papers


@transaction.atomic
def erase_personal_data(*, reference: str, actor: User) -> Incident:
    """Erase all the texts of a case, destroy the key of its files, remove its links, and record the event. The other
    leads and the mailbox of the centre get a mail.

    A case that is already erased does not change. Raises ValidationError if a legal hold protects the case. May raise
    Http404 or PermissionDenied.
    """
    lock_case_with_main(reference)  # so that nobody holds the main case meanwhile
    incident = get_incident(actor, reference, to=Ability.ERASE, lock=True)
    if incident.erased_at:
        return incident
    check_not_held(incident)
    now = timezone.now()
    erase_cases([incident.pk], at=now)
    incident.refresh_from_db()
    record_event(incident, EventKind.ERASED, at=now, actor=actor)
    record_security_event(SecurityEventKind.CASE_ERASED, person=actor, csirt_id=incident.csirt_id)
    if incident.csirt:
        report_erased_case(incident.reference, incident.csirt, actor)
    return incident


def erase_cases(ids: list[int], *, at: datetime) -> Counter[str]:
    """Erase the texts of these cases and what leads to a person, and destroy the keys of their files. Return the
    numbers of keys and of files. The caller has locked the cases, and records the events.

    The number of statements does not depend on the number of cases, except for cases that were in a group.
    """
    lock_groups(ids)
    for incident in list_once_grouped_cases(ids):
        retitle_supplier_groups(incident)
        erase_case_from_sheets(incident)
        # The next case of the same group must not take this one for a case that is still readable.
        Incident.objects.filter(pk=incident.pk).update(erased_at=at, supplier_key="")
    destroyed = destroy_keys(ids)
    log_erasures(CASE, Incident.objects.filter(pk__in=ids).values_list("reference", flat=True))
    erase_texts(ids)
    delete_texts(ids)
    remove_links(ids)
    Incident.objects.filter(pk__in=ids).update(
        erased_at=at, supplier_key="", submission_digest="", claimed_at=None, claimed_by=None
    )
    return destroyed


def lock_groups(ids: list[int]) -> None:
    """Lock the groups in which these cases are or were, in the order of their ids, before each case locks its own: two
    erasures of several cases must not wait for each other.
    """
    grouped = IncidentEvent.objects.filter(incident__in=ids, kind=EventKind.GROUPED)
    uids = set(grouped.values_list("data__group", flat=True))
    groups = CaseGroup.objects.filter(uid__in=uids).order_by("pk").select_for_update(no_key=True)
    list(groups.values_list("pk", flat=True))


def list_once_grouped_cases(ids: list[int]) -> list[Incident]:
    """Return those of these cases that are or were in a group, whose sheet may repeat them."""
    grouped = IncidentEvent.objects.filter(incident__in=ids, kind=EventKind.GROUPED)
    return list(Incident.objects.filter(pk__in=grouped.values("incident")).order_by("pk"))


def destroy_keys(ids: list[int]) -> Counter[str]:
    """Delete the keys of these cases, which makes their files unreadable. Return the numbers of keys and of files.
    The sweep of the store removes the files later.
    """
    files = Evidence.objects.filter(incident__in=ids, incident__casekey__isnull=False, taken_back_at=None).count()
    keys, _by_model = CaseKey.objects.filter(incident__in=ids).delete()
    return Counter({"keys": keys, "files": files})


def erase_texts(ids: list[int]) -> None:
    """Empty the texts of the rows that events refer to."""
    Story.objects.filter(incident__in=ids).update(**dict.fromkeys(STORY_COLUMNS, ""))
    ServiceInterruption.objects.filter(incident__in=ids).update(**dict.fromkeys(SERVICE_WORDS, ""))
    AnswerSheet.objects.filter(incident__in=ids).update(values={}, author="")
    SeverityChoice.objects.filter(incident__in=ids).update(motive="")
    Message.objects.filter(incident__in=ids).update(text="", author="")
    Note.objects.filter(incident__in=ids).update(text="")
    Task.objects.filter(incident__in=ids).update(title="", why="", source="")
    Closing.objects.filter(incident__in=ids).update(handed_to="", summary="", lesson="", is_shared=False)
    Rating.objects.filter(incident__in=ids).update(words="")
    Transfer.objects.filter(incident__in=ids).update(motive="", agreement="", answer="", standing={})
    Advice.objects.filter(incident__in=ids).update(motive="", agreement="", content="")
    Evidence.objects.filter(incident__in=ids).update(name="", position=None, author="")
    EvidenceUpload.objects.filter(incident__in=ids).update(name="", author="")
    LegalHold.objects.filter(incident__in=ids).update(motive="", ended_because="")


def delete_texts(ids: list[int]) -> None:
    """Delete the rows that hold texts and to which no event refers."""
    for model in (Observable, SearchDocument, UnsentText):
        model.objects.filter(incident__in=ids).delete()
    Draft.objects.filter(incident__in=ids).delete()
    delete_papers(ids)


def remove_links(ids: list[int]) -> None:
    """Remove the links by which declarants open these cases, and what says when each responder last read them."""
    for model in (FollowUpAccess, SharedSentence, Reading):
        model.objects.filter(incident__in=ids).delete()
