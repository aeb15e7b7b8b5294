"""A file to a partner in French, line by line, for the person who sends it. It is made from the text of the file."""

import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from collectivities.enums import Kind
from core.telephone import format_phone
from incidents.catalogues.attack import list_technique_titles
from incidents.catalogues.partners import format_partner
from incidents.catalogues.rsit import RsitClass, RsitType
from incidents.enums import (
    EXTENT_NOT_STATED,
    NOT_STATED,
    Answer,
    Cause,
    IncidentType,
    InterruptionExtent,
    LeakStatus,
    Nature,
    ObservableKind,
    PublicService,
)
from incidents.facts.shapes import INSTANTS
from incidents.indicators.observables import defang
from incidents.questions.facts import get_choice_label, list_data_facts
from incidents.questions.formatting import format_moment, format_people
from incidents.reference import hyphenate

type Line = tuple[str, str]


def list_advice_lines(content: str, zone: str) -> list[Line]:
    """Return the lines of a file to a partner as (label, text). `content` is the JSON text of the file.

    Times are in the time zone `zone`, an IANA name.
    """
    facts = json.loads(content)
    return [
        ("Destinataire", format_partner(facts["to"])),
        ("TLP du message", facts["tlp"]),
        ("PAP", facts["pap"]),
        ("Accord du déclarant", "donné" if facts["declarant_agreed"] else NOT_STATED),
        ("Référence", hyphenate(facts["reference"])),
        ("Centre", facts["centre"] or NOT_STATED),
        ("Collectivité", format_body_of_advice(facts["body"])),
        *list_judgement_lines(facts),
        ("Reçu", format_moment_of_file(facts["received_at"], zone)),
        *(
            (INSTANTS[name].term.capitalize(), format_moment_of_file(at, zone))
            for name, at in facts["moments"].items()
        ),
        *list_service_lines(facts, zone),
        *((fact.label, fact.words) for fact in list_data_facts(facts["data"], zone)),
        *list_finding_lines(facts),
        *list_contact_lines(facts.get("contact")),
    ]


def format_body_of_advice(body: Mapping[str, Any]) -> str:
    """Return the body of the file as text, such as « Plouexemple (Finistère), commune, INSEE 29999 »."""
    codes = [f"{name} {body[key]}" for key, name in (("insee", "INSEE"), ("siren", "SIREN")) if body[key]]
    doubt = [] if body["confirmed"] else ["à confirmer"]
    return ", ".join([body["name"], get_choice_label(Kind, body["kind"]), *codes, *doubt])


def list_judgement_lines(facts: Mapping[str, Any]) -> Iterator[Line]:
    """Yield the lines that classify the case: type, nature, cause, severity, verification, RSIT and techniques."""
    yield "Type", get_choice_label(IncidentType, facts["type"])
    yield "Nature", get_choice_label(Nature, facts["nature"])
    yield "Cause", get_choice_label(Cause, facts["cause"])
    yield "Gravité", facts["severity"]
    yield "Vérifiée", "oui" if facts["verified"] else "non"
    codes = ((RsitClass, facts["rsit"]["class"]), (RsitType, facts["rsit"]["type"]))
    yield "RSIT", ", ".join(get_choice_label(choices, code) for choices, code in codes if code) or NOT_STATED
    yield "Techniques ATT&CK", ", ".join(list_technique_titles(facts["techniques"])) or NOT_STATED


def list_service_lines(facts: Mapping[str, Any], zone: str) -> Iterator[Line]:
    """Yield a line that says whether services stopped, then a line for each interrupted service."""
    yield "Services arrêtés ou ralentis", get_choice_label(Answer, facts["service_stopped"])
    for interruption in facts["services"]:
        words = (
            get_choice_label(InterruptionExtent, interruption["extent"])
            if interruption["extent"]
            else EXTENT_NOT_STATED
        )
        since = f"depuis : {format_moment_of_file(interruption['from'], zone)}"
        until = [f"repris : {format_moment_of_file(interruption['to'], zone)}"] if interruption["to"] else []
        people = [format_people(interruption["people"])] if interruption["people"] is not None else []
        yield get_choice_label(PublicService, interruption["service"]), ", ".join([str(words), since, *until, *people])


def list_finding_lines(facts: Mapping[str, Any]) -> Iterator[Line]:
    """Yield the lines of what the centre found: its judgement of the leak, and each indicator, defanged."""
    if judgement := facts["centre_judges"]["leak"]:
        yield "Le centre juge", f"fuite {get_choice_label(LeakStatus, judgement)}"
    for observable in facts["observables"]:
        yield f"Indicateur, {get_choice_label(ObservableKind, observable['kind'])}", defang(**observable)
    if not facts["observables"]:
        yield "Indicateurs", "aucun dans ce fichier"


def list_contact_lines(contact: Mapping[str, str] | None) -> Iterator[Line]:
    """Yield a line with the person to call back, or nothing if the file has no contact."""
    if contact:
        words = (contact["name"], contact["role"], format_phone(contact["phone"]), contact["email"])
        yield "Qui rappeler", ", ".join(filter(None, words)) or NOT_STATED


def format_moment_of_file(code: str | None, zone: str) -> str:
    """Return a moment of the file in French. An instant in UTC is converted to `zone`. A day stays the same.

    `code` was written by `incidents.moments.format_iso_moment`. Return NOT_STATED if it is empty.
    """
    if not code:
        return NOT_STATED
    is_day = "T" not in code
    return format_moment(date.fromisoformat(code) if is_day else datetime.fromisoformat(code), zone)
