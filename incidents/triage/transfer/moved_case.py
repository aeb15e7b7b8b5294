"""The response to a form whose case moved to another centre meanwhile. It names the centre and shows the typed text,
so that the text can be copied.

Nothing is stored, since the case belongs to the other centre. People who do not work for the centre that gave the case
away get the same 404 as for any case that they may not see.
"""

from collections.abc import Callable, Iterator
from functools import wraps
from http import HTTPStatus

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse

from accounts.signed_in import get_account
from collectivities.zones import find_zone
from incidents.access import find_given_transfer
from incidents.enums import CaseFormCode
from incidents.triage.case.page import FREE_TEXT_FIELDS, render_page

# Fields whose values a person does not type: the hidden fields of a form, and the kind of a note.
CONTROL_FIELDS = frozenset({"csrfmiddlewaretoken", "key", "kind", "seen", "version", "stylo", "ouverte", "trait"})


def explain_moved_case(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Wrap a view `view(request, reference, …)` of a case, so that a POST after a transfer gets this response."""

    @wraps(view)
    def wrapped(request: HttpRequest, reference: str, *args: object, **kwargs: object) -> HttpResponse:
        try:
            return view(request, reference, *args, **kwargs)
        except (Http404, PermissionDenied):
            transfer = find_given_transfer(get_account(request), reference) if request.method == "POST" else None
            if transfer is None:
                raise
            zone = find_zone(transfer.incident.collectivity)
            context = {
                "transfer": transfer,
                "zone": zone,
                "reference": reference,
                "typed": list(list_typed_values(request)),
            }
            return render_page(request, "incidents/triage/moved.html", context, status=HTTPStatus.CONFLICT)

    return wrapped


def list_typed_values(request: HttpRequest) -> Iterator[str]:
    """Return each value that a person typed, once. Values without a letter are skipped, as codes of choices or
    buttons.
    """
    fields = (
        (name, value.strip())
        for name in request.POST
        if name not in CONTROL_FIELDS
        for value in request.POST.getlist(name)
    )
    values = (value for name, value in fields if is_typed(name, value))
    return iter(dict.fromkeys(filter(None, values)))


def is_typed(name: str, value: str) -> bool:
    """Tell whether a person typed the value.

    The page of a case sends all its forms, so from that page only free text counts.
    """
    form, _dash, field = name.partition("-")
    if form in CaseFormCode.values:
        return field in FREE_TEXT_FIELDS
    return name in FREE_TEXT_FIELDS or any(character.isalpha() for character in value)
