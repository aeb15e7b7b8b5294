"""The text of mails about cases.

Templates receive texts and never model rows. Texts of strangers are made harmless first (`wording`).
"""

from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from collectivities.wording import prepend_article
from collectivities.zones import find_zone
from core.french import prepend_a, prepend_de
from core.mails import make_mail
from csirts.routing import Fallback, find_after_hours_fallback, find_route
from incidents.enums import TYPE_TERMS, ClosingReason, EventKind, Rerouting
from incidents.links import list_linkable_hosts
from incidents.models import Advice, Incident, Message, Transfer
from incidents.progress import find_ended_case, find_receiving_service
from incidents.reference import hyphenate
from incidents.services.declarant.access import derive_secret
from incidents.services.declarant.rate import RATED_CLOSING_REASONS
from incidents.services.declaring.limits import MAX_BURST_MAILS
from incidents.services.library.reflexes import get_reflex_sheet
from incidents.sharing import (
    TLP_MEANINGS,
    allows_only_link,
    may_mail_texts_to_csirt,
    may_mail_texts_to_declarant,
    may_others_read_mailbox,
)
from notifications.enums import Recipient
from notifications.facts import describe_case_facts
from notifications.models import Delivery
from notifications.wording import defang_line, quote_lines, wrap_quotations

TRANSFER_KINDS = (EventKind.TRANSFER_ASKED, EventKind.TRANSFERRED, EventKind.TRANSFER_RETURNED)
# Templates for a mailbox that somebody else may read: they reveal neither the incident nor whether
# anybody works on it.
TEMPLATES_IN_DOUBT: dict[str, str] = {
    EventKind.DECLARED: "notifications/declarant_declared_without_code.txt",
    EventKind.REROUTED: "notifications/declarant_rerouted_in_doubt.txt",
}
# The events that bring a case of which the centre knew nothing; it has had a mail about the offer of a transfer.
NEW_CASE_KINDS = (EventKind.DECLARED, EventKind.REROUTED)


class CodeNotReadable(Exception):
    """The code of a receipt cannot be computed: its key is not in the list yet, or was removed from it."""


def write_case_mail(delivery: Delivery, *, to: str) -> EmailMessage:
    """Return the mail of this delivery, written from the present state of its rows."""
    text = render_to_string(choose_template(delivery), make_case_context(delivery))
    mail = make_mail(text, key=delivery.key, to=to)
    mail.body = wrap_quotations(str(mail.body))
    if delivery.recipient == Recipient.PARTNER:
        mail.attach(f"{delivery.incident.reference}.json", get_advice(delivery).content.encode(), "application/json")
    return mail


def choose_template(delivery: Delivery) -> str:
    """Return the name of the template: `csirt_declared.txt`, `declarant_closed.txt`…

    About a TLP:RED case, the centre gets only a link to the case; the templates about transfers check the TLP
    themselves. If somebody else may read the declarant's mailbox, the mails about the declaration and about a
    rerouting reveal neither the incident nor whether anybody works on it.
    """
    if delivery.recipient == Recipient.CSIRT and delivery.event.kind in TRANSFER_KINDS:
        return f"notifications/csirt_{delivery.event.kind}.txt"
    if delivery.recipient == Recipient.CSIRT and delivery.event.kind in NEW_CASE_KINDS:
        is_red = not may_mail_texts_to_csirt(delivery.incident)
        return f"notifications/csirt_{'red' if is_red else 'declared'}.txt"
    if delivery.recipient == Recipient.CSIRT and not may_mail_texts_to_csirt(delivery.incident):
        return "notifications/csirt_red_news.txt"
    if delivery.recipient == Recipient.DECLARANT and may_others_read_mailbox(delivery.incident):
        return TEMPLATES_IN_DOUBT.get(delivery.event.kind, f"notifications/declarant_{delivery.event.kind}.txt")
    return f"notifications/{delivery.recipient}_{delivery.event.kind}.txt"


def make_case_context(delivery: Delivery) -> dict[str, Any]:
    """Return the context for the template of a mail. Its entries depend on the recipient."""
    incident = delivery.incident
    common = {
        "reference": hyphenate(incident.reference),
        "at": delivery.event.at,
        "zone": find_zone(incident.collectivity),
    }
    if delivery.recipient == Recipient.PARTNER:
        return common | make_partner_context(delivery)
    if delivery.event.kind in TRANSFER_KINDS and delivery.recipient == Recipient.CSIRT:
        return common | make_transfer_context(delivery)
    if delivery.recipient == Recipient.CSIRT:
        return common | make_csirt_context(delivery)
    if delivery.recipient == Recipient.BODY:
        return common | make_member_context(incident)
    return common | make_declarant_context(delivery)


def inflect_body(incident: Incident) -> dict[str, str]:
    """Return three forms of the body with its article: alone, after « de » and after « à ».

    Each form is an entry of the context of a template.
    """
    body = prepend_article(incident.collectivity.label)
    forms = {"the_body": body, "of_the_body": prepend_de(body), "to_the_body": prepend_a(body)}
    return {name: defang_line(form) for name, form in forms.items()}


def make_page_link(name: str, *args: str) -> str:
    """Return the absolute address of a page, given its URL name and arguments."""
    return settings.SITE_URL + reverse(name, args=args)


def make_csirt_context(delivery: Delivery) -> dict[str, Any]:
    """Return the context of a mail to the centre of a case."""
    incident = delivery.incident
    csirt_context = {
        "link": make_page_link("acknowledge_page", incident.reference),
        "case": make_page_link("admin:incidents_incident_change", incident.reference),
        **inflect_body(incident),
        "rerouted": incident.route_reason if delivery.event.kind == EventKind.REROUTED else "",
        "is_corrected": delivery.event.data.get("why") == Rerouting.CORRECTED,
        "most_burst_mails": MAX_BURST_MAILS,
    }
    return describe_case_facts(incident) | csirt_context | quote_message(delivery)


def make_transfer_context(delivery: Delivery) -> dict[str, Any]:
    """Return the context of a mail about a transfer.

    It has no text and no name from the declaration, because the centre that reads the mail may never get the case.
    """
    incident, transfer = delivery.incident, get_transfer(delivery)
    is_red = allows_only_link(incident.tlp)
    return {
        "tlp": incident.get_tlp_display(),
        "tlp_means": TLP_MEANINGS[incident.tlp],
        "is_red": is_red,
        "type": TYPE_TERMS[incident.type],
        "severity": incident.get_severity_display(),
        "giver": defang_line(transfer.giver.name),
        "taker": defang_line(transfer.taker.name),
        "answer": "" if is_red else quote_lines(transfer.answer),
        "offer": make_page_link("admin:incidents_incident_offer", str(transfer.uid)),
        "case": make_page_link("admin:incidents_incident_change", incident.reference),
    }


def get_transfer(delivery: Delivery) -> Transfer:
    return Transfer.objects.select_related("giver", "taker").get(uid=delivery.event.data["transfer"])


def make_partner_context(delivery: Delivery) -> dict[str, Any]:
    """Return the context of the mail that brings a partner the file about a case."""
    incident, advice = delivery.incident, get_advice(delivery)
    return {
        "tlp": advice.get_tlp_display(),
        "tlp_means": TLP_MEANINGS[advice.tlp],
        "centre": incident.csirt,
        "file": f"{incident.reference}.json",
        "sha256": advice.sha256,
    }


def get_advice(delivery: Delivery) -> Advice:
    """Return the advice that the mail is about. Its file is stored as it was sent, and is not generated again."""
    return Advice.objects.get(uid=delivery.event.data["advice"])


def quote_message(delivery: Delivery) -> dict[str, str]:
    """Return the author and the quoted text of the message that the event names.

    Both are "" if the event names no message, or if the message was erased.
    """
    uid = delivery.event.data.get("message")
    message = Message.objects.filter(uid=uid).first() if uid else None
    if message is None:
        return {"author": "", "text": ""}
    hosts = list_linkable_hosts(delivery.incident.csirt) if message.is_from_csirt else frozenset[str]()
    return {"author": defang_line(message.author), "text": quote_lines(message.text, hosts)}


def make_member_context(incident: Incident) -> dict[str, Any]:
    """Return the context of a mail to a person who has a role in the collectivité."""
    return {
        **inflect_body(incident),
        "centre": incident.csirt,
        "fallbacks": list_fallback_centres(incident),
        "after_hours": find_after_hours_fallback(incident.csirt, incident.collectivity, timezone.localdate()),
        "origin": incident.get_origin_display(),
        "case": make_page_link("follow_up", incident.reference),
    }


def make_declarant_context(delivery: Delivery) -> dict[str, Any]:
    """Return the context of a mail to the declarant."""
    incident = delivery.incident
    context = {
        "body": defang_line(incident.collectivity.label),
        **inflect_body(incident),
        "centre": incident.csirt,
        "after_hours": find_after_hours_fallback(incident.csirt, incident.collectivity, timezone.localdate()),
        # The follow-up page asks for the code, but even its link should not be in a mailbox that somebody else reads.
        "follow_up": "" if may_others_read_mailbox(incident) else make_page_link("follow_up_start"),
        "fallbacks": list_fallback_centres(incident),
    }
    if delivery.event.kind == EventKind.DECLARED:
        return context | make_receipt_context(delivery)
    if delivery.event.kind == EventKind.REROUTED:
        return context | {"why": incident.route_reason, "had_centre": bool(delivery.event.data.get("from"))}
    if delivery.event.kind == EventKind.CLOSED:
        reason = ClosingReason(delivery.event.data["reason"])
        ended = find_ended_case(incident)
        service = find_receiving_service(ended) if may_mail_texts_to_declarant(incident) else ""
        closing = {"reason": reason.label, "service": defang_line(service)}
        return context | closing | {"is_rated": reason in RATED_CLOSING_REASONS}
    if delivery.event.kind == EventKind.MESSAGE:
        return context | quote_message_for_declarant(delivery)
    return context


def list_fallback_centres(incident: Incident) -> tuple[Fallback, ...]:
    """Return the other centres to call if the case has no centre, or if its centre has no telephone number."""
    return () if incident.csirt and incident.csirt.phone else list_other_centres(incident)


def list_other_centres(incident: Incident) -> tuple[Fallback, ...]:
    """Return the other centres that the body of the case may call, from today's directory."""
    return find_route(incident.collectivity, on=timezone.localdate()).fallbacks


def quote_message_for_declarant(delivery: Delivery) -> dict[str, str]:
    """Return the author and the quoted text of the message that the event names.

    The text is "" if others may read the mailbox or if the case is TLP:RED.
    """
    return quote_message(delivery) | ({} if may_mail_texts_to_declarant(delivery.incident) else {"text": ""})


def make_receipt_context(delivery: Delivery) -> dict[str, Any]:
    """Return the entries of the context that differ between the receipt and other mails to the declarant."""
    incident = delivery.incident
    secret = find_receipt_secret(delivery)
    return {
        "is_mailed_to_centre": bool(incident.csirt and incident.csirt.notification_email),
        "why": incident.route_reason,
        "acknowledge_by": incident.acknowledge_by,
        "after_hours": None,  # the receipt lists all the other centres below
        "fallbacks": list_other_centres(incident),
        "reflexes": get_reflex_sheet(incident.type, incident.csirt).text,
        "secret": hyphenate(secret),
        "secret_link": make_page_link("follow_up_access", secret) if secret else "",
    }


def find_receipt_secret(delivery: Delivery) -> str:
    """Return the secret of the follow-up that the declaration created, or "".

    It is "" if the secret was revoked or if somebody else may read the mailbox. A renewed secret is never mailed
    (`recipients`). Raises CodeNotReadable for a live secret whose key this process does not have: no later mail would
    bring the code.
    """
    if may_others_read_mailbox(delivery.incident):
        return ""
    first_access = min(delivery.incident.accesses.all(), key=lambda access: access.created_at)
    if first_access.revoked_at:
        return ""
    secret = derive_secret(first_access)
    if not secret and first_access.expires_at > timezone.now():
        raise CodeNotReadable("no key of FOLLOW_UP_KEY gives the code of this receipt")
    return secret
