"""The official pages that a sheet leads to, once, at its end: opened by whoever wants them, never by our pages."""

import re
from typing import NamedTuple

from django.utils.translation import gettext as _

from incidents.reflex_sheets import Reflexes

# « CERTFR-2024-RFX-003 et 004 »
CERT_FR_SHEETS = re.compile(r"CERTFR-(\d{4})-RFX-(\d{3})(?: et (\d{3})(?!\d))?")
CERT_FR = "https://www.cert.ssi.gouv.fr/fiche/CERTFR-{year}-RFX-{number}/"


class Official(NamedTuple):
    name: str
    url: str


def official_pages(sheet: Reflexes) -> list[Official]:
    """Return the pages of those that the sources of this sheet name, and 17Cyber, open to anyone."""
    sources = " ".join(str(source) for source in sheet.sources)
    pages = [Official(_("17Cyber, à toute heure"), "https://17cyber.gouv.fr")]
    for year, *numbers in CERT_FR_SHEETS.findall(sources):
        for number in filter(None, numbers):
            url = CERT_FR.format(year=year, number=number)
            pages.append(Official(_("CERT-FR, fiche CERTFR-%s-RFX-%s") % (year, number), url))
    if "cybermalveillance" in sources:
        url = "https://www.cybermalveillance.gouv.fr/diagnostic"
        pages.append(Official(_("Cybermalveillance.gouv.fr, diagnostic et conseils"), url))
    if "CNIL" in sources:
        url = "https://www.cnil.fr/fr/notifier-une-violation-de-donnees-personnelles"
        pages.append(Official(_("CNIL, notifier une violation de données"), url))
    return list(dict.fromkeys(pages))
