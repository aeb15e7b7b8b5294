"""Which fields of a form of the triage a person types in, and which only say what the page showed.

A refused or unsent form gives back what was typed. `tests/incidents/case/test_lose_no_words.py` checks that each text
field of the forms of the triage is listed here.
"""

from incidents.facts.shapes import STORY_LINES

# Fields that a page fills in by itself: the names of its buttons are among them.
HIDDEN_FIELDS = frozenset(
    {"csrfmiddlewaretoken", "stylo", "ouverte", "trait", "key", "cle", "confirmed", "voir", "envoyer", "enregistrer"}
)
# The state of the case when the page was made, which the form sends back.
STATE_FIELDS = frozenset({"seen", "vu"})
# Fields in which a person types freely. Fields that are ticked or chosen are not among them.
FREE_TEXT_FIELDS = frozenset(
    {
        *("text", "value", "motive", "title", "due", "due_time", "why", "handed_to", "summary", "lesson", "answer"),
        *("name", "seat", "number", "agreement", "find", "common", "references", "sheet", "steps"),
        *("body", "contact_email", "contact_name", "contact_phone", "contact_role", "description"),
        *STORY_LINES,
    }
)
# The ends of the names of the fields for a day and for its hour.
MOMENT_ENDINGS = ("_date", "_time")


def is_free_text_field(name: str) -> bool:
    """Tell whether a person types freely in the form field with this name. The name must have no form prefix."""
    return name in FREE_TEXT_FIELDS or name.endswith(MOMENT_ENDINGS)
