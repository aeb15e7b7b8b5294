"""The contacts of centres as papers print them: each number as it was published, with its source and date."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from django.utils.text import capfirst

from core.telephone import format_phone
from csirts.models import Csirt
from csirts.queries import format_printed_origins, get_published_contacts
from csirts.routing import Fallback, Route
from csirts.wording import format_centre, format_centre_with_au


def describe_contacts(csirt: Csirt | None, route: Route) -> dict[str, Any]:
    """Return the contacts of `csirt` (`centre`), of the centre to call in its place, and of the other centres to call.

    `stand_in` is the centre to call if `csirt` has no telephone number, or else None. `fallbacks` are the other
    centres of the route. `csirt` is an argument because, after a transfer, it is not the centre of the route.
    """
    stand_in = replace(route, csirt=csirt).stand_in if csirt else None
    return {
        "centre": describe_centre(csirt),
        "stand_in": describe_fallback(stand_in) if stand_in else None,
        "fallbacks": [describe_fallback(fallback) for fallback in route.fallbacks if fallback != stand_in],
    }


def describe_centre(csirt: Csirt | None) -> dict[str, Any] | None:
    """Return the details of a centre, or None if no centre answers for the body.

    Its contacts must be prefetched (`with_contacts`).
    """
    if csirt is None:
        return None
    address, _number, mailbox = get_published_contacts(csirt)
    return {
        "name": csirt.name,
        "the_name": capfirst(format_centre(csirt.name)),
        "phone": format_phone(csirt.phone),
        "phone_note": csirt.phone_note,
        "website": describe_site(csirt.website),
        "link": csirt.website,
        "hours": csirt.hours,
        "may_be_closed": csirt.may_be_closed,
        "email": mailbox,
        "address": address,
        "source": format_printed_origins(csirt),
    }


def describe_fallback(fallback: Fallback) -> dict[str, str]:
    """Return the details of a centre that can be called in place of the centre of the body."""
    return {
        "name": fallback.name,
        "to": format_centre_with_au(fallback.name),
        "phone": format_phone(fallback.phone),
        "phone_note": fallback.phone_note,
        "hours": fallback.hours,
        "website": describe_site(fallback.website),
        "link": fallback.website,
    }


def describe_site(url: str) -> str:
    """Return a web address short enough to type from paper, such as csirt-bfc.fr/aide for
    https://www.csirt-bfc.fr/aide.
    """
    split = urlsplit(url)
    return (split.netloc.removeprefix("www.") + split.path).rstrip("/")
