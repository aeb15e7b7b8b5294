"""The exact pages and their files, for entitled readers. Everybody else gets a 404.

Each view returns the page or, if it gets a `suffix`, the tables of the page in one file.
"""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.enums import SecurityEventKind
from accounts.security.record import record_security_event
from accounts.signed_in import get_account
from stats.exact import access
from stats.exact.files import FORMATS
from stats.exact.tables import make_months_charts, make_tables
from stats.exact.year import load_exact_year
from stats.services import record_exact_reading


@require_safe
def show_own_statistics(request: HttpRequest, suffix: str = "") -> HttpResponse:
    """Render the exact figures of the centres that the reader leads."""
    return render_scope(request, access.get_own_scope(get_account(request)), suffix, is_own=True)


@require_safe
def show_exact_centre(request: HttpRequest, slug: str, suffix: str = "") -> HttpResponse:
    """Render the exact figures of one centre."""
    return render_scope(request, access.get_centre_scope(get_account(request), slug), suffix)


@require_safe
def show_exact_region(request: HttpRequest, region: str, suffix: str = "") -> HttpResponse:
    """Render the exact figures of one région."""
    return render_scope(request, access.get_region_scope(get_account(request), region), suffix)


@require_safe
def show_exact_nation(request: HttpRequest, suffix: str = "") -> HttpResponse:
    """Render the exact figures of the nation."""
    return render_scope(request, access.get_nation_scope(get_account(request)), suffix)


@never_cache
def render_scope(request: HttpRequest, scope: access.Scope, suffix: str, *, is_own: bool = False) -> HttpResponse:
    """Render the exact figures of the year in `?annee=2025`, or of the current year, and record that the reader saw
    them.

    With a `suffix`, return a file whose name contains codes only. Raises Http404 for an unknown format.
    """
    if suffix and suffix not in FORMATS:
        raise Http404
    exact = load_exact_year(scope, year=request.GET.get("annee", ""), today=timezone.localdate())
    record_exact_reading(reader=get_account(request), scope=scope, year=exact.year)
    tables = make_tables(exact)
    if suffix:
        centre = next(iter(scope.csirt_ids)) if len(scope.csirt_ids) == 1 else None
        record_security_event(SecurityEventKind.EXPORT, csirt_id=centre, detail=f"exact_{suffix}")
        media_type, write = FORMATS[suffix]
        name = f"tocsin-exacts-{scope.code}-{exact.year}.{suffix}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        content = write(exact, [table for table in tables.values() if table.rows])
        return HttpResponse(content, content_type=media_type, headers=headers)
    context = {
        "exact": exact,
        "tables": tables,
        "is_own": is_own,
        "charts": make_months_charts(exact),
        "links": access.list_exact_links(get_account(request)),
    }
    return render(request, "stats/exact.html", context)
