"""The view of the queue: its page with the banners, the saved views and the filters as links."""

from typing import Any
from uuid import uuid4

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts.enums import CentreAbility
from accounts.signed_in import get_account
from incidents.enums import TYPE_TERMS
from incidents.models import Incident
from incidents.triage.case.page import render_page
from incidents.triage.queue.banners import compute_banner_stamp, load_banners
from incidents.triage.queue.lines import select_line_columns
from incidents.triage.queue.pages import PERSON, TYPE, VIEW, QueueFilters, QueuePage, load_page_cases, read_queue_page
from incidents.triage.queue.refresh import annotate_line_state, compute_page_stamp
from incidents.triage.queue.saved_views import VIEWS
from incidents.triage.queue.wave_lines import build_rows
from incidents.triage.transfer.block import MAX_OFFERS_COUNTED


def render_queue(request: HttpRequest) -> HttpResponse:
    user, now = get_account(request), timezone.now()
    page = read_queue_page(QueueFilters.read(request.GET), user, now)
    filters = page.filters
    lines = select_line_columns(Incident.objects.of_centres(user, CentreAbility.READ))
    incidents = load_page_cases(page, annotate_line_state(lines, user))
    banners = load_banners(user)
    waiting = compute_banner_stamp(banners.offers, banners.closed_to_read)
    context = {
        "title": "Dossiers",
        "now": now,
        "filters": filters,
        "page": page,
        "rows": build_rows(page, incidents, now),
        "mark": compute_page_stamp(page, incidents, now) + waiting if filters.is_first_page else "",
        "views": list_view_links(page),
        "types": list_type_links(filters),
        "everybody": filters.make_link(**{PERSON: ""}),
        "key": uuid4(),
        "me": user.pk,
        "works": user.works_in_any_centre,
        "max_offers": MAX_OFFERS_COUNTED,
    }
    return render_page(request, "incidents/triage/queue.html", context | banners._asdict())


def list_view_links(page: QueuePage) -> list[dict[str, Any]]:
    """Return the saved views as links. Each has its number of cases, unless another filter is set."""
    return [
        {
            "view": view,
            "link": page.filters.make_link(**{VIEW: view.code}),
            "is_current": view == page.filters.view,
            "count": page.counted.get(view.code, ""),
        }
        for view in VIEWS
    ]


def list_type_links(filters: QueueFilters) -> list[tuple[str, str, bool]]:
    """Return (link, label, is_current) for each type of incident, after a first link that shows all types."""
    types = [("", "tous"), *TYPE_TERMS.items()]
    return [(filters.make_link(**{TYPE: code}), str(term), code == filters.type) for code, term in types]
