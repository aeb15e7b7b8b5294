"""The facts of a case, as texts for the mail to its centre."""

from collections.abc import Iterator
from typing import Any

from collectivities.zones import find_zone
from core.french import NBSP, choose_plural, format_number
from core.telephone import format_phone
from incidents.enums import NOT_STATED, TYPE_TERMS, Answer, Certainty, DataCategory, PersonsBand, Status
from incidents.facts.shapes import INSTANTS
from incidents.models import DataLeak, Incident, ServiceInterruption, Story
from incidents.moments import reduce_to_known_end
from incidents.questions.formatting import format_people
from incidents.services.duplicates.call_backs import awaits_call
from incidents.sharing import TLP_MEANINGS
from notifications.wording import defang_line, quote_lines

ANSWER_LABELS: dict[str, str] = {
    Answer.YES: "oui, sans précision",
    Answer.NO: "non",
    Answer.UNKNOWN: "ne sait pas",
    "": NOT_STATED,
}


def describe_case_facts(incident: Incident) -> dict[str, Any]:
    """Return the facts of a case for the template of a mail."""
    return describe_status(incident) | describe_declaration(incident)


def describe_status(incident: Incident) -> dict[str, Any]:
    """Return the status, the TLP, the type, the severity and the deadline of the case."""
    return {
        "is_closed": incident.status == Status.CLOSED,
        "tlp": incident.get_tlp_display(),
        "tlp_means": TLP_MEANINGS[incident.tlp],
        "type": TYPE_TERMS[incident.type],
        "type_label": incident.get_type_display(),
        "severity": incident.get_severity_display(),
        "is_to_call_back": awaits_call(incident),
        "is_verified": incident.is_verified,
        "verification": incident.get_verification_display(),
        "origin": incident.get_origin_display(),
        "burst": incident.get_burst_display(),
        "received_at": incident.received_at,
        "acknowledge_by": incident.acknowledge_by,
    }


def describe_declaration(incident: Incident) -> dict[str, Any]:
    """Return what was declared, as text in which mail programs find no links."""
    story, body, zone = incident.story, incident.collectivity, find_zone(incident.collectivity)
    return {
        "body": defang_line(body.label),
        "must_be_confirmed": body.is_unconfirmed,
        "siren": body.siren or "",
        "population": describe_population(body.population),
        "moments": list(list_known_moments(incident)),
        "no_moments": explain_no_moment(incident),
        "services": [describe_interruption(interruption, zone) for interruption in incident.interruptions.all()],
        "services_answer": ANSWER_LABELS[incident.service_stopped],
        "leaks": [describe_leak(leak) for leak in incident.leaks.all()],
        "data_answer": ANSWER_LABELS[incident.data_concerned],
        "caller": list_caller_lines(story),
        "supplier": defang_line(story.supplier),
        "description": quote_lines(story.description),
    }


def describe_population(number: int | None) -> str:
    """Return « 1 200 habitants », or « population inconnue »."""
    if number is None:
        return "population inconnue"
    return f"{format_number(number)} {choose_plural('habitant', 'habitants', number)}"


def list_caller_lines(story: Story) -> list[str]:
    """Return the known lines about the person to call back: name and role, telephone, mail address."""
    name = ", ".join(filter(None, (defang_line(story.contact_name), defang_line(story.contact_role))))
    return [
        line
        for line in (name, defang_line(format_phone(story.contact_phone)), defang_line(story.contact_email))
        if line
    ]


def list_known_moments(incident: Incident) -> Iterator[dict[str, Any]]:
    """Yield each moment of the incident whose time is known."""
    for name, fact in INSTANTS.items():
        at, certainty = getattr(incident, f"{name}_at"), getattr(incident, f"{name}_certainty")
        if at:
            yield {"label": fact.term, "at": at, "is_rough": certainty == Certainty.APPROXIMATE}


def explain_no_moment(incident: Incident) -> str:
    """Return the text to print if no moment is known: « pas connu » if the declarant said so, or else « pas dit »."""
    certainties = {getattr(incident, f"{name}_certainty") for name in INSTANTS}
    return "pas connu" if Certainty.UNKNOWN in certainties else NOT_STATED


def describe_interruption(interruption: ServiceInterruption, zone: str) -> dict[str, Any]:
    """Return the service, the period and the number of people of an interruption. `zone` is an IANA name."""
    number = interruption.people_affected
    return {
        "label": f"{interruption.get_service_display()}{NBSP}: {interruption.extent_label}",
        "since": interruption.started_at,
        "until": reduce_to_known_end(interruption.started_at, interruption.ended_at, zone),
        "people": f"{format_people(number)} {choose_plural('touchée', 'touchées', number)}" if number else "",
    }


def describe_leak(leak: DataLeak) -> list[str]:
    """Return the lines on a leak.

    The first line is « fuite soupçonnée », for example, with the size if it was given. Each other line is one category
    of data.
    """
    sizes = [
        format_people(leak.persons) if leak.persons is not None else format_persons_band(leak.persons_band),
        format_records(leak.records) if leak.records else "",
    ]
    status = f"fuite {leak.get_status_display()}" if leak.status else "données touchées, fuite : pas dit"
    title = ", ".join(filter(None, [status, *sizes]))
    return [title, *(str(DataCategory(code).label) for code in leak.categories)]


def format_persons_band(band: str) -> str:
    """Return the label of a range of numbers of people, or "" if it is not known."""
    return "" if band in ("", PersonsBand.UNKNOWN) else str(PersonsBand(band).label)


def format_records(number: int) -> str:
    """Return a number of records in French: « 1 200 enregistrements »."""
    return f"{format_number(number)} {choose_plural('enregistrement', 'enregistrements', number)}"
