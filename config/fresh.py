"""The forms of the admin write nothing over what somebody else wrote since the page was opened."""

import hashlib
from typing import Any

from django import forms
from django.utils.translation import gettext as _

SEEN = "_seen"  # the field of the page, in config/templates/admin/change_form.html


class FreshForm(forms.ModelForm):  # type: ignore[type-arg]  # Django's class takes no parameter at run time
    """`stands`: a stamp of the row and of its inlines as they are now. The page sends back the one that it showed."""

    stands = ""

    def clean(self) -> dict[str, Any]:
        """The same again is a double click: only what would change something is refused, and kept as typed."""
        said = super().clean() or {}
        seen = self.data.get(SEEN)
        if seen and seen != self.stands and (self.has_changed() or self.inlines_changed()):
            self.add_error(
                None,
                _(
                    "Quelqu’un a changé cette page depuis que vous l’avez ouverte. Ce que vous avez écrit est encore "
                    "ici : ouvrez la page à côté, comparez, puis enregistrez de nouveau."
                ),
            )
        return said

    def inlines_changed(self) -> bool:
        return False


def stamp_of(form: forms.BaseForm, formsets: list[Any]) -> str:
    """What changes whenever a value that the page shows for writing changes."""
    shown = [sorted(form.initial.items()), *([one.initial for one in each.initial_forms] for each in formsets)]
    return hashlib.sha256(repr(shown).encode("utf-8", "surrogatepass")).hexdigest()[:16]
