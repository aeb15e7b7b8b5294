"""A lead of a centre, who invites people and gives its mailbox."""

from django.test import Client

from accounts.enums import LinkPurpose
from accounts.models import AccessLink
from accounts.tokens import derive_link_token
from tests.cast import breizh_cyber
from tests.responses import Response

NOUR = "nour@breizh.example"
MAILBOX = "astreinte@breizh.example"


def invite(client: Client, email: str = NOUR) -> Response:
    return client.post("/equipe/inviter/", {"email": email, "csirt": breizh_cyber().pk}, follow=True)


def address_of(link: AccessLink) -> str:
    page = "equipe/adresse/confirmer" if link.purpose == LinkPurpose.CHANNEL else "acces"
    return f"/{page}/{derive_link_token(link)}/"
