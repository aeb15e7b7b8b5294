"""The public views of a report: the PDF once it is made, and the page that shows its progress."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from incidents.enums import PaperState
from stats.open_data.caching import CACHE_FOREVER, respond_with_etag
from stats.pages.page import UnknownSelection
from stats.releases.rows import Release
from stats.reports.address import list_report_addresses, make_report_file_name
from stats.reports.making import read_report_pdf, request_report, retry_report


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def show_report(request: HttpRequest, number: int, place: str) -> HttpResponse:
    """Render the page that shows the progress of a report. The first visit requests the report, and a POST requests it
    again.
    """
    try:
        row = request_report(number, place)
    except UnknownSelection:
        return render_missing_report(request, number)
    if request.method == "POST":
        retry_report(row)
        return redirect("stats_report", number, place)
    return render(request, "stats/report.html", {"report": row, "number": number, "place": place})


@login_not_required
@require_safe
def download_report(request: HttpRequest, number: int, place: str) -> HttpResponseBase:
    """Send the PDF of a report, which never changes. Redirect to the page of its progress until it is made."""
    return respond_with_etag(request, CACHE_FOREVER, lambda: send_report_file(request, number, place))


def send_report_file(request: HttpRequest, number: int, place: str) -> HttpResponse:
    """Return the response with the PDF. If it is not made yet, return a redirection to the page of its progress.

    If the report does not exist, return a 404.
    """
    try:
        row = request_report(number, place)
    except UnknownSelection:
        return render_missing_report(request, number)
    if row.state != PaperState.MADE:
        waiting = redirect("stats_report", number, place)
        waiting.headers["Cache-Control"] = "no-store"
        return waiting
    response = HttpResponse(read_report_pdf(row), content_type="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{make_report_file_name(row)}"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def render_missing_report(request: HttpRequest, number: int) -> HttpResponse:
    """Render a 404 that says why the report does not exist, with the reports of the latest yearly release."""
    releases = Release.objects.order_by("-number")
    yearly = releases.filter(quarter=0).first()
    context = {
        "quarterly": releases.filter(number=number, quarter__gt=0).first(),
        "release": yearly,
        "links": list_report_addresses(yearly) if yearly else [],
    }
    return render(request, "stats/missing_report.html", context, status=404)
