"""Links to the official pages on the subject of a sheet. Our own pages load nothing from these sites."""

import re
from typing import NamedTuple

from incidents.catalogues.reflex_sheets import Reflexes

# Matches « CERTFR-2024-RFX-003 » and « CERTFR-2024-RFX-003 et 004 ».
CERT_FR_SHEETS = re.compile(r"CERTFR-(\d{4})-RFX-(\d{3})(?: et (\d{3})(?!\d))?")
# The full addresses of the sheets that our sources name, so that a page links only to addresses that the code
# contains.
CERT_FR = {
    "CERTFR-2024-RFX-001": "https://www.cert.ssi.gouv.fr/fiche/CERTFR-2024-RFX-001/",
    "CERTFR-2024-RFX-003": "https://www.cert.ssi.gouv.fr/fiche/CERTFR-2024-RFX-003/",
    "CERTFR-2024-RFX-004": "https://www.cert.ssi.gouv.fr/fiche/CERTFR-2024-RFX-004/",
    "CERTFR-2024-RFX-005": "https://www.cert.ssi.gouv.fr/fiche/CERTFR-2024-RFX-005/",
    "CERTFR-2025-RFX-001": "https://www.cert.ssi.gouv.fr/fiche/CERTFR-2025-RFX-001/",
    "CERTFR-2025-RFX-006": "https://www.cert.ssi.gouv.fr/fiche/CERTFR-2025-RFX-006/",
}


class OfficialPage(NamedTuple):
    """A page of an official site, with its name and its address."""

    name: str
    url: str


def list_official_pages(sheet: Reflexes) -> list[OfficialPage]:
    """Return the page of 17Cyber, which is open to everybody, and then the official pages that belong to the sources
    of this sheet.
    """
    sources = " ".join(str(source) for source in sheet.sources)
    pages = [OfficialPage("17Cyber, à toute heure", "https://17cyber.gouv.fr")]
    for year, *numbers in CERT_FR_SHEETS.findall(sources):
        codes = [f"CERTFR-{year}-RFX-{number}" for number in numbers if number]
        pages += [OfficialPage(f"CERT-FR, fiche {code}", CERT_FR[code]) for code in codes if code in CERT_FR]
    if "cybermalveillance" in sources:
        url = "https://www.cybermalveillance.gouv.fr/diagnostic"
        pages.append(OfficialPage("Cybermalveillance.gouv.fr, diagnostic et conseils", url))
    if "CNIL" in sources:
        url = "https://www.cnil.fr/fr/notifier-une-violation-de-donnees-personnelles"
        pages.append(OfficialPage("CNIL, notifier une violation de données", url))
    return list(dict.fromkeys(pages))
