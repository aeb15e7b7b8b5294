"""The response to a form whose case moved to another centre meanwhile. It names the centre and shows the typed text,
so that the text can be copied.

Nothing is stored, since the case belongs to the other centre. People who do not work for the centre that gave the case
away get the same 404 as for any case that they may not see.
"""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse

from accounts.signed_in import get_account
from collectivities.zones import find_zone
from incidents.access import find_given_transfer
from incidents.enums import CaseFormCode
from incidents.triage.case.page import render_page
from incidents.triage.work.typed_fields import is_free_text_field


def explain_moved_case(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Wrap a view of a case, so that a post to a case that has moved to another centre gets an explanation.

    The response (409) names that centre and shows the typed text. `view` takes (request, reference, …).
    """

    @wraps(view)
    def view_with_explanation(request: HttpRequest, reference: str, *args: object, **kwargs: object) -> HttpResponse:
        """Run the view, or explain that the case has moved to another centre."""
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
                "typed_texts": list_typed_texts(request),
            }
            return render_page(request, "incidents/triage/moved.html", context, status=HTTPStatus.CONFLICT)

    return view_with_explanation


def list_typed_texts(request: HttpRequest) -> list[str]:
    """Return the texts that a person typed freely in the posted form, each of them once."""
    words = (
        value.strip()
        for name, values in request.POST.lists()
        if is_free_text_field(remove_form_prefix(name))
        for value in values
    )
    return list(dict.fromkeys(filter(None, words)))


def remove_form_prefix(name: str) -> str:
    """Return the name of a posted field without the prefix of its form. A form on its own page has no prefix."""
    form, _dash, field = name.partition("-")
    return field if form in CaseFormCode.values else name
