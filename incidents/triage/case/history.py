"""The page with all the events of a case. The page of the case shows the latest ones only."""

from collections.abc import Iterable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.signed_in import get_account
from collectivities.zones import find_zone
from incidents.access import get_incident
from incidents.enums import Ability, Door
from incidents.models import Incident, IncidentEvent
from incidents.services.handling.notes import filter_readable_notes
from incidents.triage.case.page import render_page
from incidents.triage.case.timeline import SOURCES, index_texts, list_timeline_events
from incidents.triage.paging import filter_after

EVENTS_PER_PAGE = 100


@require_safe
def show_case_history(request: HttpRequest, reference: str) -> HttpResponse:
    """Show the events of a case, newest first, a hundred on a page.

    `?avant=` is the uid of an event: the page then shows earlier events.
    """
    incident = get_incident(get_account(request), reference, to=Ability.READ, door=Door.HISTORY)
    before, events = request.GET.get("avant", ""), incident.events.select_related("actor").order_by("-id")
    page = list(filter_after(events, before, "id")[: EVENTS_PER_PAGE + 1])
    events_shown = page[:EVENTS_PER_PAGE]
    zone, now = find_zone(incident.collectivity), timezone.now()
    context = {
        "incident": incident,
        "zone": zone,
        "moments": list_timeline_events(
            events_shown, words=load_event_texts(incident, events_shown), zone=zone, now=now
        ),
        "earlier": events_shown[-1].uid if len(page) > EVENTS_PER_PAGE else None,
        "is_first": not before,
    }
    return render_page(request, "incidents/triage/history.html", context)


def load_event_texts(incident: Incident, events: Iterable[IncidentEvent]) -> dict[str, str]:
    """Return a dict from uid to text, for the messages, notes, files and tasks of these events.

    Runs four queries at most.
    """
    codes = [event.data for event in events]
    uids = {code: [data[code] for data in codes if data.get(code)] for code in SOURCES}
    words: dict[str, str] = {}
    for code, relation in SOURCES.items():
        if uids[code]:
            text = {"evidence": "name", "task": "title"}.get(code, "text")
            rows = getattr(incident, relation).filter(uid__in=uids[code])
            rows = filter_readable_notes(rows) if code == "note" else rows
            words |= index_texts(rows.values_list("uid", text))
    return words
