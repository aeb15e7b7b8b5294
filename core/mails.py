"""Plain mails from a template: its first line is the subject, the rest the body."""

from typing import Any, Never
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage

from core.french import set_no_break_spaces


def make_mail(text: str, *, key: object, to: str) -> EmailMessage:
    """Return the mail made from a rendered template. The first line of `text` is the subject.

    The Message-ID is made from `key`, so that it is the same at every attempt to send the mail.
    """
    subject, _newline, body = set_no_break_spaces(text).strip().partition("\n")
    return EmailMessage(
        subject=subject,
        body=body.strip() + "\n",
        to=[to],
        headers={
            "Message-ID": f"<{key}@{urlsplit(settings.SITE_URL).hostname}>",
            "Auto-Submitted": "auto-generated",
        },
    )


def refuse_to_send(**options: Any) -> Never:
    """Take the place of the mail server (EMAIL_BACKEND) in a process that is not given EMAIL_URL."""
    raise ImproperlyConfigured("This process is not given EMAIL_URL, and sends no mail.")
