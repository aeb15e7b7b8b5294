"""French grammar in every template, instead of Django's English grammar (`builtins` in the settings)."""

from typing import Any

from django import template
from django.template.defaultfilters import date, pluralize, stringfilter

from core.french import write_first_as_ordinal

register = template.Library()


@register.filter("pluralize", is_safe=False)
def choose_french_plural(value: Any, suffixes: str = "s") -> str:
    """Work like Django's `pluralize`, but use the singular for 0 too: « 0 point », « 2 points ».

    `value` is a number, or a list whose length is used.
    """
    number = len(value) if hasattr(value, "__len__") and not isinstance(value, str) else value
    try:
        is_singular = abs(float(number)) < 2
    except (TypeError, ValueError):
        return ""
    return pluralize(1 if is_singular else 2, suffixes)


@register.filter("date", expects_localtime=True, is_safe=False)
def format_french_date(value: Any, form: str | None = None) -> str:
    """Work like Django's `date`, but with « 1er » for the first day of a month."""
    return write_first_as_ordinal(date(value, form))


@register.filter("full_stop", is_safe=True)
@stringfilter
def add_full_stop(text: str) -> str:
    """Return the text with a full stop, unless it already ends with a mark that ends a sentence."""
    return text if text.rstrip().endswith((".", "!", "?", "…")) else f"{text}."
