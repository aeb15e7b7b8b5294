"""Rows that say their codes by their labels many times a page."""

from functools import cache
from typing import Any

from django.db import models
from django.utils.encoding import force_str


class Labelled(models.Model):
    """Gives `get_…_display` without translating every label of the field at each call, as Django’s own does."""

    class Meta:
        abstract = True

    def _get_FIELD_display(self, field: Any) -> Any:  # noqa: N802 (Django calls it so)
        value = getattr(self, field.attname)
        return force_str(labels_of(field).get(value, value), strings_only=True)


@cache
def labels_of(field: Any) -> dict[Any, Any]:
    """Return the label of each code, still to be translated when it is said."""
    return dict(field.flatchoices)
