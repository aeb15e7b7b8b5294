"""The acts of the lead of a centre and of the administrator on their pages, such as inviting a person, confirming a
mailbox or giving a role.
"""

from html import unescape
from typing import Any

from django.test import Client

from accounts.enums import LinkPurpose, Role
from accounts.models import AccessLink, Membership, User
from accounts.tokens import derive_link_token
from tests.cast import breizh_cyber
from tests.responses import Response

NOUR = "nour@breizh.example"
MAILBOX = "astreinte@breizh.example"


def post_invitation(client: Client, email: str = NOUR) -> Response:
    return client.post("/equipe/inviter/", {"email": email, "csirt": breizh_cyber().pk}, follow=True)


def make_link_path(link: AccessLink) -> str:
    page = "equipe/adresse/confirmer" if link.purpose == LinkPurpose.CHANNEL else "acces"
    return f"/{page}/{derive_link_token(link)}/"


def post_role(client: Client, person: User, role: Role, **scope: Any) -> Response:
    """Post the admin page of the account with one more role."""
    roles = list(person.membership_set.order_by("pk"))
    data: dict[str, Any] = {"email": person.email, "display_name": person.display_name, "is_active": "on"}
    data |= {"membership_set-TOTAL_FORMS": len(roles) + 1, "membership_set-INITIAL_FORMS": len(roles)}
    for number, membership in enumerate([*roles, Membership(role=role, **scope)]):
        values = {
            "id": membership.pk or "",
            "user": person.pk,
            "role": membership.role,
            "since_on": membership.since_on,
        }
        values |= {"csirt": membership.csirt_id or "", "collectivity": membership.collectivity_id or "", "region": ""}
        values |= {"ended_on": membership.ended_on or ""}
        data |= {f"membership_set-{number}-{name}": value for name, value in values.items()}
    return client.post(f"/admin/accounts/user/{person.pk}/change/", data)


def read_plain_markup(response: Response) -> str:
    return unescape(response.content.decode()).replace("\N{NO-BREAK SPACE}", " ")
