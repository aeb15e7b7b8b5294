"""Help for a person who has lost their second factor, by their lead or the administrator."""

from typing import Any
from uuid import UUID

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.access import count_cases, get_person, leads_a_team, may_help, team_of
from accounts.enums import TEAM_ROLES, LinkPurpose
from accounts.factors import FACTORS, has_factor
from accounts.models import Membership, User
from accounts.services.factors import reset_factor
from accounts.services.links import send_link
from accounts.services.team import list_leads, list_pending
from accounts.signed_in import user_of

SHOWN = 200
RESETS_SHOWN = 20


@never_cache
@require_safe
def team(request: HttpRequest) -> HttpResponse:
    lead = user_of(request)
    if not leads_a_team(lead):
        raise Http404
    roles = Prefetch("membership_set", Membership.objects.in_force(), to_attr="memberships")
    led = lead.led_centre_ids
    people = team_of(lead).prefetch_related(roles, "authenticator_set").order_by("display_name", "email")  # type: ignore[no-redef]  # in its place
    people = people[:SHOWN]
    cases = count_cases([one.pk for one in people], led)
    shown = {
        "rows": [row(lead, one) | {"cases": sum(cases[one.pk, centre] for centre in led)} for one in people],
        "invitations": pending_rows(lead),
    }
    return render(request, "accounts/team.html", shown)


def pending_rows(lead: User) -> list[dict[str, Any]]:
    """Return the unanswered invitations, each with the reason why its link no longer works, if so. Two queries."""
    now, leads = timezone.now(), list_leads(lead.led_centre_ids)
    rows: list[dict[str, Any]] = [{"link": one} for one in list_pending(lead)[:SHOWN]]
    for each in rows:
        link = each["link"]
        each["is_too_old"] = link.expires_at <= now
        each["has_no_sender"] = (link.made_by_id, link.csirt_id) not in leads
    return rows


def row(lead: User, one: Any) -> dict[str, Any]:
    """Return one line of the list, without queries."""
    has_one = any(factor.type in FACTORS for factor in one.authenticator_set.all())
    led = lead.led_centre_ids
    is_ours = any(each.role in TEAM_ROLES and each.csirt_id in led for each in one.memberships)
    return {"person": one, "can_help": may_help(lead, one), "has_factor": has_one, "can_remove": is_ours}


@never_cache
@require_safe
def person(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Show the account and the buttons that help it."""
    user = user_of(request)
    found = get_person(user, uid)
    resets = found.factor_resets.select_related("by").order_by("-at")[:RESETS_SHOWN]
    shown = {
        "person": found,
        "has_factor": has_factor(found),
        "leads_a_team": leads_a_team(user),
        "resets": resets,
    }
    return render(request, "accounts/person.html", shown)


@require_POST
@reauthentication_required(app="allauth.mfa")  # type: ignore[untyped-decorator]
def reset(request: HttpRequest, uid: UUID) -> HttpResponse:
    found = reset_factor(uid=uid, actor=user_of(request))
    messages.success(request, f"{found} ajoutera un nouveau second facteur. Un mail le lui dit.")
    return redirect("person", uid)


@require_POST
def send_password_link(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Send the link to the mailbox of the account only, so that the helper never knows the password."""
    actor = user_of(request)
    found = get_person(actor, uid)
    purpose = LinkPurpose.PASSWORD if found.has_usable_password() else LinkPurpose.WELCOME
    send_link(purpose, user=found, made_by=actor)
    messages.success(request, f"Le lien part par mail à {found.email}.")
    return redirect("person", uid)
