"""The form of the rating at the end of a case, and the block of the page that shows it."""

from typing import Any

from django import forms

from core.fields import FreeTextField
from incidents.access import CaseVisitor, speaks_for_body
from incidents.enums import Satisfaction
from incidents.models import Incident, Rating
from incidents.services.declarant.rate import WORDS_LIMIT, can_be_rated, stamp_rating

LEVELS = [(str(level), label) for level, label in Satisfaction.choices]


class RateForm(forms.Form):
    """The form in which the body rates the help that it received."""

    level = forms.TypedChoiceField(
        label="L’aide reçue vous a-t-elle été utile ?",
        choices=LEVELS,
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez une réponse."},
    )
    words = FreeTextField(
        label="Un mot de plus",
        help_text="Le centre le lira : ce qui a aidé, ce qui a manqué. 500 caractères.",
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": WORDS_LIMIT}),
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, **options: Any) -> None:
        super().__init__(data, auto_id="avis_%s", **options)


def build_rating_block(
    incident: Incident, visitor: CaseVisitor, form: RateForm | None = None
) -> dict[str, Any] | None:
    """Return the template context of the rating. Return None, without any query, if the visitor is not asked for a
    rating.

    `form` is a refused form to show again.
    """
    if not can_be_rated(incident) or not speaks_for_body(visitor, incident):
        return None
    rating = Rating.objects.filter(incident=incident).first()
    initial = {"level": rating.level, "words": rating.words} if rating else {}
    return {"rating": rating, "form": form or RateForm(initial=initial | {"seen": stamp_rating(rating)})}
