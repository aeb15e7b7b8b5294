"""Groups of cases of one cause within one centre: a supplier that was attacked, a campaign.

A group belongs to a centre and holds only cases of that centre. Declarants never learn that it exists. Its title may
repeat the supplier's name as a declarant typed it, which may be a person's name. The title is therefore changed when
the last case with that name is erased (`retitle_supplier_groups`).
"""

from typing import Any
from uuid import UUID, uuid4, uuid5

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone

from accounts.access import match_centres
from accounts.enums import CentreAbility
from accounts.models import User
from core.stale import Stale
from core.text import clean_line, clean_text
from csirts.models import Csirt
from incidents.access import get_incident
from incidents.enums import Ability, EventKind, GroupKind
from incidents.facts.description import Section
from incidents.models import CaseGroup, Incident
from incidents.services.declaring.declare import derive_supplier_key
from incidents.services.history.record import record_event

TITLE_LIMIT = 120
SHEET_LIMIT = 20_000
MAX_GROUPS_OFFERED = 50
ERASED_NAME_TITLE = "Prestataire (nom effacé)"


def list_groups(user: User) -> QuerySet[CaseGroup]:
    """Return the groups that the user may read."""
    return CaseGroup.objects.filter(match_centres(user, CentreAbility.READ)).select_related("csirt", "author")


def list_open_groups(csirt_id: int | None) -> QuerySet[CaseGroup]:
    """Return the open groups of a centre, newest first. A page offers the first MAX_GROUPS_OFFERED of them."""
    return CaseGroup.objects.filter(csirt=csirt_id, closed_at=None).order_by("-opened_at", "-id")


def get_group(user: User, uid: UUID, *, for_reading: bool = False, lock: bool = False) -> CaseGroup:
    """Return the group. Raises Http404 if the user may not act on it.

    With `for_reading`, it is enough that the user may read the group.
    """
    groups = list_groups(user) if for_reading else list_groups(user).filter(match_centres(user, CentreAbility.WORK))
    group = (groups.select_for_update(of=("self",), no_key=True) if lock else groups).filter(uid=uid).first()
    if group is None:
        raise Http404
    return group


@transaction.atomic
def open_group(*, csirt: Csirt, kind: GroupKind, title: str, actor: User, key: str = "") -> CaseGroup:
    """Open a group in a centre for which the actor works. If the same form (`key`) is sent twice, one group is opened.

    Raises Http404 for another centre, ValidationError by field.
    """
    if not actor.works_in_centre(csirt.pk):
        raise Http404
    if kind not in GroupKind.values:
        raise ValidationError({"kind": "Choisissez ce que ces dossiers ont en commun."})
    clean = clean_line(title, limit=TITLE_LIMIT, field="title")
    if not clean:
        raise ValidationError({"title": "Donnez un titre : c’est lui que vos collègues verront."})
    uid = derive_group_uid(actor, csirt.pk, key) if key else uuid4()
    values = {"csirt": csirt, "kind": kind, "title": clean, "author": actor}
    return CaseGroup.objects.get_or_create(uid=uid, defaults=values)[0]


def derive_group_uid(actor: User, csirt: int, key: str) -> UUID:
    """Return the identifier of the group that a form opens. It is the same each time the form is sent."""
    return uuid5(actor.uid, f"{csirt}\n{key}")


@transaction.atomic
def add_to_group(*, reference: str, group: UUID, actor: User) -> Incident:
    """Move the case from its former group, if any, into this group. A repeated call changes nothing.

    Raises Http404, PermissionDenied, and ValidationError if the group is closed or is not of the centre of the case.
    """
    incident = get_incident(actor, reference, to=Ability.LINK, lock=True)
    new_group = get_group(actor, group)
    if incident.group_id == new_group.pk:
        return incident
    if new_group.csirt_id != incident.csirt_id:
        raise ValidationError("Ce groupe est celui d’un autre centre que ce dossier.")
    if new_group.closed_at:
        raise ValidationError("Ce groupe est fermé. Rouvrez-le d’abord.")
    former = {"left": str(incident.group.uid)} if incident.group else {}
    save_group_of_case(
        incident, new_group, EventKind.GROUPED, actor=actor, data={"group": str(new_group.uid)} | former
    )
    return incident


@transaction.atomic
def remove_from_group(*, reference: str, actor: User) -> Incident:
    """Remove the case from its group. A repeated call changes nothing. May raise Http404 or PermissionDenied."""
    incident = get_incident(actor, reference, to=Ability.LINK, lock=True)
    if incident.group:
        save_group_of_case(incident, None, EventKind.UNGROUPED, actor=actor, data={"group": str(incident.group.uid)})
    return incident


def save_group_of_case(
    incident: Incident, group: CaseGroup | None, kind: EventKind, *, actor: User, data: dict[str, Any]
) -> None:
    """Set the group of the case, which may be None, and record the event with `data`."""
    now = timezone.now()
    incident.group = group
    incident.save(update_fields=["group"])  # Grouping is not work on the case, so its due date stays.
    record_event(incident, kind, at=now, actor=actor, **data)


def build_group_title(supplier: str) -> str:
    """Return the title of a group named after the supplier."""
    return " ".join(supplier.split())[:TITLE_LIMIT]


def retitle_supplier_groups(incident: Incident) -> None:
    """Rename each group of the case that is named after the supplier. A former group is renamed too.

    The new title is the name of the supplier as another case of the group spells it. If no other case names the
    supplier, the new title is `ERASED_NAME_TITLE`. The caller has locked the case and is about to erase its texts.
    """
    supplier_keys = list_supplier_keys(incident)
    uids = (
        incident.events.filter(kind=EventKind.GROUPED).values_list("data__group", flat=True) if supplier_keys else ()
    )
    groups = CaseGroup.objects.filter(uid__in=list(uids)).select_for_update(no_key=True).order_by("pk")
    for group in groups:
        if (key := derive_supplier_key(group.title)) not in supplier_keys:
            continue
        other_cases = group.cases.filter(supplier_key=key, erased_at=None).exclude(pk=incident.pk)
        supplier = other_cases.order_by("received_at", "pk").values_list("story__supplier", flat=True).first()
        group.title = build_group_title(supplier) if supplier else ERASED_NAME_TITLE
        group.save(update_fields=["title"])


def list_supplier_keys(incident: Incident) -> set[str]:
    """Return the keys of the suppliers that the case names now, or named before a correction."""
    former_names = incident.sheets.filter(section=Section.STORY).values_list("values__supplier", flat=True)
    return {incident.supplier_key, *(derive_supplier_key(name) for name in former_names if name)} - {""}


@transaction.atomic
def save_group_sheet(*, group: UUID, sheet: str, seen: int, actor: User) -> CaseGroup:
    """Save the sheet of a group: a text that says what is known about the cause and what to advise.

    `seen` is the version that the page showed. Saving the same text again changes nothing. Raises Http404, Stale,
    and ValidationError on `sheet`.
    """
    case_group = get_group(actor, group, lock=True)
    clean = clean_text(sheet, limit=SHEET_LIMIT, field="sheet")
    if clean == case_group.sheet:
        return case_group
    if seen != case_group.version:
        raise Stale
    case_group.sheet, case_group.version = clean, case_group.version + 1
    case_group.save(update_fields=["sheet", "version"])
    return case_group


@transaction.atomic
def close_group(*, group: UUID, actor: User) -> CaseGroup:
    """Close the group to new cases. Its cases do not change. A repeated call changes nothing. May raise Http404."""
    case_group = get_group(actor, group, lock=True)
    if case_group.closed_at is None:
        case_group.closed_at = timezone.now()
        case_group.save(update_fields=["closed_at"])
    return case_group


@transaction.atomic
def reopen_group(*, group: UUID, actor: User) -> CaseGroup:
    """Open the group to new cases again. A repeated call changes nothing. May raise Http404."""
    case_group = get_group(actor, group, lock=True)
    if case_group.closed_at is not None:
        case_group.closed_at = None
        case_group.save(update_fields=["closed_at"])
    return case_group
