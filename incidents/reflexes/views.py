"""The public reflex sheets, for people who want to read or print them without declaring."""

from typing import NamedTuple

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from collectivities.models import Region
from core.french import curl_apostrophes
from csirts.routing import load_directory
from incidents.catalogues.reflex_sheets import ICONS, REFLEXES
from incidents.enums import IncidentType
from incidents.reflexes.official import list_official_pages
from incidents.services.library.reflexes import get_reflex_sheet


class SheetLink(NamedTuple):
    """A link to a reflex sheet, with its icon and its words."""

    type: IncidentType
    icon: str
    words: str


class RegionChoice(NamedTuple):
    """A région in the list of choices."""

    code: str
    name: str


@login_not_required
@require_safe
def show_reflex_list(request: HttpRequest) -> HttpResponse:
    """Show the list of the reflex sheets. The link to each sheet repeats `?region=`."""
    lines = [SheetLink(kind, ICONS[kind], REFLEXES[kind].words) for kind in IncidentType]
    return render(request, "reflexes/list.html", {"lines": lines, "region": request.GET.get("region", "")})


@login_not_required
@require_safe
def show_reflex_sheet(request: HttpRequest, kind: str) -> HttpResponse:
    """Show a sheet. With `?region=53`, show the version and the telephone number of the centre of this région."""
    if kind not in IncidentType.values:
        raise Http404
    regions = list(Region.objects.all())
    region = next((candidate for candidate in regions if candidate.code == request.GET.get("region", "")), None)
    directory = load_directory(timezone.localdate())
    csirt = directory.find_region_centre(region) if region else None
    sheet = get_reflex_sheet(kind, csirt)
    context = {
        "sheet": sheet,
        "official": list_official_pages(sheet.text),
        "icon": ICONS[kind],
        "region": region,
        "csirt": csirt,
        "last_resorts": directory.last_resorts,
        "places": [RegionChoice(place.code, curl_apostrophes(place.name)) for place in regions],
    }
    return render(request, "reflexes/sheet.html", context)
