"""The door of the reports: the file when it is made, else the page that says where it is. Public, without account."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from incidents.enums import PaperState
from stats.caching import FOR_EVER, is_held, kept, mark, unchanged
from stats.published import Asked, UnknownSelectionError, read_page
from stats.reports.address import addresses_of, asked_by, file_name_of
from stats.reports.making import ask_again, ask_report, content_of


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def report(request: HttpRequest, number: int, place: str, period: str) -> HttpResponse:
    """Where the report is. Whoever comes first asks for it: one row a report, and no more of them than exist."""
    try:
        row = ask_report(asked_by(number, place, period))
    except UnknownSelectionError:
        return not_there(request)
    if request.method == "POST":
        ask_again(row)
        return redirect("stats_report", number, place, period)
    names = {"number": number, "place": place, "period": period}
    return render(request, "stats/report.html", {"report": row, **names})


@login_not_required
@require_safe
def report_file(request: HttpRequest, number: int, place: str, period: str) -> HttpResponseBase:
    """The PDF, which never changes; its page while it is not made."""
    etag = mark("report", number, place, period)
    if is_held(request.headers, etag):
        return unchanged(etag, FOR_EVER)
    try:
        row = ask_report(asked_by(number, place, period))
    except UnknownSelectionError:
        return not_there(request)
    if row.state != PaperState.MADE:
        return waiting(number, place, period)
    response = HttpResponse(content_of(row), content_type="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{file_name_of(number, row)}"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    return kept(response, etag, FOR_EVER)


def waiting(number: int, place: str, period: str) -> HttpResponse:
    response = redirect("stats_report", number, place, period)
    response.headers["Cache-Control"] = "no-store"
    return response


def not_there(request: HttpRequest) -> HttpResponse:
    """An address that names no report: what a good one is made of, and those of the last release."""
    source = read_page(Asked()).source
    places = [(region.code, region.name) for region in source.regions]
    links = addresses_of(source.release.number, source.year, places) if source.release and source.year else []
    context = {"source": source, "links": links}
    return render(request, "stats/report_not_there.html", context, status=404)
