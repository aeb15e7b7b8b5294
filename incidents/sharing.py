"""What the labels of a case let out of it, and to whom. The only place that knows; mails, links and pages ask here.

TLP 2.0 (FIRST): whom the information may reach. PAP, version 3: which actions on it an attacker may notice.
Pure: it reads codes, and nothing of what anybody wrote.
"""

from enum import StrEnum
from typing import TYPE_CHECKING

from incidents.catalogues.partners import Partner
from incidents.enums import IncidentType, Pap, Tlp

if TYPE_CHECKING:
    from incidents.models import Incident

# For a reader of the centre that answers for the case.
TLP_MEANS: dict[str, str] = {
    Tlp.RED: "pour les destinataires nommés, et personne d’autre",
    Tlp.AMBER_STRICT: "pour qui doit le savoir dans votre centre, et personne d’autre",
    Tlp.AMBER: "pour votre centre et ceux qu’il aide, selon le besoin",
    Tlp.GREEN: "pour votre communauté, sans publication",
    Tlp.CLEAR: "peut être publié",
}
PAP_MEANS: dict[str, str] = {
    Pap.RED: "rien que l’attaquant puisse remarquer : journaux et copies locales seulement",
    Pap.AMBER: "recoupements passifs chez des tiers ; rien qui touche l’attaquant",
    Pap.GREEN: "actions visibles permises : bloquer, interroger, contacter",
    Pap.CLEAR: "aucune restriction",
}
# Where the mailbox of the declarant may be the one that was broken into: taken over, opened with a password that was
# given away, or read for weeks before a bank account was changed.
READ_BY_OTHERS = (
    IncidentType.MAILBOX,
    IncidentType.ADMIN_ACCOUNT,
    IncidentType.PHISHING,
    IncidentType.TRANSFER,
)


class PartnerKind(StrEnum):
    """Who stands outside the centre that answers for the case."""

    COLLEAGUE = "colleague"  # another centre that takes the case over: the named recipient of a transfer
    CLIENT = "client"  # a body that the centre helps
    COMMUNITY = "community"  # CERTs and CSIRTs
    PUBLIC = "public"


# TLP 2.0: RED stays with named recipients, AMBER+STRICT in the recipient's organisation, AMBER reaches its clients.
REACHES: dict[str, tuple[PartnerKind, ...]] = {
    Tlp.RED: (),
    Tlp.AMBER_STRICT: (),
    Tlp.AMBER: (PartnerKind.CLIENT,),
    Tlp.GREEN: (PartnerKind.CLIENT, PartnerKind.COMMUNITY, PartnerKind.COLLEAGUE),
    Tlp.CLEAR: tuple(PartnerKind),
}


def is_kept_in(tlp: str) -> bool:
    """TLP:RED: nothing of the case travels but the way to it, whatever the channel."""
    return tlp == Tlp.RED


def may_be_mailed_to_csirt_in_words(incident: "Incident") -> bool:
    """Facts and words of the case in a mail to its own centre."""
    return not is_kept_in(incident.tlp)


def may_be_read_by_others(incident: "Incident") -> bool:
    """Whether the mailbox of the declarant may be in somebody else's hands: no way into the case is mailed to it."""
    return incident.mail_without_code or is_mailbox_in_doubt(incident.type)


def is_mailbox_in_doubt(incident_type: str) -> bool:
    """Whether an incident of this type may have opened the mailbox, whatever the declarant chose."""
    return incident_type in READ_BY_OTHERS


def may_be_mailed_to_declarant(incident: "Incident") -> bool:
    """Words of the centre in a mail to the declarant; else the mail says only that they wait in the case."""
    return not is_kept_in(incident.tlp) and not may_be_read_by_others(incident)


def may_be_told_in_a_sentence(incident: "Incident") -> bool:
    """The sentence that the declarant gives to whomever they choose."""
    return not is_kept_in(incident.tlp)


def may_be_shared_with_partner(tlp: str, partner: PartnerKind) -> bool:
    """Without asking its source anew. A stricter label needs the declarant's consent, or is lowered first."""
    return partner in REACHES[tlp]


def needs_agreement(tlp: str, partner: PartnerKind, *, label: str = "") -> bool:
    """Whether the declarant must have agreed first: the label of the case does not reach this partner, or what leaves
    would carry a wider `label`.
    """
    return not may_be_shared_with_partner(tlp, partner) or width(label or tlp) > width(tlp)


def width(tlp: str) -> int:
    """How many more than the named recipients a label reaches: Tlp goes from the strictest to the widest."""
    return Tlp.values.index(tlp)


def first_label(tlp: str) -> Tlp:
    """Return the label proposed for a message to a CERT: that of the case, or the strictest one that it may carry."""
    return Tlp(tlp) if may_be_shared_with_partner(tlp, PartnerKind.COMMUNITY) else Tlp.AMBER_STRICT


def may_share_lesson(tlp: str) -> bool:
    """A lesson is a new text that names nobody; even so, nothing comes out of a TLP:RED case."""
    return not is_kept_in(tlp)


def may_go_to(tlp: str, partner: Partner, *, label: str = "", is_agreed: bool = False) -> bool:
    """Whether we mail of a case under `tlp` to `partner`, a CERT of the community, in a file under `label`.

    Nothing goes to an address that nobody has published, and nothing of a TLP:RED case. Under a narrower label than
    GREEN, or than that of the file, it leaves where the declarant has agreed to this file.
    """
    if not partner.email or is_kept_in(tlp):
        return False
    return is_agreed or not needs_agreement(tlp, PartnerKind.COMMUNITY, label=label)
