"""The choices of the first screen: what a town hall notices, grouped by what is affected, with one icon a type."""

from typing import NamedTuple

from incidents.enums import DataCategory, IncidentType, PersonCategory


class Choice(NamedTuple):
    type: IncidentType
    icon: str
    line: str


class Group(NamedTuple):
    title: str
    choices: tuple[Choice, ...]


UNKNOWN = Choice(IncidentType.UNKNOWN, "unknown", "C’est une bonne réponse. On vous aidera à trouver.")
GROUPS = (
    Group(
        "Nos ordinateurs et nos fichiers",
        (
            Choice(IncidentType.RANSOMWARE, "ransom", "Ou un message demande une rançon."),
            Choice(IncidentType.OUTAGE, "outage", "Un serveur, le réseau, une coupure."),
            Choice(IncidentType.DEVICE, "device", "Ordinateur, téléphone, clé USB."),
        ),
    ),
    Group(
        "Nos mails et nos comptes",
        (
            Choice(IncidentType.MAILBOX, "mailbox", "Des mails partent sans nous."),
            Choice(IncidentType.PHISHING, "hook", "Quelqu’un a cliqué, ou pas."),
            Choice(IncidentType.ADMIN_ACCOUNT, "admin", "Ou un compte inconnu est apparu."),
        ),
    ),
    Group(
        "Nos données et notre argent",
        (
            Choice(IncidentType.LEAK, "leak", "Volées, en vente, ou quelqu’un le prétend."),
            Choice(IncidentType.MISDELIVERY, "wrong", "Mauvais destinataire, fichier en ligne."),
            Choice(IncidentType.TRANSFER, "transfer", "Payé, ou arrêté à temps."),
        ),
    ),
    Group(
        "Notre site et nos prestataires",
        (
            Choice(IncidentType.DEFACEMENT, "defaced", "Texte ou images que nous n’avons pas mis."),
            Choice(IncidentType.DDOS, "flood", "Il est noyé de visites, ou très lent."),
            Choice(IncidentType.SUPPLIER, "supplier", "Et nous travaillons avec lui."),
            Choice(IncidentType.FLAW, "flaw", "Sans dégât pour l’instant."),
        ),
    ),
)


class Plain(NamedTuple):
    """A word of the CNIL's lists in the language of a town hall, with examples."""

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


def find_type(value: str) -> IncidentType | None:
    """Return the type named by `quoi` in the address, or None."""
    return IncidentType(value) if value in IncidentType.values else None
