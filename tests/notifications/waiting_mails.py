"""A centre that gives its address late, when mails already wait for it."""

from csirts.models import Csirt
from incidents.models import Incident
from incidents.services.correspondence.correspond import Letter, write_to_csirt
from notifications.models import Delivery
from tests.incidents.devices import get_visitor
from tests.notifications.mailing import CENTRE


def give_centre_address() -> None:
    Csirt.objects.filter(slug="breizh-cyber").update(notification_email=CENTRE)


def write_as_declarant(incident: Incident, key: str) -> None:
    write_to_csirt(reference=incident.reference, visitor=get_visitor(incident), letter=Letter(text="Alors ?", key=key))


def list_statuses(recipient: str) -> list[str]:
    rows = Delivery.objects.filter(recipient=recipient).order_by("announcement__event")
    return list(rows.values_list("status", flat=True))
