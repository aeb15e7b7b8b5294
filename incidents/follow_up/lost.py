"""A post of a case that is refused because this browser lost its cookies: what was typed is given back on the page.

Nothing of it is kept: the post may be forged, and whoever reads the page has just sent it.
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from incidents.follow_up.complete import typed_by
from incidents.visits import private


def words_lost(request: HttpRequest) -> HttpResponse | None:
    """Return the page that gives the words back; None for a post that is of no page of a case."""
    return lost_page(request) if request.path.startswith(reverse("follow_up_start")) else None


@private
def lost_page(request: HttpRequest) -> HttpResponse:
    # The page that asks for the reference and the code takes no words, and gives no code back.
    kept = "" if request.path == reverse("follow_up_start") else typed_by(request)
    return render(request, "follow_up/words_lost.html", {"kept": kept}, status=403)
