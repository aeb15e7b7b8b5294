"""Pages by which a lead or the administrator helps a person who has lost their second factor."""

from typing import Any
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.db.models import Exists, OuterRef, Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.access import (
    count_assigned_cases,
    find_former_members,
    get_person,
    list_team,
    may_assist_account,
)
from accounts.enums import TEAM_ROLES
from accounts.factors import FACTORS, describe_missing_step, has_factor
from accounts.models import Membership, User
from accounts.reauthentication import ask_identity
from accounts.services.break_glass import list_break_glasses
from accounts.services.confirmations import describe_suspensions, list_awaited_roles, stamp_role
from accounts.services.factors import reset_factor
from accounts.services.links import send_password_link
from accounts.services.roles import describe_giver
from accounts.services.team import list_pending_centre_invitations
from accounts.signed_in import get_account
from csirts.models import Csirt
from csirts.queries import list_stopped_centres

MAX_ROWS = 200
MAX_RESETS_SHOWN = 20


@never_cache
@require_safe
def show_team(request: HttpRequest) -> HttpResponse:
    """Show the team of a lead with the number of cases of each person, the roles to confirm, the pending invitations
    and the last break-glass accesses. Raises Http404 unless the user leads a centre.
    """
    lead = get_account(request)
    if not lead.leads_any_centre:
        raise Http404
    roles = Prefetch("membership_set", Membership.objects.in_force(), to_attr="memberships")
    led = lead.led_centre_ids
    factors = Authenticator.objects.filter(user=OuterRef("pk"), type__in=FACTORS)
    team = list_team(lead).annotate(has_any_factor=Exists(factors)).prefetch_related(roles)  # type: ignore[no-redef]  # replaces `User.memberships`
    people = team.order_by("display_name", "email")[:MAX_ROWS]
    former_members = find_former_members(Membership.objects.filter(csirt__in=led))
    cases = count_assigned_cases(
        [*(member.pk for member in people), *(person for person, _centre in former_members)], led
    )
    context = {
        "rows": [
            make_team_row(lead, member)
            | {name: sum(counter[member.pk, centre] for centre in led) for name, counter in cases._asdict().items()}
            for member in people
        ],
        "awaited_roles": list_awaited_rows(lead),
        "break_glasses": list_break_glasses(lead),
        "invitations": list_invitation_rows(lead),
        "stopped": list_stopped_centres(list_led_centres(lead)),
        "orphaned_cases": sum(cases.open[pair] for pair in former_members),
    }
    return render(request, "accounts/team.html", context)


def list_awaited_rows(lead: User) -> list[tuple[Membership, str, str]]:
    """Return each role that this lead may confirm, with who gave it and the stamp that an answer sends back."""
    return [(role, describe_giver(role), stamp_role(role)) for role in list_awaited_roles(lead)[:MAX_ROWS]]


def list_led_centres(lead: User) -> list[Csirt]:
    """Return the centres of this lead, sorted by name, without a query: the roles are read with their centres."""
    centres = {role.csirt for role in lead.memberships if role.csirt and lead.leads_centre(role.csirt_id)}
    return sorted(centres, key=lambda centre: centre.name)


def list_invitation_rows(lead: User) -> list[dict[str, Any]]:
    """Return one row for each pending invitation to the centres of the lead. If its link no longer works, `is_too_old`
    or `has_no_sender` tells why. Runs one query.
    """
    now = timezone.now()
    rows: list[dict[str, Any]] = [
        {"link": invitation} for invitation in list_pending_centre_invitations(lead)[:MAX_ROWS]
    ]
    for row in rows:
        link = row["link"]
        row["is_too_old"] = link.expires_at <= now
        row["has_no_sender"] = not link.has_sender
    return rows


def make_team_row(lead: User, member: Any) -> dict[str, Any]:
    """Return the row of one member of the team. It tells what the account still lacks and what the lead may do. Runs
    no query, because the caller has fetched the roles and the factors.
    """
    led = lead.led_centre_ids
    is_responder = any(role.role in TEAM_ROLES and role.csirt_id in led for role in member.memberships)
    return {
        "person": member,
        "may_assist": may_assist_account(lead, member),
        "missing_step": describe_missing_step(member, has_any_factor=member.has_any_factor),
        "can_remove": is_responder,
    }


@never_cache
@require_safe
def show_person(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Show the account of another person, with the buttons by which the user assists them."""
    user = get_account(request)
    assisted = get_person(user, uid)
    resets = assisted.factor_resets.select_related("by").order_by("-at")[:MAX_RESETS_SHOWN]
    context = {
        "person": assisted,
        "has_factor": has_factor(assisted),
        "leads_any_centre": user.leads_any_centre,
        "resets": resets,
        "suspensions": describe_suspensions(assisted, user),
    }
    return render(request, "accounts/person.html", context)


@require_POST
@ask_identity
def reset_second_factor(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Reset the lost second factor of another person."""
    assisted = reset_factor(uid=uid, actor=get_account(request))
    messages.success(request, f"{assisted} ajoutera un nouveau second facteur. Un mail le lui dit.")
    return redirect("person", uid)


@require_POST
@ask_identity
def send_password_link_view(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Send another person a link that sets their password."""
    assisted = send_password_link(uid=uid, actor=get_account(request))
    messages.success(request, f"Le lien part par mail à {assisted.email}.")
    return redirect("person", uid)
