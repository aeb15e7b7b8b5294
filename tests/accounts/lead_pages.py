"""The acts of the lead of a centre and of the administrator on their pages, such as inviting a person, confirming a
mailbox or giving a role.
"""

import re
from html import unescape
from typing import Any

from django.test import Client

from accounts.enums import LinkPurpose, Role
from accounts.models import AccessLink, Membership, User
from accounts.services.confirmations import stamp_role
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


def change_role(
    administration: Client, role: Membership, /, account: dict[str, Any] | None = None, **fields: Any
) -> Membership:
    """Post the page of the account with these values of this role changed, and return the role, which is saved."""
    assert post_changed_role(administration, role, account, **fields).status_code == 302
    return Membership.objects.get(pk=role.pk)


def post_changed_role(
    administration: Client, role: Membership, /, account: dict[str, Any] | None = None, **fields: Any
) -> Response:
    """Post the page of the account with these values of this role changed. `account` holds values of the account,
    which is open, and has the address and the name that are stored, unless they say otherwise.
    """
    rows = list(Membership.objects.filter(user=role.user_id).order_by("pk"))
    form = {"membership_set-TOTAL_FORMS": len(rows), "membership_set-INITIAL_FORMS": len(rows), "is_active": "on"}
    for number, row in enumerate(rows):
        values = {"id": row.pk, "user": row.user_id, "role": row.role, "csirt": row.csirt_id, "region": row.region_id}
        values |= {"collectivity": row.collectivity_id, "since_on": row.since_on, "ended_on": row.ended_on}
        values |= fields if row.pk == role.pk else {}
        form |= {f"membership_set-{number}-{name}": "" if value is None else value for name, value in values.items()}
    form |= {"email": role.user.email, "display_name": role.user.display_name} | (account or {})
    return administration.post(f"/admin/accounts/user/{role.user_id}/change/", form)


def read_stamp(client: Client) -> str:
    """Return the stamp of the first role to confirm on the page of the team, or "" if there is none."""
    match = re.search(r'name="seen" value="(\w+)"', client.get("/equipe/").content.decode())
    return match[1] if match else ""


def answer(client: Client, role: Membership, word: str = "confirmer", seen: str | None = None) -> Response:
    """Post the answer of a lead on this role, read as it is now unless `seen` is the stamp of an earlier reading."""
    fields = {"seen": stamp_role(Membership.objects.get(pk=role.pk)) if seen is None else seen}
    return client.post(f"/equipe/roles/{role.pk}/{word}/", fields, follow=True)


def read_plain_markup(response: Response) -> str:
    return unescape(response.content.decode()).replace("\N{NO-BREAK SPACE}", " ")
