"""Extraction of the text of a small file whose type is text: a note, a log, a page, or a mail with its parts.

Every file may be hostile. A mail that cannot be parsed is read as plain text.
"""

import html
from collections.abc import Iterator
from email import message_from_bytes, policy

READABLE_TYPES = ("text/plain", "message/rfc822")
MAX_BYTES = 1_000_000
MAX_PARTS = 50
HEADERS = ("From", "Reply-To", "Return-Path", "Sender", "Subject", "Message-ID", "X-Originating-IP", "Received")


def extract_text(content: bytes, media_type: str) -> str:
    """Return the text of a file. `media_type` is one of the `READABLE_TYPES`."""
    if media_type == "message/rfc822":
        try:
            return "\n".join(extract_mail_texts(content))
        except Exception:  # noqa: BLE001 (whatever a hostile mail does to its reader, its text stays)
            return decode_text(content)
    return decode_text(content)


def decode_text(content: bytes) -> str:
    """Return the content as text. If it contains « < », it may be a web page, and HTML entities such as « &amp; » are
    decoded.
    """
    text = content.decode("utf-8", errors="replace")
    return html.unescape(text) if "<" in text else text


def extract_mail_texts(content: bytes) -> Iterator[str]:
    """Yield the main headers of a mail, then the file name and the text of each part. At most `MAX_PARTS` parts are
    read.
    """
    mail = message_from_bytes(content, policy=policy.default)
    for name in HEADERS:
        yield from (str(value) for value in mail.get_all(name, []))
    for number, part in enumerate(mail.walk()):
        if number == MAX_PARTS:
            return
        yield part.get_filename() or ""
        if part.get_content_maintype() == "text":
            yield decode_text(str(part.get_content()).encode("utf-8", errors="replace"))
