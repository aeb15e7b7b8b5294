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
from incidents.services.history.remains import load_remains
from incidents.services.history.snapshots import Values
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
def former_case_view(request: HttpRequest, uid: UUID) -> HttpResponse:
    transfer = get_given_transfer(get_account(request), uid)
    snapshot, remains = transfer.standing, load_remains(transfer, read_rows_to_skip(request))
    context = {
        "transfer": transfer,
        "snapshot": snapshot,
        "zone": snapshot.get("zone", PARIS),
        "facts": format_facts(snapshot),
        "received_at": parse_moment(snapshot.get("received_at")),
        "sections": [(title, format_lines(lines)) for title, lines in remains.sections],
        "answers": [(kept_sheet, format_lines(kept_sheet.lines)) for kept_sheet in remains.answers],
        "tasks": [task | {name: parse_moment(task[name]) for name in ("due_at", "done_at")} for task in remains.tasks],
        "observables": [
            (format_kind(observable["kind"]), defang_links(observable["value"]))
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
    """Return a dict from the name of a list to the number of its newest rows to skip. Ignore values that are not
    numbers.
    """
    parameters = {name: request.GET.get(parameter, "") for name, parameter in LIST_PARAMETERS.items()}
    return {name: int(number) for name, number in parameters.items() if SMALL_NUMBER.fullmatch(number)}


def format_facts(snapshot: Values) -> dict[str, Any]:
    """Return the codes of the snapshot as labels; {} once the case is erased."""
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


def format_lines(lines: Any) -> list[tuple[str, str]]:
    return [(line.label, defang_links(line.words)) for line in lines]


def format_kind(code: str) -> str:
    return str(enums.ObservableKind(code).label)
