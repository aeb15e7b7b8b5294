"""The forms of the page of a case.

The controls of all of them belong to one HTML form element, because any button must post what is typed in all of them.
Nothing is then lost, even without a script (`work/unsent_text.py`).
"""

from typing import Any, ClassVar

from django import forms
from django.http import QueryDict

from incidents.enums import CaseFormCode

# The id of the form element in `case.html`.
ELEMENT = "ecrits"


class CaseForm(forms.Form):
    """A form on the page of a case. Its `code` is the prefix of the names of its controls.

    Submitted data may lack the prefix.
    """

    code: ClassVar[CaseFormCode]
    element = ELEMENT
    # Fields that describe what the page showed. They are not restored, since a later page shows other data.
    page_state_fields: ClassVar[frozenset[str]] = frozenset()
    # True if the form shows values that were typed earlier and not sent.
    is_restored = False

    def __init__(self, data: QueryDict | None = None, **kwargs: Any) -> None:
        prefixed = add_prefix_to_names(data, self.code, self.base_fields)
        super().__init__(prefixed, **kwargs | {"prefix": self.code.value, "auto_id": "%s"})
        for field in self.fields.values():
            field.widget.attrs["form"] = ELEMENT

    def restore(self, values: dict[str, list[str]]) -> None:
        """Fill this unbound form with values that were typed earlier and not sent."""
        self.is_restored = True
        for name, field in self.fields.items():
            texts = values.get(name, [])
            if name in self.page_state_fields:
                continue
            if isinstance(field, forms.BooleanField):
                self.initial[name] = bool(texts)
            elif isinstance(field, forms.MultipleChoiceField):
                self.initial[name] = texts
            elif texts:
                self.initial[name] = texts[-1]


def add_prefix_to_names(data: QueryDict | None, code: CaseFormCode, fields: Any) -> QueryDict | None:
    """Return the posted data under the prefixed names that the form reads.

    Data that was posted from another page has no prefix.
    """
    if data is None:
        return None
    prefixed = QueryDict(mutable=True)
    for name in fields:
        for posted_name in (f"{code.value}-{name}", name):
            if posted_name in data:
                prefixed.setlist(f"{code.value}-{name}", data.getlist(posted_name))
    return prefixed
