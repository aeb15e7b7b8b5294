"""The reason for a route as a French sentence, and the French prepositions of territories: « en
Bretagne », « du Grand Est ».
"""

import re
from collections.abc import Sequence
from datetime import date, timedelta
from urllib.parse import urlsplit

from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils.text import capfirst

from collectivities.enums import Kind
from collectivities.models import Collectivity, Region
from core.french import NBSP, curl_apostrophes, format_day, prepend_a, prepend_de

_REGIONS_WITH_EN = {
    "01": "en Guadeloupe",
    "02": "en Martinique",
    "03": "en Guyane",
    "04": "à La Réunion",
    "06": "à Mayotte",
    "11": "en Île-de-France",
    "24": "en Centre-Val de Loire",
    "27": "en Bourgogne-Franche-Comté",
    "28": "en Normandie",
    "32": "dans les Hauts-de-France",
    "44": "dans le Grand Est",
    "52": "dans les Pays de la Loire",
    "53": "en Bretagne",
    "75": "en Nouvelle-Aquitaine",
    "76": "en Occitanie",
    "84": "en Auvergne-Rhône-Alpes",
    "93": "en Provence-Alpes-Côte d’Azur",
    "94": "en Corse",
    "975": "à Saint-Pierre-et-Miquelon",
    "977": "à Saint-Barthélemy",
    "978": "à Saint-Martin",
    "984": "dans les Terres australes et antarctiques françaises",
    "986": "à Wallis-et-Futuna",
    "987": "en Polynésie française",
    "988": "en Nouvelle-Calédonie",
    "989": "sur l’île de Clipperton",
}
# Names without an article, or with one that belongs to the name.
WITHOUT_ARTICLE = ("04", "06", "975", "977", "978", "986")
ARTICLES_BY_PREPOSITION = (("de l’", "l’"), ("de ", "la "), ("du ", "le "), ("des ", "les "), ("d’", "l’"))
_REGIONS_WITH_DE = {
    "01": "de Guadeloupe",
    "02": "de Martinique",
    "03": "de Guyane",
    "04": "de La Réunion",
    "06": "de Mayotte",
    "11": "d’Île-de-France",
    "24": "du Centre-Val de Loire",
    "27": "de Bourgogne-Franche-Comté",
    "28": "de Normandie",
    "32": "des Hauts-de-France",
    "44": "du Grand Est",
    "52": "des Pays de la Loire",
    "53": "de Bretagne",
    "75": "de Nouvelle-Aquitaine",
    "76": "d’Occitanie",
    "84": "d’Auvergne-Rhône-Alpes",
    "93": "de Provence-Alpes-Côte d’Azur",
    "94": "de Corse",
    "975": "de Saint-Pierre-et-Miquelon",
    "977": "de Saint-Barthélemy",
    "978": "de Saint-Martin",
    "984": "des Terres australes et antarctiques françaises",
    "986": "de Wallis-et-Futuna",
    "987": "de Polynésie française",
    "988": "de Nouvelle-Calédonie",
    "989": "de l’île de Clipperton",
}


# Names that begin with a common noun take an article: « le CSIRT CyberCorsica », « au Campus régional… ».
COMMON_NOUNS = ("CSIRT", "CERT", "M-CERT", "Campus", "Centre")


def format_centre(centre: str) -> str:
    """Return the name of a centre, with an article if it takes one: « le CERT-FR », « Breizh Cyber »."""
    return f"le {centre}" if centre.startswith(COMMON_NOUNS) else centre


def format_centre_with_au(centre: str) -> str:
    """Return the name of a centre after « à »: « au CERT-FR », « à Breizh Cyber »."""
    return prepend_a(format_centre(centre))


def format_centre_with_du(centre: str) -> str:
    """Return the name of a centre after « de »: « du CERT-FR », « de Breizh Cyber », « d’Urgence Cyber »."""
    return prepend_de(format_centre(centre))


def format_origin(source: str, source_on: date | None) -> str:
    """Return a source with its date, if it has one: « Liste de l’ANSSI, 23 juin 2026 »."""
    return f"{source}, {format_day(source_on)}" if source_on else source


def strip_origin(note: str) -> str:
    """Return a note without the clauses on who published a value.

    « presse, à confirmer ; fermé en août » gives « fermé en août ».
    """
    clauses = re.split(r"\s*;\s*", note)
    return f"{NBSP}; ".join(clause for clause in clauses if "à confirmer" not in clause)


def append_note(value: str, note: str) -> str:
    """Return the value with its note after it in brackets. Without a note or a value, return the value alone."""
    return f"{value} ({note})" if value and note else value


def format_region_with_en(region: Region) -> str:
    """Return a région after « en », « dans » or « à »: « en Bretagne », « dans le Grand Est », « à Mayotte »."""
    return _REGIONS_WITH_EN.get(region.code, f"dans la région {region.name}")


def format_region_with_de(region: Region) -> str:
    """Return a région after « de »: « de Bretagne », « du Grand Est », « d’Occitanie »."""
    return _REGIONS_WITH_DE.get(region.code, f"de la région {region.name}")


def format_region(region: Region) -> str:
    """Return a région with its article: « la Bretagne », « les Pays de la Loire », « l’Île-de-France »."""
    text = format_region_with_de(region)
    if region.code in WITHOUT_ARTICLE:
        return curl_apostrophes(region.name)
    for prefix, article in ARTICLES_BY_PREPOSITION:
        if text.startswith(prefix):
            return article + text.removeprefix(prefix)
    return curl_apostrophes(region.name)


def join_names(names: Sequence[str]) -> str:
    """Return the names as a French list: « Bretagne, Normandie et Pays de la Loire »."""
    *first_names, last_name = names or [""]
    return "{first} et {last}".format(first=", ".join(first_names), last=last_name) if first_names else last_name


def explain_location(body: Collectivity, region: Region | None, member_regions: Sequence[Region]) -> str:
    """Return the first half of the sentence on why a centre was chosen.

    It names the region of the body, and tells whether a person corrected this region.
    """
    if region is None:
        of_body = "de cet organisme" if is_name_withheld(body) else body.name_with_de
        return f"La région {of_body} n’est pas connue"
    name = "la collectivité" if body.name == region.name else format_body(body)
    words = {
        "body": name,
        "at": format_region_with_en(region),
        "regions": join_names([curl_apostrophes(member_region.name) for member_region in member_regions]),
    }
    if body.region_correction_id and member_regions:
        return "L’annuaire corrigé place {body} ({regions}) {at}".format(**words)
    if body.region_correction_id:
        return "L’annuaire corrigé place {body} {at}".format(**words)
    if member_regions:
        words["regions"] = join_names([format_region(member_region) for member_region in member_regions])
        return capfirst("{body} s’étend sur {regions} ; la plupart de ses habitants vivent {at}".format(**words))
    return capfirst("{body} est {at}".format(**words))


def is_name_withheld(body: Collectivity) -> bool:
    """Tell whether sentences must not name the body, because somebody added it while declaring.

    Sentences are stored and mailed, so they would still name it after a merge.
    """
    return body.declared_at is not None and not body.is_listed


def format_body(body: Collectivity) -> str:
    """Return the name of a body with its article, or « cet organisme » if its name is withheld."""
    if is_name_withheld(body):
        return "cet organisme"
    return body.name_with_article


def format_body_in_region(body: Collectivity) -> str:
    """Return « commune du Mans (Sarthe), désormais dans les Pays de la Loire ». A body whose name is withheld is
    described by its seat.
    """
    name, region = body.label, body.home_region
    if is_name_withheld(body):
        seat = f", dont le siège est {body.seat.name_with_a}{body.seat.place}" if body.seat else ""
        name = f"organisme hors de la liste officielle{seat}"
    return f"{name}, désormais {format_region_with_en(region)}" if region else name


def explain_route(location: str, csirt: str, region: Region, *, departement: bool, kind: str) -> str:
    """Return the sentence on why a centre answers for a body. `location` is its first half.

    `departement` tells whether the coverage is limited to the département. `kind` is the only kind of body that the
    coverage is for, or "" if it is for all kinds.
    """
    words = {
        "where": location,
        "csirt": format_centre(csirt),
        "of": format_region_with_de(region),
        "kind": Kind(kind).label if kind else "",
    }
    if departement and kind:
        return "{where}, et {csirt} répond dans son département à cette sorte d’organisme : {kind}.".format(**words)
    if departement:
        return "{where}, et {csirt} répond aux collectivités de son département.".format(**words)
    if kind:
        return "{where}, et {csirt} y répond à cette sorte d’organisme : {kind}.".format(**words)
    return "{where}, et {csirt} répond aux collectivités {of}.".format(**words)


def explain_missing_route(location: str, region: Region | None, websites: Sequence[str]) -> str:
    """Return the sentence for a body that no CSIRT covers.

    It sends the reader to the last of `websites`, whose centre helps everybody. Without websites, it sends the reader
    to the police.
    """
    site = urlsplit(websites[-1]).netloc if websites else ""
    advice = f"Allez sur {site}." if site else "Appelez la police ou la gendarmerie : le 17."
    if region is None:
        return f"{location}. {advice}"
    return f"{location}, et nous n’y connaissons pas de centre régional. {advice}"


def format_validity(valid: DateRange) -> str:
    """Return a period in French, with its first and its last day. `valid.upper` is the day after the last one."""
    first_day = format_day(valid.lower) if valid.lower else ""
    last_day = format_day(valid.upper - timedelta(days=1)) if valid.upper else ""
    if first_day and last_day:
        return f"du {first_day} au {last_day}"
    if first_day:
        return f"depuis le {first_day}"
    return f"jusqu’au {last_day}" if last_day else "toujours"
