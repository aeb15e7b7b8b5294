"""The read-only page of a case that the user's centre gave away, as it was when the other centre accepted it.

It gives no access to the files.
"""

import re
from typing import Any
from uuid import UUID

from django.db.models import TextChoices
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from accounts.signed_in import get_account
from collectivities.zones import PARIS
from core.text import defang_links
from incidents import enums
from incidents.access import get_given_transfer
from incidents.questions.facts import parse_moment
from incidents.services.history.snapshots import Values
from incidents.services.transfer.remains import load_remains
from incidents.triage.case import event_details
from incidents.triage.case.page import render_page

# The lists that may have several pages, each with its URL parameter, which is also the name of its section.
LIST_PARAMETERS = {
    "messages": "echanges",
    "notes": "notes",
    "sheets": "reponses",
    "tasks": "taches",
    "events": "histoire",
}
SMALL_NUMBER = re.compile("[0-9]{1,6}")
# The codes that are shown, in this order: (name in the snapshot, enumeration).
SHOWN_CODES: tuple[tuple[str, type[TextChoices]], ...] = (
    ("verification", enums.Verification),
    ("nature", enums.Nature),
    ("cause", enums.Cause),
    ("tlp", enums.Tlp),
    ("pap", enums.Pap),
    ("origin", enums.Origin),
)


@require_safe
def show_former_case(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Show a case that the user's centre gave away, as it was when the other centre accepted it."""
    transfer = get_given_transfer(get_account(request), uid)
    snapshot, remains = transfer.standing, load_remains(transfer, read_rows_to_skip(request))
    context = {
        "transfer": transfer,
        "snapshot": snapshot,
        "zone": snapshot.get("zone", PARIS),
        "facts": format_snapshot_codes(snapshot),
        "received_at": parse_moment(snapshot.get("received_at")),
        "sections": [(title, defang_lines(lines)) for title, lines in remains.sections],
        "answers": [(kept_sheet, defang_lines(kept_sheet.lines)) for kept_sheet in remains.answers],
        "tasks": [task | {name: parse_moment(task[name]) for name in ("due_at", "done_at")} for task in remains.tasks],
        "observables": [
            (format_observable_kind(observable["kind"]), defang_links(observable["value"]))
            for observable in snapshot.get("observables", [])
        ],
        "events": [
            (event, event_details.format_event_title(event), event_details.format_event_detail(event))
            for event in remains.events
        ],
        "remains": remains,
    }
    return render_page(request, "incidents/triage/former_case.html", context)


def read_rows_to_skip(request: HttpRequest) -> dict[str, int]:
    """Return the number of newest rows to skip in each list of the page, by the name of the list.

    URL parameters that are not numbers are ignored.
    """
    parameters = {name: request.GET.get(parameter, "") for name, parameter in LIST_PARAMETERS.items()}
    return {name: int(number) for name, number in parameters.items() if SMALL_NUMBER.fullmatch(number)}


def format_snapshot_codes(snapshot: Values) -> dict[str, Any]:
    """Return the codes of the snapshot as French labels, or {} if the case has been erased."""
    codes = snapshot.get("codes")
    if not codes:
        return {}
    lines = [(choices, codes[name]) for name, choices in SHOWN_CODES]
    return {
        "term": str(enums.TYPE_TERMS[codes["type"]]),
        "severity": str(enums.Severity(codes["severity"]).label),
        "status": str(enums.Status(codes["status"]).label),
        "codes": [str(choices(code).label) for choices, code in lines if code],
    }


def defang_lines(lines: Any) -> list[tuple[str, str]]:
    """Return each line as (label, text). The links in its text are defanged."""
    return [(line.label, defang_links(line.words)) for line in lines]


def format_observable_kind(code: str) -> str:
    """Return the French name of a kind of indicator."""
    return str(enums.ObservableKind(code).label)
