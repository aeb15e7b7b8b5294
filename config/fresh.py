"""Forms of the admin that do not overwrite what somebody else changed since the page was opened."""

import hashlib
from typing import Any

from django import forms

SEEN = "_seen"  # the name of the field, in config/templates/admin/change_form.html


class FreshForm(forms.ModelForm):  # type: ignore[type-arg]  # Django's class takes no parameter at run time
    """`stands` is a stamp of the present row and inlines. The page sends back the stamp that it was rendered with."""

    stands = ""

    def clean(self) -> dict[str, Any]:
        """Refuse a form that would change a row changed meanwhile, and keep what was typed. The same values again
        pass: they are a double click.
        """
        said = super().clean() or {}
        seen = self.data.get(SEEN)
        if seen and seen != self.stands and (self.has_changed() or self.inlines_changed()):
            self.add_error(
                None,
                (
                    "Quelqu’un a changé cette page depuis que vous l’avez ouverte. Ce que vous avez écrit est encore "
                    "ici : ouvrez la page à côté, comparez, puis enregistrez de nouveau."
                ),
            )
        return said

    def inlines_changed(self) -> bool:
        return False


def stamp_of(form: forms.BaseForm, formsets: list[Any]) -> str:
    """Return a stamp that changes whenever a value that the page shows in its fields changes."""
    shown = [sorted(form.initial.items()), *([one.initial for one in each.initial_forms] for each in formsets)]
    return hashlib.sha256(repr(shown).encode("utf-8", "surrogatepass")).hexdigest()[:16]
