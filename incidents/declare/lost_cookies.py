"""The response to a screen that is posted after the browser lost its cookies. What was typed is saved, and the page
shows the code with which to resume the declaration.

The `pen` in the page identifies the declaration. A forged post cannot contain it, because it is only in the page
itself.
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from core.stale import Stale
from incidents.declare.entries import read_screen_entry
from incidents.declare.express import render_express_without_cookies
from incidents.declare.journey import Journey, find_journey
from incidents.declare.screens import ROUTES, SCREENS_OF_QUESTIONS
from incidents.devices import draft_cookie
from incidents.enums import Screen
from incidents.models import Draft
from incidents.services.declaring.draft import DraftAlreadySent, EntryTooLarge, save_draft_screen


def render_screen_without_cookies(request: HttpRequest) -> HttpResponse | None:
    """Return a page with the resumption code of the declaration, or the express page with what was typed.

    Return None if the post was not sent to a screen of the declaration or has no valid pen.
    """
    if request.path == reverse("declare_express"):
        return render_express_without_cookies(request)
    screen = next((candidate for candidate, route in ROUTES.items() if request.path == reverse(route)), None)
    journey = find_journey(request) if draft_cookie.PEN in request.POST else None
    if screen is None or journey is None:
        return None
    context = {"step": journey, "is_screen_saved": save_lost_screen(request, journey, screen)}
    return render(request, "declare/cookies_lost.html", context, status=403)


def save_lost_screen(request: HttpRequest, journey: Journey, screen: Screen) -> bool:
    """Save what was typed on a screen of questions. Return whether it was saved, which is always false for the other
    screens.
    """
    if screen not in SCREENS_OF_QUESTIONS.values():
        return False
    try:
        save_draft_screen(uid=journey.draft.uid, entry=read_screen_entry(screen, request, journey))
    except (Draft.DoesNotExist, DraftAlreadySent, EntryTooLarge, Stale):
        return False
    return True
