"""A lead of a centre, who invites people and gives its mailbox."""

from accounts.enums import LinkPurpose
from accounts.tokens import derive_link_token
from tests.cast import breizh_cyber

NOUR = "nour@breizh.example"
MAILBOX = "astreinte@breizh.example"


def invite(client, email=NOUR):
    return client.post("/equipe/inviter/", {"email": email, "csirt": breizh_cyber().pk}, follow=True)


def address_of(link):
    page = "equipe/adresse/confirmer" if link.purpose == LinkPurpose.CHANNEL else "acces"
    return f"/{page}/{derive_link_token(link)}/"
