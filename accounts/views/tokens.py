"""The user's own API tokens: the list, a new token shown once, and revoking."""

import secrets
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from django.views.generic.edit import FormView

from accounts.forms import TokenForm
from accounts.reauthentication import ask_identity
from accounts.services.tokens import (
    MAX_LIVE_TOKENS,
    AccountChanged,
    TokenAlreadyShown,
    TooManyTokens,
    UnusableScope,
    check_may_have_tokens,
    get_token,
    list_offered_scopes,
    list_tokens,
    make_token,
    revoke_token,
)
from accounts.signed_in import get_account
from accounts.views.mixins import UnprocessableFormMixin

MAX_ROWS = 50
TOO_MANY = "Vous avez déjà dix jetons. Révoquez-en un d’abord."
LOST_RIGHT = "Vos droits viennent de changer. Ouvrez cette page de nouveau pour voir ce qu’un jeton peut faire."


@never_cache
@require_safe
def show_tokens(request: HttpRequest) -> HttpResponse:
    """Show the user's own API tokens, newest first. Raises Http404 for a person who may not have tokens."""
    user = get_account(request)
    check_may_have_tokens(user)
    return render(request, "accounts/tokens.html", {"tokens": list_tokens(user)[:MAX_ROWS], "now": timezone.now()})


@method_decorator([never_cache, ask_identity], name="dispatch")
class NewToken(UnprocessableFormMixin, FormView):  # type: ignore[type-arg]  # Django's takes no parameter at run time
    """Makes an API token with the name that the user types, and shows it once."""

    template_name = "accounts/new_token.html"
    form_class = TokenForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        check_may_have_tokens(get_account(request))
        return super().dispatch(request, *args, **kwargs)

    def get_initial(self) -> dict[str, Any]:
        return {"key": secrets.token_urlsafe(24)}

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"offered": list_offered_scopes(get_account(self.request))}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"most": MAX_LIVE_TOKENS}

    def form_valid(self, form: TokenForm) -> HttpResponse:
        try:
            token = make_token(actor=get_account(self.request), **form.cleaned_data)
        except (TokenAlreadyShown, AccountChanged):  # a session that has ended meanwhile is sent on to sign in
            return redirect("api_tokens")
        except (TooManyTokens, UnusableScope) as refusal:
            form.add_error(None, TOO_MANY if isinstance(refusal, TooManyTokens) else LOST_RIGHT)
            return self.form_invalid(form)
        return render(self.request, "accounts/token_made.html", {"token": token, "name": form.cleaned_data["name"]})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def revoke_token_view(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Ask to confirm, then revoke the token."""
    user = get_account(request)
    if request.method == "POST":
        revoke_token(actor=user, uid=uid)
        return redirect("api_tokens")
    return render(request, "accounts/revoke_token.html", {"token": get_token(user, uid)})
