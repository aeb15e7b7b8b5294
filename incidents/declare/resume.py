"""Continuation of a declaration on another device with its code, and the page for browsers without cookies."""

from django import forms
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.enums import SecurityEventKind
from accounts.security.record import record_refusal
from collectivities.models import Region
from core.text import clean_line
from csirts.queries import list_directory_entries, list_nationwide_entries
from csirts.routing import load_directory
from incidents.declare.bot_limits import count_wrong_draft_code, throttle_code_try
from incidents.declare.journey import build_journey, drop_control_characters, select_drafts
from incidents.declare.recap import RESUMED
from incidents.declare.redirects import redirect_to_route
from incidents.declare.screens import ROUTES
from incidents.devices import draft_cookie
from incidents.models import Draft
from incidents.reference import compact_code, hyphenate
from incidents.services.declaring.draft import CODE_LENGTH, find_draft

NAME_LIMIT = 60


class ResumeForm(forms.Form):
    """The form that asks for the resumption code. The code may be dictated or copied: spaces, dashes and lower case
    are accepted.
    """

    code = forms.CharField(
        max_length=40,
        label="Code de reprise",
        help_text="Huit signes, par exemple R8WD-4HVN.",
        error_messages={"required": "Écrivez le code, ou appelez : le téléphone suffit."},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    prenom = forms.CharField(
        required=False,
        label="Votre prénom ou votre fonction",
        help_text="Pour que l’on sache qui a rempli quoi.",
        widget=forms.TextInput(attrs={"autocomplete": "given-name"}),
    )

    def clean_code(self) -> str:
        code = compact_code(self.cleaned_data["code"])
        if len(code) != CODE_LENGTH:
            raise forms.ValidationError("Ce code a huit signes. Vérifiez chaque signe, ou appelez.")
        return code

    def clean_prenom(self) -> str:
        try:
            return clean_line(self.cleaned_data["prenom"], limit=NAME_LIMIT, field="prenom")
        except ValidationError as error:  # the form, not the error, gives the field
            raise ValidationError(error.messages) from None


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ask_for_resumption_code(request: HttpRequest) -> HttpResponse:
    """Show the form that asks for the resumption code. On POST, open the draft that has this code. An IP address that
    sent too many wrong codes must wait.
    """
    if request.method != "POST":
        return render_code_form(request, ResumeForm())
    form = ResumeForm(drop_control_characters(request.POST))
    if not form.is_valid():
        return render_code_form(request, form, status=422)
    if wait := throttle_code_try(request):
        record_refusal(SecurityEventKind.LIMIT_REACHED)
        return render_code_form(request, form, status=429, wait=wait)
    draft = find_draft(form.cleaned_data["code"])
    if draft is None:
        count_wrong_draft_code(request)
        form.add_error("code", "Aucune déclaration en cours n’a ce code. Il n’y a ni zéro, ni O, ni 1, ni I.")
        return render_code_form(request, form, status=422)
    return resume_draft(request, form, draft)


def resume_draft(request: HttpRequest, form: ResumeForm, draft: Draft) -> HttpResponse:
    """Redirect to the first screen that is not filled. If the declaration was sent, show an error that asks the person
    to use the reference and the follow-up code.
    """
    if draft.incident:
        message = "Cette déclaration est partie, sous la référence %(reference)s. Suivez-la avec son code de suivi."
        form.add_error("code", message % {"reference": hyphenate(draft.incident.reference)})
        return render_code_form(request, form, status=422)
    journey = build_journey(select_drafts().get(pk=draft.pk), form.cleaned_data["prenom"])
    response = redirect_to_route(ROUTES[journey.next_screen], **{RESUMED: "oui"})
    draft_cookie.remember_draft(response, draft.uid, journey.author)
    return response


def render_code_form(request: HttpRequest, form: ResumeForm, *, status: int = 200, wait: int = 0) -> HttpResponse:
    """Render the form that asks for the resumption code. `wait` is the number of seconds before the next try."""
    context = build_directory_context() | {"form": form, "wait": wait}
    return render(request, "declare/resume.html", context, status=status)


def render_no_cookies(request: HttpRequest) -> HttpResponse:
    """Render the page that explains why cookies are needed. Without them, the server cannot tell which screens belong
    to one declaration.
    """
    return render(request, "declare/no_cookies.html", build_directory_context(), status=400)


def build_directory_context() -> dict[str, object]:
    """Return the template context with the telephone numbers of all centres."""
    today = timezone.localdate()
    csirts = load_directory(today).csirts
    entries = list_directory_entries(csirts, Region.objects.all(), today)
    return {"entries": entries, "everywhere": list_nationwide_entries(csirts)}
