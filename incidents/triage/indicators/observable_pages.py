"""The page of the indicators of a case (proposed, recorded, typed), and the page of one indicator."""

from collections.abc import Callable, Collection
from typing import Any, NamedTuple
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods, require_safe

from accounts.signed_in import get_account
from collectivities.zones import find_zone
from core.french import choose_plural
from incidents.access import get_incident, list_abilities, record_accesses
from incidents.enums import Ability, Door, ObservableKind
from incidents.files.vault import NotReadable
from incidents.indicators.hosts import list_related_indicators, list_searched_hosts
from incidents.indicators.observables import TEXT_LIMIT, Indicator, defang
from incidents.indicators.sightings import MAX_SIGHTINGS, list_sightings
from incidents.models import Incident, Observable
from incidents.services.evidence.files import CaseErased
from incidents.services.indicators.ignore import REASON_LIMIT, ignore_values
from incidents.services.indicators.observe import (
    ChosenValue,
    remove_observable,
    save_observables,
    save_typed_observable,
)
from incidents.services.indicators.propose import (
    IndicatorProposal,
    IndicatorProposals,
    list_text_files,
    propose_indicators,
    propose_indicators_from_file,
)
from incidents.sharing import PAP_MEANINGS
from incidents.triage.case.page import render_page
from incidents.triage.indicators.observables import (
    build_observables_block,
    format_indicator_origin,
    format_sightings,
    list_related_sightings,
    make_search_link,
)

TEMPLATE = "incidents/triage/observables.html"


class TypedIndicatorForm(forms.Form):
    """The form of an indicator typed by hand. The service checks the value, and reports errors by field."""

    kind = forms.CharField(label="Nature", required=False, widget=forms.Select(choices=ObservableKind.choices))
    value = forms.CharField(label="Valeur", required=False, widget=forms.TextInput(attrs={"maxlength": 500}))


class IgnoreReasonForm(forms.Form):
    """The form that asks why a centre ignores values."""

    motive = forms.CharField(
        label="Pourquoi ne plus les proposer",
        required=False,
        widget=forms.TextInput(attrs={"maxlength": REASON_LIMIT}),
    )


class ProposalLine(NamedTuple):
    """A proposed indicator with its checkbox. `tick` is the value that the checkbox posts. `where` names the texts
    that contain it.
    """

    row: IndicatorProposal
    tick: str
    value: str
    where: str
    sightings: str
    is_chosen: bool


@require_http_methods(["GET", "HEAD", "POST"])
def serve_observables(request: HttpRequest, reference: str) -> HttpResponse:
    """Show the indicators of the case on GET. Carry out the act of the button on POST.

    If the act is refused, show the page with what was ticked or typed.
    """
    incident = get_incident(get_account(request), reference, to=Ability.READ, door=Door.OBSERVABLES)
    if request.method != "POST":
        return render_observables_page(request, incident)
    act = ACTS.get(request.POST.get("acte", ""))
    if act is None:
        return render_observables_page(request, incident, status=422, problem="Choisissez ce qu’il faut faire.")
    try:
        return act(request, incident)
    except ValidationError as error:
        return render_refused_form(request, incident, error)


def save_ticked_values(request: HttpRequest, incident: Incident) -> HttpResponse:
    """Record the ticked values as indicators of the case."""
    number = save_observables(
        reference=incident.reference, actor=get_account(request), chosen=read_ticked_values(request)
    )
    confirmation = choose_plural("%(number)s indicateur relevé.", "%(number)s indicateurs relevés.", number) % {
        "number": number
    }
    return redirect_to_observables(request, incident, confirmation if number else "Ces valeurs étaient déjà relevées.")


def ignore_ticked_values(request: HttpRequest, incident: Incident) -> HttpResponse:
    """Add the ticked values to the ignored values of the centre."""
    if incident.csirt is None:
        raise Http404
    reason, chosen = request.POST.get("motive", ""), read_ticked_values(request)
    ignore_values(csirt=incident.csirt, actor=get_account(request), chosen=chosen, motive=reason)
    return redirect_to_observables(
        request, incident, "Votre centre ne les verra plus proposées : elles sont dans les « Valeurs connues »."
    )


def add_typed_value(request: HttpRequest, incident: Incident) -> HttpResponse:
    """Record the typed value as an indicator of the case."""
    kind, value = request.POST.get("kind", ""), request.POST.get("value", "")
    added = save_typed_observable(reference=incident.reference, actor=get_account(request), kind=kind, value=value)
    return redirect_to_observables(
        request, incident, "Indicateur ajouté." if added else "Cette valeur était déjà relevée."
    )


def remove_observable_from_case(request: HttpRequest, incident: Incident) -> HttpResponse:
    """Remove an indicator from the case."""
    remove_observable(reference=incident.reference, actor=get_account(request), uid=read_uid(request))
    return redirect_to_observables(request, incident, "Indicateur retiré de ce dossier.")


def render_file_values(request: HttpRequest, incident: Incident) -> HttpResponse:
    """Render the page with the values found in an evidence file.

    This opening of the file is recorded. So only the response to this POST shows these values.
    """
    try:
        piece, proposals = propose_indicators_from_file(
            reference=incident.reference, actor=get_account(request), uid=read_uid(request)
        )
    except (CaseErased, NotReadable):
        messages.error(request, "Cette pièce ne s’ouvre pas : elle est effacée, abîmée, ou sa clé manque.")
        return redirect("admin:incidents_incident_observables", incident.reference)
    return render_observables_page(request, incident, proposals=proposals, piece=piece)


ACTS: dict[str, Callable[[HttpRequest, Incident], HttpResponse]] = {
    "relever": save_ticked_values,
    "ignorer": ignore_ticked_values,
    "ajouter": add_typed_value,
    "retirer": remove_observable_from_case,
    "lire": render_file_values,
}


def read_ticked_values(request: HttpRequest) -> list[ChosenValue]:
    """Return the ticked values. Raises ValidationError if none is ticked."""
    parts = [tick.split("|", 2) for tick in request.POST.getlist("choix")]
    chosen = [ChosenValue(kind=part[0], origin=part[1], value=part[2]) for part in parts if len(part) == 3]
    if not chosen:
        raise ValidationError("Cochez au moins une valeur.")
    return chosen


def read_uid(request: HttpRequest) -> UUID:
    """Return the posted uid. Raises Http404 if it is malformed."""
    try:
        return UUID(request.POST.get("uid", ""))
    except ValueError as error:
        raise Http404 from error


def redirect_to_observables(request: HttpRequest, incident: Incident, confirmation: str) -> HttpResponse:
    messages.success(request, confirmation)
    return redirect("admin:incidents_incident_observables", incident.reference)


def render_refused_form(request: HttpRequest, incident: Incident, error: ValidationError) -> HttpResponse:
    """Render the page with the error on the submitted form. What was ticked or typed stays."""
    by_field = error.message_dict if hasattr(error, "error_dict") else {}
    form = {"ajouter": TypedIndicatorForm, "ignorer": IgnoreReasonForm}.get(request.POST["acte"], forms.Form)(
        request.POST
    )
    fields = {name: problems for name, problems in by_field.items() if name in form.fields}
    for name, problems in fields.items():
        form.add_error(name, problems)
    problem = "" if fields else " ".join(error.messages)
    refused_forms = (
        {"typed_form": form}
        if isinstance(form, TypedIndicatorForm)
        else {"why": form}
        if isinstance(form, IgnoreReasonForm)
        else {}
    )
    chosen = request.POST.getlist("choix")
    return render_observables_page(request, incident, status=422, problem=problem, chosen=chosen, **refused_forms)


def render_observables_page(
    request: HttpRequest,
    incident: Incident,
    *,
    status: int = 200,
    proposals: IndicatorProposals | None = None,
    chosen: Collection[str] = (),
    **blocks: Any,
) -> HttpResponse:
    """Render the page. `chosen` are the ticked checkboxes. `blocks` replace the blocks of the same name."""
    user = get_account(request)
    proposals = proposals or (IndicatorProposals() if incident.erased_at else propose_indicators(incident, user))
    offers = [make_proposal_line(row, chosen) for row in proposals.rows]
    context = {
        "incident": incident,
        "works": Ability.WORK in list_abilities(user, incident),
        "zone": find_zone(incident.collectivity),
        "observables": build_observables_block(incident, user),
        "proposals": proposals,
        "offers": [offer for offer in offers if not offer.row.ignored],
        "has_boxes": any(not (offer.row.ignored or offer.row.is_recorded) for offer in offers),
        "ignored": [offer for offer in offers if offer.row.ignored],
        "pieces": [] if incident.erased_at else list(list_text_files(incident)),
        "left_out": ", ".join(origin.label for origin in proposals.unread_origins),
        "typed_form": TypedIndicatorForm(),
        "why": IgnoreReasonForm(),
        "text_limit": TEXT_LIMIT,
    }
    return render_page(request, TEMPLATE, context | blocks, status=status)


def make_proposal_line(row: IndicatorProposal, chosen: Collection[str]) -> ProposalLine:
    kind, value = row.indicator
    tick = f"{kind.value}|{row.origins[0].kind.value}|{value}"
    where = ", ".join(origin.label for origin in row.origins)
    return ProposalLine(row, tick, defang(kind, value), where, format_sightings(row.seen_elsewhere), tick in chosen)


@require_safe
def show_observable(request: HttpRequest, reference: str, uid: UUID) -> HttpResponse:
    """Show one indicator, and the cases of the user's centres that have this value or another value on its host.

    Record an access for each case that is shown with another value.
    """
    user = get_account(request)
    incident = get_incident(user, reference, to=Ability.READ, door=Door.OBSERVABLES)
    row = get_object_or_404(Observable.objects.select_related("actor"), incident=incident, uid=uid)
    indicator = Indicator(ObservableKind(row.kind), row.value)
    sightings = list(list_sightings(indicator, user, beside=incident))
    related = list_related_sightings(indicator, list_related_indicators([indicator], user, beside=incident))
    record_accesses(user, {sighting.incident for sighting in related}, Door.OBSERVABLES)
    context = {
        "incident": incident,
        "zone": find_zone(incident.collectivity),
        "row": row,
        "value": defang(row.kind, row.value),
        "origin": format_indicator_origin(row.origin),
        "pap": PAP_MEANINGS[incident.pap],
        "seen": sightings[:MAX_SIGHTINGS],
        "has_more": len(sightings) > MAX_SIGHTINGS,
        "max_sightings": MAX_SIGHTINGS,
        "related": related,
        "has_host": bool(list_searched_hosts([indicator])),
        "search": make_search_link(row.value),
    }
    return render_page(request, "incidents/triage/observable.html", context)
