"""The card that a town hall pins to the wall, where it remains readable when every computer is encrypted.

It holds public facts only, but the card that a member of the body prints also has the numbers of its emergency card.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.text import capfirst

from accounts.enums import EmergencyContactKind
from accounts.models import EmergencyContact
from collectivities.enums import Kind
from collectivities.models import Collectivity, CollectivityQuerySet, Departement
from core.french import format_day
from core.telephone import format_phone
from core.typeset import draw_qr_code
from csirts.routing import Route, find_route, load_directory
from incidents.catalogues.reflex_sheets import REFLEXES
from incidents.enums import IncidentType
from incidents.services.papers.centres import describe_contacts

TEMPLATES = Path(__file__).parents[2] / "typst"
# The lines of the card that a town hall fills in by hand before any incident. A number that is on its emergency card
# is printed in its line.
CARD_LINES: tuple[tuple[str, EmergencyContactKind | None], ...] = (
    ("Prestataire informatique", EmergencyContactKind.SUPPLIER),
    ("Hébergeur du site et des mails", None),
    ("Maire, élu d’astreinte", EmergencyContactKind.ELECTED),
    ("Direction, secrétariat", None),
    ("Délégué à la protection (DPO)", EmergencyContactKind.DPO),
    ("Assureur, numéro de contrat", EmergencyContactKind.INSURER),
    ("Comptable public", None),
    ("Intercommunalité, voisins reliés", None),
)


def build_body_card(body: Collectivity, *, on: date, contacts: Iterable[EmergencyContact] = ()) -> dict[str, Any]:
    """Return the content of the card of one body.

    `contacts` are those of its emergency card, which only its members may see.
    """
    return build_card(body, find_route(body, on=on), on) | {"lines": list_card_lines(contacts)}


def list_card_lines(contacts: Iterable[EmergencyContact]) -> list[list[str]]:
    """Return the lines to fill in on the card, each as [label, known contact].

    The contact is "" if somebody must write it by hand.
    """
    known_contacts = {
        contact.kind: ", ".join(filter(None, (contact.name, format_phone(contact.phone), contact.note)))
        for contact in contacts
    }
    return [[str(label), known_contacts.get(helper, "") if helper else ""] for label, helper in CARD_LINES]


def list_cards(departement: Departement, *, on: date) -> Iterator[dict[str, Any]]:
    """Yield the content of the card of each commune of a département, sorted by name.

    Only few rows are in memory at a time.
    """
    directory = load_directory(on)
    for body in list_communes(departement).with_territory().order_by("sort_key", "pk").iterator(chunk_size=100):
        yield build_card(body, directory.find_route(body, []), on)


def list_communes(departement: Departement) -> CollectivityQuerySet:
    """Return the communes of the département that exist today."""
    return Collectivity.objects.existing().filter(departement=departement, kind=Kind.COMMUNE)


def build_card(body: Collectivity, route: Route, on: date) -> dict[str, Any]:
    """Return the content of a card, as plain texts for typst.

    Its three actions come from the reflex sheet for « je ne sais pas », since nobody knows the type of a future
    incident.
    """
    address = settings.SITE_URL + reverse("declare_type", query={"collectivite": body.uid})
    return describe_contacts(route.csirt, route) | {
        "body": capfirst(body.label),
        "reason": route.reason,
        "acts": [list(act) for act in REFLEXES[IncidentType.UNKNOWN].first_acts],
        "site": settings.SITE_URL.partition("://")[2] + reverse("declare_type"),
        "address": address,
        "qr": draw_qr_code(address),
        "lines": list_card_lines(()),
        "made_on": f"Fiche établie le {format_day(on)}, vérifiez les numéros une fois par an.",
    }
