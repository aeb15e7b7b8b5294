"""Lost passwords and links sent by mail. These pages are public, because receiving the mail proves who the
reader is.
"""

from typing import Any

from allauth.core import ratelimit
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic.edit import FormView

from accounts.enums import SecurityEventKind
from accounts.forms import AddressForm, ChoosePasswordForm
from accounts.models import User
from accounts.security.record import record_refusal, record_security_event
from accounts.services.links import (
    find_link_in_any_state,
    find_live_link,
    invites_administrator,
    is_replaced,
    is_sent_by_lead,
    request_password_link,
    use_link,
)
from accounts.services.team import has_mailbox_of_another_centre
from accounts.views.first_page import find_first_page
from accounts.views.mixins import UnprocessableFormMixin, hide_secret_address


@method_decorator([login_not_required, never_cache], name="dispatch")
class LostPasswordView(UnprocessableFormMixin, FormView):  # type: ignore[type-arg]  # Django’s takes no parameter at run time
    """Records a request for a link that sets a new password. The page does the same for an address with an account and
    for any other: a task looks for the account and sends the link.
    """

    template_name = "accounts/lost_password.html"
    form_class = AddressForm

    def form_valid(self, form: AddressForm) -> HttpResponse:
        email = form.cleaned_data["email"]
        if ratelimit.consume(self.request, action="reset_password", key=email):
            request_password_link(email)
            record_security_event(SecurityEventKind.PASSWORD_LINK, detail="requested")
        else:
            record_refusal(SecurityEventKind.LIMIT_REACHED)
        return render(self.request, "accounts/lost_password.html", {"sent_to": email})


@method_decorator([login_not_required, never_cache, sensitive_post_parameters(), hide_secret_address], name="dispatch")
class OpenLinkView(UnprocessableFormMixin, FormView):  # type: ignore[type-arg]
    """Opens a link sent by mail. Only the button uses the link up, because mail scanners open the page too."""

    template_name = "accounts/open_link.html"
    form_class = ChoosePasswordForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        self.link = find_live_link(kwargs["token"])
        return super().dispatch(request, *args, **kwargs) if self.link else render_ended_link(request, kwargs["token"])

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"link": self.link}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"link": self.link}

    def form_valid(self, form: ChoosePasswordForm) -> HttpResponse:
        answers = {name: form.cleaned_data.get(name, "") for name in ("password", "display_name")}
        user = use_link(token=self.kwargs["token"], **answers)
        if user is None:
            return render_ended_link(self.request, self.kwargs["token"])
        # A new password ends the open sessions.
        is_signed_in = self.request.user == user and "password" not in form.fields
        context = {
            "user_of_link": user,
            "link": self.link,
            "first_page": find_first_page_after_link(user) if is_signed_in else "",
        }
        return render(self.request, "accounts/link_used.html", context)


def find_first_page_after_link(user: User) -> str:
    """Return the URL of the first page of a person who has just used a link. The account is read again, because the
    link may have given it a role.
    """
    return find_first_page(User.objects.get(pk=user.pk))


def render_ended_link(request: HttpRequest, token: str, *, is_channel: bool = False) -> HttpResponse:
    """Render the page that explains why the link of this secret no longer works."""
    link = find_link_in_any_state(token, is_channel=is_channel)
    context = {
        "link": link,
        "is_replaced": link is not None and is_replaced(link),
        "is_too_old": link is not None and link.expires_at <= timezone.now(),
        "has_no_sender": link is not None and link.csirt_id is not None and not is_sent_by_lead(link),
        "is_closed": link is not None and not is_channel and not link.user.is_active,
        "first_page": find_first_page(request.user) if link is not None and request.user == link.user else "",
        "is_taken": link is not None and is_channel and has_mailbox_of_another_centre(link),
        "is_barred": link is not None and invites_administrator(link),
    }
    return render(request, "accounts/link_over.html", context, status=404)
