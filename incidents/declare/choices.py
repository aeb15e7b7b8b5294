"""The first screen: what a town hall sees, grouped by what it touches, with one icon a type."""

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from incidents.enums import IncidentType


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


def type_named(value: str) -> IncidentType | None:
    """The type of the address's `quoi`; None for anything else."""
    return IncidentType(value) if value in IncidentType.values else None
