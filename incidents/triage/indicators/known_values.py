"""The page of the values that a centre ignores, and the page that searches values in all its cases."""

from typing import Any, NamedTuple

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.formats import number_format
from django.views.decorators.http import require_http_methods

from accounts.access import list_centres
from accounts.enums import CentreAbility
from accounts.models import User
from accounts.signed_in import get_account
from csirts.models import Csirt
from incidents.access import record_accesses
from incidents.enums import Door, ObservableKind
from incidents.indicators.hosts import list_related_indicators
from incidents.indicators.known_values import load_national_list
from incidents.indicators.observables import (
    Indicator,
    defang,
    find_indicators,
    list_file_names,
    normalise_value,
)
from incidents.indicators.sightings import MAX_LOOKED_UP, MAX_SIGHTINGS, list_recorded_files, map_sightings
from incidents.models import IgnoredValue, Observable
from incidents.services.indicators.ignore import ignore_value, stop_ignoring_value
from incidents.triage.case.page import render_page
from incidents.triage.indicators.observable_pages import IgnoreReasonForm, TypedIndicatorForm, read_uid
from incidents.triage.indicators.observables import RelatedSighting, list_related_sightings, make_search_link
from incidents.triage.paging import filter_after

PAGE_SIZE = 50
# The longest text to look values up in, such as a pasted mail or list.
PASTED_LIMIT = 20_000


class IgnoredValueForm(TypedIndicatorForm, IgnoreReasonForm):
    """The form that adds an ignored value to a centre. Only people with several centres choose the centre."""

    csirt = forms.CharField(required=False, widget=forms.Select)

    def __init__(self, *args: Any, csirts: list[Csirt], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["motive"].label = "Pourquoi"
        self.fields["csirt"].label = "Centre"
        self.fields["csirt"].widget = forms.Select(choices=[(csirt.slug, csirt.name) for csirt in csirts])


class LookUpResult(NamedTuple):
    """A searched value, with the cases that have it and the cases that have another value on its host."""

    kind: str
    value: str  # defanged
    rows: list[Observable]
    has_more: bool
    search: str  # the address of the search for the value in the texts
    related: list[RelatedSighting]


class LookUpForm(forms.Form):
    """The form that searches for the values in a pasted text."""

    text = forms.CharField(
        label="Une valeur, ou un texte qui en contient",
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "aria-describedby": "chercher-aide"}),
    )


def list_own_centres(user: User) -> list[Csirt]:
    """Return the centres of the user. Raises Http404 if there are none."""
    centres = list(list_centres(user, CentreAbility.READ))
    if not centres:
        raise Http404
    return centres


def list_work_centres(request: HttpRequest, centres: list[Csirt]) -> list[Csirt]:
    """Return the centres, among `centres`, whose ignored values the user may change."""
    return [centre for centre in centres if get_account(request).works_in_centre(centre.pk)]


# The ignored values


@require_http_methods(["GET", "HEAD", "POST"])
def serve_known_values(request: HttpRequest) -> HttpResponse:
    """Show the known values: those that the user's centres ignore, and the national list.

    On POST, add an ignored value, or remove the ignored value with the posted `uid`.
    """
    centres = list_own_centres(get_account(request))
    if request.method != "POST":
        return render_known_values_page(request, centres)
    if "uid" in request.POST:
        stop_ignoring_value(actor=get_account(request), uid=read_uid(request))
        messages.success(request, "Cette valeur sera de nouveau proposée.")
        return redirect("admin:incidents_incident_known_values")
    return submit_ignored_value(request, centres)


def submit_ignored_value(request: HttpRequest, centres: list[Csirt]) -> HttpResponse:
    """Add an ignored value to the chosen centre, or show why it is refused."""
    work_centres = list_work_centres(request, centres)
    if not work_centres:
        raise Http404
    form = IgnoredValueForm(request.POST, csirts=work_centres)
    values = {name: request.POST.get(name, "") for name in ("kind", "value", "motive")}
    slug = request.POST.get("csirt", "") or work_centres[0].slug
    csirt = next((centre for centre in work_centres if centre.slug == slug), None)
    if csirt is None:
        raise Http404
    try:
        ignore_value(csirt=csirt, actor=get_account(request), **values)
    except ValidationError as error:
        form.add_error(None, error)
        return render_known_values_page(request, centres, form, status=422)
    messages.success(request, "Votre centre ne verra plus cette valeur proposée.")
    return redirect("admin:incidents_incident_known_values")


def render_known_values_page(
    request: HttpRequest, centres: list[Csirt], form: IgnoredValueForm | None = None, *, status: int = 200
) -> HttpResponse:
    work_centres = list_work_centres(request, centres)
    rows = list(list_older_values(request.GET.get("avant", ""), centres)[: PAGE_SIZE + 1])
    context = {
        "rows": [(row, defang(row.kind, row.value)) for row in rows[:PAGE_SIZE]],
        "next": rows[PAGE_SIZE - 1].uid if len(rows) > PAGE_SIZE else None,
        "centres": centres,
        "work_centres": work_centres,
        "form": form or IgnoredValueForm(csirts=work_centres),
        "national": load_national_list(),
    }
    return render_page(request, "incidents/triage/known_values.html", context, status=status)


def list_older_values(uid: str, centres: list[Csirt]) -> QuerySet[IgnoredValue]:
    """Return the ignored values older than the value `uid`, newest first.

    Return all of them if no ignored value has this uid.
    """
    rows = IgnoredValue.objects.filter(csirt__in=centres).select_related("csirt", "actor").order_by("-id")
    return filter_after(rows, uid, "id")


# The search for values across the cases


@require_http_methods(["GET", "HEAD", "POST"])
def serve_look_up(request: HttpRequest) -> HttpResponse:
    """Search for values in all cases of the user. The search uses POST, so that no address and no log contains the
    values.
    """
    user = get_account(request)
    list_own_centres(user)
    form = LookUpForm(request.POST if request.method == "POST" else None)
    context: dict[str, Any] = {"form": form, "most": MAX_LOOKED_UP, "max_sightings": MAX_SIGHTINGS}
    if request.method == "POST":
        context |= look_up_values(form, request.POST.get("text", ""), user)
    return render_page(request, "incidents/triage/look_up.html", context, status=422 if form.errors else 200)


def look_up_values(form: LookUpForm, text: str, user: User) -> dict[str, Any]:
    """Return the results for the page. If the text has no value, add the reason to the form as an error.

    Record an access for each case that the page shows with another value on the same host.
    """
    if len(text) > PASTED_LIMIT:
        most = number_format(PASTED_LIMIT, force_grouping=True)
        form.add_error("text", f"Ce texte est trop long : {most} caractères au plus.")
    elif not text.strip():
        form.add_error("text", "Écrivez ou collez une valeur.")
    if form.errors:
        return {}
    values = extract_indicators(text, user)
    if not values:
        form.add_error("text", "Aucune adresse, aucun fichier ni aucun numéro reconnu dans ce texte.")
    related = list(list_related_indicators(values[:MAX_LOOKED_UP], user)) if values else []
    sightings = map_sightings(values, user)
    results = [
        make_look_up_result(Indicator(ObservableKind(kind), value), rows, related)
        for (kind, value), rows in sightings.items()
    ]
    record_accesses(user, {sighting.incident for result in results for sighting in result.related}, Door.OBSERVABLES)
    results.sort(key=lambda result: (not result.rows, not result.related))
    return {"results": results, "left": len(values) - len(results)}


def make_look_up_result(indicator: Indicator, rows: list[Observable], related: list[Observable]) -> LookUpResult:
    """Return the result for one value. `rows` are its sightings.

    `related` are the indicators on the hosts of all searched values.
    """
    return LookUpResult(
        kind=str(indicator.kind.label),
        value=defang(*indicator),
        rows=rows[:MAX_SIGHTINGS],
        has_more=len(rows) > MAX_SIGHTINGS,
        search=make_search_link(indicator.value),
        related=list_related_sightings(indicator, related),
    )


def extract_indicators(text: str, user: User) -> list[Indicator]:
    """Return the indicators in the text, with the file names that the user's centres recorded. Runs one query.

    If the text is a single line without any indicator, the whole line may be a file name.
    """
    values = list(dict.fromkeys([*list_recorded_files(list_file_names(text), user), *find_indicators(text)]))
    line = text.strip()
    if not values and "\n" not in line and (name := normalise_value(ObservableKind.FILE, line)):
        return [Indicator(ObservableKind.FILE, name)]
    return values
