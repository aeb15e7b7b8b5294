"""Bodies that no official list carries.

A declarant proposes such a body. A responder confirms it or merges it into another body. A responder may also correct
a body until it is confirmed, and may withdraw a mistaken confirmation.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet, TextChoices
from django.utils import timezone

from accounts.models import User
from accounts.services.merging import move_people
from collectivities import services as collectivities
from collectivities.enums import UNLISTED, Kind
from collectivities.mentions import OtherVictim
from collectivities.models import Collectivity
from collectivities.search import SearchProblem, find_body_by_uid, find_collectivities, parse_siren
from collectivities.wording import make_stem, normalise_text
from core.stale import Stale
from core.text import clean_line
from incidents.access import check_ability, get_incident
from incidents.enums import Ability, EventKind, UnconfirmingReason, Verification
from incidents.models import Draft, Incident
from incidents.services.history.record import record_event

NAME_LIMIT = 150
MAX_TOWNS_NAMED = 5
# The kinds that a private company could choose for itself, so that the legal form is asked too.
KINDS_WITH_LEGAL_FORM = (Kind.PUBLIC_BODY, Kind.OTHER)
# The kinds whose bodies may have the number of a company or of an association: local public companies, the bodies that
# manage a public service as a business does, and associations of towns that share their computers.
KINDS_WITH_ANY_SIREN = (Kind.LOCAL_COMPANY, Kind.REGIE, Kind.HOUSING, Kind.DIGITAL)
# How SIREN numbers begin: with 1 for the State, with 2 for local bodies, and, since these ran out, with 92 or 93.
PUBLIC_SIREN_PREFIXES = ("1", "2", "92", "93")


class LegalForm(TextChoices):
    """The main families of INSEE's legal categories."""

    PUBLIC = "public", "établissement public, groupement d’intérêt public"
    COMPANY = "company", "société, entreprise (SA, SAS, SARL…)"
    ASSOCIATION = "association", "association"
    STATE = "state", "service de l’État"
    UNKNOWN = "unknown", "je ne sais pas"


# Legal forms of organisations that are not local public bodies, each with the entry that says who helps them.
ELSEWHERE_BY_LEGAL_FORM: dict[str, OtherVictim] = {
    LegalForm.COMPANY: OtherVictim.FIRM,
    LegalForm.ASSOCIATION: OtherVictim.ASSOCIATION,
    LegalForm.STATE: OtherVictim.STATE,
}
NOT_SERVED_LABELS = {
    OtherVictim.FIRM: "entreprise, société",
    OtherVictim.ASSOCIATION: "association",
    OtherVictim.HEALTH: "établissement de santé privé, clinique",
    OtherVictim.STATE: "service de l’État",
    OtherVictim.PERSON: "particulier",
}


@dataclass(frozen=True, kw_only=True)
class BodyProposal:
    """A body that no official list has, as a declarant describes it.

    `siren` is as typed, and `seat` is the uid of a commune.
    """

    kind: str
    name: str
    siren: str
    has_no_siren: bool
    seat: str
    # Asked only for the kinds of `KINDS_WITH_LEGAL_FORM`.
    legal_form: str = ""


@dataclass(frozen=True, kw_only=True)
class BodyCorrection:
    """The new values that a responder types for a body. `seat` is as typed: an INSEE code or the name of a commune.

    `seen` is what `stamp_body` returned for the body on the page, or "" if there was no page.
    """

    kind: str
    name: str
    seat: str
    seen: str = ""


def build_proposed_body(proposal: BodyProposal) -> Collectivity:
    """Return the proposed body, not saved. Raises ValidationError naming every wrong field."""
    problems: dict[str, list[str]] = {}
    sketch = Collectivity(
        kind=proposal.kind,
        name=clean_body_name(proposal.name, proposal.kind, problems),
        siren=clean_proposed_siren(proposal, problems),
        seat=find_commune(proposal.seat),
    )
    if proposal.kind in OtherVictim:
        problems["kind"] = ["Seul un organisme public local s’ajoute ici. Plus haut : qui vous répond."]
    elif proposal.kind not in UNLISTED:
        problems["kind"] = ["Choisissez ce qui ressemble le plus, ou « autre organisme public local »."]
    else:
        problems |= map_legal_problems(proposal, sketch.siren)
    if sketch.seat is None:
        problems["seat"] = ["Dites dans quelle commune est son siège : c’est elle qui dit quel centre vous répond."]
    if problems:
        raise ValidationError({field: list(messages) for field, messages in problems.items()})
    if sketch.seat:
        sketch.region, sketch.departement = sketch.seat.home_region, sketch.seat.departement
    return sketch


def map_legal_problems(proposal: BodyProposal, siren: str | None) -> dict[str, list[str]]:
    """Return the problems of the legal form and of the SIREN number, by field.

    For the kinds of body that must state a legal form (`KINDS_WITH_LEGAL_FORM`), a company, an association and a
    service of the State are refused.
    """
    if proposal.kind in KINDS_WITH_LEGAL_FORM:
        if proposal.legal_form in ELSEWHERE_BY_LEGAL_FORM:
            return {"legal_form": ["Seul un organisme public local s’ajoute ici. Plus haut : qui vous répond."]}
        if proposal.legal_form not in LegalForm.values:
            return {"legal_form": ["Choisissez sa forme juridique, ou « Je ne sais pas »."]}
    if siren and not may_have_company_siren(proposal) and not siren.startswith(PUBLIC_SIREN_PREFIXES):
        message = (
            "Ce numéro est celui d’une entreprise ou d’une association : "
            "ceux des organismes publics commencent par 1, 2, 92 ou 93."
        )
        return {"siren": [message]}
    return {}


def may_have_company_siren(proposal: BodyProposal) -> bool:
    """Tell whether a public body of this kind may have a SIREN number of the kind that companies have."""
    is_declared_public = proposal.kind == Kind.PUBLIC_BODY and proposal.legal_form == LegalForm.PUBLIC
    return is_declared_public or proposal.kind in KINDS_WITH_ANY_SIREN


def clean_body_name(text: str, kind: str, problems: dict[str, list[str]]) -> str:
    """Return the cleaned name of a body. If the text is not a name, add the reason to `problems`."""
    try:
        name = clean_line(text, limit=NAME_LIMIT, field="name")
    except ValidationError as error:
        problems["name"] = error.message_dict["name"]
        return ""
    if not make_stem(name, kind) or not normalise_text(name).strip("0123456789 "):
        problems["name"] = ["Écrivez son nom, comme sur vos courriers."]
    return name


def clean_proposed_siren(proposal: BodyProposal, problems: dict[str, list[str]]) -> str | None:
    """Return the nine digits of the SIREN number, or None if it is unknown or wrong.

    If the number is missing, wrong, or that of a body that no longer exists, add the reason to `problems`.
    """
    if proposal.has_no_siren and not proposal.siren.strip():
        return None
    if not proposal.siren.strip():
        problems["siren"] = ["Donnez son numéro SIREN, ou cochez « Je ne le connais pas »."]
        return None
    try:
        siren = parse_siren(proposal.siren)
    except SearchProblem as problem:
        problems["siren"] = [str(problem)]
        return None
    vanished_body = Collectivity.objects.filter(siren=siren, merged_into=None).exclude(vanished_on=None).first()
    if vanished_body:
        problems["siren"] = [f"Ce numéro est celui de {vanished_body}, qui a disparu. Vérifiez-le."]
    return siren


def find_commune(uid: str) -> Collectivity | None:
    """Return the commune with this uid, or the commune that absorbed it. Return None if no commune has this uid."""
    body = find_body_by_uid(uid)
    return body if body and body.kind == Kind.COMMUNE else None


def propose_body(*, proposal: BodyProposal) -> Collectivity:
    """Create the proposed body, or return it if it already exists.

    An existing body is recognised by its SIREN number or, without a number, by its kind, name and seat. Raises
    ValidationError by field. No event is recorded, since figures count a body only once a responder has confirmed it.
    """
    sketch = build_proposed_body(proposal)
    if sketch.seat is None:  # build_proposed_body has refused it
        raise ValidationError({"seat": ""})
    return collectivities.create_proposed_body(
        kind=Kind(sketch.kind), name=sketch.name, siren=sketch.siren, seat=sketch.seat
    )


def lock_current_body(body: Collectivity) -> Collectivity:
    """Return the body, locked until the end of the transaction if a declarant proposed it.

    If a responder has merged the body into another since the page was opened, return that other body.
    """
    if body.declared_at is None or body.is_listed:
        return body
    locked = select_locked_bodies().get(pk=body.pk)
    return Collectivity.objects.with_territory().get(pk=locked.merged_into_id or locked.pk)


def select_locked_bodies() -> QuerySet[Collectivity]:
    """Return a queryset of bodies, in the order of their ids. Reading it locks its rows for update."""
    return Collectivity.objects.select_for_update(of=("self",), no_key=True).order_by("pk")


@transaction.atomic
def confirm_body(*, reference: str, actor: User) -> Incident:
    """Confirm that the body of this case exists. A repeated call changes nothing.

    May raise Http404 or PermissionDenied.
    """
    body = lock_body_of_case(reference, actor)
    incident = get_incident(actor, reference, to=Ability.CONFIRM_BODY, lock=True)
    if incident.collectivity_id != body.pk or not body.is_unconfirmed:
        return incident
    collectivities.save_body_confirmation(body)
    record_event(incident, EventKind.BODY_CONFIRMED, at=timezone.now(), actor=actor, body=str(body.uid))
    return incident


@transaction.atomic
def correct_body(*, reference: str, correction: BodyCorrection, actor: User) -> Incident:
    """Correct the unconfirmed body of this case. A repeated call changes nothing.

    If the region of the body changes, all its cases get the new region. Another task reroutes them
    (`services/transfer/reroute.py`). Raises Http404, PermissionDenied, Stale, and ValidationError: by field, or
    without a field once the body is confirmed.
    """
    body = lock_body_of_case(reference, actor)
    incident = get_incident(actor, reference, to=Ability.CONFIRM_BODY, lock=True)
    if not body.is_unconfirmed:
        raise ValidationError("Cette collectivité est confirmée : retirez d’abord la confirmation.")
    kind, name, seat = clean_body_correction(correction)
    before = {"kind": body.kind, "seat": str(body.seat.uid) if body.seat else ""}
    values = {"kind": kind, "name": name, "seat": seat}
    if changed := [field for field, value in values.items() if getattr(body, field) != value]:
        if correction.seen and correction.seen != stamp_body(body):
            raise Stale
        collectivities.update_proposed_body(body, kind=kind, name=name, seat=seat)
        event_data: dict[str, Any] = {"body": str(body.uid), "fields": changed, "before": before}
        moved = Incident.objects.select_for_update(no_key=True).filter(collectivity=body).exclude(pk=incident.pk)
        for case in (incident, *moved.exclude(region=body.home_region).order_by("pk")):
            case.region = body.home_region
            case.save(update_fields=["region"])
            record_event(case, EventKind.BODY_CORRECTED, at=timezone.now(), actor=actor, **event_data)
    return incident


def stamp_body(body: Collectivity) -> str:
    """Return a stamp of the body's kind, name and seat, which changes if any of them changes."""
    return hashlib.sha256(f"{body.kind}\n{body.name}\n{body.seat_id}".encode()).hexdigest()[:16]


def clean_body_correction(correction: BodyCorrection) -> tuple[Kind, str, Collectivity]:
    """Return the new kind, name and seat. Raises ValidationError by field."""
    problems: dict[str, list[str]] = {}
    name = clean_body_name(correction.name, correction.kind, problems)
    seat = find_typed_commune(correction.seat, problems)
    if correction.kind not in UNLISTED:
        problems["kind"] = ["Choisissez dans la liste."]
    if problems or seat is None:
        raise ValidationError({field: list(messages) for field, messages in problems.items()})
    return Kind(correction.kind), name, seat


def find_typed_commune(text: str, problems: dict[str, list[str]]) -> Collectivity | None:
    """Return the commune that the text names, by its name or its INSEE code.

    If no commune matches, or several do, return None and add a message to `problems`. The message lists the communes
    that may be meant, with their codes.
    """
    try:
        matches = find_collectivities(text) if text.strip() else []
    except SearchProblem:
        matches = []
    towns = [body for body in matches if body.kind == Kind.COMMUNE]
    candidates = select_exact_names(towns, text)
    if len(candidates) == 1:
        return candidates[0]
    likely = ", ".join(f"{town} : {town.insee_code}" for town in candidates[:MAX_TOWNS_NAMED])
    question = f"Laquelle ? Écrivez son code INSEE. {likely}."
    problems["seat"] = [question if likely else "Nous n’avons pas trouvé cette commune."]
    return None


def select_exact_names(towns: list[Collectivity], text: str) -> list[Collectivity]:
    """Return the communes whose name is exactly the text. If there are none, return all the communes.

    « Brest », for example, does not mean Brestot.
    """
    return [town for town in towns if normalise_text(town.name) == normalise_text(text)] or towns


@transaction.atomic
def unconfirm_body(*, reference: str, reason: UnconfirmingReason, actor: User) -> Incident:
    """Withdraw the confirmation of the body of this case. A repeated call changes nothing.

    All cases of the body become unverified, with an event on each. Figures count no case of an unconfirmed body.
    Raises Http404, PermissionDenied, and ValidationError for a body of an official list.
    """
    body = lock_body_of_case(reference, actor)
    if body.declared_at is None or body.is_listed:
        raise ValidationError("La liste officielle porte cette collectivité : elle ne se retire pas.")
    if not body.is_unconfirmed:
        collectivities.remove_body_confirmation(body)
        mark_cases_unverified(body, reason=reason, actor=actor, at=timezone.now())
    return check_ability(actor, reference, to=Ability.VIEW)


def mark_cases_unverified(body: Collectivity, *, reason: UnconfirmingReason, actor: User, at: datetime) -> None:
    """Mark all cases of the body as unverified and record an event on each. The caller has locked the body."""
    for case in Incident.objects.select_for_update(no_key=True).filter(collectivity=body).order_by("pk"):
        case.verification, case.verified_at = Verification.UNVERIFIED, None
        case.save(update_fields=["verification", "verified_at"])
        event_data: dict[str, Any] = {"body": str(body.uid), "reason": reason}
        record_event(case, EventKind.BODY_UNCONFIRMED, at=at, actor=actor, **event_data)


@transaction.atomic
def merge_body(*, reference: str, into: UUID, actor: User) -> Incident:
    """Merge the unconfirmed body of this case into the body `into`. A repeated call changes nothing.

    The cases, drafts and roles of the former body move to the body `into`. The cases get the region of that body, and
    another task reroutes them (`services/transfer/reroute.py`). Raises Http404, PermissionDenied, and ValidationError
    if the bodies cannot be merged.
    """
    body = lock_body_of_case(reference, actor, other_body=into)
    if body.uid == into:
        return check_ability(actor, reference, to=Ability.VIEW)
    target = Collectivity.objects.existing().select_related("seat").filter(uid=into).first()
    if target is None:
        raise ValidationError("Cette collectivité n’est plus là. Choisissez-en une autre.")
    if not body.is_unconfirmed:
        raise ValidationError("Cette collectivité est confirmée : elle ne se rattache plus à une autre.")
    collectivities.save_body_merge(body, into=target)
    move_cases_and_people(body, target, actor=actor, at=timezone.now())
    return check_ability(actor, reference, to=Ability.VIEW)


def lock_body_of_case(reference: str, actor: User, *, other_body: UUID | None = None) -> Collectivity:
    """Lock the body of the case, and the body `other_body` if it is given. Return the body of the case.

    The case is read again after the lock, since another transaction may have moved it to another body. To avoid
    deadlocks, bodies are always locked before cases and in the order of their ids.
    """
    first = check_ability(actor, reference, to=Ability.CONFIRM_BODY).collectivity_id
    list(select_locked_bodies().filter(Q(pk=first) | Q(uid=other_body)))
    return check_ability(actor, reference, to=Ability.CONFIRM_BODY).collectivity


def move_cases_and_people(body: Collectivity, target: Collectivity, *, actor: User, at: datetime) -> None:
    """Move the cases, drafts and roles of `body` to `target`, and record an event on each case.

    The caller has locked both bodies.
    """
    event_data: dict[str, Any] = {"from": str(body.uid), "to": str(target.uid)}
    for case in Incident.objects.select_for_update(no_key=True).filter(collectivity=body).order_by("pk"):
        case.collectivity, case.region = target, target.home_region
        case.save(update_fields=["collectivity", "region"])
        record_event(case, EventKind.BODY_MERGED, at=at, actor=actor, **event_data)
    Draft.objects.filter(collectivity=body).update(collectivity=target)
    move_people(body, into=target, actor=actor, at=at)
