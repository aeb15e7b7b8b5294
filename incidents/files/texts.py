"""Extraction of the text of a small file whose type is text: a note, a log, a page, or a mail with its parts. Every
file may be hostile.
"""

from incidents.files.mails import ExtractedText, decode_text, extract_mail_text

READABLE_TYPES = ("text/plain", "message/rfc822")
MAX_BYTES = 1_000_000


def extract_text(content: bytes, media_type: str) -> ExtractedText:
    """Return the text of a file. `media_type` is one of the `READABLE_TYPES`."""
    return extract_mail_text(content) if media_type == "message/rfc822" else ExtractedText(decode_text(content))
