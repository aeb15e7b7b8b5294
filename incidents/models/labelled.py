"""A base class for models whose labels a page displays many times."""

from functools import cache
from typing import Any

from django.db import models
from django.utils.encoding import force_str


class LabelledModel(models.Model):
    """A model whose `get_…_display` looks labels up in a cached dict. Django's own method builds that dict again at
    each call.
    """

    class Meta:
        abstract = True

    def _get_FIELD_display(self, field: Any) -> Any:  # noqa: N802 (Django calls it so)
        value = getattr(self, field.attname)
        return force_str(load_labels(field).get(value, value), strings_only=True)


@cache
def load_labels(field: Any) -> dict[Any, Any]:
    """Return a dict from each code of a field with choices to its label."""
    return dict(field.flatchoices)
