"""Mails that leave: a delivery of each kind about a case, and a mail of each kind about an account."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

from django.utils import timezone

from accounts.enums import CENTRE_MAILS, ROLE_MAILS, LinkPurpose, MailKind, Role
from accounts.messages import write_account_mail
from accounts.models import BreakGlass, Membership, PendingMail
from accounts.services.links import make_link
from csirts.models import Csirt
from incidents.access import CaseVisitor
from incidents.enums import ClosingReason, EventKind
from incidents.facts.shapes import Interruption, Leak
from incidents.models import Advice, Incident, Transfer
from incidents.services.correspondence.correspond import Letter, write_to_csirt
from incidents.services.history.record import record_event
from notifications.enums import Recipient
from notifications.models import Announcement, Delivery
from notifications.recipients import RECIPIENTS
from tests.cast import a_responder, an_agent, breizh_cyber, declare, plouexemple

# (recipient, kind) of each mail about a case.
CASE_MAILS = [(recipient, kind) for kind, recipients in RECIPIENTS.items() for recipient in recipients]
# The purpose of the link in each mail that has one.
PURPOSES: dict[str, LinkPurpose] = {
    MailKind.WELCOME: LinkPurpose.WELCOME,
    MailKind.PASSWORD_LINK: LinkPurpose.PASSWORD,
    MailKind.INVITATION: LinkPurpose.INVITATION,
    MailKind.CENTRE_INVITATION: LinkPurpose.INVITATION,
    MailKind.CHANNEL: LinkPurpose.CHANNEL,
}
# What the mails say that no row holds.
DETAILS: dict[str, str] = {
    MailKind.HOLD_ENDED: "ABCD2345",
    MailKind.CASE_ERASED: "ABCD2345",
    MailKind.SILENT_CASES: "3",
    MailKind.CASES_MOVED: "13",
    MailKind.TERRITORY_CHANGED: "Bretagne\N{NO-BREAK SPACE}: CSIRT Loin (depuis le 1er décembre 2026)",
    MailKind.COMING_PURGE: "Dossiers clos\N{NO-BREAK SPACE}: 1 an au lieu de 5 ans, à partir du 1er janvier 2027.",
}
MAILS_ABOUT_CENTRES = (MailKind.CENTRE_INVITATION, MailKind.CHANNEL, *CENTRE_MAILS)


def declare_with_facts() -> Incident:
    breizh_cyber()
    halted = Interruption(service="civil", extent="stopped", people_affected=40)
    leak = Leak(status="suspected", categories=("nir",), person_categories=("employes",))
    return declare(service_stopped="yes", interruptions=(halted,), data_concerned="yes", leak=leak)


def make_delivery(incident: Incident, recipient: str, kind: str) -> Delivery:
    """Return an unsaved delivery about an event of this kind, which carries all that any mail reads of an event."""
    visitor = CaseVisitor(access_uid=incident.accesses.get().uid)
    words = Letter(text="Que faire ? Je ne sais pas !", key="k", author="Dominique")
    message = write_to_csirt(reference=incident.reference, visitor=visitor, letter=words)
    elsewhere = Csirt.objects.create(slug="ailleurs", name="Ailleurs")
    responder = a_responder()
    transfer = Transfer.objects.create(
        incident=incident,
        giver=cast(Csirt, incident.csirt),
        taker=elsewhere,
        motive="Loin",
        answer="Non : loin.",
        asked_by=responder,
    )
    fields = {"partner": "cert-fr", "tlp": "amber", "content": "{}", "sha256": "0" * 64, "actor": responder}
    advice = Advice.objects.create(incident=incident, **fields)
    data: dict[str, Any] = {"message": str(message.uid), "reason": ClosingReason.RESOLVED}
    data |= {"transfer": str(transfer.uid), "advice": str(advice.uid)}
    event = record_event(incident, EventKind(kind), at=timezone.now(), actor=a_responder(), **data)
    csirt = incident.csirt if recipient == Recipient.CSIRT else None
    return Delivery(announcement=Announcement(event=event), recipient=recipient, csirt=csirt)


def write_mail_about_account(kind: str, *, is_end: bool = False, to: str = "") -> Any:
    """Return a mail of this kind to `to`, by default the person. `is_end` is of a break-glass access that somebody
    ended.
    """
    agent, responder = an_agent(), a_responder()
    centre = Csirt.objects.create(slug="exemple", name="CSIRT Exemple") if kind in MAILS_ABOUT_CENTRES else None
    link = None
    if kind in PURPOSES:
        body = plouexemple() if kind == MailKind.INVITATION else None
        address = agent.email if kind == MailKind.CHANNEL else ""
        link = make_link(
            PURPOSES[kind], user=agent, made_by=responder, collectivity=body, csirt=centre, address=address
        )
    csirt = centre if kind in CENTRE_MAILS else None
    mail = PendingMail(kind=kind, user=agent, to=to or agent.email, link=link, csirt=csirt, by=responder)
    mail.detail = DETAILS.get(kind, "")
    if kind in ROLE_MAILS:
        place = {"csirt": centre} if centre else {"collectivity": plouexemple()}
        role = Role.RESPONDER if centre else Role.AGENT
        mail.membership = Membership(user=agent, role=role, since_on=date(2026, 1, 1), **place)
    if kind == MailKind.SILENT_CASES:
        mail.created_at = datetime(2026, 2, 1, 12, tzinfo=UTC)
    if kind == MailKind.BREAK_GLASS:
        ends_at = timezone.now() + timedelta(hours=1)
        mail.by = responder if is_end else None
        mail.access = BreakGlass(user=agent, csirt=centre, reason="Personne ne répond", ends_at=ends_at)
    if kind == MailKind.COMING_PURGE:
        mail.csirt = centre
    return write_account_mail(mail, token="TOKEN")
