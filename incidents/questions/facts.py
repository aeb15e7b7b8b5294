"""Formatting of snapshots, which hold what the rows of a case contained at some moment. The history of the case shows
them as earlier values.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from core.french import choose_plural
from incidents.enums import (
    EXTENT_NOT_SAID,
    NOT_SAID,
    Answer,
    Certainty,
    DataCategory,
    InterruptionExtent,
    LeakStatus,
    PersonCategory,
    PersonsBand,
    PublicService,
)
from incidents.moments import end_or_day
from incidents.questions.catalogue import Kind, find_version
from incidents.questions.saying import Said, answers_of, format_moment, format_number

SNAPSHOT_TITLES: dict[str, str] = {
    "recit": "Ce qui se passe",
    "moments": "Depuis quand",
    "services": "Les services arrêtés ou ralentis",
    "donnees": "Les données touchées",
    "rappel": "Qui rappeler",
}
INSTANTS: dict[str, str] = {
    "occurred": "Arrivé",
    "detected": "Découvert",
    "attack_known": "Attaque connue",
    "breach_known": "Atteinte aux données personnelles connue",
}
CALLER: dict[str, tuple[str, str]] = {
    "phone": ("Téléphone", Kind.TEXT),
    "email": ("Adresse mail", Kind.MAIL),
    "name": ("Nom", Kind.TEXT),
    "role": ("Fonction", Kind.TEXT),
}


def list_sheet_facts(section: str, version: str, values: Mapping[str, Any], zone: str) -> list[Said]:
    """Return the lines of one sheet, either of questions or of facts. A sheet whose words were erased has none."""
    say = SAYING.get(section)
    if not values:
        return []
    return list(say(values, zone) if say else answers_of(section, version, values, zone))


def title_of(section: str, version: str) -> str:
    if section in SNAPSHOT_TITLES:
        return str(SNAPSHOT_TITLES[section])
    found = find_version(version).section(section)
    return found.title if found else section


def list_story_facts(values: Mapping[str, Any], zone: str) -> Iterator[Said]:
    yield Said(label="Récit", words=values["description"] or "rien d’écrit", kind=Kind.LONG)
    if values["supplier"]:
        yield Said(label="Prestataire concerné", words=values["supplier"])


def list_moments(values: Mapping[str, Any], zone: str) -> Iterator[Said]:
    for name, label in INSTANTS.items():
        at, certainty = moment_of(values[name]["at"]), values[name]["certainty"]
        words = format_moment(at, zone) or ("pas connu" if certainty == Certainty.UNKNOWN else str(NOT_SAID))
        roughly = certainty == Certainty.APPROXIMATE
        yield Said(label=str(label), words=f"{words}, à peu près" if roughly else words)


def list_service_facts(values: Mapping[str, Any], zone: str) -> Iterator[Said]:
    for one in values["services"]:
        yield Said(label=label(PublicService, one["service"]), words=", ".join(list_interruption_facts(one, zone)))
    if not values["services"]:
        yield Said(label="Un service arrêté ou ralenti", words=label(Answer, values["stopped"]))


def list_interruption_facts(one: Mapping[str, Any], zone: str) -> Iterator[str]:
    """Yield the parts of « arrêté, depuis le …, jusqu’au …, 40 personnes, en attendant : sur papier »."""
    yield label(InterruptionExtent, one["extent"]) if one["extent"] else str(EXTENT_NOT_SAID)
    if one["from"]:
        yield "depuis le {moment}".format(moment=format_moment(moment_of(one["from"]), zone))
    if one["to"]:
        end = end_or_day(moment_of(one["from"]), moment_of(one["to"]), zone)
        yield f"jusqu’au {format_moment(end, zone)}"
    if one["people"] is not None:
        many = choose_plural("%(number)s personne", "%(number)s personnes", one["people"])
        yield many % {"number": format_number(one["people"])}
    if one["workaround"]:
        yield "en attendant : {words}".format(words=one["workaround"])


def list_data_facts(values: Mapping[str, Any], zone: str) -> Iterator[Said]:
    yield Said(label="Des données touchées", words=label(Answer, values["concerned"]))
    leak = values["leak"]
    if leak is None:
        return
    yield Said(label="Fuite", words=label(LeakStatus, leak["status"]))
    yield Said(label="Quelles données", words=labels(DataCategory, leak["categories"]))
    yield Said(label="Quelles personnes", words=labels(PersonCategory, leak["person_categories"]))
    persons = leak["persons"]
    known = label(PersonsBand, leak["persons_band"]) if persons is None else format_number(persons)
    yield Said(label="Combien de personnes", words=known)


def list_caller_facts(values: Mapping[str, Any], zone: str) -> Iterator[Said]:
    for name, (text, kind) in CALLER.items():
        if values[name]:
            yield Said(label=str(text), words=values[name], kind=kind)
    if values.get("mail_without_code"):
        yield Said(label="Mails", words="ni lien, ni code", kind=Kind.TEXT)


SAYING = {
    "recit": list_story_facts,
    "moments": list_moments,
    "services": list_service_facts,
    "donnees": list_data_facts,
    "rappel": list_caller_facts,
}


def moment_of(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def label(choices: Any, code: str) -> str:
    """Return the label of a stored code, « pas dit » for an empty code, and the code itself if it is no longer in
    use.
    """
    return str(dict(choices.choices).get(code, code) or NOT_SAID)


def labels(choices: Any, codes: list[str]) -> str:
    return ", ".join(label(choices, code) for code in codes) or str(NOT_SAID)
