"""The mails of a demonstration or of a developer's machine, stored as files and read here. On other installations
these pages are a 404.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.installation import is_demonstration

FILE_STORE = "django.core.mail.backends.filebased.EmailBackend"
# A stranger cannot write this line into a mail, because their text is always quoted or indented.
SEPARATOR = re.compile(rb"^-{79}\n", re.MULTILINE)
LATEST_FILES = 50


@dataclass(frozen=True)
class StoredMail:
    """A mail that was stored in a file instead of being sent."""

    key: str
    to: str
    subject: str
    at: datetime
    text: str

    def split_at_links(self) -> list[tuple[str, bool]]:
        """Return the text in parts, as pairs (part, is_own_link). A link to another site is ordinary text, so that the
        page does not make it clickable.
        """
        own_links = re.compile(rf"({re.escape(settings.SITE_URL)}/[\w/-]*(?:\?[\w=&%+-]+)?)")
        return [(text, position % 2 == 1) for position, text in enumerate(own_links.split(self.text))]


@login_not_required
@require_safe
def show_mails(request: HttpRequest) -> HttpResponse:
    check_file_store()
    return render(request, "demo/mails.html", {"mails": list_latest_mails()})


@login_not_required
@require_safe
def show_mail(request: HttpRequest, key: UUID) -> HttpResponse:
    check_file_store()
    stored = next((candidate for candidate in list_latest_mails() if candidate.key == str(key)), None)
    if stored is None:
        raise Http404
    return render(request, "demo/mail.html", {"mail": stored})


def check_file_store() -> None:
    """Raise Http404 unless mails are stored as files and this is a developer's machine or a demonstration."""
    if settings.EMAIL_BACKEND != FILE_STORE or not (settings.DEBUG or is_demonstration()):
        raise Http404


def list_latest_mails() -> list[StoredMail]:
    """Return the mails of the LATEST_FILES newest files, newest first. Older files are left out, because nothing
    deletes them.
    """
    folder = Path(settings.EMAIL_FILE_PATH)  # type: ignore[misc]  # a setting of this store alone
    files = sorted(folder.glob("*.log"), key=lambda path: path.stat().st_mtime)
    return [mail for path in reversed(files[-LATEST_FILES:]) for mail in reversed(list(read_mails(path)))]


def read_mails(path: Path) -> Iterator[StoredMail]:
    """Yield the mails of one file. Django's file backend writes a line of dashes after each mail."""
    for content in SEPARATOR.split(path.read_bytes()):
        if content.strip():
            yield parse_mail(message_from_bytes(content, policy=policy.default))


def parse_mail(message: EmailMessage) -> StoredMail:
    return StoredMail(
        key=str(message["Message-ID"]).strip("<>").partition("@")[0],
        to=str(message["To"]),
        subject=str(message["Subject"]),
        at=read_date(message),
        text=message.get_content(),
    )


def read_date(message: EmailMessage) -> datetime:
    """Return the date of a mail with its time zone. Django writes UTC as « -0000 », which Python reads as no time
    zone.
    """
    at: datetime = message["Date"].datetime
    return at if at.tzinfo else at.replace(tzinfo=UTC)
