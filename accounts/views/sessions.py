"""The user's own sessions: the list, ending one, and ending all others. Ending them asks for a proof of identity
first, so that whoever finds an open session cannot throw its person out elsewhere. Signing out asks nothing.
"""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.reauthentication import ask_identity
from accounts.services.sessions import end_other_sessions, end_session, list_sessions
from accounts.signed_in import get_account


@never_cache
@require_safe
def show_sessions(request: HttpRequest) -> HttpResponse:
    """Show the open sessions of the user."""
    sessions = list_sessions(get_account(request), request.session)
    return render(request, "accounts/sessions.html", {"sessions": sessions})


@require_POST
@ask_identity
def end_session_view(request: HttpRequest, uid: UUID) -> HttpResponse:
    """End a session of the user. If nothing was ended, as after a second click, the next page says so."""
    if end_session(actor=get_account(request), uid=uid, current=request.session):
        messages.success(request, "Cette session est terminée.")
    else:
        messages.warning(request, "Cette session était déjà terminée, ou elle a changé. Regardez la liste.")
    return redirect("own_sessions")


@require_POST
@ask_identity
def end_other_sessions_view(request: HttpRequest) -> HttpResponse:
    """End all sessions of the user but this one."""
    end_other_sessions(actor=get_account(request), current=request.session)
    messages.success(request, "Votre compte n’est plus ouvert que sur cet appareil.")
    return redirect("own_sessions")
