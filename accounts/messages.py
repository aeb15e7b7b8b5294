"""The text of a mail about an account."""

from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse

from accounts.enums import LinkPurpose
from accounts.models import PendingMail
from core.mails import make_mail

# The page that each kind of link opens. Kinds that are not listed open the page of an account link.
PAGES: dict[str, str] = {LinkPurpose.CHANNEL: "confirm_channel"}


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
    link = mail.link
    centre = mail.csirt or (link.csirt if link else None)
    body = link.collectivity if link else None
    return {
        "name": clean_name(mail.user.display_name),
        "address": mail.user.email,
        "at": mail.created_at,
        "sign_in": settings.SITE_URL + reverse("login"),
        "address_of_link": settings.SITE_URL + reverse(PAGES.get(link.purpose, "open_link"), args=[token])
        if link
        else "",
        "expires_at": link.expires_at if link else None,
        "body": clean_name(body.name_with_article + body.place) if body else "",
        "centre": clean_name(centre.name) if centre else "",
        "by": clean_name(str(link.made_by)) if link and link.made_by else "",
    }


def clean_name(text: str) -> str:
    """Return a name on one line, with its web addresses broken. Nobody can then imitate a line of ours, or put a link
    into another person's mail.
    """
    return " ".join(text.split()).replace("://", ": //").replace("www.", "www. ")
