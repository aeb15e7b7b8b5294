"""The partners whom a centre may tell of a case: CERT-FR and the CERT of sectors. Data with its sources; nobody adds
an address on a page. One whose mail address nobody published is declared to on its own site.
"""

import json
from datetime import date
from pathlib import Path
from typing import NamedTuple

FILE = Path(__file__).parent.parent / "data" / "partners.json"


class Partner(NamedTuple):
    code: str
    name: str
    audience: str
    website: str
    website_source: str
    website_on: date
    # Empty: no mail is ever sent.
    email: str = ""
    email_source: str = ""
    email_on: date | None = None


def read_partner(code: str, said: dict[str, str]) -> Partner:
    on = said.get("email_on")
    dates = {"website_on": date.fromisoformat(said["website_on"]), "email_on": date.fromisoformat(on) if on else None}
    return Partner(code=code, **(said | dates))  # type: ignore[arg-type]


# In the order of the file: code → partner.
PARTNERS: dict[str, Partner] = {
    code: read_partner(code, said) for code, said in json.loads(FILE.read_text(encoding="utf-8")).items()
}
MAILED: dict[str, Partner] = {code: partner for code, partner in PARTNERS.items() if partner.email}
