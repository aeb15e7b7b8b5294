"""The text of a mail about an account."""

from datetime import date
from typing import Any, NamedTuple

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import Exists, OuterRef, Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from accounts.enums import CSIRT_ROLES, LEADING_ROLES, SILENCE, UNUSED_WARNING, LinkPurpose, MailKind
from accounts.models import Membership, PendingMail
from core.french import format_day
from core.mails import make_mail

# The page that each kind of link opens. Kinds that are not listed open the page of an account link.
PAGES: dict[str, str] = {LinkPurpose.CHANNEL: "confirm_channel"}
# The mails that say which roles of their person in a centre do not count yet.
WAITING_MAILS = (MailKind.WELCOME, MailKind.FACTOR_RESET, MailKind.TEAM_FACTOR_RESET, MailKind.TEAM_ADDRESS_CHANGED)
# The pages to which the mails lead, by the name of their address in the templates.
LINKED_PAGES = {"sign_in": "login", "team": "team", "privacy_notice": "privacy_notice", "own_bodies": "own_bodies"}


def write_account_mail(mail: PendingMail, *, token: str = "") -> EmailMessage:
    """Render a mail about an account from the present state of the account, the link and the centre. `token` is the
    secret of the link, or empty if the mail has no link.
    """
    text = render_to_string(f"accounts/mail/{mail.kind}.txt", make_mail_context(mail, token))
    return make_mail(text, key=mail.key, to=mail.to)


def make_mail_context(mail: PendingMail, token: str) -> dict[str, Any]:
    """Return the template context of a mail about an account. The names that people chose are reduced to one plain
    line.
    """
    link, role, access = mail.link, mail.membership, mail.access
    centre = mail.csirt or (link.csirt if link else None)
    body = link.collectivity if link else role.collectivity if role else None
    author = mail.by or (link.made_by if link else None)
    return {
        "name": clean_name(mail.user.display_name),
        "address": mail.user.email,
        "at": mail.created_at,
        "address_of_link": settings.SITE_URL + reverse(PAGES.get(link.purpose, "open_link"), args=[token])
        if link
        else "",
        "expires_at": link.expires_at if link else None,
        "body": clean_name(body.name_with_article + body.place) if body else "",
        "centre": clean_name(centre.name) if centre else "",
        "by": clean_name(str(author)) if author else "",
        "role": role.get_role_display() if role else "",
        "begins_on": format_day(role.since_on) if role and role.since_on > timezone.localdate() else "",
        "waiting_roles": list_waiting_roles(mail),
        "reason": clean_name(access.reason) if access else "",
        "ends_at": access.ends_at if access else None,
        "is_to_person": mail.to == mail.user.email or is_to_former_address(mail),
        "detail": mail.detail,
        "old_cases": make_search_address(f"etat:ouvert au:{subtract_a_year(mail):%d/%m/%Y}"),
        "closes_on": format_day(timezone.localtime(mail.created_at + UNUSED_WARNING)),
        **{name: settings.SITE_URL + reverse(page) for name, page in LINKED_PAGES.items()},
    }


def is_to_former_address(mail: PendingMail) -> bool:
    """Tell whether a mail about a break-glass access goes to the address that its person had until somebody changed
    it, which ended the access. Runs one query, or none for other mails.
    """
    if mail.access is None:
        return False
    changes = PendingMail.objects.filter(kind=MailKind.ADDRESS_CHANGED, user=mail.user, to=mail.to)
    return changes.filter(created_at__gte=mail.access.started_at).exists()


def make_search_address(query: str) -> str:
    """Return the address of the search of cases for this query."""
    return settings.SITE_URL + reverse("admin:incidents_incident_search", query={"q": query})


def subtract_a_year(mail: PendingMail) -> date:
    """Return the day a year before this mail was queued."""
    return timezone.localdate(mail.created_at - SILENCE)


class WaitingRole(NamedTuple):
    """A role of a person in a centre that does not count yet, as a mail says it. `begins_on` is empty if a lead has
    yet to confirm the role; `has_lead` tells whether somebody else leads the centre.
    """

    team: str
    begins_on: str
    has_lead: bool


def list_waiting_roles(mail: PendingMail) -> list[WaitingRole]:
    """Return the roles of the person in centres that do not count yet. A mail about a centre says it of this centre,
    and one about an account that was open of those in which no other role of the person counts. The list is empty for
    mails outside `WAITING_MAILS`. Runs one query, or none.
    """
    if mail.kind not in WAITING_MAILS:
        return []
    roles = mail.user.membership_set.not_ended().filter(role__in=CSIRT_ROLES)
    roles = roles.filter(Q(awaits_confirmation=True) | Q(since_on__gt=timezone.localdate()))
    if mail.csirt:
        roles = roles.filter(csirt=mail.csirt)
    if mail.kind != MailKind.WELCOME:
        counting = mail.user.membership_set.in_force().filter(role__in=CSIRT_ROLES)
        roles = roles.exclude(csirt__in=counting.values("csirt"))
    leads = Membership.objects.in_force().filter(role__in=LEADING_ROLES, user__is_active=True)
    leads = leads.filter(csirt=OuterRef("csirt")).exclude(user=mail.user)
    rows = roles.annotate(has_lead=Exists(leads)).order_by("pk")
    return [
        WaitingRole(clean_name(team), "" if awaits else format_day(since_on), has_lead)
        for team, awaits, since_on, has_lead in rows.values_list(
            "csirt__name", "awaits_confirmation", "since_on", "has_lead"
        )
    ]


def clean_name(text: str) -> str:
    """Return a name on one line, with its web addresses broken. Nobody can then imitate a line of ours, or put a link
    into another person's mail.
    """
    return " ".join(text.split()).replace("://", ": //").replace("www.", "www. ")
