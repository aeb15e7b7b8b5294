"""Reading of what was typed on one screen, from the post of this screen."""

from django.http import HttpRequest

from accounts.models import User
from incidents.declare.journey import Journey, drop_control_characters
from incidents.declare.screens import read_screen_values
from incidents.enums import Answer, Screen
from incidents.services.declaring.draft import ScreenEntry

# The question of each screen that the button « Je ne sais pas, passer » answers.
SKIPPABLE_QUESTIONS = {Screen.SERVICES: "service_stopped", Screen.DATA: "data_concerned"}
STROKE_DIGITS = 6


def read_screen_entry(screen: Screen, request: HttpRequest, journey: Journey | None) -> ScreenEntry:
    """Return the values that the post contains for `screen`, with the name of their author. `journey` is None for a
    device without a draft.
    """
    data = drop_control_characters(request.POST)
    values = read_screen_values(screen, data)
    if "passer" in data and screen in SKIPPABLE_QUESTIONS:
        values.setdefault(SKIPPABLE_QUESTIONS[screen], [Answer.UNKNOWN.value])
    author = journey.author if journey else ""
    if not author and isinstance(request.user, User):
        author = request.user.display_name
    pen = journey.pen if journey else ""
    stroke = parse_stroke(data.get("trait", ""))
    version = data.get("version", "")
    seen = data.get("seen", "")
    return ScreenEntry(screen=screen, values=values, author=author, version=version, pen=pen, stroke=stroke, seen=seen)


def parse_stroke(text: str) -> int:
    """Return the stroke: how many times the script has saved the opened page. Return 0 if `text` is not such a number.
    Pages without the script send no stroke.
    """
    return int(text) if text.isascii() and text.isdigit() and len(text) < STROKE_DIGITS else 0
