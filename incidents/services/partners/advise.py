"""Sending of a file about a case to a partner, as far as the TLP of the case allows it. The file is stored as sent.

The file is canonical JSON (sorted keys, two spaces a level, UTF-8, a line feed at its end), made from the rows alone.
The same case gives the same bytes, so the service can compare the file to send with the file that the page showed, and
raise Stale if they differ. The file holds codes, instants and indicators. It holds the details of the person to
call back only if the responder ticked the box for them and wrote a reason. It never holds the declarant's free text.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from collectivities.zones import find_zone
from core.stale import Stale
from core.text import clean_line
from incidents.access import get_incident
from incidents.catalogues.partners import PARTNERS_WITH_MAIL, Partner
from incidents.enums import Ability, EventKind, ObservableKind, Tlp
from incidents.models import Advice, Incident
from incidents.moments import format_iso_moment, reduce_to_known_end, reduce_to_known_moment
from incidents.services.history.declared import find_leak_judgement, read_declared_data
from incidents.services.history.record import record_event
from incidents.services.history.snapshots import (
    find_leak_row,
    format_utc_instant,
    list_interruptions,
    read_caller,
    read_instants,
)
from incidents.services.transfer.agreements import NO_AGREEMENT, Agreement, clean_agreement
from incidents.sharing import ReaderKind, allows_only_link, needs_agreement

REASON_LIMIT = 500
FORMAT = "tocsin-advice/1"
MAX_OBSERVABLES_SENT = 2000
# The kinds of indicators that identify nobody. Other kinds (an e-mail address, an account, a file name) may identify a
# person, and are only sent together with the details of the person to call back.
IMPERSONAL_KINDS = (ObservableKind.IP, ObservableKind.DOMAIN, ObservableKind.URL, ObservableKind.HASH)
# Labels that the file may carry. They do not change the label of the case.
FILE_LABELS = (Tlp.AMBER_STRICT, Tlp.AMBER, Tlp.GREEN, Tlp.CLEAR)
TLP_RED_REFUSAL = (
    "TLP:RED : rien de ce dossier ne sort. Demandez au déclarant s’il accepte un TLP plus large, puis changez-le."
)


class AdviceFormAlreadyUsed(Exception):
    """The key of this form was already used with another partner, reason or file. Nothing was sent."""


@dataclass(frozen=True, kw_only=True)
class AdviceRequest:
    """The request of a responder to send a file about a case to a partner.

    `partner` is a code of the catalogue, and `motive` is the reason. `tlp` is the label of the file. `agreement` says
    who agreed for the body, if the label of the case requires it. With `with_persons`, the file names the person to
    call back. `key` is the idempotency key of the form, and `seen` is the SHA-256 of the file that the page showed.
    """

    partner: str
    motive: str
    tlp: str = Tlp.AMBER_STRICT
    agreement: Agreement = NO_AGREEMENT
    with_persons: bool = False
    key: str = ""
    seen: str = ""


@transaction.atomic
def advise_partner(*, reference: str, request: AdviceRequest, actor: User) -> Advice:
    """Store the file for the partner, and record the event. The file is sent after this event.

    The same form sent twice returns the first advice. Raises Http404, PermissionDenied, AdviceFormAlreadyUsed, and
    Stale if the page showed another file. Raises ValidationError by field, or without a field if the case is erased
    or TLP:RED.
    """
    incident = get_incident(actor, reference, to=Ability.ADVISE, lock=True)
    key = hashlib.sha256(f"{incident.pk}\n{request.key}".encode()).hexdigest()
    why, earlier = clean_advice_reason(request), Advice.objects.filter(submission_key=key).first()
    if earlier and (earlier.partner, earlier.motive, earlier.sha256) == (request.partner, why, request.seen):
        return earlier
    partner = get_allowed_partner(incident, request)
    if earlier:
        raise AdviceFormAlreadyUsed
    agreement = clean_advice_agreement(incident, request)
    content = format_advice(incident, partner, request)
    if request.seen != hash_content(content):
        raise Stale
    now = timezone.now()
    content_fields = {"partner": partner.code, "tlp": request.tlp, "content": content, "sha256": hash_content(content)}
    request_fields = {"motive": why, "agreement": agreement, "actor": actor, "asked_at": now}
    advice = Advice.objects.create(incident=incident, submission_key=key, **request_fields, **content_fields)
    data: dict[str, Any] = {"partner": partner.code, "sha256": advice.sha256, "advice": str(advice.uid)}
    data |= {"tlp": request.tlp, "agreed": bool(agreement)}
    record_event(incident, EventKind.ADVISED, at=now, actor=actor, **data)
    return advice


def get_allowed_partner(incident: Incident, request: AdviceRequest) -> Partner:
    """Return the partner of the request. Raises ValidationError if the file must not be sent."""
    if incident.erased_at:
        raise ValidationError("Les mots de ce dossier ont été effacés : il n’y a plus rien à envoyer.")
    partner = PARTNERS_WITH_MAIL.get(request.partner)
    if partner is None:
        raise ValidationError({"partner": "Choisissez un partenaire de la liste."})
    if request.tlp not in FILE_LABELS:
        raise ValidationError({"tlp": "Choisissez le TLP du message."})
    if why := find_advice_refusal(incident):
        raise ValidationError(why)
    return partner


def clean_advice_agreement(incident: Incident, request: AdviceRequest) -> str:
    """Return the text to store about the agreement, or "". Raises ValidationError like `clean_agreement`."""
    is_needed = needs_agreement(incident.tlp, ReaderKind.COMMUNITY, label=request.tlp)
    return clean_agreement(incident, request.agreement, is_needed=is_needed)


def clean_advice_reason(request: AdviceRequest) -> str:
    """Return the cleaned reason of the request. Raises ValidationError on `motive` if it is empty or too long."""
    why = clean_line(request.motive, limit=REASON_LIMIT, field="motive")
    if not why:
        missing = "Écrivez pourquoi des coordonnées partent." if request.with_persons else "Écrivez pourquoi."
        raise ValidationError({"motive": missing})
    return why


def find_advice_refusal(incident: Incident) -> str:
    """Return the sentence that refuses to send anything of a TLP:RED case, or "" for any other case."""
    return TLP_RED_REFUSAL if allows_only_link(incident.tlp) else ""


def format_advice(incident: Incident, partner: Partner, request: AdviceRequest) -> str:
    """Return the content of the file for the partner, as JSON text. The same rows give the same content."""
    facts = describe_advice_facts(incident) | {
        "format": FORMAT,
        "to": partner.code,
        "tlp": str(Tlp(request.tlp).label),
        "declarant_agreed": request.agreement.is_given,
        "observables": describe_observables(incident, with_persons=request.with_persons),
    }
    if request.with_persons:
        caller = read_caller(incident)
        facts["contact"] = {"name": caller.name, "role": caller.role, "phone": caller.phone, "email": caller.email}
    return json.dumps(facts, ensure_ascii=False, sort_keys=True, indent=2) + "\n"


def hash_content(content: str) -> str:
    """Return the SHA-256 of the content, in hexadecimal digits."""
    return hashlib.sha256(content.encode()).hexdigest()


def describe_advice_facts(incident: Incident) -> dict[str, Any]:
    """Return the facts of the case that a partner may read, as JSON values.

    They are the declared facts, the qualification, and the centre's judgement of the leak. The judgement is "" if the
    centre gave none.
    """
    declared = read_declared_data(incident)
    return {
        "reference": incident.reference,
        "pap": incident.get_pap_display(),
        "centre": incident.csirt.name if incident.csirt else "",
        "body": snapshot_body(incident),
        "type": incident.type,
        "nature": incident.nature,
        "cause": incident.cause,
        "techniques": incident.techniques,
        "rsit": {"class": incident.rsit_class, "type": incident.rsit_type},
        "severity": incident.get_severity_display(),
        "verified": incident.is_verified,
        "received_at": format_utc_instant(incident.received_at),
        "moments": describe_moments(incident),
        "service_stopped": incident.service_stopped,
        "services": describe_services(incident),
        "data": declared,
        "centre_judges": {"leak": find_leak_judgement(incident, declared, find_leak_row(incident))},
    }


def snapshot_body(incident: Incident) -> dict[str, Any]:
    """Return what a partner may read about the body of the case, as JSON values."""
    body = incident.collectivity
    return {
        "name": body.label,
        "kind": body.kind,
        "insee": body.insee_code or "",
        "siren": body.siren or "",
        "confirmed": not body.is_unconfirmed,
    }


def describe_moments(incident: Incident) -> dict[str, str | None]:
    """Return a dict from the name of each date of the case to its text. The text is None for an unknown date.

    Otherwise it is an instant in UTC or, if no hour was given, a day in the time zone of the body.
    """
    zone, instants = find_zone(incident.collectivity), read_instants(incident).items()
    return {
        name: format_iso_moment(reduce_to_known_moment(instant.at, zone, instant.certainty))
        for name, instant in instants
    }


def describe_services(incident: Incident) -> list[dict[str, Any]]:
    """Return the interruptions without their workarounds, which are free text of the declarant."""
    zone = find_zone(incident.collectivity)
    return [
        {
            "service": str(interruption.service),
            "extent": str(interruption.extent),
            "from": format_iso_moment(reduce_to_known_moment(interruption.started_at, zone)),
            "to": format_iso_moment(reduce_to_known_end(interruption.started_at, interruption.ended_at, zone)),
            "people": interruption.people_affected,
        }
        for interruption in list_interruptions(incident)
    ]


def describe_observables(incident: Incident, *, with_persons: bool) -> list[dict[str, Any]]:
    """Return the indicators of the case. Without `with_persons`, only the kinds that identify nobody are returned."""
    kinds = ObservableKind.values if with_persons else IMPERSONAL_KINDS
    observables = incident.observables.filter(kind__in=kinds).order_by("kind", "value").values("kind", "value")
    return [dict(observable) for observable in observables[:MAX_OBSERVABLES_SENT]]
