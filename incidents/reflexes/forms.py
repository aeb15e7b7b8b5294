"""The form of a sheet: plain text, with one paragraph per step. The service cleans and checks the text."""

from collections.abc import Iterable
from typing import Any

from django import forms

from incidents.catalogues.reflex_sheets import Act, Reflexes
from incidents.services.library.reflexes import TITLE_LIMIT, WORDS_LIMIT

ACTS_HELP = (
    "Une ligne pour le geste, la suivante pour dire comment. Une ligne vide entre deux gestes. "
    "Du texte seul, sans balise."
)


class SheetForm(forms.Form):
    """The form in which the lead of a CSIRT edits a reflex sheet. `national` is the national sheet, shown as an
    example.
    """

    words = forms.CharField(
        label="En six mots, dans la barre d’appel", max_length=WORDS_LIMIT, help_text="Par exemple : « %s »"
    )
    title = forms.CharField(label="Titre des premiers gestes", max_length=TITLE_LIMIT)
    hour = forms.CharField(
        label="La première heure", widget=forms.Textarea(attrs={"rows": 16}), max_length=5000, help_text=ACTS_HELP
    )
    day = forms.CharField(
        label="La première journée", widget=forms.Textarea(attrs={"rows": 16}), max_length=5000, help_text=ACTS_HELP
    )
    sources = forms.CharField(
        label="Sources",
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=1500,
        help_text="Une par ligne : qui l’a écrit, dans quel document.",
    )
    based_on = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def __init__(self, *args: Any, national: Reflexes, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        words = self.fields["words"]
        words.help_text = str(words.help_text) % national.words

    def build_content(self) -> dict[str, Any]:
        """Return the content of a valid form in the shape that the service accepts."""
        values = self.cleaned_data
        return {
            "words": values["words"],
            "title": values["title"],
            "hour": parse_reflex_acts(values["hour"]),
            "day": parse_reflex_acts(values["day"]),
            "sources": [line for line in values["sources"].splitlines() if line.strip()],
        }


def parse_reflex_acts(text: str) -> list[dict[str, str]]:
    """Return the acts of a reflex sheet from its text.

    The first line of a paragraph is the title of the act, and the other lines say how to do it.
    """
    paragraphs: list[list[str]] = [[]]
    for line in text.splitlines():
        if line.strip():
            paragraphs[-1].append(line.strip())
        else:
            paragraphs.append([])
    return [{"title": lines[0], "how": " ".join(lines[1:])} for lines in paragraphs if lines]


def build_initial_sheet(text: Reflexes, based_on: int) -> dict[str, Any]:
    """Return the initial values of the form for a sheet. `based_on` is the number of the newest version."""
    return {
        "words": text.words,
        "title": text.title,
        "hour": format_reflex_acts(text.hour),
        "day": format_reflex_acts(text.day),
        "sources": "\n".join(text.sources),
        "based_on": based_on,
    }


def format_reflex_acts(acts: Iterable[Act]) -> str:
    """Return the acts as paragraphs, as `parse_reflex_acts` reads them."""
    return "\n\n".join(f"{act.title}\n{act.how}" for act in acts)
