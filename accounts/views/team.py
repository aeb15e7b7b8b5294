"""The pages of a lead: the responders of the centre, and the mailbox that receives its cases."""

from contextlib import suppress
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST
from django.views.generic.edit import FormView

from accounts.access import count_assigned_cases, get_led_centre, list_centres, list_team
from accounts.enums import TEAM_ROLES, CentreAbility, SecurityEventKind
from accounts.forms import ChannelForm, InviteResponderForm
from accounts.models import Membership, User
from accounts.reauthentication import ask_identity, ask_identity_to_post
from accounts.security.record import record_refusal
from accounts.services import team
from accounts.services.invitations import ExistingMember, SentTooSoon, TooManyInvitations
from accounts.signed_in import get_account
from accounts.views.bodies import INVITATION_SENT, JUST_SENT, TOO_MANY, WITHDRAWN
from accounts.views.links import render_ended_link
from accounts.views.mixins import UnprocessableFormMixin, hide_secret_address
from csirts.queries import list_sourced_contacts, list_stopped_centres

REFUSED_INVITATIONS = {
    TooManyInvitations: TOO_MANY,
    ExistingMember: "Cette personne est déjà de l’équipe : rien n’est parti.",
    team.ClosedAccount: "Ce compte est fermé : rien n’est parti. Appelez l’administration de la plateforme.",
}
CHANNEL_OF_ANOTHER = (
    "Cette adresse reçoit déjà les déclarations d’un autre centre\N{NO-BREAK SPACE}: choisissez une boîte que votre "
    "centre est seul à lire."
)
NEEDLESS_TRIALS = {
    team.MailboxUnchanged: "Cette adresse est déjà celle du centre\N{NO-BREAK SPACE}: rien n’a changé.",
    SentTooSoon: "Un mail d’essai vient d’y partir. Laissez-lui un quart d’heure.",
}
CONFIRMED_MEANWHILE = "Cette adresse vient d’être confirmée\N{NO-BREAK SPACE}: elle est celle du centre."
MAX_DIGITS = 18  # digits of a primary key in the database


class LeadFormView(UnprocessableFormMixin, FormView):  # type: ignore[type-arg]  # Django’s takes no parameter at run time
    """A view with a form for leads. Everybody else gets a 404."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        self.centres = list_centres(get_account(request), CentreAbility.LEAD)
        if not self.centres:
            raise Http404
        return super().dispatch(request, *args, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"centres": self.centres}


@method_decorator(never_cache, name="dispatch")
@method_decorator(ask_identity, name="post")
class InviteResponderView(LeadFormView):
    """Invites a person to the team of a centre."""

    template_name = "accounts/invite_responder.html"
    form_class = InviteResponderForm

    def form_valid(self, form: InviteResponderForm) -> HttpResponse:
        email, centre = form.cleaned_data["email"], form.cleaned_data["csirt"]
        try:
            team.invite_responder(csirt_id=centre.pk, email=email, actor=get_account(self.request))
        except tuple(REFUSED_INVITATIONS) as refusal:
            if isinstance(refusal, TooManyInvitations):
                record_refusal(SecurityEventKind.LIMIT_REACHED)
            form.add_error("email", REFUSED_INVITATIONS[type(refusal)])
            return self.form_invalid(form)
        except SentTooSoon:
            messages.info(self.request, JUST_SENT)
            return redirect("team")
        messages.success(self.request, INVITATION_SENT % {"address": email})
        return redirect("team")


@require_POST
def withdraw_centre_invitations_view(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Withdraw the invitations of a person to a centre. The page does not ask to confirm, because a new invitation
    undoes it.
    """
    invited = team.withdraw_centre_invitations(
        csirt_id=read_centre_id(request.POST), person_uid=uid, actor=get_account(request)
    )
    messages.info(request, WITHDRAWN % {"address": invited.email})
    return redirect("team")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@ask_identity_to_post
def remove_responder_view(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Ask to confirm, with one button for each centre, then remove the responder."""
    lead = get_account(request)
    if request.method == "POST":
        orphaned = team.remove_responder(csirt_id=read_centre_id(request.POST), person_uid=uid, actor=lead)
        messages.success(request, f"{User.objects.get(uid=uid)} ne voit plus les dossiers du centre.")
        if orphaned:
            messages.warning(request, format_link_to_orphaned_cases(orphaned))
        return redirect("team")
    responder = list_team(lead).filter(uid=uid).first()
    led = lead.led_centre_ids
    roles = Membership.objects.in_force().filter(user=responder, role__in=TEAM_ROLES, csirt__in=led)
    if responder is None or not roles:
        raise Http404
    ordered = roles.select_related("csirt").order_by("csirt__name")
    cases = count_assigned_cases([responder.pk], led).open
    rows = [{"centre": role.csirt, "cases": cases[responder.pk, role.csirt_id]} for role in ordered]
    return render(request, "accounts/remove_responder.html", {"person": responder, "rows": rows})


def format_link_to_orphaned_cases(number: int) -> SafeString:
    """Return « 3 dossiers à reprendre : les voir », with a link to these cases in the queue."""
    cases, show = ("dossiers", "les voir") if number > 1 else ("dossier", "le voir")
    queue = f"{reverse('admin:incidents_incident_changelist')}?etat=a-reprendre"
    return format_html('{} {} à reprendre\N{NO-BREAK SPACE}: <a href="{}">{}</a>', number, cases, queue, show)


def read_centre_id(data: QueryDict) -> int:
    """Return the id of the centre that a form names, or 0 if it is not a number."""
    number = data.get("csirt", "")
    return int(number) if number.isascii() and number.isdecimal() and len(number) <= MAX_DIGITS else 0


@method_decorator(never_cache, name="dispatch")
@method_decorator(ask_identity, name="post")
class EditChannelView(LeadFormView):
    """Shows the mailbox of each centre that the user leads. Its form sends a trial mail to another mailbox."""

    template_name = "accounts/channel.html"
    form_class = ChannelForm

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        rows = [
            {
                "centre": centre,
                "pending": team.find_pending_trial(centre),
                "contacts": list_sourced_contacts(centre),
            }
            for centre in self.centres.prefetch_related("contacts")
        ]
        return super().get_context_data(**kwargs) | {"rows": rows, "stopped": list_stopped_centres(self.centres)}

    def form_valid(self, form: ChannelForm) -> HttpResponse:
        email, centre = form.cleaned_data["email"], form.cleaned_data["csirt"]
        former = team.find_pending_trial(centre)
        try:
            team.start_channel_trial(csirt_id=centre.pk, address=email, actor=get_account(self.request))
        except TooManyInvitations:
            record_refusal(SecurityEventKind.LIMIT_REACHED)
            return self.show_address_error(form, "Vingt essais sont partis en un jour : réessayez demain.")
        except team.MailboxOfAnotherCentre:
            return self.show_address_error(form, CHANNEL_OF_ANOTHER)
        except (team.MailboxUnchanged, SentTooSoon) as needless:
            messages.info(self.request, NEEDLESS_TRIALS[type(needless)])
            return redirect("centre_channel")
        messages.success(self.request, f"Un mail d’essai part à {email}.")
        if former:
            messages.info(
                self.request, f"L’essai précédent, à {former.address}, est abandonné : son lien ne sert plus."
            )
        return redirect("centre_channel")

    def show_address_error(self, form: ChannelForm, problem: str) -> HttpResponse:
        """Show the form again with this error beside the address."""
        form.add_error("email", problem)
        return self.form_invalid(form)


@require_POST
def stop_channel_trial_view(request: HttpRequest) -> HttpResponse:
    """Stop the trial of a mailbox without asking to confirm, because a new trial undoes it."""
    lead, number = get_account(request), read_centre_id(request.POST)
    if team.stop_channel_trial(csirt_id=number, actor=lead):
        messages.info(request, "L’essai est abandonné\N{NO-BREAK SPACE}: son lien ne sert plus.")
    elif team.has_confirmed_trial(get_led_centre(lead, number)):
        messages.warning(request, CONFIRMED_MEANWHILE)
    else:
        messages.info(request, "Aucun essai n’est en cours.")
    return redirect("centre_channel")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@ask_identity_to_post
def remove_channel_view(request: HttpRequest) -> HttpResponse:
    """Ask to confirm, then remove the mailbox of the centre."""
    lead = get_account(request)
    if request.method == "POST":
        team.remove_channel(csirt_id=read_centre_id(request.POST), actor=lead)
        messages.success(request, "Plus aucune déclaration ne part par mail.")
        return redirect("centre_channel")
    centre = get_led_centre(lead, read_centre_id(request.GET))
    return render(request, "accounts/remove_channel.html", {"centre": centre})


@login_not_required
@never_cache
@hide_secret_address
@require_http_methods(["GET", "HEAD", "POST"])
def confirm_channel_view(request: HttpRequest, token: str) -> HttpResponse:
    """Confirm a mailbox when the button is pressed. Opening the page is not enough, because mail scanners open it too.

    The page is public, because receiving the link proves that the reader has the mailbox. A second click shows that
    the mailbox is confirmed.
    """
    if request.method == "POST":
        with suppress(team.MailboxOfAnotherCentre):  # the link is over, as the page then says
            team.confirm_channel(token=token)
    link = team.find_channel_link(token)
    confirmed = team.find_confirmed_link(token) if link is None else None
    if link is None and confirmed is None:
        return render_ended_link(request, token, is_channel=True)
    return render(
        request, "accounts/confirm_channel.html", {"link": link or confirmed, "is_done": confirmed is not None}
    )
