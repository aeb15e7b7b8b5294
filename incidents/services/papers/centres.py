"""The contacts of centres as papers print them: each number as it was published, with its source and date."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from csirts.models import Csirt
from csirts.queries import find_main_origin
from csirts.routing import Fallback
from csirts.wording import format_to_centre


def describe_centre(csirt: Csirt | None) -> dict[str, Any] | None:
    """Return the details of a centre, or None if no centre answers.

    Its contacts must be prefetched (`with_contacts`).
    """
    if csirt is None:
        return None
    return {
        "name": csirt.name,
        "phone": csirt.phone,
        "phone_note": csirt.phone_note,
        "website": describe_site(csirt.website),
        "link": csirt.website,
        "hours": csirt.hours,
        "address": csirt.address,
        "source": find_main_origin(csirt),
    }


def describe_fallbacks(fallbacks: Iterable[Fallback]) -> list[dict[str, str]]:
    return [
        {
            "name": fallback.name,
            "to": format_to_centre(fallback.name),
            "phone": fallback.phone,
            "phone_note": fallback.phone_note,
            "hours": fallback.hours,
            "website": describe_site(fallback.website),
            "link": fallback.website,
        }
        for fallback in fallbacks
    ]


def describe_site(url: str) -> str:
    """Return an address short enough to type from paper: https://www.csirt-bfc.fr/aide gives csirt-bfc.fr/aide."""
    split = urlsplit(url)
    return (split.netloc.removeprefix("www.") + split.path).rstrip("/")
