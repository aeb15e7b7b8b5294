"""A partner is told of a case: a file of what its TLP lets out, sealed by its SHA-256, kept as it was sent.

The file is canonical JSON (keys in order, two spaces a level, UTF-8, one line feed at its end), made from the rows
alone: the same case gives the same bytes, so that what was shown before is what is sent, or else the person is told.
It holds codes, instants and indicators; whom to call back only where somebody ticked so and said why. What the
declarant told in their own words never leaves.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from collectivities.zones import zone_of
from incidents.access import get_incident
from incidents.enums import Ability, EventKind, ObservableKind, Tlp
from incidents.models import Advice, Incident
from incidents.moments import code_of, end_or_day, moment_or_day
from incidents.partners import MAILED, Partner
from incidents.services.agreements import NONE, Agreement, checked_agreement
from incidents.services.record import record_event
from incidents.services.snapshots import caller_of, data_kept, instants_of, interruptions_of, leak_of, text_of
from incidents.sharing import PartnerKind, is_kept_in, needs_agreement
from incidents.text import plain_line

MOTIVE_LIMIT = 500
FORMAT = "tocsin-advice/1"
OBSERVABLES_SENT = 2000
# An address mail, an account or the name of a file may be somebody's: they go with the personal values.
IMPERSONAL = (ObservableKind.IP, ObservableKind.DOMAIN, ObservableKind.URL, ObservableKind.HASH)
# Of the file, which is made for the partner; the label of the case stays as it is.
LABELS = (Tlp.AMBER_STRICT, Tlp.AMBER, Tlp.GREEN, Tlp.CLEAR)
KEPT_IN = gettext_lazy(
    "TLP:RED : rien de ce dossier ne sort. Demandez au déclarant s’il accepte un TLP plus large, puis changez-le."
)


class StaleAdvice(Exception):
    """The case changed since the file was shown: what would be sent now is not what was read."""


class FormUsed(Exception):
    """The key came before, with another motive or another file: this one is not sent."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a person asks to send: `partner` is a code, `key` that of the form, `seen` the SHA-256 that was shown.

    `tlp` is the label of the file; `agreement` says who of the body agreed, where the label of the case asks for it.
    """

    partner: str
    motive: str
    tlp: str = Tlp.AMBER_STRICT
    agreement: Agreement = NONE
    with_persons: bool = False
    key: str = ""
    seen: str = ""


@transaction.atomic
def advise_partner(*, reference: str, asked: Asked, actor: User) -> Advice:
    """Keep the file and have it sent. The same form sent twice is one.

    Raises Http404, PermissionDenied, FormUsed, StaleAdvice, ValidationError by field, and of no field where nothing of
    the case may leave.
    """
    incident = get_incident(actor, reference, to=Ability.ADVISE, lock=True)
    key = hashlib.sha256(f"{incident.pk}\n{asked.key}".encode()).hexdigest()
    why, earlier = checked_motive(asked), Advice.objects.filter(submission_key=key).first()
    if earlier and (earlier.partner, earlier.motive, earlier.sha256) == (asked.partner, why, asked.seen):
        return earlier
    partner = checked(incident, asked)
    if earlier:
        raise FormUsed
    agreement = check_agreed(incident, asked)
    content = content_of(incident, partner, asked)
    if asked.seen != seal_of(content):
        raise StaleAdvice
    now = timezone.now()
    told = {"partner": partner.code, "tlp": asked.tlp, "content": content, "sha256": seal_of(content)}
    noted = {"motive": why, "agreement": agreement, "actor": actor, "asked_at": now}
    advice = Advice.objects.create(incident=incident, submission_key=key, **noted, **told)
    data: dict[str, Any] = {"partner": partner.code, "sha256": advice.sha256, "advice": str(advice.uid)}
    data |= {"tlp": asked.tlp, "agreed": bool(agreement)}
    record_event(incident, EventKind.ADVISED, at=now, actor=actor, **data)
    return advice


def checked(incident: Incident, asked: Asked) -> Partner:
    """The partner, if the case may go there."""
    if incident.erased_at:
        raise ValidationError(_("Les mots de ce dossier ont été effacés : il n’y a plus rien à envoyer."))
    partner = MAILED.get(asked.partner)
    if partner is None:
        raise ValidationError({"partner": _("Choisissez un partenaire de la liste.")})
    if asked.tlp not in LABELS:
        raise ValidationError({"tlp": _("Choisissez le TLP du message.")})
    if why := why_not(incident):
        raise ValidationError(why)
    return partner


def check_agreed(incident: Incident, asked: Asked) -> str:
    """Return what is noted of the agreement. Raises ValidationError like `checked_agreement`."""
    is_needed = needs_agreement(incident.tlp, PartnerKind.COMMUNITY, label=asked.tlp)
    return checked_agreement(incident, asked.agreement, is_needed=is_needed)


def checked_motive(asked: Asked) -> str:
    why = plain_line(asked.motive, limit=MOTIVE_LIMIT, field="motive")
    if not why:
        missing = _("Écrivez pourquoi des coordonnées partent.") if asked.with_persons else _("Écrivez pourquoi.")
        raise ValidationError({"motive": missing})
    return why


def why_not(incident: Incident) -> str:
    """Why its TLP lets nothing out, in a sentence; empty where it does."""
    return str(KEPT_IN) if is_kept_in(incident.tlp) else ""


def content_of(incident: Incident, partner: Partner, asked: Asked) -> str:
    """The file, as text, under its own label. The same rows give the same one."""
    said = facts_of(incident) | {
        "format": FORMAT,
        "to": partner.code,
        "tlp": str(Tlp(asked.tlp).label),
        "declarant_agreed": asked.agreement.is_given,
        "observables": observables_of(incident, with_persons=asked.with_persons),
    }
    if asked.with_persons:
        caller = caller_of(incident)
        said["contact"] = {"name": caller.name, "role": caller.role, "phone": caller.phone, "email": caller.email}
    return json.dumps(said, ensure_ascii=False, sort_keys=True, indent=2) + "\n"


def seal_of(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


def facts_of(incident: Incident) -> dict[str, Any]:
    return {
        "reference": incident.reference,
        "pap": incident.get_pap_display(),
        "centre": incident.csirt.name if incident.csirt else "",
        "body": body_of(incident),
        "type": incident.type,
        "nature": incident.nature,
        "cause": incident.cause,
        "techniques": incident.techniques,
        "rsit": {"class": incident.rsit_class, "type": incident.rsit_type},
        "severity": incident.get_severity_display(),
        "verified": incident.is_verified,
        "received_at": text_of(incident.received_at),
        "moments": moments_of(incident),
        "service_stopped": incident.service_stopped,
        "services": services_of(incident),
        "data": data_kept(incident.data_concerned, leak_of(incident)),
    }


def body_of(incident: Incident) -> dict[str, Any]:
    body = incident.collectivity
    return {
        "name": body.label,
        "kind": body.kind,
        "insee": body.insee_code or "",
        "siren": body.siren or "",
        "confirmed": not body.is_unconfirmed,
    }


def moments_of(incident: Incident) -> dict[str, str | None]:
    """Instants in UTC; a day of the body where no hour was given."""
    zone, known = zone_of(incident.collectivity), instants_of(incident).items()
    return {name: code_of(moment_or_day(one.at, zone, one.certainty)) for name, one in known}


def services_of(incident: Incident) -> list[dict[str, Any]]:
    """Without what they do meanwhile, which is told in the declarant's words."""
    zone = zone_of(incident.collectivity)
    return [
        {
            "service": str(one.service),
            "extent": str(one.extent),
            "from": code_of(moment_or_day(one.started_at, zone)),
            "to": code_of(end_or_day(one.started_at, one.ended_at, zone)),
            "people": one.people_affected,
        }
        for one in interruptions_of(incident)
    ]


def observables_of(incident: Incident, *, with_persons: bool) -> list[dict[str, Any]]:
    kinds = ObservableKind.values if with_persons else IMPERSONAL
    found = incident.observables.filter(kind__in=kinds).order_by("kind", "value").values("kind", "value")
    return [dict(one) for one in found[:OBSERVABLES_SENT]]
