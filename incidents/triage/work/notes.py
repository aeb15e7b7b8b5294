"""The internal notes of a case: their list, and their form, which looks different from all other forms of the page."""

import secrets
from typing import Any

from django import forms

from incidents.enums import CaseFormCode, NoteKind
from incidents.models import Incident, Note
from incidents.services.handling.notes import MAX_NOTES_SHOWN, filter_readable_notes
from incidents.triage.case_form import CaseForm

# A call that nobody answered. It is recorded, but does not count as an answer to the declarant.
MISSED = "missed"
KIND_CHOICES = [
    (NoteKind.NOTE.value, "Une note"),
    (NoteKind.CALL_OUT.value, "Appel passé"),
    (NoteKind.CALL_IN.value, "Appel reçu"),
    (MISSED, "Appel sans réponse"),
]


class NoteForm(CaseForm):
    """The form of an internal note. The service checks its text, and reports errors by field."""

    code = CaseFormCode.NOTE

    kind = forms.ChoiceField(label="Nature", choices=KIND_CHOICES, initial=NoteKind.NOTE, widget=forms.RadioSelect)
    text = forms.CharField(
        label="Note interne",
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 3, "aria-describedby": "notes-aide"}),
    )
    key = forms.CharField(max_length=100, initial=secrets.token_urlsafe, required=False, widget=forms.HiddenInput)

    def make_arguments(self) -> dict[str, Any]:
        """Return the keyword arguments for the service `write_note`. The form must be valid."""
        cleaned = self.cleaned_data
        key = cleaned["key"] or secrets.token_urlsafe()
        if cleaned["kind"] != MISSED:
            return {"kind": NoteKind(cleaned["kind"]), "text": cleaned["text"], "key": key}
        missed = f"Sans réponse. {cleaned['text'].strip()}"
        return {"kind": NoteKind.CALL_OUT, "text": missed, "key": key, "spoke": False}


def list_notes(incident: Incident, *, may_have_left: bool) -> list[Note]:
    """Return the newest notes of the case that its centre may read.

    `may_have_left` means that the case may have been in another centre, so some notes may be hidden.
    """
    notes = filter_readable_notes(incident.notes.all()) if may_have_left else incident.notes.all()
    return list(notes.order_by("-id")[:MAX_NOTES_SHOWN])


def build_notes_block(notes: list[Note]) -> dict[str, Any]:
    """Return the block of notes for the page of the case. `notes` must be newest first."""
    return {"list": notes, "form": NoteForm()}
