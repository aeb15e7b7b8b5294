"""The choices of the first screen: what a town hall notices, grouped by what is affected, with one icon per type."""

from typing import NamedTuple

from incidents.enums import IncidentType


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


def find_type(value: str) -> IncidentType | None:
    """Return the type with this code, or None."""
    return IncidentType(value) if value in IncidentType.values else None
