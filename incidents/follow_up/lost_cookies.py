"""The response to a post on a case that is refused because the browser lost its cookies. The page shows what was
typed.

Nothing is saved, because the post may be forged. What was typed is shown only to the browser that sent it.
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from incidents.devices.visits import serve_privately
from incidents.follow_up.complete import read_typed_text


def render_case_post_without_cookies(request: HttpRequest) -> HttpResponse | None:
    """Return the page with what was typed. Return None if the post was not sent to a page of a case."""
    return render_unsaved_text(request) if request.path.startswith(reverse("follow_up_start")) else None


@serve_privately
def render_unsaved_text(request: HttpRequest) -> HttpResponse:
    """Render what was typed, which is not saved, so that the person can copy it."""
    # The page that asks for the reference and the code must not show the code again.
    typed_text = "" if request.path == reverse("follow_up_start") else read_typed_text(request)
    return render(request, "follow_up/words_lost.html", {"typed_text": typed_text}, status=403)
