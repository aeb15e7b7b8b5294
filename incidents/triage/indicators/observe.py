"""The page of a case's indicators (proposed, kept, added by hand), and the page of one indicator."""

from collections.abc import Callable, Collection
from typing import Any, NamedTuple
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_safe

from accounts.signed_in import get_account
from collectivities.zones import find_zone
from core.french import choose_plural
from incidents.access import get_incident
from incidents.enums import Ability, Door, ObservableKind, Pap
from incidents.files.vault import NotReadable
from incidents.indicators.observables import Found, defang
from incidents.indicators.sightings import SHOWN, sightings_of
from incidents.models import Incident, Observable
from incidents.services.evidence.pieces import Erased
from incidents.services.indicators.ignore import MOTIVE_LIMIT, ignore_values
from incidents.services.indicators.observe import Chosen, add_observable, keep_observables, remove_observable
from incidents.services.indicators.propose import Proposal, Proposals, propose, propose_from_piece, readable_pieces
from incidents.triage.case.page import render_page
from incidents.triage.indicators.observables import PAP_WORDS, observables_block, origin_words, search_in_texts

PAGE = "incidents/triage/observables.html"


class HandForm(forms.Form):
    """The service checks that the value is of that kind, and names the field."""

    kind = forms.CharField(label="Nature", required=False, widget=forms.Select(choices=ObservableKind.choices))
    value = forms.CharField(label="Valeur", required=False, widget=forms.TextInput(attrs={"maxlength": 500}))


class MotiveForm(forms.Form):
    motive = forms.CharField(
        label="Pourquoi ne plus les proposer",
        required=False,
        widget=forms.TextInput(attrs={"maxlength": MOTIVE_LIMIT}),
    )


class Offer(NamedTuple):
    """A proposal with its tick box: `sent` is the value of the box."""

    row: Proposal
    sent: str
    value: str
    where: str
    is_chosen: bool


@require_http_methods(["GET", "HEAD", "POST"])
def observables_view(request: HttpRequest, reference: str) -> HttpResponse:
    """Show the page on GET. On POST do what the button says; a refused form comes back as it was typed."""
    incident = get_incident(get_account(request), reference, to=Ability.READ, door=Door.OBSERVABLES)
    if request.method != "POST":
        return page(request, incident)
    act = ACTS.get(request.POST.get("acte", ""))
    if act is None:
        return page(request, incident, status=422, problem="Choisissez ce qu’il faut faire.")
    try:
        return act(request, incident)
    except ValidationError as error:
        return render_refused_form(request, incident, error)


def keep(request: HttpRequest, incident: Incident) -> HttpResponse:
    kept = keep_observables(reference=incident.reference, actor=get_account(request), chosen=chosen_in(request))
    said = choose_plural("%(number)s indicateur relevé.", "%(number)s indicateurs relevés.", kept) % {"number": kept}
    return to_observables(request, incident, said if kept else "Ces valeurs étaient déjà relevées.")


def ignore(request: HttpRequest, incident: Incident) -> HttpResponse:
    if incident.csirt is None:
        raise Http404
    motive, chosen = request.POST.get("motive", ""), chosen_in(request)
    ignore_values(csirt=incident.csirt, actor=get_account(request), chosen=chosen, motive=motive)
    return to_observables(
        request, incident, "Votre centre ne les verra plus proposées : elles sont dans les « Valeurs connues »."
    )


def add(request: HttpRequest, incident: Incident) -> HttpResponse:
    kind, value = request.POST.get("kind", ""), request.POST.get("value", "")
    added = add_observable(reference=incident.reference, actor=get_account(request), kind=kind, value=value)
    return to_observables(request, incident, "Indicateur ajouté." if added else "Cette valeur était déjà relevée.")


def remove(request: HttpRequest, incident: Incident) -> HttpResponse:
    remove_observable(reference=incident.reference, actor=get_account(request), uid=uid_in(request))
    return to_observables(request, incident, "Indicateur retiré de ce dossier.")


def read_piece(request: HttpRequest, incident: Incident) -> HttpResponse:
    """Show the values of a file in the answer itself.

    This counts as an opening, so no later page repeats it by itself.
    """
    try:
        piece, found = propose_from_piece(
            reference=incident.reference, actor=get_account(request), uid=uid_in(request)
        )
    except (Erased, NotReadable):
        messages.error(request, "Cette pièce ne s’ouvre pas : elle est effacée, abîmée, ou sa clé manque.")
        return redirect("admin:incidents_incident_observables", incident.reference)
    return page(request, incident, found=found, piece=piece)


ACTS: dict[str, Callable[[HttpRequest, Incident], HttpResponse]] = {
    "relever": keep,
    "ignorer": ignore,
    "ajouter": add,
    "retirer": remove,
    "lire": read_piece,
}


def chosen_in(request: HttpRequest) -> list[Chosen]:
    """Return the ticked values. Raises ValidationError if there are none."""
    parts = [sent.split("|", 2) for sent in request.POST.getlist("choix")]
    chosen = [Chosen(kind=one[0], origin=one[1], value=one[2]) for one in parts if len(one) == 3]
    if not chosen:
        raise ValidationError("Cochez au moins une valeur.")
    return chosen


def uid_in(request: HttpRequest) -> UUID:
    try:
        return UUID(request.POST.get("uid", ""))
    except ValueError as error:
        raise Http404 from error


def to_observables(request: HttpRequest, incident: Incident, said: str) -> HttpResponse:
    messages.success(request, said)
    return redirect("admin:incidents_incident_observables", incident.reference)


def render_refused_form(request: HttpRequest, incident: Incident, error: ValidationError) -> HttpResponse:
    """Return the page with the error on the submitted form; ticks and typed words stay."""
    by_field = error.message_dict if hasattr(error, "error_dict") else {}
    form = {"ajouter": HandForm, "ignorer": MotiveForm}.get(request.POST["acte"], forms.Form)(request.POST)
    fields = {name: said for name, said in by_field.items() if name in form.fields}
    for name, said in fields.items():
        form.add_error(name, said)
    problem = "" if fields else " ".join(error.messages)
    forms_now = {"hand": form} if isinstance(form, HandForm) else {"why": form} if isinstance(form, MotiveForm) else {}
    chosen = request.POST.getlist("choix")
    return page(request, incident, status=422, problem=problem, chosen=chosen, **forms_now)


def page(
    request: HttpRequest,
    incident: Incident,
    *,
    status: int = 200,
    found: Proposals | None = None,
    chosen: Collection[str] = (),
    **blocks: Any,
) -> HttpResponse:
    user = get_account(request)
    found = found or (Proposals() if incident.erased_at else propose(incident, user))
    offers = [offer(row, chosen) for row in found.rows]
    context = {
        "incident": incident,
        "zone": find_zone(incident.collectivity),
        "observables": observables_block(incident, user),
        "found": found,
        "offers": [one for one in offers if not one.row.ignored],
        "ignored": [one for one in offers if one.row.ignored],
        "pieces": [] if incident.erased_at else list(readable_pieces(incident)),
        "left_out": ", ".join(str(kind.label) for kind in found.left_out),
        "hand": HandForm(),
        "why": MotiveForm(),
    }
    return render_page(request, PAGE, context | blocks, status=status)


def offer(row: Proposal, chosen: Collection[str]) -> Offer:
    kind, value = row.found
    sent = f"{kind.value}|{row.origins[0].value}|{value}"
    where = ", ".join(str(origin.label) for origin in row.origins)
    return Offer(row, sent, defang(kind, value), where, sent in chosen)


@require_safe
def observable_view(request: HttpRequest, reference: str, uid: UUID) -> HttpResponse:
    """Show one indicator and the cases of the user's centres that have the same value."""
    user = get_account(request)
    incident = get_incident(user, reference, to=Ability.READ, door=Door.OBSERVABLES)
    row = Observable.objects.filter(incident=incident, uid=uid).select_related("actor").first()
    if row is None:
        raise Http404
    seen = list(sightings_of(Found(ObservableKind(row.kind), row.value), user, beside=incident))
    context = {
        "incident": incident,
        "zone": find_zone(incident.collectivity),
        "row": row,
        "value": defang(row.kind, row.value),
        "origin": origin_words(row.origin),
        "pap": PAP_WORDS[Pap(incident.pap)],
        "seen": seen[:SHOWN],
        "has_more": len(seen) > SHOWN,
        "search": search_in_texts(row.value),
    }
    return render_page(request, "incidents/triage/observable.html", context)
