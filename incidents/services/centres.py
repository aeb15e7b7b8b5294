"""Who to call, as it stands on paper: numbers as they are published, with who published them and when."""

from collections.abc import Iterable
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from django.utils.formats import date_format

from csirts.enums import ContactKind
from csirts.models import Csirt
from csirts.routing import Fallback

MAIN = (ContactKind.PHONE, ContactKind.WEBSITE)


def centre_said(csirt: Csirt | None) -> dict[str, Any] | None:
    """None where nobody answers. Its contacts are those already fetched (`with_contacts`)."""
    if csirt is None:
        return None
    return {
        "name": csirt.name,
        "phone": csirt.phone,
        "website": site_said(csirt.website),
        "hours": csirt.hours,
        "address": csirt.address,
        "source": source_of(csirt),
    }


def fallbacks_said(fallbacks: Iterable[Fallback]) -> list[dict[str, str]]:
    return [{"name": one.name, "phone": one.phone, "website": site_said(one.website)} for one in fallbacks]


def site_said(url: str) -> str:
    """https://www.csirt-bfc.fr/aide → csirt-bfc.fr/aide: to be typed from a sheet of paper."""
    split = urlsplit(url)
    return (split.netloc.removeprefix("www.") + split.path).rstrip("/")


def source_of(csirt: Csirt) -> str:
    """Of the number, or else of the site: « Liste de l’ANSSI, 23 juin 2026 »."""
    contacts = [csirt.contact(kind) for kind in MAIN]
    known = next((contact for contact in contacts if contact), None)
    return said(known.source, known.source_on) if known else ""


def said(source: str, source_on: date | None) -> str:
    return f"{source}, {date_format(source_on, 'j F Y')}" if source_on else source
