"""The CNIL's categories of data and of persons in the words of a town hall, in the order in which they are asked."""

from typing import NamedTuple

from incidents.enums import DataCategory, PersonCategory


class Plain(NamedTuple):
    """A category of the CNIL in the words of a town hall, with examples."""

    value: str
    plain: str
    examples: str = ""


DATA_WORDS = (
    Plain(DataCategory.CIVIL_STATUS, "Qui sont les gens", "nom, date de naissance, famille"),
    Plain(DataCategory.CONTACT, "Comment les joindre", "adresse, mail, téléphone"),
    Plain(DataCategory.CREDENTIALS, "Identifiants et mots de passe", "comptes de messagerie, portail famille"),
    Plain(DataCategory.FINANCIAL, "Argent", "RIB, revenus, impôts, quotient familial, paie"),
    Plain(DataCategory.OFFICIAL, "Papiers", "carte d’identité, passeport, permis, livret de famille"),
    Plain(DataCategory.NIR, "Numéro de sécurité sociale", "bulletins de paie, dossiers du CCAS"),
    Plain(DataCategory.HEALTH, "Santé", "allergies à la cantine, arrêts de travail, handicap"),
    Plain(DataCategory.OFFENCES, "Infractions", "contraventions, police municipale, condamnations"),
    Plain(DataCategory.LOCATION, "Déplacements", "badges, véhicules suivis, caméras"),
    Plain(DataCategory.OTHER_SENSITIVE, "Vie privée", "origine, religion, opinions, syndicat"),
    Plain(DataCategory.OTHER, "Autre chose"),
    Plain(DataCategory.UNKNOWN, "Je ne sais pas encore"),
)
PERSON_WORDS = (
    Plain(PersonCategory.USERS, "Habitants et usagers", "état civil, urbanisme, eau"),
    Plain(PersonCategory.EMPLOYEES, "Agents et élus", "paie, carrières"),
    Plain(PersonCategory.PUPILS, "Élèves", "cantine, périscolaire, transports"),
    Plain(PersonCategory.MINORS, "Autres enfants", "crèche, centre de loisirs, protection de l’enfance"),
    Plain(PersonCategory.VULNERABLE, "Personnes fragiles", "aides sociales, personnes âgées ou handicapées"),
    Plain(PersonCategory.PATIENTS, "Patients", "soins à domicile, EHPAD"),
    Plain(PersonCategory.MEMBERS, "Adhérents", "bibliothèque, sport, associations"),
    Plain(PersonCategory.CUSTOMERS, "Fournisseurs et entreprises", "factures, marchés"),
    Plain(PersonCategory.MILITARY, "Militaires"),
    Plain(PersonCategory.OTHER, "D’autres personnes"),
    Plain(PersonCategory.UNKNOWN, "Je ne sais pas encore"),
)
