"""Forms of the admin that do not overwrite what somebody else changed since the page was opened."""

import hashlib
from typing import Any

from django import forms

STAMP_FIELD = "_seen"  # the name of the field, in config/templates/admin/change_form.html


class ConflictCheckedForm(forms.ModelForm):  # type: ignore[type-arg]  # Django's class takes no parameter at run time
    """A form that refuses to overwrite a row that was changed after the page was rendered.

    It compares `current_stamp`, computed from the row and its inlines, with the stamp that the page sends back.
    """

    current_stamp = ""

    def clean(self) -> dict[str, Any]:
        """Add an error if somebody changed the row since the page was opened. The typed values are kept.

        There is no error if these values are already stored, because the form was then sent by a double click.
        """
        cleaned = super().clean() or {}
        sent_stamp = self.data.get(STAMP_FIELD)
        if sent_stamp and sent_stamp != self.current_stamp and (self.has_changed() or self.has_changed_inlines()):
            self.add_error(
                None,
                (
                    "Quelqu’un a changé cette page depuis que vous l’avez ouverte. Ce que vous avez écrit est encore "
                    "ici\N{NO-BREAK SPACE}: ouvrez la page à côté, comparez, puis enregistrez de nouveau."
                ),
            )
        return cleaned

    def has_changed_inlines(self) -> bool:
        """Tell whether the submitted inline forms differ from their rows. The admin replaces this method."""
        return False


def make_stamp(form: forms.BaseForm, formsets: list[Any]) -> str:
    """Return a short hash of the values that the form and its inline forms show."""
    values = [
        sorted(form.initial.items()),
        *([inline_form.initial for inline_form in formset.initial_forms] for formset in formsets),
    ]
    return hashlib.sha256(repr(values).encode("utf-8", "surrogatepass")).hexdigest()[:16]
