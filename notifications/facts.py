"""The facts of a case, in words that the centre can act on."""

from collections.abc import Iterator
from typing import Any

from collectivities.zones import zone_of
from core.french import choose_plural
from incidents.enums import NOT_SAID, TYPE_TERMS, Answer, Certainty, DataCategory, PersonsBand, Status
from incidents.facts.shapes import INSTANTS
from incidents.models import DataLeak, Incident, ServiceInterruption, Story
from incidents.moments import end_or_day
from incidents.sharing import TLP_MEANS
from notifications.wording import counted, inert, quoted

NBSP = "\N{NO-BREAK SPACE}"
SAID: dict[str, str] = {
    Answer.YES: "oui, sans précision",
    Answer.NO: "non",
    Answer.UNKNOWN: "ne sait pas",
    "": NOT_SAID,
}


def facts_of(incident: Incident) -> dict[str, Any]:
    return status_facts(incident) | declared_facts(incident)


def status_facts(incident: Incident) -> dict[str, Any]:
    """Return where the case is and how much it weighs."""
    return {
        "is_closed": incident.status == Status.CLOSED,
        "tlp": incident.get_tlp_display(),
        "tlp_means": TLP_MEANS[incident.tlp],
        "type": TYPE_TERMS[incident.type],
        "type_said": incident.get_type_display(),
        "severity": incident.get_severity_display(),
        "is_to_call_back": incident.is_to_call_back,
        "is_verified": incident.is_verified,
        "verification": incident.get_verification_display(),
        "origin": incident.get_origin_display(),
        "burst": incident.get_burst_display(),
        "received_at": incident.received_at,
        "acknowledge_by": incident.acknowledge_by,
    }


def declared_facts(incident: Incident) -> dict[str, Any]:
    """Return what was declared, in words that no program of mail makes anything of."""
    story, body, zone = incident.story, incident.collectivity, zone_of(incident.collectivity)
    return {
        "body": inert(body.label),
        "must_be_confirmed": body.is_unconfirmed,
        "siren": body.siren or "",
        "population": f"{counted(body.population)} habitants" if body.population else "population inconnue",
        "moments": list(moments_of(incident)),
        "moments_said": why_no_moment(incident),
        "services": [service_in_words(one, zone) for one in incident.interruptions.all()],
        "services_said": SAID[incident.service_stopped],
        "leaks": [leak_in_words(one) for one in incident.leaks.all()],
        "data_said": SAID[incident.data_concerned],
        "caller": caller_of(story),
        "supplier": inert(story.supplier),
        "description": quoted(story.description),
    }


def caller_of(story: Story) -> list[str]:
    """Return what is known of the person to call back, in lines."""
    who = ", ".join(filter(None, (inert(story.contact_name), inert(story.contact_role))))
    return [line for line in (who, inert(story.contact_phone), inert(story.contact_email)) if line]


def moments_of(incident: Incident) -> Iterator[dict[str, Any]]:
    """Yield the known moments only."""
    for name, fact in INSTANTS.items():
        at, certainty = getattr(incident, f"{name}_at"), getattr(incident, f"{name}_certainty")
        if at:
            yield {"said": fact.term, "at": at, "is_rough": certainty == Certainty.APPROXIMATE}


def why_no_moment(incident: Incident) -> str:
    """Return what replaces the moments if none is known: « pas connu » if the declarant said so, else « pas dit »."""
    said = {getattr(incident, f"{name}_certainty") for name in INSTANTS}
    return "pas connu" if Certainty.UNKNOWN in said else str(NOT_SAID)


def service_in_words(interruption: ServiceInterruption, zone: str) -> dict[str, Any]:
    number = interruption.people_affected
    return {
        "said": f"{interruption.get_service_display()}{NBSP}: {interruption.extent_said}",
        "since": interruption.started_at,
        "until": end_or_day(interruption.started_at, interruption.ended_at, zone),
        "people": f"{people(number)} touchées" if number else "",
    }


def leak_in_words(leak: DataLeak) -> list[str]:
    """Return « fuite soupçonnée » with its size if it was given, then each category of data."""
    sizes = [
        people(leak.persons) if leak.persons is not None else band_in_words(leak.persons_band),
        f"{counted(leak.records)} enregistrements" if leak.records else "",
    ]
    what = f"fuite {leak.get_status_display()}" if leak.status else "données touchées, fuite : pas dit"
    title = ", ".join(filter(None, [what, *sizes]))
    return [title, *(str(DataCategory(code).label) for code in leak.categories)]


def band_in_words(band: str) -> str:
    return "" if band in ("", PersonsBand.UNKNOWN) else str(PersonsBand(band).label)


def people(number: int) -> str:
    return choose_plural("%s personne", "%s personnes", number) % counted(number)
