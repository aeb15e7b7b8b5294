"""The agreement of a declarant that data of the case are sent to somebody else, as a responder notes it.

The agreement is given under the TLP that the case has at that time, and a narrower TLP requires a new one.
"""

from dataclasses import dataclass

from django.core.exceptions import ValidationError

from core.text import clean_line, has_visible_character
from incidents.enums import Tlp
from incidents.models import Incident

AGREEMENT_LIMIT = 300
NOT_AGREED = "Demandez au déclarant. S’il est d’accord, cochez la case, et notez qui a dit oui, quand et comment."
NOT_TICKED = "Cochez la case si le déclarant est d’accord. Sinon, effacez ces mots."
NOT_NOTED = "Notez qui a dit oui, quand et comment."
LABEL_CHANGED = (
    "Le TLP du dossier a changé depuis : il est %(tlp)s. Demandez de nouveau au déclarant, puis cochez la case."
)


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """The agreement of the declarant as a form gives it. `is_given` tells whether the box was ticked.

    `words` is the text that says who agreed, when and how. `label` is the TLP of the case on the page.
    """

    is_given: bool = False
    words: str = ""
    label: str = ""


NO_AGREEMENT = Agreement()


def clean_agreement(incident: Incident, agreement: Agreement, *, is_needed: bool) -> str:
    """Return the text to store about the agreement, or "" if the declarant did not agree.

    Raises ValidationError on `agreement` if an agreement is needed and was not given, if only one of the box and the
    text was filled in, or if the TLP of the case has changed since the page was opened.
    """
    words = clean_line(agreement.words, limit=AGREEMENT_LIMIT, field="agreement")
    if problem := find_agreement_problem(incident, agreement, words, is_needed=is_needed):
        raise ValidationError({"agreement": problem})
    return words


def find_agreement_problem(incident: Incident, agreement: Agreement, words: str, *, is_needed: bool) -> str:
    """Return the sentence that says what is wrong with the agreement, or "".

    `words` is the cleaned text of the agreement.
    """
    if not agreement.is_given:
        return NOT_AGREED if is_needed else NOT_TICKED if words else ""
    if agreement.label != incident.tlp:
        return LABEL_CHANGED % {"tlp": Tlp(incident.tlp).label}
    return "" if has_visible_character(words) else NOT_NOTED
