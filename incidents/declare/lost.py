"""A screen that is sent once this browser has lost its cookies: what it says is kept, and its code leads back to it.

The pen of the page, which only the page itself knows, says which declaration it writes: no forged post has it.
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from incidents import draft_cookie
from incidents.declare.journey import Journey, journey_of
from incidents.declare.screens import ASKED, ROUTES
from incidents.declare.views import typed_on
from incidents.enums import Screen
from incidents.models import Draft
from incidents.services.draft import AlreadySent, PageChanged, save_page


def cookies_lost(request: HttpRequest) -> HttpResponse | None:
    """The page that names the code of the declaration; None for a post that is no screen of one."""
    screen = next((one for one, route in ROUTES.items() if request.path == reverse(route)), None)
    journey = journey_of(request) if draft_cookie.PEN in request.POST else None
    if screen is None or journey is None:
        return None
    context = {"step": journey, "is_kept": is_kept(request, journey, screen)}
    return render(request, "declare/cookies_lost.html", context, status=403)


def is_kept(request: HttpRequest, journey: Journey, screen: Screen) -> bool:
    """Save what the screen says, if it can be."""
    if screen not in ASKED.values():
        return False
    try:
        save_page(uid=journey.draft.uid, typed=typed_on(screen, request, journey))
    except (Draft.DoesNotExist, AlreadySent, PageChanged):
        return False
    return True
