"""The choices of the first screen: what a town hall notices, grouped by what is affected, with one icon per type."""

from typing import NamedTuple

from incidents.enums import IncidentType


class TypeChoice(NamedTuple):
    """A type of incident on the first screen, with the name of its icon and a line of explanation."""

    type: IncidentType
    icon: str
    line: str


class ChoiceGroup(NamedTuple):
    """A group of types of incident on the first screen, with its title."""

    title: str
    choices: tuple[TypeChoice, ...]


UNKNOWN_CHOICE = TypeChoice(IncidentType.UNKNOWN, "unknown", "C’est une bonne réponse. On vous aidera à trouver.")
CHOICE_GROUPS = (
    ChoiceGroup(
        "Nos ordinateurs et nos fichiers",
        (
            TypeChoice(IncidentType.RANSOMWARE, "ransom", "Ou un message demande une rançon."),
            TypeChoice(IncidentType.OUTAGE, "outage", "Un serveur, le réseau, une coupure."),
            TypeChoice(IncidentType.DEVICE, "device", "Ordinateur, téléphone, clé USB."),
        ),
    ),
    ChoiceGroup(
        "Nos mails et nos comptes",
        (
            TypeChoice(IncidentType.MAILBOX, "mailbox", "Des mails partent sans nous."),
            TypeChoice(IncidentType.PHISHING, "hook", "Quelqu’un a cliqué, ou pas."),
            TypeChoice(IncidentType.ADMIN_ACCOUNT, "admin", "Ou un compte inconnu est apparu."),
        ),
    ),
    ChoiceGroup(
        "Nos données et notre argent",
        (
            TypeChoice(IncidentType.LEAK, "leak", "Volées, en vente, ou quelqu’un le prétend."),
            TypeChoice(IncidentType.MISDELIVERY, "wrong", "Mauvais destinataire, fichier en ligne."),
            TypeChoice(IncidentType.TRANSFER, "transfer", "Payé, ou arrêté à temps."),
        ),
    ),
    ChoiceGroup(
        "Notre site et nos prestataires",
        (
            TypeChoice(IncidentType.DEFACEMENT, "defaced", "Texte ou images que nous n’avons pas mis."),
            TypeChoice(IncidentType.DDOS, "flood", "Il est noyé de visites, ou très lent."),
            TypeChoice(IncidentType.SUPPLIER, "supplier", "Et nous travaillons avec lui."),
            TypeChoice(IncidentType.FLAW, "flaw", "Sans dégât pour l’instant."),
        ),
    ),
)


def find_incident_type(value: str) -> IncidentType | None:
    """Return the type of incident with this code, or None."""
    return IncidentType(value) if value in IncidentType.values else None
