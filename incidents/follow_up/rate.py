"""The rating of the help, « L’aide reçue vous a-t-elle été utile ? », on the page of a closed case."""

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.views.decorators.http import require_POST

from core.stale import Stale
from incidents.access import CaseVisitor, speaks_for_body
from incidents.devices.visits import find_case, render_not_found, serve_privately
from incidents.enums import Ability
from incidents.follow_up.acts import redirect_to_follow_up, render_refused_act
from incidents.follow_up.page import render_case_page
from incidents.follow_up.rating import RateForm, build_rating_block
from incidents.models import Incident
from incidents.services.declarant.rate import rate_help, stamp_rating


@serve_privately
@require_POST
def rate_help_view(request: HttpRequest, reference: str) -> HttpResponse:
    """Save the rating of the help, or show the form again with the reason for the refusal."""
    try:
        incident, visitor = find_case(request, reference, to=Ability.RATE)
    except Http404:
        return render_not_found(request, typed_text=request.POST.get("words", ""))
    if not speaks_for_body(visitor, incident):
        raise PermissionDenied
    form, is_stale = RateForm(request.POST), False
    try:
        if form.is_valid():
            rate_help(reference=incident.reference, visitor=visitor, **form.cleaned_data)
            return redirect_to_follow_up(incident.reference, "#avis")
    except Stale:
        is_stale = True
    except ValidationError as error:
        if not hasattr(error, "error_dict"):
            return render_refused_act(request, incident.reference, "Aucun avis n’est attendu", error)
        form.add_error(None, error)
    return render_refused_rating(request, incident, visitor, form, is_stale=is_stale)


def render_refused_rating(
    request: HttpRequest, incident: Incident, visitor: CaseVisitor, form: RateForm, *, is_stale: bool
) -> HttpResponse:
    """Show what was typed, with the reason for the refusal. If a colleague rated meanwhile (`is_stale`), sending the
    form again replaces their rating.
    """
    block = build_rating_block(incident, visitor, form)
    if block and is_stale:
        data = QueryDict(mutable=True)
        data.update(form.data)
        data["seen"] = stamp_rating(block["rating"])
        form.data = data
        block |= {"is_stale": True}
    return render_case_page(request, incident, visitor, rate=block, status=409 if is_stale else 422)
