"""The pages of refusals, in plain French: what went wrong, what to do, and where to call.

Under /api/ a refusal is an RFC 9457 problem document. The page of a 500 is the static 500.html.
"""

from typing import NamedTuple

from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.exceptions import SessionInterrupted
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import is_valid_path, reverse
from django.utils.encoding import escape_uri_path

from accounts.enums import SecurityEventKind
from accounts.security.record import get_signed_in, record_refusal
from config.api.documents import MEDIA_TYPE, make_problem_document
from incidents.access import UnseenCase, record_unseen_case
from incidents.bodies.views import render_body_form_without_cookies
from incidents.declare.lost_cookies import render_screen_without_cookies
from incidents.follow_up.lost_cookies import render_case_post_without_cookies

TOO_LARGE_ERRORS = (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent)


class Refusal(NamedTuple):
    """The status and the texts of an error page."""

    status: int
    title: str
    words: str


BAD_REQUEST = Refusal(
    400,
    "Nous n’avons pas compris cet envoi",
    "L’adresse ou l’envoi n’a pas la forme attendue. Revenez à la page précédente et recommencez.",
)
SESSION_ENDED = Refusal(
    400,
    "Votre session a changé pendant cet envoi",
    (
        "Vous vous êtes déconnecté ou identifié ailleurs, ou la session a été terminée. Rouvrez la page du formulaire"
        "\N{NO-BREAK SPACE}: elle dira si votre envoi est arrivé."
    ),
)
FORBIDDEN = Refusal(
    403,
    "Cette page n’est pas ouverte à votre compte",
    (
        "Votre compte ne donne pas ce droit. Demandez-le à la personne qui administre les comptes "
        "de votre centre ou de votre collectivité."
    ),
)
NOT_FOUND = Refusal(
    404,
    "Cette page n’existe pas",
    "L’adresse est peut-être coupée ou trop ancienne. Vérifiez-la, ou repartez de l’accueil.",
)
TOO_LONG = Refusal(
    413,
    "Votre texte est trop long",
    (
        "Rien n’a été envoyé. Revenez à la page précédente : votre navigateur a gardé ce que vous avez écrit. "
        "Gardez l’essentiel, puis envoyez de nouveau. Le reste se dira au téléphone."
    ),
)
EXPIRED = Refusal(
    403,
    "Cet envoi n’est pas accepté",
    (
        "Rien n’a été envoyé : cette page est restée ouverte trop longtemps, ou votre navigateur a perdu les cookies "
        "de ce site. Acceptez-les. Revenez à la page précédente, copiez ce que vous aviez écrit s’il y est encore, "
        "rechargez-la, puis envoyez de nouveau."
    ),
)
FORM_ONLY = Refusal(
    405,
    "Cette adresse ne reçoit qu’un formulaire",
    (
        "L’ouvrir n’affiche et n’envoie rien. Revenez à la page où se trouve le formulaire : vous y verrez si ce que "
        "vous aviez envoyé est arrivé."
    ),
)


class PageLink(NamedTuple):
    """The link of an error page to the page on which its reader goes on."""

    address: str
    label: str


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Render the page of a 400, or of a 413 if the request was too large.

    SessionInterrupted is a 400 too. It says that the session was ended during the request, and is usually raised after
    the view, when Django saves the session.
    """
    if isinstance(exception, SessionInterrupted):
        request.user = AnonymousUser()
        return render_refusal(request, SESSION_ENDED, PageLink(reverse("login"), "Se connecter"))
    record_refusal(SecurityEventKind.REQUEST_REFUSED)
    return render_refusal(request, TOO_LONG if isinstance(exception, TOO_LARGE_ERRORS) else BAD_REQUEST)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    if get_signed_in(request):
        record_refusal(SecurityEventKind.ACCESS_REFUSED)
    return render_refusal(request, FORBIDDEN)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    user = get_signed_in(request)
    if user and isinstance(exception, UnseenCase):
        record_unseen_case(user, exception.reference)
    return render_refusal(request, NOT_FOUND)


def too_many_requests(request: HttpRequest) -> HttpResponse:
    """Render the page of a limit that django-allauth counts."""
    record_refusal(SecurityEventKind.LIMIT_REACHED)
    return render(request, "429.html", status=429)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a request that failed the CSRF check. If the form can be shown again, it keeps what was typed.

    For a screen of a declaration, the answer is a page with the resumption code, or with what was typed. A form that
    proposes a body or concerns a case is shown again. Any other form is refused.

    If somebody is signed in, another site may be acting through their browser, which is recorded. Anybody else lost a
    cookie.
    """
    if get_signed_in(request):
        record_refusal(SecurityEventKind.FORM_REFUSED)
    return (
        render_screen_without_cookies(request)
        or render_body_form_without_cookies(request)
        or render_case_post_without_cookies(request)
        or render_refusal(request, EXPIRED)
    )


def render_refusal(request: HttpRequest, refusal: Refusal, following: PageLink | None = None) -> HttpResponse:
    """Render an error page, which links to `following`, or a problem document for an address under /api/."""
    if request.path.startswith("/api/"):
        document = make_problem_document(refusal.status, refusal.title, refusal.words)
        return JsonResponse(document, status=refusal.status, content_type=MEDIA_TYPE)
    context = {"refusal": refusal, "following": following}
    return render(request, "pages/refusal.html", context, status=refusal.status)


def write_form_only_page(request: HttpRequest) -> bytes:
    """Return the HTML of the page that is shown at an address that only receives a form."""
    context = {"refusal": FORM_ONLY, "following": find_page_above(request)}
    return render(request, "pages/refusal.html", context).content


def find_page_above(request: HttpRequest) -> PageLink | None:
    """Return a link to the page of the case, if the address of the request contains a reference. Otherwise return a
    link to the page one level up, or None if there is no such page.
    """
    match = request.resolver_match
    if match and (reference := match.kwargs.get("reference")):
        before, segment, _after = request.path.partition(f"/{reference}/")
        label = "Revenir au dossier" if "admin" in match.namespaces else "Revenir à la page de suivi"
        return PageLink(escape_uri_path(before + segment), label)
    above = f"{request.path.rstrip('/').rpartition('/')[0]}/"
    return PageLink(escape_uri_path(above), "Remonter d’une page") if above != "/" and is_valid_path(above) else None
