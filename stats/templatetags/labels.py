"""The template filters for numbers and sentences of the figures."""

from django import template

from core.french import NBSP, curl_apostrophes, format_number
from stats import labels

register = template.Library()

register.filter("number", format_number)
register.filter("duration_at_most", labels.format_duration_at_most)
register.filter("bind", labels.bind_words)
register.filter("curly", curl_apostrophes)


@register.filter("figure")
def format_figure(value: float | None) -> str:
    """Return a number as text. A share between 0 and 1 has two decimals, such as « 0,57 % », and None is « – »."""
    if value is None:
        return "–"
    if isinstance(value, int):
        return format_number(value)
    return f"{100 * value:.2f}{NBSP}%".replace(".", ",")
