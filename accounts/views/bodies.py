"""The members of a body and its emergency card. The home page of a body, with its cases, belongs to `incidents`."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.generic.edit import FormView

from accounts.access import get_body, get_managed_body, is_manager_of
from accounts.enums import EmergencyContactKind, SecurityEventKind
from accounts.forms import ContactForm, InviteForm
from accounts.models import Membership
from accounts.security.record import record_refusal
from accounts.services.bodies import (
    LastManager,
    check_management_transferred,
    list_contacts,
    list_memberships,
    make_card_stamp,
    remove_member,
    save_contacts,
    transfer_management,
)
from accounts.services.invitations import (
    ExistingMember,
    SentTooSoon,
    TooManyInvitations,
    invite_again,
    invite_member,
    withdraw_invitation,
)
from accounts.signed_in import get_account
from accounts.views.mixins import UnprocessableFormMixin
from collectivities.models import Collectivity
from core.stale import Stale
from csirts.routing import find_route

INVITATION_SENT = "L’invitation part par mail à %(address)s."
JUST_SENT = "Cette invitation vient de partir. Laissez-lui un quart d’heure avant de la renvoyer."
TOO_MANY = "Vingt invitations sont parties en un jour : c’est le plus que nous envoyons. Réessayez demain."
ALREADY_MEMBER = "Cette personne est déjà membre : rien n’est parti."
REMOVED = "%(name)s n’est plus membre : cette personne ne voit plus les dossiers."
WITHDRAWN = "L’invitation de %(address)s est retirée : son lien n’ouvre plus rien."


@method_decorator(never_cache, name="dispatch")
class InviteMemberView(UnprocessableFormMixin, FormView):  # type: ignore[type-arg]  # Django's takes no parameter at run time
    """Invites a person to a body. Only its manager may open the page."""

    template_name = "accounts/invite.html"
    form_class = InviteForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        self.body = get_managed_body(get_account(request), kwargs["uid"])
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"body": self.body}

    def form_valid(self, form: InviteForm) -> HttpResponse:
        email = form.cleaned_data["email"]
        try:
            invite_member(uid=self.body.uid, email=email, actor=get_account(self.request))
        except TooManyInvitations:
            record_refusal(SecurityEventKind.LIMIT_REACHED)
            form.add_error("email", TOO_MANY)
            return self.form_invalid(form)
        except ExistingMember:
            return redirect_to_body(self.request, self.body.uid, ALREADY_MEMBER)
        except SentTooSoon:
            return redirect_to_body(self.request, self.body.uid, JUST_SENT)
        return redirect_to_body(self.request, self.body.uid, INVITATION_SENT, email)


@require_POST
def invite_again_view(request: HttpRequest, uid: UUID, person: UUID) -> HttpResponse:
    """Send a new link to a person who was invited to the body before."""
    try:
        invited = invite_again(uid=uid, person_uid=person, actor=get_account(request))
    except TooManyInvitations:
        record_refusal(SecurityEventKind.LIMIT_REACHED)
        return redirect_to_body(request, uid, TOO_MANY)
    except ExistingMember:
        return redirect_to_body(request, uid, ALREADY_MEMBER)
    except SentTooSoon:
        return redirect_to_body(request, uid, JUST_SENT)
    return redirect_to_body(request, uid, INVITATION_SENT, invited.email)


@require_POST
def withdraw_invitation_view(request: HttpRequest, uid: UUID, person: UUID) -> HttpResponse:
    """Withdraw an invitation without asking to confirm, because a new invitation undoes it."""
    invited = withdraw_invitation(uid=uid, person_uid=person, actor=get_account(request))
    return redirect_to_body(request, uid, WITHDRAWN, invited.email)


def redirect_to_body(request: HttpRequest, uid: UUID, text: Any, address: str = "") -> HttpResponse:
    """Redirect to the home page of the body, and show the message `text` there. `address` replaces `%(address)s` in
    the message.
    """
    messages.info(request, text % {"address": address} if address else text)
    return redirect("body_home", uid)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def remove_member_view(request: HttpRequest, uid: UUID, person: UUID) -> HttpResponse:
    """Ask to confirm, then remove the member. If this is the last manager, show a page that asks to transfer the
    management first.
    """
    user = get_account(request)
    body = get_body(user, uid) if person == user.uid else get_managed_body(user, uid)
    leaving = get_membership(body, person)
    context = {"body": body, "membership": leaving}
    if request.method != "POST":
        return render(request, "accounts/remove_member.html", context)
    try:
        remove_member(uid=uid, person_uid=person, actor=user)
    except LastManager:
        return render(request, "accounts/remove_member.html", context | {"is_last": True}, status=409)
    if person == user.uid:
        messages.success(request, f"Vous avez quitté {body.name}.")
        return redirect("own_cases")
    messages.info(request, REMOVED % {"name": leaving.user})
    return redirect("body_home", uid)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def transfer_management_view(request: HttpRequest, uid: UUID, person: UUID) -> HttpResponse:
    """Ask to confirm, then transfer the management. Afterwards the page at the same address says that the management
    was transferred.
    """
    user = get_account(request)
    body = get_body(user, uid)
    if request.method == "POST":
        transfer_management(uid=uid, person_uid=person, actor=user)
        return redirect("transfer_management", uid, person)
    successor, is_done = get_membership(body, person), not is_manager_of(user, body)
    if is_done:
        check_management_transferred(successor, user)
    context = {"body": body, "membership": successor, "is_done": is_done}
    return render(request, "accounts/transfer_management.html", context)


def get_membership(body: Collectivity, person: UUID) -> Membership:
    """Return the role of this person in the body. If they have two roles, return the role of manager. Raises Http404
    if they have none.
    """
    membership = list_memberships(body).filter(user__uid=person).first()
    if membership is None:
        raise Http404
    return membership


@never_cache
@require_safe
def show_emergency_card(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Show the emergency card of the body with the telephone number of its centre. A body without contacts of its own
    needs this number most.
    """
    body = get_body(get_account(request), uid)
    context = {"body": body, "contacts": list_contacts(body), "route": find_route(body, on=timezone.localdate())}
    return render(request, "accounts/emergency_card.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def edit_emergency_card(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Edit the emergency card. If somebody else changed it meanwhile, save nothing, and show their version beside what
    was typed.
    """
    user = get_account(request)
    body = get_body(user, uid)
    contacts = list_contacts(body)
    contacts_by_kind = {contact.kind: contact for contact in contacts}
    data = request.POST if request.method == "POST" else None
    forms = [
        ContactForm(data, body=body, kind=kind, contact=contacts_by_kind.get(kind)) for kind in EmergencyContactKind
    ]
    context: dict[str, Any] = {
        "body": body,
        "forms": forms,
        "seen": make_card_stamp(contacts) if data is None else data.get("seen", ""),
    }
    if data is None or not all([form.is_valid() for form in forms]):  # noqa: C419 (each form must find its own errors)
        return render(request, "accounts/write_emergency.html", context, status=200 if data is None else 422)
    try:
        answers = {form.kind.value: form.cleaned_data for form in forms}
        save_contacts(uid=uid, contacts=answers, actor=user, stamp=context["seen"])
    except Stale:
        contacts = list_contacts(body)
        context |= {"contacts": contacts, "seen": make_card_stamp(contacts)}
        return render(request, "accounts/write_emergency.html", context, status=409)
    messages.success(request, "La fiche est gardée.")
    return redirect("emergency_card", uid)
