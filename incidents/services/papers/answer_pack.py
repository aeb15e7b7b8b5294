"""The answer pack of a case, which has the same content on the page and in the PDF.

Its QR code opens the page where the follow-up code is typed, with the reference filled in. The pack does not hold the
code, because it is printed, photocopied and mailed, and the code would open the case to anybody who has a copy.
"""

from datetime import datetime
from itertools import batched
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst

from collectivities.models import Collectivity
from collectivities.zones import CLOCK_LABELS, find_zone
from core.french import NBSP, format_day
from core.typeset import draw_qr_code
from csirts.queries import get_published_contacts
from csirts.routing import find_route
from csirts.wording import format_centre, format_centre_with_du
from incidents.enums import EventKind, Status
from incidents.models import Incident
from incidents.progress import find_receiving_service
from incidents.queries import is_case_abandoned
from incidents.questions.formatting import format_zoned_moment
from incidents.reference import hyphenate
from incidents.services.history.centres import MOVE_KINDS, explain_routing
from incidents.services.history.declared import find_leak_judgement, format_leak_judgement_sentence, read_declared_data
from incidents.services.history.declared_sections import list_declared_sections
from incidents.services.history.revisions import load_centre_acts
from incidents.services.history.snapshots import find_leak_row
from incidents.services.library.reflexes import AppliedReflexSheet, get_reflex_sheet
from incidents.services.papers.centres import describe_contacts, describe_site
from incidents.services.papers.duties import list_duties

LEGAL_CAVEAT = (
    "Cette liste ne dit pas tout ce que la loi peut demander. Votre délégué à la protection des données (DPO), "
    "votre assureur et la préfecture répondent pour votre cas."
)


def build_answer_pack(incident: Incident, *, at: datetime) -> dict[str, Any]:
    """Return the content of the answer pack as plain texts, for a template or for typst.

    The caller must have loaded the case `with_displayed_rows`.
    """
    zone, leak_answers = find_zone(incident.collectivity), read_declared_data(incident)
    judgement = find_leak_judgement(incident, leak_answers, find_leak_row(incident))
    address = settings.SITE_URL + reverse("follow_up_start", query={"reference": hyphenate(incident.reference)})
    route = find_route(incident.collectivity, on=timezone.localdate(at))
    duties = list_duties(incident, zone, leak_answers, judgement, at=at)
    return describe_contacts(incident.csirt, route) | {
        "reference": hyphenate(incident.reference),
        "body": capfirst(incident.collectivity.label),
        "identity": format_identity(incident.collectivity),
        "received": format_zoned_moment(incident.received_at, zone),
        "made_at": format_zoned_moment(at, zone),
        "reason": explain_routing(incident),
        "checklist": build_checklist(get_reflex_sheet(incident.type, incident.csirt)),
        "duties": [duty._asdict() for duty in duties],
        "no_more": LEGAL_CAVEAT,
        "receipt": list_receipt_lines(incident, zone),
        "progress": list_progress_sentences(incident, judgement, zone),
        "declared": list_declared_sections(incident, leak_answers, load_centre_acts(incident), zone),
        "clock": str(CLOCK_LABELS.get(zone, zone)),
        "address": address,
        "site": settings.SITE_URL.partition("://")[2] + reverse("follow_up_start"),
        "qr": draw_qr_code(address),
    }


def format_identity(body: Collectivity) -> str:
    """Return the SIREN and the INSEE code of the body, in French. Insurers and prefectures ask for these numbers."""
    siren = body.siren and f"SIREN {NBSP.join(map(''.join, batched(body.siren, 3)))}"
    code = body.insee_code and f"code INSEE {body.insee_code}"
    return capfirst(", ".join(part for part in (siren, code) if part))


def build_checklist(sheet: AppliedReflexSheet) -> dict[str, Any]:
    """Return what the reflex sheet says to do in the first hour and in the first day.

    The sources and the version of the sheet are included.
    """
    whose = f"Fiche {format_centre_with_du(sheet.csirt.name)}" if sheet.csirt else "Fiche nationale"
    day = format_day(sheet.published_on)
    return {
        "hour_title": "La première heure",
        "hour": [list(act) for act in sheet.text.hour],
        "day_title": "La première journée",
        "day": [list(act) for act in sheet.text.day],
        "sources": " ; ".join(sheet.text.sources),
        "version": f"{whose}, version {sheet.version} du {day}.",
    }


def list_progress_sentences(incident: Incident, judgement: str, zone: str) -> list[str]:
    """Return French sentences about the progress of the case.

    They say whether the case was taken or closed, whether the body was called back, and how the centre judged the
    leak.
    """
    lines = (
        format_handling_state(incident, zone),
        format_verification(incident, zone),
        format_leak_judgement_sentence(incident, judgement),
    )
    return [line for line in lines if line]


def format_handling_state(incident: Incident, zone: str) -> str:
    """Return a French sentence that says when the case was closed or taken, or that nobody has it.

    Returns "" for an untaken case without a centre.
    """
    centre = capfirst(format_centre(incident.csirt.name)) if incident.csirt else ""
    if incident.closed_at:
        service = find_receiving_service(incident)
        reason = incident.get_closing_reason_display() + (f" ({service})" if service else "")
        return f"Dossier clos le {format_zoned_moment(incident.closed_at, zone)} : {reason}."
    if (incident.acknowledged_at and is_case_abandoned(incident)) or was_unassigned(incident):
        return f"{centre} n’a personne sur le dossier en ce moment."
    if incident.acknowledged_at:
        first_at = find_first_taken_at(incident) or incident.acknowledged_at
        moments = dict.fromkeys(format_zoned_moment(at, zone) for at in (first_at, incident.acknowledged_at))
        return f"{centre} a pris le dossier en charge le {', puis de nouveau le '.join(moments)}."
    return f"{centre} n’a pas encore pris le dossier en charge." if centre else ""


def find_first_taken_at(incident: Incident) -> datetime | None:
    """Return when the present centre first took the case, or None if no event says it. Runs one query.

    `acknowledged_at` does not tell this, since it is emptied when the case goes back to the queue. Nor does
    `first_acknowledged_at`, which may be the instant of a former centre. Accepting a transfer counts as taking the
    case.
    """
    taken = incident.events.filter(kind__in=(EventKind.ACKNOWLEDGED, *MOVE_KINDS)).order_by("id")
    instants = list(taken.values_list("kind", "at"))
    if not any(kind in MOVE_KINDS for kind, _at in instants):
        return incident.first_acknowledged_at
    first_at: datetime | None = None
    for kind, at in instants:
        if kind == EventKind.REROUTED:
            first_at = None
        elif kind == EventKind.TRANSFERRED or first_at is None:
            first_at = at
    return first_at


def was_unassigned(incident: Incident) -> bool:
    """Tell whether the case was taken and then unassigned, so that it must be taken again."""
    return incident.status == Status.DECLARED and incident.first_acknowledged_at is not None


def format_verification(incident: Incident, zone: str) -> str:
    """Return a French sentence that says how and when the declaration was verified, or that it is not verified."""
    if incident.verified_at is None and incident.csirt is None:
        return "Déclaration non vérifiée : aucun centre ne couvre le territoire, personne n’a rappelé la collectivité."
    if incident.verified_at is None:
        return "Déclaration non vérifiée : personne n’a encore rappelé la collectivité sur un numéro déjà connu."
    how = capfirst(incident.get_verification_display())
    return f"{how}, le {format_zoned_moment(incident.verified_at, zone)}."


def list_receipt_lines(incident: Incident, zone: str) -> list[str]:
    """Return the acknowledgement of receipt that the law requires, as French sentences.

    It says what arrived, when, and which service deals with it (code des relations entre le public et
    l’administration, article L112-11).
    """
    reference, received_at = hyphenate(incident.reference), format_zoned_moment(incident.received_at, zone)
    lines = [
        f"La déclaration électronique {reference} a été reçue le {received_at}.",
        format_service_in_charge(incident),
        (
            "Cet accusé de réception est délivré au titre de l’article L112-11 du code des relations entre le public "
            "et l’administration. Il constate que l’envoi est arrivé. Il ne vaut ni plainte, ni "
            "notification à la CNIL, ni déclaration à votre assureur."
        ),
    ]
    return [line for line in lines if line]


def format_service_in_charge(incident: Incident) -> str:
    """Return a French sentence that names the centre of the case and its contacts.

    If the case has no centre, the sentence says so.
    """
    csirt = incident.csirt
    if csirt is None:
        return "Aucun centre de réponse connu ne répond pour ce territoire : aucun service n’est désigné à ce jour."
    reached = [part for part in (*get_published_contacts(csirt), describe_site(csirt.website)) if part]
    return f"Service chargé du dossier : {', '.join([csirt.name, *reached])}."
