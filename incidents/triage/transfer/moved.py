"""Sent from a page of a case that has gone to another centre meanwhile: where it went, and the words given back.

Nothing of it is kept: the case is the other centre's. For everybody but the people of the centre that gave it away,
the answer stays the 404 of whatever is not theirs.
"""

from collections.abc import Callable, Iterator
from functools import wraps
from http import HTTPStatus

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse

from accounts.signed_in import user_of
from collectivities.zones import zone_of
from incidents.access import given_away
from incidents.enums import KeptForm
from incidents.triage.case.page import WORDS, render_page

# What a form sends beside what a person wrote: its own marks, and the nature of a note.
OURS = frozenset({"csrfmiddlewaretoken", "key", "kind", "seen", "version", "stylo", "ouverte", "trait"})


def redirect_when_moved(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """`view(request, reference, …)` of a case, for its posts."""

    @wraps(view)
    def telling(request: HttpRequest, reference: str, *args: object, **kwargs: object) -> HttpResponse:
        try:
            return view(request, reference, *args, **kwargs)
        except (Http404, PermissionDenied):
            transfer = given_away(user_of(request), reference) if request.method == "POST" else None
            if transfer is None:
                raise
            zone = zone_of(transfer.incident.collectivity)
            context = {"transfer": transfer, "zone": zone, "reference": reference, "typed": list(typed_in(request))}
            return render_page(request, "incidents/triage/moved.html", context, status=HTTPStatus.CONFLICT)

    return telling


def typed_in(request: HttpRequest) -> Iterator[str]:
    """Each value that was typed, or has a letter in it, once: others are a choice's number, or a button's."""
    sent = ((name, value.strip()) for name in request.POST if name not in OURS for value in request.POST.getlist(name))
    typed = (value for name, value in sent if is_typed(name, value))
    return iter(dict.fromkeys(filter(None, typed)))


def is_typed(name: str, value: str) -> bool:
    """Of the page of the case, which brings all its forms, the words alone: its choices are many."""
    form, _dash, field = name.partition("-")
    if form in KeptForm.values:
        return field in WORDS
    return name in WORDS or any(sign.isalpha() for sign in value)
