"""Automatic saving of a screen while it is being filled, from posts of a script. Only the draft changes."""

from http import HTTPStatus

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from core.stale import Stale
from incidents.declare.entries import read_screen_entry
from incidents.declare.journey import Journey, find_journey
from incidents.declare.screens import SCREENS_OF_QUESTIONS
from incidents.models import Draft
from incidents.services.declaring.draft import DraftAlreadySent, EntryTooLarge, save_draft_screen, stamp_screen

TOO_LONG = (
    "Votre texte est trop long pour être enregistré. Raccourcissez-le\N{NO-BREAK SPACE}: il s’enregistrera tout seul."
)
# What the script is told without a message. The person sees more after pressing a button of the page.
REFUSALS: dict[type[Exception], HTTPStatus] = {
    Draft.DoesNotExist: HTTPStatus.NOT_FOUND,
    Stale: HTTPStatus.CONFLICT,
    DraftAlreadySent: HTTPStatus.GONE,
}


@login_not_required
@never_cache
@require_POST
def autosave_screen(request: HttpRequest, section: str) -> HttpResponse:
    """Save one screen from a post of the script. Return the version of the saved screen and a sentence with the time
    of the save. Values are not checked, and no draft is created.

    The status is 404 for a missing draft or an unknown screen, 409 if somebody else has saved the screen since it was
    opened, 410 if the declaration was sent, and 413 for a text that is too long. The script shows the message, if
    there is one, and stops saving, but saves a text again that has become shorter. The person sees more after pressing
    a button of the page.
    """
    journey = find_journey(request)
    screen = SCREENS_OF_QUESTIONS.get(section)
    if journey is None or screen is None:
        return JsonResponse({}, status=HTTPStatus.NOT_FOUND)
    try:
        page = save_draft_screen(uid=journey.draft.uid, entry=read_screen_entry(screen, request, journey))
    except EntryTooLarge:
        return JsonResponse({"message": TOO_LONG}, status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    except tuple(REFUSALS) as refusal:
        return JsonResponse({}, status=REFUSALS[type(refusal)])
    return JsonResponse({"version": stamp_screen(page), "message": render_saved_notice(journey.with_saved_page(page))})


def render_saved_notice(journey: Journey) -> str:
    """Return the sentence that tells when the screen was saved."""
    return render_to_string("declare/saved.html", {"step": journey}).strip()
