"""The CNIL's categories of data and of persons in the words of a town hall, in the order in which they are asked.

The boxes of the declaration and all that repeats its answers use these words.
"""

from collections.abc import Iterable
from typing import NamedTuple

from incidents.enums import DataCategory, PersonCategory


class PlainLabel(NamedTuple):
    """A category of data or of persons as the CNIL defines it, in the words of a town hall, with examples."""

    value: str
    plain: str
    examples: str = ""


DATA_LABELS = (
    PlainLabel(DataCategory.CIVIL_STATUS, "Qui sont les gens", "nom, date de naissance, famille"),
    PlainLabel(DataCategory.CONTACT, "Comment les joindre", "adresse, mail, téléphone"),
    PlainLabel(DataCategory.CREDENTIALS, "Identifiants et mots de passe", "comptes de messagerie, portail famille"),
    PlainLabel(DataCategory.FINANCIAL, "Argent", "RIB, revenus, impôts, quotient familial, paie"),
    PlainLabel(DataCategory.OFFICIAL, "Papiers", "carte d’identité, passeport, permis, livret de famille"),
    PlainLabel(DataCategory.NIR, "Numéro de sécurité sociale", "bulletins de paie, dossiers du CCAS"),
    PlainLabel(DataCategory.HEALTH, "Santé", "allergies à la cantine, arrêts de travail, handicap"),
    PlainLabel(DataCategory.OFFENCES, "Infractions", "contraventions, police municipale, condamnations"),
    PlainLabel(DataCategory.LOCATION, "Déplacements", "badges, véhicules suivis, caméras"),
    PlainLabel(DataCategory.OTHER_SENSITIVE, "Vie privée", "origine, religion, opinions, syndicat"),
    PlainLabel(DataCategory.OTHER, "Autre chose"),
    PlainLabel(DataCategory.UNKNOWN, "Je ne sais pas encore"),
)
PERSON_LABELS = (
    PlainLabel(PersonCategory.USERS, "Habitants et usagers", "état civil, urbanisme, eau"),
    PlainLabel(PersonCategory.EMPLOYEES, "Agents et élus", "paie, carrières"),
    PlainLabel(PersonCategory.PUPILS, "Élèves", "cantine, périscolaire, transports"),
    PlainLabel(PersonCategory.MINORS, "Autres enfants", "crèche, centre de loisirs, protection de l’enfance"),
    PlainLabel(PersonCategory.VULNERABLE, "Personnes fragiles", "aides sociales, personnes âgées ou handicapées"),
    PlainLabel(PersonCategory.PATIENTS, "Patients", "soins à domicile, EHPAD"),
    PlainLabel(PersonCategory.MEMBERS, "Adhérents", "bibliothèque, sport, associations"),
    PlainLabel(PersonCategory.CUSTOMERS, "Fournisseurs et entreprises", "factures, marchés"),
    PlainLabel(PersonCategory.MILITARY, "Militaires"),
    PlainLabel(PersonCategory.OTHER, "D’autres personnes"),
    PlainLabel(PersonCategory.UNKNOWN, "Je ne sais pas encore"),
)
PLAIN_TEXTS: dict[str, dict[str, str]] = {
    "categories": {str(label.value): label.plain for label in DATA_LABELS},
    "person_categories": {str(label.value): label.plain for label in PERSON_LABELS},
}


def join_plain_labels(name: str, codes: Iterable[str]) -> str:
    """Return the labels of the ticked categories, as the declarant read them, or "" if none is ticked. A code that is
    no longer in use is returned unchanged.

    `name` is a key of `PLAIN_TEXTS`.
    """
    return ", ".join(PLAIN_TEXTS[name].get(code, code) for code in codes)
