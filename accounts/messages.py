"""What a mail about an account says: the subject is the first line of its template, the body the rest."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse

from accounts.enums import LinkPurpose
from accounts.models import PendingMail
from accounts.text import with_french_spaces

# The page of a link; of the others, the one that opens an account.
PAGES: dict[str, str] = {LinkPurpose.CHANNEL: "confirm_channel"}


def write_mail(mail: PendingMail, *, token: str = "") -> EmailMessage:
    """As things stand now. Its Message-ID is the same at every attempt. `token` is that of its link, if it has one."""
    text = with_french_spaces(render_to_string(f"accounts/mail/{mail.kind}.txt", context_of(mail, token)))
    subject, _newline, body = text.strip().partition("\n")
    return EmailMessage(
        subject=subject,
        body=body.strip() + "\n",
        to=[mail.to],
        headers={
            "Message-ID": f"<{mail.key}@{urlsplit(settings.SITE_URL).hostname}>",
            "Auto-Submitted": "auto-generated",
        },
    )


def context_of(mail: PendingMail, token: str) -> dict[str, Any]:
    """Plain words only, each on one line."""
    link = mail.link
    centre = mail.csirt or (link.csirt if link else None)
    return {
        "name": plain(mail.user.display_name),
        "address": mail.user.email,
        "at": mail.created_at,
        "sign_in": settings.SITE_URL + reverse("login"),
        "address_of_link": settings.SITE_URL + reverse(PAGES.get(link.purpose, "open_link"), args=[token])
        if link
        else "",
        "expires_at": link.expires_at if link else None,
        "body": plain(str(link.collectivity)) if link and link.collectivity else "",
        "centre": plain(centre.name) if centre else "",
        "by": plain(str(link.made_by)) if link and link.made_by else "",
    }


def plain(words: str) -> str:
    """People choose the name that others read: no line of theirs passes for one of ours, no address is a link."""
    return " ".join(words.split()).replace("://", ": //").replace("www.", "www. ")
