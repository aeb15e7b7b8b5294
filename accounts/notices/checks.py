"""What `manage.py check --deploy` says of the legal pages and of security.txt."""

from typing import Any

from django.core.checks import CheckMessage, Error, register
from django.db import DatabaseError
from django.utils import timezone

from accounts.installation import load_notice

HOW_TO_FILL = "The administrator of the platform fills it in on /admin/accounts/sitenotice/."


@register(deploy=True)
def check_notices(**kwargs: Any) -> list[CheckMessage]:
    """Refuse each notice of the site that is empty, by its name, and a security.txt that has expired."""
    try:
        notice = load_notice()
    except DatabaseError:
        text = "The notices of the site cannot be read: the database does not answer, or is not migrated."
        return [Error(text, id="tocsin.E008")]
    messages: list[CheckMessage] = [
        Error(f"The legal pages lack this notice: {label}.", hint=HOW_TO_FILL, id="tocsin.E003")
        for label in notice.list_empty_labels()
    ]
    if notice.has_expired(timezone.localdate()):
        text = f"security.txt expired on {notice.security_expires_on}."
        hint = "Check that somebody still reads its contact, then give it another day."
        messages.append(Error(text, hint=hint, id="tocsin.E004"))
    return messages
