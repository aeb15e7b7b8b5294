"""The choices of the first screen: what a town hall notices, grouped by what is affected, with one icon a type."""

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from incidents.enums import DataCategory, IncidentType, PersonCategory


class Choice(NamedTuple):
    type: IncidentType
    icon: str
    line: Promise | str


class Group(NamedTuple):
    title: Promise | str
    choices: tuple[Choice, ...]


UNKNOWN = Choice(IncidentType.UNKNOWN, "unknown", _("C’est une bonne réponse. On vous aidera à trouver."))
GROUPS = (
    Group(
        _("Nos ordinateurs et nos fichiers"),
        (
            Choice(IncidentType.RANSOMWARE, "ransom", _("Ou un message demande une rançon.")),
            Choice(IncidentType.OUTAGE, "outage", _("Un serveur, le réseau, une coupure.")),
            Choice(IncidentType.DEVICE, "device", _("Ordinateur, téléphone, clé USB.")),
        ),
    ),
    Group(
        _("Nos mails et nos comptes"),
        (
            Choice(IncidentType.MAILBOX, "mailbox", _("Des mails partent sans nous.")),
            Choice(IncidentType.PHISHING, "hook", _("Quelqu’un a cliqué, ou pas.")),
            Choice(IncidentType.ADMIN_ACCOUNT, "admin", _("Ou un compte inconnu est apparu.")),
        ),
    ),
    Group(
        _("Nos données et notre argent"),
        (
            Choice(IncidentType.LEAK, "leak", _("Volées, en vente, ou quelqu’un le prétend.")),
            Choice(IncidentType.MISDELIVERY, "wrong", _("Mauvais destinataire, fichier en ligne.")),
            Choice(IncidentType.TRANSFER, "transfer", _("Payé, ou arrêté à temps.")),
        ),
    ),
    Group(
        _("Notre site et nos prestataires"),
        (
            Choice(IncidentType.DEFACEMENT, "defaced", _("Texte ou images que nous n’avons pas mis.")),
            Choice(IncidentType.DDOS, "flood", _("Il est noyé de visites, ou très lent.")),
            Choice(IncidentType.SUPPLIER, "supplier", _("Et nous travaillons avec lui.")),
            Choice(IncidentType.FLAW, "flaw", _("Sans dégât pour l’instant.")),
        ),
    ),
)


class Plain(NamedTuple):
    """A word of the CNIL's lists in the language of a town hall, with examples."""

    value: str
    plain: Promise | str
    examples: Promise | str = ""


DATA_WORDS = (
    Plain(DataCategory.CIVIL_STATUS, _("Qui sont les gens"), _("nom, date de naissance, famille")),
    Plain(DataCategory.CONTACT, _("Comment les joindre"), _("adresse, mail, téléphone")),
    Plain(DataCategory.CREDENTIALS, _("Identifiants et mots de passe"), _("comptes de messagerie, portail famille")),
    Plain(DataCategory.FINANCIAL, _("Argent"), _("RIB, revenus, impôts, quotient familial, paie")),
    Plain(DataCategory.OFFICIAL, _("Papiers"), _("carte d’identité, passeport, permis, livret de famille")),
    Plain(DataCategory.NIR, _("Numéro de sécurité sociale"), _("bulletins de paie, dossiers du CCAS")),
    Plain(DataCategory.HEALTH, _("Santé"), _("allergies à la cantine, arrêts de travail, handicap")),
    Plain(DataCategory.OFFENCES, _("Infractions"), _("contraventions, police municipale, condamnations")),
    Plain(DataCategory.LOCATION, _("Déplacements"), _("badges, véhicules suivis, caméras")),
    Plain(DataCategory.OTHER_SENSITIVE, _("Vie privée"), _("origine, religion, opinions, syndicat")),
    Plain(DataCategory.OTHER, _("Autre chose")),
    Plain(DataCategory.UNKNOWN, _("Je ne sais pas encore")),
)
PERSON_WORDS = (
    Plain(PersonCategory.USERS, _("Habitants et usagers"), _("état civil, urbanisme, eau")),
    Plain(PersonCategory.EMPLOYEES, _("Agents et élus"), _("paie, carrières")),
    Plain(PersonCategory.PUPILS, _("Élèves"), _("cantine, périscolaire, transports")),
    Plain(PersonCategory.MINORS, _("Autres enfants"), _("crèche, centre de loisirs, protection de l’enfance")),
    Plain(PersonCategory.VULNERABLE, _("Personnes fragiles"), _("aides sociales, personnes âgées ou handicapées")),
    Plain(PersonCategory.PATIENTS, _("Patients"), _("soins à domicile, EHPAD")),
    Plain(PersonCategory.MEMBERS, _("Adhérents"), _("bibliothèque, sport, associations")),
    Plain(PersonCategory.CUSTOMERS, _("Fournisseurs et entreprises"), _("factures, marchés")),
    Plain(PersonCategory.MILITARY, _("Militaires")),
    Plain(PersonCategory.OTHER, _("D’autres personnes")),
    Plain(PersonCategory.UNKNOWN, _("Je ne sais pas encore")),
)


def find_type(value: str) -> IncidentType | None:
    """Return the type named by `quoi` in the address, or None."""
    return IncidentType(value) if value in IncidentType.values else None
