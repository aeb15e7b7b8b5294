"""The acts of a lead on the roles that the administrator has given in the centre."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from accounts.models import Membership
from accounts.reauthentication import ask_identity
from accounts.services.confirmations import AlreadyAnswered, RoleChanged, confirm_role, refuse_role
from accounts.signed_in import get_account

ANSWERED_MEANWHILE = "Ce rôle a reçu une autre réponse entre-temps, ou a pris fin\N{NO-BREAK SPACE}: rien n’a changé."
CHANGED_MEANWHILE = (
    "Ce rôle ou ce compte a changé depuis que vous l’avez lu\N{NO-BREAK SPACE}: rien n’est confirmé ni refusé. "
    "Relisez-le, puis répondez."
)


@require_POST
@ask_identity
def confirm_role_view(request: HttpRequest, role: int) -> HttpResponse:
    """Make a role that the administrator has given in the centre count."""
    return answer_with(request, role, confirm_role, "Le rôle de {} est confirmé. Un mail le lui dit.")


@require_POST
@ask_identity
def refuse_role_view(request: HttpRequest, role: int) -> HttpResponse:
    """Refuse a role that the administrator has given in the centre."""
    return answer_with(
        request, role, refuse_role, "Le rôle de {} est refusé\N{NO-BREAK SPACE}: il ne donne aucun droit."
    )


def answer_with(request: HttpRequest, number: int, answer: Callable[..., Membership], text: str) -> HttpResponse:
    """Give this answer on the role with this number, if it is still what the page showed, and redirect to the team
    with `text` as a message.
    """
    seen = request.POST.get("seen", "")
    try:
        messages.success(request, text.format(answer(number=number, actor=get_account(request), seen=seen).user))
    except AlreadyAnswered:
        messages.warning(request, ANSWERED_MEANWHILE)
    except RoleChanged:
        messages.warning(request, CHANGED_MEANWHILE)
    return redirect("team")
