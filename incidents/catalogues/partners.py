"""The partners to which a centre may send a file about a case: CERT-FR and the CERTs of sectors. They are data with
their sources, and no page can add an address. A partner without a published mail address receives reports on its own
website.
"""

import json
from datetime import date
from pathlib import Path
from typing import NamedTuple

FILE = Path(__file__).parent.parent / "data" / "partners.json"


class Partner(NamedTuple):
    """A partner with its addresses. Each address comes with its source and with the day on which it was checked
    (`website_on`, `email_on`).
    """

    code: str
    name: str
    audience: str
    website: str
    website_source: str
    website_on: date
    # The platform never sends a mail to a partner without an address.
    email: str = ""
    email_source: str = ""
    email_on: date | None = None


def read_partner(code: str, values: dict[str, str]) -> Partner:
    """Build a partner from its values in the file, where dates are in ISO 8601."""
    on = values.get("email_on")
    dates = {
        "website_on": date.fromisoformat(values["website_on"]),
        "email_on": date.fromisoformat(on) if on else None,
    }
    return Partner(code=code, **(values | dates))  # type: ignore[arg-type]


# Code → partner, in the order of the file.
PARTNERS: dict[str, Partner] = {
    code: read_partner(code, values) for code, values in json.loads(FILE.read_text(encoding="utf-8")).items()
}
PARTNERS_WITH_MAIL: dict[str, Partner] = {code: partner for code, partner in PARTNERS.items() if partner.email}


def format_partner(code: str) -> str:
    """Return the name of the partner, or its code if it is no longer in the list."""
    return PARTNERS[code].name if code in PARTNERS else code
