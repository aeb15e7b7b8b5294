"""The exact pages and their files, for those entitled; for everybody else they do not exist."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.signed_in import user_of
from stats.counting.access import (
    get_centre_scope,
    get_nation_scope,
    get_own_scope,
    get_region_scope,
    list_exact_links,
)
from stats.counting.drawing import draw_months
from stats.counting.exact import ExactYear, read_exact_year
from stats.counting.files import find_format
from stats.counting.scope import Scope
from stats.counting.tables import list_tables, table_of_months
from stats.services import note_reading


@require_safe
def own_statistics(request: HttpRequest) -> HttpResponse:
    return render_page(request, get_own_scope(user_of(request)), is_own=True)


@require_safe
def exact_centre(request: HttpRequest, slug: str) -> HttpResponse:
    return render_page(request, get_centre_scope(user_of(request), slug))


@require_safe
def exact_region(request: HttpRequest, region: str) -> HttpResponse:
    return render_page(request, get_region_scope(user_of(request), region))


@require_safe
def exact_nation(request: HttpRequest) -> HttpResponse:
    return render_page(request, get_nation_scope(user_of(request)))


@require_safe
def own_statistics_file(request: HttpRequest, suffix: str) -> HttpResponse:
    return send_file(request, get_own_scope(user_of(request)), suffix)


@require_safe
def exact_centre_file(request: HttpRequest, slug: str, suffix: str) -> HttpResponse:
    return send_file(request, get_centre_scope(user_of(request), slug), suffix)


@require_safe
def exact_region_file(request: HttpRequest, region: str, suffix: str) -> HttpResponse:
    return send_file(request, get_region_scope(user_of(request), region), suffix)


@require_safe
def exact_nation_file(request: HttpRequest, suffix: str) -> HttpResponse:
    return send_file(request, get_nation_scope(user_of(request)), suffix)


@never_cache
def render_page(request: HttpRequest, scope: Scope, *, is_own: bool = False) -> HttpResponse:
    """Render the exact figures of `?annee=2025`, or of the current year."""
    exact = read_and_note(request, scope)
    context = {
        "exact": exact,
        "is_own": is_own,
        "charts": draw_months(exact),
        "months": table_of_months(exact),
        "links": list_exact_links(user_of(request)),
    }
    return render(request, "stats/exact.html", context)


@never_cache
def send_file(request: HttpRequest, scope: Scope, suffix: str) -> HttpResponse:
    """Send all tables of the page in one file, named by codes alone. Raise Http404 for a format that there is not."""
    file_format = find_format(suffix)
    exact = read_and_note(request, scope)
    content = file_format.write(exact, list_tables(exact))
    response = HttpResponse(content, content_type=file_format.media_type)
    name = f"tocsin-exacts-{scope.code}-{exact.year}.{suffix}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def read_and_note(request: HttpRequest, scope: Scope) -> ExactYear:
    """Return the year asked. That this person read it is recorded before anything is shown."""
    exact = read_exact_year(scope, year=request.GET.get("annee", ""), today=timezone.localdate())
    note_reading(reader=user_of(request), scope=scope, year=exact.year)
    return exact
