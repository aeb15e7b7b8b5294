"""Qualification of a case: its nature, type, RSIT class, ATT&CK techniques, cause, leak, TLP and PAP."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, TypedDict, Unpack

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from core.stale import Stale
from incidents.access import get_incident
from incidents.catalogues.attack import TECHNIQUES
from incidents.catalogues.rsit import FIRST_CLASSIFICATION, TYPES_OF_CLASS
from incidents.enums import Ability, Cause, EventKind, IncidentType, LeakStatus, Nature, Pap, Tlp
from incidents.models import DataLeak, Incident
from incidents.services.declaring.check import Problem, raise_problems
from incidents.services.handling.amend import AS_DECLARED, read_leak_status, save_leak_judgement
from incidents.services.handling.due import DUE_FIELDS, recompute_due
from incidents.services.handling.severity import SEVERITY_FIELDS, raise_severity
from incidents.services.history.declared import find_leak_judgement, read_declared_data
from incidents.services.history.record import record_event
from incidents.services.history.snapshots import find_leak_row
from incidents.sharing import is_mailbox_in_doubt

QUALIFICATION_COLUMNS = ("nature", "type", "rsit_class", "rsit_type", "techniques", "cause", "tlp", "pap")


@dataclass(frozen=True, kw_only=True)
class Qualification:
    """The codes of a qualification.

    An empty `leak` changes nothing, and AS_DECLARED withdraws the centre's judgement of the leak. `techniques` are
    identifiers of `incidents.catalogues.attack`, in any order.
    """

    nature: str
    type: str
    rsit_class: str
    rsit_type: str = ""
    techniques: tuple[str, ...] = ()
    cause: str = ""
    leak: str = ""
    tlp: str = Tlp.AMBER_STRICT
    pap: str = Pap.AMBER


@transaction.atomic
def qualify_incident(*, reference: str, actor: User, qualification: Qualification, seen: str = "") -> Incident:
    """Save the qualification of the case. Saving the same values again changes nothing.

    `seen` is what `stamp_qualification` returned for the page, or "" if there was no page. Raises Http404,
    PermissionDenied, Stale, and ValidationError by field of `Qualification`.
    """
    incident = lock_case_to_qualify(reference, actor)
    check_qualification(qualification, kept_techniques=incident.techniques)
    current = read_qualification(incident, find_leak_row(incident))
    chosen = replace(qualification, techniques=order_techniques(qualification.techniques))
    if chosen.leak == AS_DECLARED and not is_leak_judged(incident):
        chosen = replace(chosen, leak="")
    if is_unchanged(chosen, current):
        return incident
    if seen and seen != stamp_qualification(current):
        raise Stale
    apply_qualification(incident, current, chosen, actor=actor)
    return incident


class QualificationChanges(TypedDict, total=False):
    """The fields of a qualification to change. A field that is absent does not change.

    `rsit` holds the class and the type, such as « availability/ddos ».
    """

    nature: str
    type: str
    rsit: str
    cause: str
    tlp: str


@transaction.atomic
def classify_incident(*, reference: str, actor: User, **changes: Unpack[QualificationChanges]) -> Incident:
    """Change only the given fields of the qualification. Acts on many cases use it.

    If the type of incident changes, the RSIT class and type follow, unless somebody chose them. Raises Http404,
    PermissionDenied, and ValidationError with the fields of `Qualification` as its keys.
    """
    incident = lock_case_to_qualify(reference, actor)
    current = read_qualification(incident, find_leak_row(incident))
    chosen = replace(current, **read_changed_codes(changes, current))
    check_qualification(chosen, kept_techniques=incident.techniques)
    if chosen != current:
        apply_qualification(incident, current, chosen, actor=actor)
    return incident


def read_changed_codes(changes: QualificationChanges, current: Qualification) -> dict[str, Any]:
    """Return the fields of `Qualification` that these changes set, with their new values."""
    codes: dict[str, Any] = {name: str(code) for name, code in changes.items() if name != "rsit"}
    if rsit := changes.get("rsit"):
        codes["rsit_class"], _slash, codes["rsit_type"] = rsit.partition("/")
    elif "type" in codes and (current.rsit_class, current.rsit_type) == FIRST_CLASSIFICATION[current.type]:
        codes["rsit_class"], codes["rsit_type"] = map(str, FIRST_CLASSIFICATION.get(codes["type"], ("", "")))
    return codes


def lock_case_to_qualify(reference: str, actor: User) -> Incident:
    """Return the case, locked. Raises Http404, PermissionDenied, and ValidationError if the case is erased."""
    incident = get_incident(actor, reference, to=Ability.QUALIFY, lock=True)
    if incident.erased_at:
        raise ValidationError("Les mots de ce dossier ont été effacés : on ne le qualifie plus.")
    return incident


def read_qualification(incident: Incident, leak: DataLeak | None) -> Qualification:
    """Return the stored qualification of the case. `leak` is the row of the leak, or None."""
    return Qualification(
        **{name: getattr(incident, name) for name in QUALIFICATION_COLUMNS if name != "techniques"},
        techniques=order_techniques(tuple(incident.techniques)),
        leak=read_leak_status(incident, leak),
    )


def is_leak_judged(incident: Incident) -> bool:
    """Tell whether the centre's judgement of the leak differs from the declared status."""
    return bool(find_leak_judgement(incident, read_declared_data(incident), find_leak_row(incident)))


def stamp_qualification(qualification: Qualification) -> str:
    """Return a stamp of the qualification, which changes if any of its codes changes."""
    content = json.dumps(asdict(qualification), sort_keys=True, default=str)
    return hashlib.sha256(content.encode()).hexdigest()[:24]


def is_unchanged(chosen: Qualification, current: Qualification) -> bool:
    """Tell whether the chosen codes are the current ones. An empty `leak` counts as the current judgement."""
    return replace(chosen, leak=chosen.leak or current.leak) == current


def order_techniques(techniques: tuple[str, ...]) -> tuple[str, ...]:
    """Return the techniques, sorted and without repetition."""
    return tuple(sorted(set(techniques)))


def check_qualification(qualification: Qualification, *, kept_techniques: list[str]) -> None:
    """Raise ValidationError naming every field with an unknown code, or with an RSIT type outside its class.

    `kept_techniques` are the techniques that the case already has. They are accepted even if the catalogue no longer
    has them.
    """
    raise_problems((*list_unknown_codes(qualification, kept_techniques), *list_rsit_problems(qualification)))


def list_unknown_codes(qualification: Qualification, kept_techniques: list[str]) -> Iterator[Problem]:
    """Yield a problem for each field whose code is not in its list. `kept_techniques` is as in
    `check_qualification`.
    """
    allowed: dict[str, list[str]] = {
        "nature": Nature.values,
        "type": IncidentType.values,
        "cause": [*Cause.values, ""],
        "leak": [*LeakStatus.values, AS_DECLARED, ""],
        "tlp": Tlp.values,
        "pap": Pap.values,
    }
    for field, values in allowed.items():
        if getattr(qualification, field) not in values:
            yield field, "Choisissez dans la liste."
    if set(qualification.techniques) - set(TECHNIQUES) - set(kept_techniques):
        yield "techniques", "Cette technique n’est pas dans la liste."


def list_rsit_problems(qualification: Qualification) -> Iterator[Problem]:
    """Yield a problem if the RSIT class is unknown, or if the RSIT type does not belong to the class."""
    if qualification.rsit_class not in TYPES_OF_CLASS:
        yield "rsit_class", "Choisissez une classe RSIT."
    elif qualification.rsit_type and qualification.rsit_type not in TYPES_OF_CLASS[qualification.rsit_class]:
        yield "rsit_type", "Ce type RSIT n’appartient pas à cette classe."


def apply_qualification(incident: Incident, current: Qualification, chosen: Qualification, *, actor: User) -> None:
    """Save the new values and record which codes changed. The severity is recomputed and may only rise."""
    now = timezone.now()
    changed: dict[str, Any] = {}
    incident.mailbox_was_in_doubt = is_mailbox_in_doubt(incident)
    for name in QUALIFICATION_COLUMNS:
        if getattr(current, name) != getattr(chosen, name):
            changed[name] = [encode_code(getattr(current, name)), encode_code(getattr(chosen, name))]
            setattr(incident, name, encode_code(getattr(chosen, name)))
    if chosen.leak and (leak := save_leak_judgement(incident, chosen.leak)):
        changed["leak"] = leak
    save_qualification(incident, now, changed, actor=actor)


def save_qualification(incident: Incident, now: datetime, changed: dict[str, Any], *, actor: User) -> None:
    """Raise the severity if needed, save the case and record the event.

    `changed` is a dict from each changed field to its codes [former, new].
    """
    was = incident.severity
    raised = raise_severity(incident, now)
    recompute_due(incident, worked_at=now)
    incident.save(update_fields=[*QUALIFICATION_COLUMNS, "mailbox_was_in_doubt", *SEVERITY_FIELDS, *DUE_FIELDS])
    severity = {"severity": [int(was), int(incident.severity)]} if raised else {}
    record_event(incident, EventKind.QUALIFIED, at=now, actor=actor, changed=changed | severity)


def encode_code(value: Any) -> Any:
    """Return a code as text, and a tuple of codes as a list. JSON and the columns hold them in this form."""
    return list(value) if isinstance(value, tuple) else str(value)
