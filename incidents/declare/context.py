"""The template contexts of the screens of the declaration."""

from django.http import HttpRequest
from django.utils import timezone

from incidents.declare.forms import DeclarationForms
from incidents.declare.journey import Journey
from incidents.declare.recap import RESUMED, list_answer_lines, list_screen_states, list_screen_summaries
from incidents.declare.screens import SCREEN_COUNT, SCREEN_POSITIONS, list_earlier_positions
from incidents.devices import draft_cookie
from incidents.enums import Screen
from incidents.facts.shapes import STORY_LINES
from incidents.models import DraftPage
from incidents.questions.plain_labels import DATA_LABELS, PERSON_LABELS
from incidents.services.declaring.draft import stamp_answers, stamp_screen

MAILBOX_HELP = (
    "Une adresse qui marche encore. Sans téléphone, elle est nécessaire. "
    "Le lien et le code de votre dossier y arrivent. "
    "Si cette messagerie est touchée, donnez une autre adresse ou cochez la case en dessous."
)
MAILBOX_IN_DOUBT_HELP = (
    "Donnez plutôt un téléphone, ou une autre messagerie : quelqu’un d’autre lit peut-être la vôtre. Une adresse "
    "seule suffit, mais le mail dira seulement qu’une déclaration existe et qui appeler. Ni lien, ni code : notez le "
    "code sur l’écran qui suit."
)
# The collapsed questions of the last screen. They are expanded if one of them has an error.
COLLAPSED_INPUTS = (
    *STORY_LINES,
    *(f"{name}_{part}" for name in ("detected", "attack_known") for part in ("date", "time", "certainty")),
)


def build_questions_context(request: HttpRequest, journey: Journey, details: DeclarationForms) -> dict[str, object]:
    """Return the template context for a screen of questions. `details` are the checked forms."""
    return {
        "form": details,
        "forms": details.all_forms,
        "is_mine": journey.is_declaring_member(request.user),
        "now": timezone.now(),
        "is_expanded": any(details.form.errors.get(name) for name in COLLAPSED_INPUTS),
        "email_help": MAILBOX_IN_DOUBT_HELP if journey.is_mailbox_in_doubt else MAILBOX_HELP,
        "data_words": DATA_LABELS,
        "person_words": PERSON_LABELS,
        "summary": list_screen_summaries(journey, details),
        "seen": stamp_answers(journey.draft, journey.pages, excluding=Screen.CALLER),
    }


def build_screen_context(
    request: HttpRequest, screen: Screen, journey: Journey | None, *, other_version: DraftPage | None = None
) -> dict[str, object]:
    """Return the template context that all screens share. `other_version` is another person's version of this
    screen.
    """
    page = journey.pages.get(screen) if journey else None
    return {
        "step": journey,
        "place": SCREEN_POSITIONS[screen],
        "screens": range(1, SCREEN_COUNT + 1),
        "count": SCREEN_COUNT,
        "earlier": list_earlier_positions(screen),
        "page": page,
        "version": stamp_screen(other_version or page),
        "pen": draft_cookie.make_pen(journey.draft.uid, journey.author) if journey else "",
        "states": list_screen_states(journey) if journey and RESUMED in request.GET else [],
        "other_version": other_version,
        "other_answers": list_answer_lines(other_version, journey) if other_version and journey else [],
    }
