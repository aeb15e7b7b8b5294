"""The answer pack of a case, which has the same content on the page and in the PDF.

Its QR code opens the page where the follow-up code is typed, with the reference filled in. The pack does not hold the
code, because it is printed, photocopied and mailed, and the code would open the case to anybody who has a copy.
"""

from collections.abc import Sequence
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
from csirts.queries import list_published_contacts
from csirts.routing import find_route
from incidents.enums import TYPE_TERMS, EventKind, IncidentType, Status, TransferState
from incidents.facts.description import Section
from incidents.models import Incident
from incidents.progress import find_service_handed_to
from incidents.queries import is_case_abandoned
from incidents.questions.facts import SNAPSHOT_TITLES, get_section_title, list_sheet_facts
from incidents.questions.formatting import format_moment
from incidents.reference import hyphenate
from incidents.services.history.centres import MOVE_KINDS
from incidents.services.history.declared import find_judgement, format_judgement, read_declared_data
from incidents.services.history.revisions import (
    CentreAct,
    TypeChange,
    find_type_change,
    format_declared_label,
    list_replaced_story,
    list_revision_sentences,
    load_centre_acts,
    load_declared_sheets,
)
from incidents.services.history.snapshots import Values, find_leak_row, snapshot_rows
from incidents.services.library.reflexes import AppliedReflexSheet, find_reflex_sheet
from incidents.services.papers.centres import describe_contacts, describe_site
from incidents.services.papers.duties import list_duties

LEGAL_CAVEAT = (
    "Cette liste ne dit pas tout ce que la loi peut demander. Votre délégué à la protection des données (DPO), "
    "votre assureur et la préfecture répondent pour votre cas."
)

TAKEN_OVER_SENTENCE = "%(taker)s, dont relève désormais la collectivité, l’a repris de %(giver)s le %(at)s."


def build_answer_pack(incident: Incident, *, at: datetime) -> dict[str, Any]:
    """Return the content as plain texts, for a template or for typst. The caller must have loaded the case
    `with_displayed_rows`.
    """
    zone, leak_answers = find_zone(incident.collectivity), read_declared_data(incident)
    judgement = find_judgement(incident, leak_answers, find_leak_row(incident))
    address = settings.SITE_URL + reverse("follow_up_start", query={"reference": hyphenate(incident.reference)})
    route = find_route(incident.collectivity, on=timezone.localdate(at))
    duties = list_duties(incident, zone, leak_answers, judgement, at=at)
    return describe_contacts(incident.csirt, route) | {
        "reference": hyphenate(incident.reference),
        "body": capfirst(incident.collectivity.label),
        "identity": format_identity(incident.collectivity),
        "received": format_pack_moment(incident.received_at, zone),
        "made_at": format_pack_moment(at, zone),
        "reason": explain_centre(incident),
        "checklist": build_checklist(find_reflex_sheet(incident.type, incident.csirt)),
        "duties": [duty._asdict() for duty in duties],
        "no_more": LEGAL_CAVEAT,
        "receipt": list_receipt_lines(incident, zone),
        "progress": list_progress(incident, judgement, zone),
        "declared": list_declared_sections(incident, leak_answers, load_centre_acts(incident), zone),
        "clock": str(CLOCK_LABELS.get(zone, zone)),
        "address": address,
        "site": settings.SITE_URL.partition("://")[2] + reverse("follow_up_start"),
        "qr": draw_qr_code(address),
    }


def explain_centre(incident: Incident) -> str:
    """Return why the case was routed to its centre and, after a transfer, which centre took it over and when."""
    moved = incident.transfers.filter(state=TransferState.ACCEPTED).select_related("giver", "taker").order_by("-id")
    if (last := moved.first()) is None or last.answered_at is None:
        return incident.route_reason
    at = format_pack_moment(last.answered_at, find_zone(incident.collectivity))
    words = {"giver": last.giver, "taker": last.taker, "at": at}
    sentence = "%(giver)s l’a confié à %(taker)s le %(at)s." if last.asked_by_id else TAKEN_OVER_SENTENCE
    return f"{incident.route_reason} " + sentence % words


def format_identity(body: Collectivity) -> str:
    """Return the SIREN and INSEE code, which insurers and prefectures ask for to tell bodies of one name apart."""
    siren = body.siren and f"SIREN {NBSP.join(map(''.join, batched(body.siren, 3)))}"
    code = body.insee_code and f"code INSEE {body.insee_code}"
    return capfirst(", ".join(part for part in (siren, code) if part))


def format_pack_moment(at: datetime, zone: str) -> str:
    local = format_moment(at, zone)
    return f"{local}, {CLOCK_LABELS.get(zone, zone)}"


def build_checklist(sheet: AppliedReflexSheet) -> dict[str, Any]:
    whose = f"Fiche de {sheet.csirt.name}" if sheet.csirt else "Fiche nationale"
    day = format_day(sheet.published_on)
    return {
        "hour_title": "La première heure",
        "hour": [list(act) for act in sheet.text.hour],
        "day_title": "La première journée",
        "day": [list(act) for act in sheet.text.day],
        "sources": " ; ".join(sheet.text.sources),
        "version": f"{whose}, version {sheet.version} du {day}.",
    }


def list_declared_sections(
    incident: Incident, leak_answers: Values, acts: Sequence[CentreAct], zone: str
) -> list[dict[str, Any]]:
    """Return the sections of the case as they were last declared, then the newest answers to the questions of its
    type. `leak_answers` holds the declared answers about the leaked data, and `acts` are the `load_centre_acts`.

    The « notes » of a section say who completed or corrected it after the declaration, and when. Declared texts of
    the story that were replaced follow the current texts.
    """
    sheets = load_declared_sheets(incident, zone)
    facts = [
        format_section(name, "", leak_answers if name == Section.DATA else snapshot_rows(incident, name), zone)
        for name in SNAPSHOT_TITLES
    ]
    newest = [views[-1].sheet for name, views in sorted(sheets.items()) if name not in SNAPSHOT_TITLES]
    answers = [format_section(sheet.section, sheet.version, sheet.values, zone) for sheet in newest]
    sections = facts + [section for section in answers if section["lines"]]
    for section in sections:
        section["notes"] = list_revision_sentences(incident, sheets.get(section["code"], []), acts)
    sections[0]["lines"] += list_replaced_story(incident, sheets.get(Section.STORY, []), acts)
    add_situation(sections[0], incident, find_type_change(incident, acts, zone), zone)
    return sections


def add_situation(story: dict[str, Any], incident: Incident, change: TypeChange | None, zone: str) -> None:
    """Put the type before the lines of the story, with the declared type if a centre changed it."""
    lines = [["Situation", format_situation(incident.type)]]
    if change:
        lines.append([format_declared_label(incident, "Situation", zone), format_situation(change.declared)])
        story["notes"].append(change.sentence)
    story["lines"] = lines + story["lines"]


def format_situation(code: str) -> str:
    return f"{IncidentType(code).label} ({TYPE_TERMS[code]})"


def format_section(section: str, version: str, values: Values, zone: str) -> dict[str, Any]:
    lines = [[line.label, line.words] for line in list_sheet_facts(section, version, values, zone)]
    return {"code": section, "title": get_section_title(section, version), "lines": lines}


def list_progress(incident: Incident, judgement: str, zone: str) -> list[str]:
    """Return sentences that say whether the case was taken or closed, whether the body was called back, and how the
    centre judged the leak.
    """
    lines = (
        format_handling_state(incident, zone),
        format_verification(incident, zone),
        format_judgement_sentence(incident, judgement),
    )
    return [line for line in lines if line]


def format_judgement_sentence(incident: Incident, judgement: str) -> str:
    """Return the centre's judgement of the leak (`find_judgement`) as a sentence, or ""."""
    judged = format_judgement(judgement)
    who = incident.csirt.name if incident.csirt else "Le centre"
    return f"{who} juge : {judged}." if judged else ""


def format_handling_state(incident: Incident, zone: str) -> str:
    """Return a sentence that says when the case was closed or taken, or that nobody has it, or "" if an untaken case
    has no centre.
    """
    if incident.closed_at:
        service = find_service_handed_to(incident)
        reason = incident.get_closing_reason_display() + (f" ({service})" if service else "")
        return f"Dossier clos le {format_pack_moment(incident.closed_at, zone)} : {reason}."
    if (incident.acknowledged_at and is_case_abandoned(incident)) or was_unassigned(incident):
        return f"{incident.csirt} n’a personne sur le dossier en ce moment."
    if incident.acknowledged_at:
        first_at = find_first_taken_at(incident) or incident.acknowledged_at
        moments = dict.fromkeys(format_pack_moment(at, zone) for at in (first_at, incident.acknowledged_at))
        return f"{incident.csirt} a pris le dossier en charge le {', puis de nouveau le '.join(moments)}."
    return f"{incident.csirt} n’a pas encore pris le dossier en charge." if incident.csirt else ""


def find_first_taken_at(incident: Incident) -> datetime | None:
    """Return when the present centre first took the case, or None without such an event. Runs one query.

    A case that is put back into the queue loses its `acknowledged_at`, which then holds the time when it was taken
    again. Accepting a transfer takes the case. `first_acknowledged_at` may be the instant of a former centre.
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
    if incident.verified_at is None and incident.csirt is None:
        return "Déclaration non vérifiée : aucun centre ne couvre le territoire, personne n’a rappelé la collectivité."
    if incident.verified_at is None:
        return "Déclaration non vérifiée : personne n’a encore rappelé la collectivité sur un numéro déjà connu."
    how = capfirst(incident.get_verification_display())
    return f"{how}, le {format_pack_moment(incident.verified_at, zone)}."


def list_receipt_lines(incident: Incident, zone: str) -> list[str]:
    """Return the acknowledgement of receipt, which says what arrived, when, and which service deals with it (code des
    relations entre le public et l’administration, article L112-11).
    """
    reference, received_at = hyphenate(incident.reference), format_pack_moment(incident.received_at, zone)
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
    csirt = incident.csirt
    if csirt is None:
        return "Aucun centre de réponse connu ne répond pour ce territoire : aucun service n’est désigné à ce jour."
    reached = [part for part in (*list_published_contacts(csirt), describe_site(csirt.website)) if part]
    return f"Service chargé du dossier : {', '.join([csirt.name, *reached])}."
