"""Rules on what may leave a case under its labels, and to whom. The code of mails, links and pages calls this module
for every such decision.

TLP 2.0 (FIRST) says whom the information may reach. PAP, version 3, says which actions on it an attacker may notice.
The module is pure: it reads codes, and no text that anybody wrote.
"""

from enum import StrEnum
from typing import TYPE_CHECKING

from incidents.catalogues.partners import Partner
from incidents.enums import IncidentType, Pap, Tlp

if TYPE_CHECKING:
    from incidents.models import Incident

# The meaning of each label for a reader of the centre that answers for the case.
TLP_MEANINGS: dict[str, str] = {
    Tlp.RED: "pour les destinataires nommés, et personne d’autre",
    Tlp.AMBER_STRICT: "pour qui doit le savoir dans votre centre, et personne d’autre",
    Tlp.AMBER: "pour votre centre et ceux qu’il aide, selon le besoin",
    Tlp.GREEN: "pour votre communauté, sans publication",
    Tlp.CLEAR: "peut être publié",
}
PAP_MEANINGS: dict[str, str] = {
    Pap.RED: "rien que l’attaquant puisse remarquer : journaux et copies locales seulement",
    Pap.AMBER: "recoupements passifs chez des tiers ; rien qui touche l’attaquant",
    Pap.GREEN: "actions visibles permises : bloquer, interroger, contacter",
    Pap.CLEAR: "aucune restriction",
}
# Types of incident in which somebody else may read the declarant's mailbox: it was taken over, opened with a password
# that was given away, or watched for weeks before a bank transfer was diverted.
TYPES_WITH_OPEN_MAILBOX = (
    IncidentType.MAILBOX,
    IncidentType.ADMIN_ACCOUNT,
    IncidentType.PHISHING,
    IncidentType.TRANSFER,
)


class ReaderKind(StrEnum):
    """The kinds of readers outside the centre that answers for the case."""

    # Another centre that takes the case over, as the named recipient of a transfer.
    COLLEAGUE = "colleague"
    CLIENT = "client"  # a body that the centre helps
    COMMUNITY = "community"  # CERTs and CSIRTs
    PUBLIC = "public"


# TLP 2.0: RED stays with named recipients, AMBER+STRICT within the recipient's organisation, AMBER extends to its
# clients.
READERS_BY_LABEL: dict[str, tuple[ReaderKind, ...]] = {
    Tlp.RED: (),
    Tlp.AMBER_STRICT: (),
    Tlp.AMBER: (ReaderKind.CLIENT,),
    Tlp.GREEN: (ReaderKind.CLIENT, ReaderKind.COMMUNITY, ReaderKind.COLLEAGUE),
    Tlp.CLEAR: tuple(ReaderKind),
}


def allows_only_link(tlp: str) -> bool:
    """Tell whether only a link to the case may leave it, as TLP:RED requires. This holds for mails, pages and
    files.
    """
    return tlp == Tlp.RED


def may_mail_texts_to_csirt(incident: "Incident") -> bool:
    """Tell whether a mail to the case's own centre may contain facts and texts of the case."""
    return not allows_only_link(incident.tlp)


def may_others_read_mailbox(incident: "Incident") -> bool:
    """Tell whether somebody else may be able to read the declarant's mailbox. If so, no mail to this mailbox gives
    access to the case.
    """
    return incident.mail_without_code or is_mailbox_in_doubt(incident)


def is_mailbox_in_doubt(incident: "Incident") -> bool:
    """Tell whether the present type of the case, or a former one, puts the mailbox in doubt. What the declarant chose
    makes no difference.
    """
    return incident.mailbox_was_in_doubt or puts_mailbox_in_doubt(incident.type)


def puts_mailbox_in_doubt(incident_type: str) -> bool:
    """Tell whether an incident of this type may have opened the mailbox to somebody else."""
    return incident_type in TYPES_WITH_OPEN_MAILBOX


def may_mail_texts_to_declarant(incident: "Incident") -> bool:
    """Tell whether a mail to the declarant may contain the message of the centre. If not, the mail only says that a
    message is in the case.
    """
    return not allows_only_link(incident.tlp) and not may_others_read_mailbox(incident)


def may_share_sentence(incident: "Incident") -> bool:
    """Tell whether the declarant may share the sentence about the case with people of their choice."""
    return not allows_only_link(incident.tlp)


def may_be_shared_with_partner(tlp: str, partner: ReaderKind) -> bool:
    """Tell whether the label lets the case reach this kind of partner without new consent. If not, the declarant must
    agree, or the label must be changed first.
    """
    return partner in READERS_BY_LABEL[tlp]


def needs_agreement(tlp: str, partner: ReaderKind, *, label: str = "") -> bool:
    """Tell whether the declarant must agree before a partner receives a file. This is so if the label of the case
    (`tlp`) does not reach the partner, or if the label of the file (`label`) is wider than that of the case.
    """
    return not may_be_shared_with_partner(tlp, partner) or rank_label(label or tlp) > rank_label(tlp)


def rank_label(tlp: str) -> int:
    """Return the rank of a TLP label, from 0 for TLP:RED, the strictest, to 4 for TLP:CLEAR."""
    return Tlp.values.index(tlp)


def propose_label(tlp: str) -> Tlp:
    """Return the label to propose for a message to a CERT. This is the label of the case if it reaches CERTs, or else
    AMBER+STRICT.
    """
    return Tlp(tlp) if may_be_shared_with_partner(tlp, ReaderKind.COMMUNITY) else Tlp.AMBER_STRICT


def may_share_lesson(tlp: str) -> bool:
    """Tell whether the lesson of a case may be shared. The lesson is a new text that names nobody, but nothing leaves
    a TLP:RED case.
    """
    return not allows_only_link(tlp)


def may_mail_to_partner(tlp: str, partner: Partner, *, label: str = "", is_agreed: bool = False) -> bool:
    """Tell whether the platform may mail a file about a case to `partner`, a CERT. `tlp` is the label of the case, and
    `label` that of the file.

    Nothing is sent to a partner without a published address, and nothing leaves a TLP:RED case. If the label of the
    case is narrower than GREEN or than the label of the file, the declarant must have agreed to this file
    (`is_agreed`).
    """
    if not partner.email or allows_only_link(tlp):
        return False
    return is_agreed or not needs_agreement(tlp, ReaderKind.COMMUNITY, label=label)
